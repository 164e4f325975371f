//! Summaries, made by the agent's own model.

use std::fmt::Write as _;
use std::sync::Arc;

use futures_util::StreamExt;

use super::call::{Deadline, open};
use super::catalog::Callable;
use super::error::RunError;
use super::said::Said;
use crate::chat::{
    ChatEvent, ChatRequest, FinishReason, Message, Notes, Sampling, SystemPrompt, Usage,
};

const INSTRUCTION: &str = "You sum up conversations. Keep every fact, name, number, decision and open question that \
    later turns may need. Write plain sentences, and nothing but the summary.";

/// The longest summary of what no longer fits, in tokens.
const MAX_SUMMARY_TOKENS: u32 = 1024;

/// The most of what no longer fits that is given to be summed up, in bytes; its end counts.
const MAX_INPUT_BYTES: usize = 200_000;

/// The message that takes the place of `dropped`, no longer than `max_bytes`, and what making it used.
///
/// # Errors
/// As any model call; nothing is lost by it but the summary.
pub async fn summarize(
    chain: &Arc<[Callable]>,
    dropped: &[Message],
    (max_bytes, deadline): (usize, &mut Deadline),
) -> Result<(Message, Option<Usage>), RunError> {
    let task = Task {
        text: end(transcript(dropped), MAX_INPUT_BYTES),
        instructions: String::new(),
        max_tokens: Some(MAX_SUMMARY_TOKENS),
    };
    // Its time and its tokens are the run's.
    let said = sum_up(chain, task, (deadline, &Notes::default())).await?;
    let text = cut(&said.text, max_bytes);
    let text = format!("Summary of the conversation so far:\n{text}");
    Ok((Message::summary(text), said.usage))
}

/// What is to be summed up.
pub struct Task {
    pub text: String,
    /// Of the caller, beside our own.
    pub instructions: String,
    pub max_tokens: Option<u32>,
}

/// What came of it.
pub struct Summed {
    /// Not blank.
    pub text: String,
    /// Why it ends where it does.
    pub reason: FinishReason,
    pub usage: Option<Usage>,
    /// The place in the chain of the model that answered.
    pub place: usize,
}

/// # Errors
/// As any model call; a model that says nothing is one that broke off.
pub async fn sum_up(
    chain: &Arc<[Callable]>,
    task: Task,
    (deadline, notes): (&mut Deadline, &Notes),
) -> Result<Summed, RunError> {
    let chat = ChatRequest {
        system: SystemPrompt {
            stable: INSTRUCTION.into(),
            varying: task.instructions,
        },
        messages: vec![Message::user(task.text)],
        sampling: Sampling {
            max_tokens: task.max_tokens,
            ..Sampling::default()
        },
        ..ChatRequest::default()
    };
    let opened = open(chain, &chat, deadline, notes).await?;
    let mut said = Said::default();
    let mut next = Some(Ok(opened.first));
    let mut events = opened.events;
    while let Some(event) = next {
        match event? {
            ChatEvent::Delta(delta) => said.add(&delta),
            ChatEvent::Finished(finished) => {
                // What was summed up must not be replaced by nothing.
                let text = said.text.trim();
                return match text.is_empty() {
                    true => Err(RunError::Unfinished),
                    false => Ok(Summed {
                        text: text.to_owned(),
                        reason: finished.reason,
                        usage: finished.usage,
                        place: opened.place,
                    }),
                };
            }
        }
        next = events.next().await;
    }
    Err(RunError::Unfinished)
}

/// The beginning of a text, for a model does not always keep to the length that it was given.
pub fn cut(text: &str, max_bytes: usize) -> &str {
    let end = (0..=max_bytes.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

/// The end of a text.
fn end(mut text: String, max_bytes: usize) -> String {
    let excess = text.len().saturating_sub(max_bytes);
    let start = (excess..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    text.split_off(start)
}

pub fn transcript(messages: &[Message]) -> String {
    let mut text = String::new();
    for message in messages {
        let (who, calls) = match message {
            Message::User { .. } => ("User", &[][..]),
            Message::Assistant { tool_calls, .. } => ("Assistant", tool_calls.as_slice()),
            Message::Tool { .. } => ("Tool", &[][..]),
        };
        let _ = writeln!(text, "{who}: {}", message.text());
        for call in calls {
            let _ = writeln!(text, "{who} calls {} {}", call.name, call.arguments);
        }
    }
    text
}
