//! A whole answer: the events of a run folded into one `chat.completion` object.

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Envelope;
use super::decode::Calling;
use crate::chat::{Delta, Finished, RunEvent, ToolCall, ToolCallDelta, Usage};
use crate::gateway::{RunError, RunStream};
use crate::json;

/// What a run came to.
#[derive(Debug)]
pub struct Completion {
    said: Said,
    finished: Finished,
}

#[derive(Debug, Default)]
struct Said {
    text: String,
    reasoning: String,
    /// Whether what is thought next is a thought of its own.
    thought: bool,
    refusal: String,
    calls: Vec<ToolCall>,
    logprobs: Option<Logprobs>,
}

/// Of the tokens of all pieces, in order.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Logprobs {
    content: Option<Vec<Box<RawValue>>>,
    refusal: Option<Vec<Box<RawValue>>>,
}

/// # Errors
/// Why the run broke, or that it ended before its end.
pub async fn fold(mut events: RunStream) -> Result<Completion, RunError> {
    let mut said = Said::default();
    while let Some(event) = events.next().await {
        match event? {
            RunEvent::Started(_) | RunEvent::Tool(_) => {}
            RunEvent::Delta(delta) => said.add(delta),
            RunEvent::Finished(finished) => return Ok(Completion { said, finished }),
        }
    }
    Err(RunError::Unfinished)
}

impl Said {
    fn add(&mut self, delta: Delta) {
        match delta {
            Delta::Text(text) => append(&mut self.text, text),
            Delta::Reasoning(text) => {
                if std::mem::take(&mut self.thought) {
                    self.reasoning.push_str("\n\n");
                }
                append(&mut self.reasoning, text);
            }
            Delta::Thought(_) => self.thought = !self.reasoning.is_empty(),
            Delta::Message(_) => {}
            Delta::Refusal(text) => append(&mut self.refusal, text),
            Delta::ToolCall(delta) => self.call(delta),
            Delta::Logprobs(raw) => {
                // What has another shape than OpenAI's cannot be joined, and is left out.
                let piece: Logprobs = serde_json::from_str(raw.get()).unwrap_or_default();
                let all = self.logprobs.get_or_insert_default();
                join(&mut all.content, piece.content);
                join(&mut all.refusal, piece.refusal);
            }
        }
    }

    fn call(&mut self, delta: ToolCallDelta) {
        match self.calls.get_mut(delta.index) {
            Some(call) => append(&mut call.arguments, delta.arguments),
            None => self.calls.push(ToolCall {
                id: delta.id.unwrap_or_default(),
                name: delta.name.unwrap_or_default(),
                arguments: delta.arguments,
            }),
        }
    }
}

/// A whole answer often is one piece, which then is not copied.
fn append(text: &mut String, piece: String) {
    if text.is_empty() {
        *text = piece;
    } else {
        text.push_str(&piece);
    }
}

fn join(all: &mut Option<Vec<Box<RawValue>>>, piece: Option<Vec<Box<RawValue>>>) {
    if let Some(piece) = piece {
        all.get_or_insert_default().extend(piece);
    }
}

impl Completion {
    /// The JSON of the whole object.
    pub fn document(&self, envelope: &Envelope) -> Vec<u8> {
        const ROOM_FOR_THE_REST: usize = 512;
        let mut out = Vec::with_capacity(self.said.text.len() + ROOM_FOR_THE_REST);
        out.extend_from_slice(b"{\"id\":");
        json::string(&mut out, &envelope.id);
        out.extend_from_slice(b",\"object\":\"chat.completion\",\"created\":");
        json::value(&mut out, &envelope.created);
        out.extend_from_slice(b",\"model\":");
        json::string(&mut out, &envelope.model);
        out.extend_from_slice(b",\"choices\":[{\"index\":0,\"message\":");
        self.message(&mut out, envelope.calling);
        out.extend_from_slice(b",\"logprobs\":");
        match &self.said.logprobs {
            None => out.extend_from_slice(b"null"),
            Some(logprobs) => json::value(&mut out, logprobs),
        }
        out.extend_from_slice(b",\"finish_reason\":");
        json::string(
            &mut out,
            envelope.calling.finish_reason(self.finished.reason),
        );
        out.extend_from_slice(b"}]");
        if let Some(used) = &self.finished.usage {
            out.extend_from_slice(b",\"usage\":");
            usage(&mut out, used);
        }
        out.extend_from_slice(b",\"service_tier\":null,\"system_fingerprint\":null}");
        out
    }

    fn message(&self, out: &mut Vec<u8>, calling: Calling) {
        let said = &self.said;
        let refusal = Some(said.refusal.as_str()).filter(|refusal| !refusal.is_empty());
        let is_silent = said.text.is_empty() && (refusal.is_some() || !said.calls.is_empty());
        out.extend_from_slice(b"{\"role\":\"assistant\",\"content\":");
        match is_silent {
            true => out.extend_from_slice(b"null"),
            false => json::string(out, &said.text),
        }
        out.extend_from_slice(b",\"refusal\":");
        match refusal {
            None => out.extend_from_slice(b"null"),
            Some(refusal) => json::string(out, refusal),
        }
        match (calling, said.calls.first()) {
            (Calling::Tools, Some(_)) => {
                out.extend_from_slice(b",\"tool_calls\":");
                let calls: Vec<Call<'_>> = said.calls.iter().map(Call::from).collect();
                json::value(out, &calls);
            }
            (Calling::Functions, Some(call)) => {
                out.extend_from_slice(b",\"function_call\":");
                json::value(out, &Call::from(call).function);
            }
            (Calling::Tools | Calling::Functions, None) => {}
        }
        if !said.reasoning.is_empty() {
            out.extend_from_slice(b",\"reasoning_content\":");
            json::string(out, &said.reasoning);
        }
        out.extend_from_slice(b",\"annotations\":[]}");
    }
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    arguments: &'a str,
}

impl<'a> From<&'a ToolCall> for Call<'a> {
    fn from(call: &'a ToolCall) -> Self {
        Self {
            id: &call.id,
            kind: "function",
            function: CalledFunction {
                name: &call.name,
                arguments: &call.arguments,
            },
        }
    }
}

/// Writes usage in OpenAI's words, and beside them what it costs in US dollars, an extra of ours.
pub fn usage(out: &mut Vec<u8>, usage: &Usage) {
    let members: [(&[u8], u64, &[u8]); 5] = [
        (b"{\"prompt_tokens\":", usage.input_tokens, b""),
        (b",\"completion_tokens\":", usage.output_tokens, b""),
        (b",\"total_tokens\":", usage.total_tokens, b""),
        (
            b",\"prompt_tokens_details\":{\"cached_tokens\":",
            usage.cached_tokens,
            b"}",
        ),
        (
            b",\"completion_tokens_details\":{\"reasoning_tokens\":",
            usage.reasoning_tokens,
            b"}",
        ),
    ];
    for (before, count, after) in members {
        out.extend_from_slice(before);
        json::value(out, &count);
        out.extend_from_slice(after);
    }
    if let Some(cost) = &usage.cost {
        out.extend_from_slice(b",\"cost\":");
        json::value(out, cost);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests;
