//! What a session holds: turns, its history, its place in a list. Plain data.

use serde::Serialize;

use super::key::SessionKey;
use crate::chat::{Message, ModelRef, Usage};

/// The name of a turn within its store. A turn's id is greater than its parent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct TurnId(pub(super) i64);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnState {
    Complete,
    /// The caller left, or the model broke off, before the end of the answer.
    Interrupted,
}

/// What was asked and what was answered to it: a turn that is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTurn {
    /// The turn that this one follows; `None` begins a branch.
    pub parent: Option<TurnId>,
    /// The messages that the caller brought; on a new branch its whole conversation.
    pub input: Vec<Message>,
    /// What the run said, house tool calls and their results included.
    pub answer: Vec<Message>,
    pub state: TurnState,
    pub model: Option<ModelRef>,
    pub usage: Option<Usage>,
    /// Unix time in milliseconds.
    pub created_ms: i64,
}

/// A stored turn; its members are those of [`NewTurn`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    pub id: TurnId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<TurnId>,
    pub state: TurnState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    pub created_ms: i64,
    pub input: Vec<Message>,
    pub answer: Vec<Message>,
}

/// The current branch of a session, oldest turn first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    pub turns: Vec<Turn>,
}

impl History {
    /// The turn that the next one follows.
    pub fn head(&self) -> Option<TurnId> {
        self.turns.last().map(|turn| turn.id)
    }

    /// All messages of the branch, in order.
    pub fn into_messages(self) -> Vec<Message> {
        let messages = |turn: Turn| turn.input.into_iter().chain(turn.answer);
        self.turns.into_iter().flat_map(messages).collect()
    }
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    pub key: SessionKey,
    /// Unix time in milliseconds, as the next.
    pub created_ms: i64,
    pub updated_ms: i64,
    /// Turns of all branches.
    pub turns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<TurnId>,
}

impl Summary {
    /// Where the page after this session begins.
    pub fn cursor(&self) -> Cursor {
        Cursor {
            updated_ms: self.updated_ms,
            key: self.key.clone(),
        }
    }
}

/// A place in a list of sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub(super) updated_ms: i64,
    pub(super) key: SessionKey,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most so many sessions.
    pub limit: u32,
    /// Only those after this place.
    pub after: Option<Cursor>,
}

/// A session with its turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transcript {
    /// The version of the messages' JSON.
    pub format: u16,
    pub session: Summary,
    pub turns: Vec<Turn>,
}
