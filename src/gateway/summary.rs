//! A summary of what no longer fits, made by the agent's own model.

use std::fmt::Write as _;
use std::sync::Arc;

use futures_util::StreamExt;

use super::call::{Deadline, open};
use super::catalog::Callable;
use super::error::RunError;
use super::said::Said;
use crate::chat::{ChatEvent, ChatRequest, Message, Notes, Sampling, SystemPrompt, Usage};

const INSTRUCTION: &str = "You sum up conversations. Keep every fact, name, number, decision and open question that \
    later turns may need. Write plain sentences, and nothing but the summary.";

/// The longest summary, in tokens.
const MAX_SUMMARY_TOKENS: u32 = 1024;

/// The most of a conversation that is given to be summed up, in bytes; its end counts.
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
    let chat = ChatRequest {
        system: SystemPrompt {
            stable: INSTRUCTION.into(),
            varying: String::new(),
        },
        messages: vec![Message::user(transcript(dropped))],
        sampling: Sampling {
            max_tokens: Some(MAX_SUMMARY_TOKENS),
            ..Sampling::default()
        },
        ..ChatRequest::default()
    };
    let opened = open(chain, &chat, deadline, &Notes::default()).await?;
    let mut said = Said::default();
    let mut next = Some(Ok(opened.first));
    let mut events = opened.events;
    while let Some(event) = next {
        match event? {
            ChatEvent::Delta(delta) => said.add(&delta),
            ChatEvent::Finished(finished) => {
                if said.text.trim().is_empty() {
                    // What was dropped must not be replaced by nothing.
                    return Err(RunError::Unfinished);
                }
                let text = cut(said.text.trim(), max_bytes);
                let text = format!("Summary of the conversation so far:\n{text}");
                return Ok((Message::summary(text), finished.usage));
            }
        }
        next = events.next().await;
    }
    Err(RunError::Unfinished)
}

/// A model does not always keep to the length that it was given.
fn cut(text: &str, max_bytes: usize) -> &str {
    let end = (0..=max_bytes.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}

fn transcript(messages: &[Message]) -> String {
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
    let excess = text.len().saturating_sub(MAX_INPUT_BYTES);
    let start = (excess..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    text.split_off(start)
}
