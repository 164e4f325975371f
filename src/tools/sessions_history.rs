//! `sessions_history`: what was last said in one of the conversations that the caller has had with this agent.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::result::cut;
use super::{Group, MAX_RESULT_BYTES, Tool, ToolContext, ToolResult, parse};
use crate::chat::{Message, ToolCall};
use crate::sessions::{SessionId, SessionKey, Turn};

/// The messages of a call that does not say how many.
const DEFAULT_MESSAGES: usize = 20;

/// The most messages of a call.
const MAX_MESSAGES: usize = 200;

/// The longest message that is told whole, in bytes.
const MAX_MESSAGE_BYTES: usize = 4000;

/// The most that all messages together take, in bytes; the rest of the result is for the line about those left out.
const MAX_BYTES: usize = MAX_RESULT_BYTES - 100;

pub struct SessionsHistory;

#[derive(Deserialize)]
struct Arguments {
    key: String,
    limit: Option<usize>,
}

impl Tool for SessionsHistory {
    fn name(&self) -> &str {
        "sessions_history"
    }

    fn description(&self) -> &str {
        "Read the last messages of one of your sessions with this user.\nsessions_list tells the keys."
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{"key":{"type":"string","description":"The session's key, as sessions_list gives it"},"limit":{"type":"integer","minimum":1,"maximum":200,"description":"How many messages"}},"required":["key"]}"#
    }

    fn group(&self) -> Option<Group> {
        Some(Group::Sessions)
    }

    /// Whoever writes to the owner's agent is not to read what the owner has said to it.
    fn owner_only(&self) -> bool {
        true
    }

    fn is_available(&self, context: &ToolContext) -> bool {
        context.store.is_some() && !context.public
    }

    fn call<'a>(
        &'a self,
        context: &'a ToolContext,
        arguments: &'a str,
    ) -> BoxFuture<'a, ToolResult> {
        history(context, arguments).map(ToolResult::from).boxed()
    }
}

async fn history(context: &ToolContext, arguments: &str) -> Result<String, String> {
    let Arguments { key, limit } = parse(arguments)?;
    let limit = limit.unwrap_or(DEFAULT_MESSAGES).clamp(1, MAX_MESSAGES);
    let store = context.need_store()?;
    // A key of another agent's is answered as one that is not there.
    let missing = || "you have no such session with this user; see sessions_list".to_owned();
    let session = SessionId {
        principal: context.principal.clone(),
        key: SessionKey::parse(&context.agent, &key).map_err(|_| missing())?,
    };
    let found = store.show(&session).await;
    let found = found.map_err(|error| error.to_string())?;
    Ok(tell(&found.ok_or_else(missing)?.turns, limit))
}

/// The last messages, oldest first, as many of them as there is room for.
fn tell(turns: &[Turn], limit: usize) -> String {
    let messages = turns
        .iter()
        .flat_map(|turn| turn.input.iter().chain(&turn.answer));
    let count = messages.clone().count();
    let mut told = Vec::new();
    let mut left = MAX_BYTES;
    for message in messages.rev().take(limit) {
        let line = line(message);
        // Its line feed is counted as well.
        let Some(rest) = left.checked_sub(line.len() + 1) else {
            break;
        };
        left = rest;
        told.push(line);
    }
    if told.len() < count {
        told.push(format!(
            "[{} earlier messages are left out]",
            count - told.len()
        ));
    }
    told.reverse();
    told.join("\n")
}

fn line(message: &Message) -> String {
    let mut text = message.text();
    let who = match message {
        Message::User { .. } => "user",
        Message::Tool { .. } => "tool",
        Message::Assistant { tool_calls, .. } => {
            for ToolCall {
                name, arguments, ..
            } in tool_calls
            {
                text.push_str(&format!("[calls {name} {arguments}]"));
            }
            "assistant"
        }
    };
    let whole = text.len();
    if cut(&mut text, MAX_MESSAGE_BYTES) {
        text.push_str(&format!("[cut: {whole} bytes]"));
    }
    format!("{who}: {text}")
}

#[cfg(test)]
mod tests;
