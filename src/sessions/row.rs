//! A turn as a row of a table holds it: plain columns, the messages as JSON. Knows no database.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::turn::{NewTurn, Turn, TurnId, TurnState};
use super::{StoreError, Unavailable};
use crate::chat::{MESSAGE_FORMAT, Message};

/// The bits of a turn's id that number it within its session; the others name the session.
pub(super) const NUMBER_BITS: u32 = 24;

/// The most turns that a session can have.
pub(super) const MAX_TURNS: i64 = 1 << NUMBER_BITS;

/// The id of a session's first turn, by the number of the session.
pub(super) fn first_turn(session: i64) -> i64 {
    session << NUMBER_BITS
}

/// The columns of a turn, save its id.
pub(super) struct TurnRow<'a> {
    pub parent: Option<i64>,
    pub state: i64,
    pub format: i64,
    pub model: Option<Cow<'a, str>>,
    pub usage: Option<Cow<'a, str>>,
    pub created_ms: i64,
    pub input: Cow<'a, str>,
    pub answer: Cow<'a, str>,
}

const COMPLETE: i64 = 0;
const INTERRUPTED: i64 = 1;

impl TurnRow<'static> {
    pub fn new(turn: &NewTurn) -> Self {
        let text = |messages: &[Message]| {
            serde_json::to_string(messages).expect("messages hold nothing that JSON cannot")
        };
        let usage = turn.usage.as_ref();
        let usage =
            usage.map(|usage| serde_json::to_string(usage).expect("usage is plain numbers"));
        Self {
            parent: turn.parent.map(|parent| parent.0),
            state: match turn.state {
                TurnState::Complete => COMPLETE,
                TurnState::Interrupted => INTERRUPTED,
            },
            format: MESSAGE_FORMAT.into(),
            model: turn.model.as_ref().map(|model| model.to_string().into()),
            usage: usage.map(Cow::Owned),
            created_ms: turn.created_ms,
            input: text(&turn.input).into(),
            answer: text(&turn.answer).into(),
        }
    }
}

impl TurnRow<'_> {
    /// # Errors
    /// [`StoreError::Newer`] for messages that a newer program wrote, and [`Unavailable::Damaged`] for what nobody did.
    pub fn read(&self, id: i64) -> Result<Turn, StoreError> {
        if self.format > i64::from(MESSAGE_FORMAT) {
            return Err(StoreError::Newer {
                found: self.format,
                known: MESSAGE_FORMAT.into(),
            });
        }
        let model = self.model.as_ref().map(|model| model.parse());
        let usage = self.usage.as_ref().map(|usage| parse(usage));
        Ok(Turn {
            id: TurnId(id),
            parent: self.parent.map(TurnId),
            state: match self.state {
                COMPLETE => TurnState::Complete,
                _ => TurnState::Interrupted,
            },
            model: model.transpose().map_err(|_| damaged())?,
            usage: usage.transpose()?,
            created_ms: self.created_ms,
            input: parse(&self.input)?,
            answer: parse(&self.answer)?,
        })
    }
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|_| damaged())
}

pub(super) fn damaged() -> StoreError {
    StoreError::Unavailable(Unavailable::Damaged)
}
