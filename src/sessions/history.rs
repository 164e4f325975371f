//! What a request's messages mean against what is stored. Pure.
//!
//! A client sees less of a turn than was stored: one assistant message with all that was said, and only its own tool
//! calls. So an answer is compared as its client saw it. Compared are role, trimmed text, call ids and names, and the
//! bytes of images, audio and files; reasoning is ignored, and so is a message that says nothing.

use std::collections::HashSet;

use super::turn::{History, Turn, TurnId};
use crate::chat::{ImageSource, Message, Part, ToolCall, retain_calls};

/// What a run's context is, and what of it is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// The stored history, then the new messages: a turn that follows `after`.
    Continue {
        after: Option<TurnId>,
        context: Vec<Message>,
        new: Vec<Message>,
    },
    /// The request's own messages alone: the first turn of a new branch.
    Branch { new: Vec<Message> },
}

/// The new turn is what follows the request's last assistant message. Where nothing precedes it, or where that is the
/// end of what is stored, the request continues the stored history; otherwise it is another conversation.
pub fn meaning(stored: History, request: Vec<Message>) -> Meaning {
    let is_answer = |message: &Message| matches!(message, Message::Assistant { .. });
    let earlier = request
        .iter()
        .rposition(is_answer)
        .map_or(0, |last| last + 1);
    if !is_end_of(&request[..earlier], &stored) {
        return Meaning::Branch { new: request };
    }
    let new: Vec<Message> = request.into_iter().skip(earlier).collect();
    let after = stored.head();
    let mut context = stored.into_messages();
    drop_open_calls(&mut context, &new);
    Meaning::Continue {
        after,
        context,
        new,
    }
}

/// A message as its client sees it.
#[derive(Debug, Default)]
struct Seen<'a> {
    role: Role,
    /// Runs of text that follow each other, with any space between them.
    texts: Vec<&'a str>,
    files: Vec<&'a str>,
    calls: Vec<(&'a str, &'a str)>,
    answers_call: Option<&'a str>,
    is_summary: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Role {
    #[default]
    User,
    Assistant,
    Tool,
}

fn is_end_of(earlier: &[Message], stored: &History) -> bool {
    let mut stored = stored.turns.iter().rev().flat_map(seen_backwards);
    let mut earlier = earlier
        .iter()
        .rev()
        .map(Seen::of)
        .filter(Seen::says_something);
    loop {
        match (earlier.next(), stored.next()) {
            (None, _) => return true,
            // What lies before a summary is no longer there to be compared: the rest is what was summed up.
            (Some(_), Some(kept)) if kept.is_summary => return true,
            (Some(sent), Some(kept)) if kept.is(&sent) => {}
            (Some(_), _) => return false,
        }
    }
}

/// What the client saw of a turn, its last message first.
fn seen_backwards(turn: &Turn) -> impl Iterator<Item = Seen<'_>> {
    let answer = (!turn.answer.is_empty()).then(|| Seen::of_answer(&turn.answer));
    let input = turn.input.iter().rev().map(Seen::of);
    answer.into_iter().chain(input).filter(Seen::says_something)
}

impl<'a> Seen<'a> {
    fn of(message: &'a Message) -> Self {
        let mut seen = Self::default();
        seen.read(message.parts());
        seen.is_summary = message.is_summary();
        match message {
            Message::User { .. } => {}
            Message::Assistant { tool_calls, .. } => {
                seen.role = Role::Assistant;
                seen.calls = tool_calls.iter().map(name_of).collect();
            }
            Message::Tool { call_id, .. } => {
                seen.role = Role::Tool;
                seen.answers_call = Some(call_id);
            }
        }
        seen
    }

    /// The messages of one run, as the one message that its client got: calls that the house answered are not in it.
    fn of_answer(answer: &'a [Message]) -> Self {
        let mut seen = Self {
            role: Role::Assistant,
            ..Self::default()
        };
        for message in answer {
            match message {
                Message::Assistant { tool_calls, .. } => {
                    seen.read(message.parts());
                    seen.calls.extend(tool_calls.iter().map(name_of));
                }
                Message::Tool { call_id, .. } => seen.calls.retain(|(id, _)| id != call_id),
                Message::User { .. } => {}
            }
        }
        seen
    }

    fn read(&mut self, parts: &'a [Part]) {
        for part in parts {
            match part {
                Part::Text(text) | Part::Refusal(text) => self.texts.push(text),
                Part::Image(image) => {
                    let ImageSource::Inline { base64, .. } = &image.source;
                    self.files.push(base64);
                }
                Part::Audio(audio) => self.files.push(&audio.base64),
                Part::Document(document) => self.files.push(&document.base64),
            }
        }
    }

    fn says_something(&self) -> bool {
        let is_text = |text: &&str| !text.trim().is_empty();
        self.role == Role::Tool
            || !self.files.is_empty()
            || !self.calls.is_empty()
            || self.texts.iter().any(is_text)
    }

    /// Whether what was sent is this stored message.
    fn is(&self, sent: &Self) -> bool {
        self.role == sent.role
            && self.answers_call == sent.answers_call
            && self.calls == sent.calls
            && self.files == sent.files
            && same_text(&self.texts, &sent.texts)
    }
}

fn name_of(call: &ToolCall) -> (&str, &str) {
    (&call.id, &call.name)
}

/// Whether two lists of texts say the same, wherever each is cut; space where one of them is cut does not count.
fn same_text(stored: &[&str], sent: &[&str]) -> bool {
    let mut stored = stored.iter().map(|text| text.trim());
    let mut sent = sent.iter().map(|text| text.trim());
    let (mut left, mut right) = ("", "");
    loop {
        if left.is_empty() {
            left = stored.find(|text| !text.is_empty()).unwrap_or("");
        }
        if right.is_empty() {
            right = sent.find(|text| !text.is_empty()).unwrap_or("");
        }
        if left.is_empty() || right.is_empty() {
            return left.is_empty() && right.is_empty();
        }
        let common = left.len().min(right.len());
        if left.as_bytes()[..common] != right.as_bytes()[..common] {
            return false;
        }
        left = left[common..].trim_start();
        right = right[common..].trim_start();
    }
}

/// Takes out the stored tool calls that were never answered: the run was interrupted, or its client went on to
/// something else. A provider refuses a conversation that has them.
fn drop_open_calls(context: &mut Vec<Message>, new: &[Message]) {
    let mut answered: HashSet<String> = new.iter().map_while(answers_call).collect();
    let mut kept: Vec<Message> = Vec::with_capacity(context.len());
    for mut message in context.drain(..).rev() {
        match &mut message {
            Message::Tool { call_id, .. } => {
                answered.insert(call_id.clone());
            }
            Message::User { .. } => answered.clear(),
            Message::Assistant {
                parts,
                tool_calls,
                marks,
                ..
            } => {
                let calls = tool_calls.len();
                let places = marks.iter_mut().map(|mark| &mut mark.calls);
                retain_calls(tool_calls, places, |call| answered.contains(&call.id));
                answered.clear();
                if calls > 0 && tool_calls.is_empty() && parts.is_empty() {
                    continue;
                }
            }
        }
        kept.push(message);
    }
    kept.reverse();
    *context = kept;
}

fn answers_call(message: &Message) -> Option<String> {
    match message {
        Message::Tool { call_id, .. } => Some(call_id.clone()),
        Message::User { .. } | Message::Assistant { .. } => None,
    }
}

#[cfg(test)]
mod tests;
