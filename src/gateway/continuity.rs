//! What a run continues: the session it belongs to, what of it is the run's context, and how its turn is kept.

use std::time::{SystemTime, UNIX_EPOCH};

use super::error::RunError;
use super::timed_store::TimedStore;
use super::window::{Room, Window};
use crate::chat::{
    AgentId, Finished, Message, ModelRef, SessionAccess, SessionName, SessionRequest,
};
use crate::sessions::{Lease, Meaning, NewTurn, SessionId, SessionKey, TurnId, TurnState, meaning};

/// A session that a run has to itself, and the turn that the run adds to it.
pub struct Kept {
    store: TimedStore,
    lease: Lease,
    parent: Option<TurnId>,
    /// What the turn stores of the request: its new messages, or on a new branch all of them.
    input: Vec<Message>,
}

/// A session, opened for a run.
pub struct Entered {
    /// `None` where the session is only read.
    pub kept: Option<Kept>,
    /// What the model is sent.
    pub messages: Vec<Message>,
    /// What no longer fits, oldest first.
    pub dropped: Vec<Message>,
}

/// The session that a request names; `None` where it names none.
///
/// # Errors
/// A name that is no session key of this agent.
pub fn identify(
    agent: &AgentId,
    request: Option<SessionRequest>,
) -> Result<Option<SessionId>, RunError> {
    let Some(SessionRequest {
        principal, name, ..
    }) = request
    else {
        return Ok(None);
    };
    let key = match name {
        SessionName::User(user) => SessionKey::from_user(agent, &user),
        SessionName::Key(key) => {
            let parsed = SessionKey::parse(agent, &key).map_err(|error| RunError::Invalid {
                param: None,
                message: error.to_string(),
            })?;
            Some(parsed)
        }
    };
    Ok(key.map(|key| SessionId { principal, key }))
}

/// Finds out what the request's messages mean in the session; a run that adds to it waits for its turn first.
///
/// # Errors
/// A store that cannot be used, or too many runs that wait for this session.
pub async fn enter(
    store: TimedStore,
    (session, access): (&SessionId, SessionAccess),
    request: Vec<Message>,
    (window, room): (&Window, Room),
) -> Result<Entered, RunError> {
    let lease = match access {
        SessionAccess::Extend => Some(store.acquire(session).await?),
        SessionAccess::Read => None,
    };
    let history = store.load(session).await?;
    let window = window.calibrated(&history);
    let kept = |parent, input| {
        lease.map(|lease| Kept {
            store,
            lease,
            parent,
            input,
        })
    };
    Ok(match meaning(history, request) {
        Meaning::Continue {
            after,
            mut context,
            new,
        } => {
            check_results(&context, &new)?;
            let dropped = window.excess(&context, &new, room);
            let dropped = context.drain(..dropped).collect();
            context.extend(new.iter().cloned());
            let context = context.into_iter().map(Message::without_mark).collect();
            Entered {
                kept: kept(after, new),
                messages: context,
                dropped,
            }
        }
        Meaning::Branch { new } => Entered {
            messages: new.clone(),
            kept: kept(None, new),
            dropped: Vec::new(),
        },
    })
}

/// Results at the beginning of the new turn must answer calls that are stored.
fn check_results(context: &[Message], new: &[Message]) -> Result<(), RunError> {
    let calls = match context.last() {
        Some(Message::Assistant { tool_calls, .. }) => tool_calls.as_slice(),
        Some(Message::User { .. } | Message::Tool { .. }) | None => &[],
    };
    for message in new {
        if let Message::Tool { call_id, .. } = message
            && calls.iter().all(|call| call.id != *call_id)
        {
            return Err(RunError::Invalid {
                param: Some("messages".to_owned()),
                message: format!(
                    "the tool result for `{call_id}` answers no open call of this session"
                ),
            });
        }
    }
    Ok(())
}

impl Kept {
    /// The turn stores these messages as the beginning of a new branch: a summary has taken the place of what came
    /// before. The old branch stays readable.
    pub fn begin_anew(&mut self, messages: Vec<Message>) {
        self.parent = None;
        self.input = messages;
    }

    /// Stores the turn. It is durable when the future is ready; the session is free then.
    ///
    /// # Errors
    /// A store that cannot be written, or a session that was deleted meanwhile: the turn is not kept.
    pub async fn save(
        self,
        answer: Vec<Message>,
        finished: Finished,
        model: ModelRef,
    ) -> Result<(), RunError> {
        let turn = NewTurn {
            parent: self.parent,
            input: self.input,
            answer,
            state: TurnState::Complete,
            model: Some(model),
            usage: finished.usage,
            created_ms: now_ms(),
        };
        self.store.append(&self.lease, turn).await?;
        Ok(())
    }

    /// Keeps what was said before the caller left or the model broke off. Nobody waits for it: this is the one thing of
    /// a run that outlives its caller.
    pub fn save_interrupted(self, answer: Vec<Message>, model: ModelRef) {
        if answer.is_empty() {
            return;
        }
        let turn = NewTurn {
            parent: self.parent,
            input: self.input,
            answer,
            state: TurnState::Interrupted,
            model: Some(model),
            usage: None,
            created_ms: now_ms(),
        };
        self.store.save_detached(self.lease, turn);
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
