//! The conversation as the `messages` of the dialect: user and assistant in turn, each a list of blocks. Pure.

use std::borrow::Cow;

use serde::Serialize;

use super::super::arguments::Arguments;
use super::super::document;
use crate::chat::{
    Document, Image, ImageSource, Marked, Message, Part, Thought, TokenForm, ToolCall, in_order,
};

/// What the dialect cannot carry, as [`super::super::ProviderError::Unsupported`] says it.
pub type Unreadable = &'static str;

#[derive(Serialize)]
pub struct Turn<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text {
        text: &'a str,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    RedactedThinking {
        data: &'a str,
    },
    Image {
        source: Source<'a>,
    },
    Document {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        input: Arguments<'a>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        content: Vec<Block<'a>>,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Source<'a> {
    Base64 {
        media_type: &'static str,
        data: &'a str,
    },
    Text {
        media_type: &'static str,
        data: String,
    },
}

/// Whether the model's own reasoning goes back to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thoughts {
    Kept,
    Left,
}

/// The conversation, neighbours of one role joined: what tools answered belongs to the user, all of it in one turn.
///
/// # Errors
/// The first part that the dialect cannot carry.
pub fn turns(messages: &[Message], thoughts: Thoughts) -> Result<Vec<Turn<'_>>, Unreadable> {
    let mut turns: Vec<Turn<'_>> = Vec::with_capacity(messages.len());
    for message in messages {
        let (role, content) = turn(message, thoughts)?;
        match turns.last_mut() {
            // The API refuses empty turns.
            _ if content.is_empty() => {}
            Some(last) if last.role == role => last.content.extend(content),
            _ => turns.push(Turn { role, content }),
        }
    }
    turns.iter_mut().for_each(Turn::settle);
    Ok(turns)
}

/// Whether the turn that tools have answered in begins with reasoning that the API takes back.
pub fn began_with_a_thought(messages: &[Message]) -> bool {
    let is_user = |message: &Message| matches!(message, Message::User { .. });
    let turn = messages.iter().rposition(is_user).map_or(0, |at| at + 1);
    let first = messages.get(turn).and_then(|first| first.marks().first());
    first.is_some_and(|mark| {
        let thought = mark.thought().and_then(thinking);
        (mark.parts, mark.calls) == (0, 0) && thought.is_some()
    })
}

impl Turn<'_> {
    /// The API refuses reasoning in a turn that does not begin with any.
    fn settle(&mut self) {
        if !self.content.first().is_some_and(Block::is_thought) {
            self.content.retain(|block| !block.is_thought());
        }
    }
}

impl Block<'_> {
    fn is_thought(&self) -> bool {
        matches!(self, Self::Thinking { .. } | Self::RedactedThinking { .. })
    }
}

fn turn(
    message: &Message,
    thoughts: Thoughts,
) -> Result<(&'static str, Vec<Block<'_>>), Unreadable> {
    match message {
        Message::User { parts, .. } => Ok(("user", blocks(parts)?)),
        Message::Assistant {
            parts,
            tool_calls,
            marks,
            ..
        } => {
            let mut content = Vec::with_capacity(parts.len() + tool_calls.len() + marks.len());
            for segment in in_order(parts, tool_calls, marks) {
                content.extend(blocks(segment.parts)?);
                content.extend(segment.calls.iter().map(tool_use));
                if let (Some(Marked::Thought(thought)), Thoughts::Kept) = (segment.then, thoughts) {
                    content.extend(thinking(thought));
                }
            }
            Ok(("assistant", content))
        }
        Message::Tool { call_id, parts } => {
            let result = Block::ToolResult {
                tool_use_id: accepted_id(call_id),
                content: blocks(parts)?,
            };
            Ok(("user", vec![result]))
        }
    }
}

/// Reasoning as it came; none of another dialect's.
fn thinking(thought: &Thought) -> Option<Block<'_>> {
    match thought.token.form {
        TokenForm::AnthropicSignature => Some(Block::Thinking {
            thinking: &thought.text,
            signature: &thought.token.content,
        }),
        TokenForm::AnthropicRedacted => Some(Block::RedactedThinking {
            data: &thought.token.content,
        }),
        TokenForm::GoogleSignature
        | TokenForm::OpenaiEncrypted
        | TokenForm::Reasoning
        | TokenForm::ReasoningContent => None,
    }
}

fn tool_use(call: &ToolCall) -> Block<'_> {
    Block::ToolUse {
        id: accepted_id(&call.id),
        name: &call.name,
        input: Arguments(&call.arguments),
    }
}

/// The API takes letters, digits, `_` and `-`; ids that another provider made may hold more.
fn accepted_id(id: &str) -> Cow<'_, str> {
    let accepted = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if id.chars().all(accepted) {
        return Cow::Borrowed(id);
    }
    Cow::Owned(id.replace(|c| !accepted(c), "_"))
}

fn blocks(parts: &[Part]) -> Result<Vec<Block<'_>>, Unreadable> {
    let mut blocks = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            // The API refuses text without a visible character.
            Part::Text(text) | Part::Refusal(text) if text.trim().is_empty() => {}
            Part::Text(text) | Part::Refusal(text) => blocks.push(Block::Text { text }),
            Part::Image(image) => blocks.push(picture(image)),
            Part::Document(document) => blocks.push(file(document)?),
            Part::Audio(_) => return Err("listen to audio"),
        }
    }
    Ok(blocks)
}

fn picture(image: &Image) -> Block<'_> {
    let ImageSource::Inline { mime, base64 } = &image.source;
    Block::Image {
        source: Source::Base64 {
            media_type: mime,
            data: base64,
        },
    }
}

fn file(file: &Document) -> Result<Block<'_>, Unreadable> {
    let source = if file.mime == "application/pdf" {
        Source::Base64 {
            media_type: "application/pdf",
            data: &file.base64,
        }
    } else {
        Source::Text {
            media_type: "text/plain",
            data: document::text(file).ok_or("read a file that is neither PDF nor text")?,
        }
    };
    Ok(Block::Document {
        source,
        title: file.filename.as_deref(),
    })
}

#[cfg(test)]
mod tests;
