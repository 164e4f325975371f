//! A streamed answer: `chat.completion.chunk` objects, written straight into the output.

use serde_json::value::RawValue;

use super::Envelope;
use super::decode::Calling;
use super::reply::usage;
use crate::chat::{Delta, Finished, RunEvent, ToolCallDelta};
use crate::json::{self, value as write};
use crate::server::error::ApiError;
use crate::server::events::Frames;
use crate::server::tool_event;
use crate::sse;

/// What the caller wants to see beside the answer.
#[derive(Debug, Clone, Copy, Default)]
pub struct Watched {
    pub usage: bool,
    pub tools: bool,
}

/// Writes the chunks of one answer. What is the same in all of them is written once, in advance.
pub struct Chunks {
    /// From `data: {` to the beginning of `choices`.
    head: Vec<u8>,
    /// From the end of `choices` to the end of the frame.
    tail: &'static [u8],
    watched: Watched,
    calling: Calling,
    /// Whether anything was thought, and whether what is thought next is a thought of its own.
    thought: (bool, bool),
}

impl Chunks {
    pub fn new(envelope: &Envelope, watched: Watched) -> Self {
        let mut head = b"data: {\"id\":".to_vec();
        write(&mut head, &envelope.id);
        head.extend_from_slice(b",\"object\":\"chat.completion.chunk\",\"created\":");
        write(&mut head, &envelope.created);
        head.extend_from_slice(b",\"model\":");
        write(&mut head, &envelope.model);
        head.extend_from_slice(b",\"system_fingerprint\":null,\"choices\":[");
        Self {
            head,
            tail: if watched.usage {
                b"],\"usage\":null}\n\n"
            } else {
                b"]}\n\n"
            },
            watched,
            calling: envelope.calling,
            thought: (false, false),
        }
    }

    /// One chunk; `delta` writes the members of its `delta`.
    fn chunk(&self, out: &mut Vec<u8>, rest: Rest<'_>, delta: impl FnOnce(&mut Vec<u8>)) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b"{\"index\":0,\"delta\":{");
        delta(out);
        out.extend_from_slice(b"},\"logprobs\":");
        match rest.logprobs {
            None => out.extend_from_slice(b"null"),
            // Line feeds would end the frame; in JSON they are mere white space.
            Some(raw) => out.extend(raw.get().bytes().map(|byte| {
                if matches!(byte, b'\n' | b'\r') {
                    b' '
                } else {
                    byte
                }
            })),
        }
        out.extend_from_slice(b",\"finish_reason\":");
        write(out, &rest.finish_reason);
        out.push(b'}');
        out.extend_from_slice(self.tail);
    }

    fn member(&self, out: &mut Vec<u8>, name: &str, text: &str) {
        self.chunk(out, Rest::default(), |out| {
            out.extend_from_slice(name.as_bytes());
            json::string(out, text);
        });
    }

    fn call(&self, out: &mut Vec<u8>, call: &ToolCallDelta) {
        match self.calling {
            Calling::Tools => self.tool_call(out, call),
            Calling::Functions if call.index == 0 => self.function_call(out, call),
            Calling::Functions => {}
        }
    }

    fn function_call(&self, out: &mut Vec<u8>, call: &ToolCallDelta) {
        self.chunk(out, Rest::default(), |out| {
            out.extend_from_slice(b"\"function_call\":{");
            if let Some(name) = &call.name {
                out.extend_from_slice(b"\"name\":");
                write(out, name);
                out.push(b',');
            }
            out.extend_from_slice(b"\"arguments\":");
            json::string(out, &call.arguments);
            out.push(b'}');
        });
    }

    fn tool_call(&self, out: &mut Vec<u8>, call: &ToolCallDelta) {
        self.chunk(out, Rest::default(), |out| {
            out.extend_from_slice(b"\"tool_calls\":[{\"index\":");
            write(out, &call.index);
            if let Some(id) = &call.id {
                out.extend_from_slice(b",\"id\":");
                write(out, id);
                out.extend_from_slice(b",\"type\":\"function\"");
            }
            out.extend_from_slice(b",\"function\":{");
            if let Some(name) = &call.name {
                out.extend_from_slice(b"\"name\":");
                write(out, name);
                out.push(b',');
            }
            out.extend_from_slice(b"\"arguments\":");
            json::string(out, &call.arguments);
            out.extend_from_slice(b"}}]");
        });
    }

    fn finish(&self, out: &mut Vec<u8>, finished: Finished) {
        let rest = Rest {
            finish_reason: Some(self.calling.finish_reason(finished.reason)),
            logprobs: None,
        };
        self.chunk(out, rest, |_| {});
        if let (true, Some(used)) = (self.watched.usage, &finished.usage) {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b"],\"usage\":");
            usage(out, used);
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(sse::DONE);
    }
}

/// What a chunk says beside its delta.
#[derive(Default)]
struct Rest<'a> {
    finish_reason: Option<&'static str>,
    logprobs: Option<&'a RawValue>,
}

impl Frames for Chunks {
    fn begin(&mut self, out: &mut Vec<u8>) {
        self.chunk(out, Rest::default(), |out| {
            out.extend_from_slice(b"\"role\":\"assistant\",\"content\":\"\"")
        });
    }

    fn event(&mut self, event: RunEvent, out: &mut Vec<u8>) {
        match event {
            RunEvent::Started(_) => {}
            RunEvent::Delta(Delta::Text(text)) => self.member(out, "\"content\":", &text),
            RunEvent::Delta(Delta::Reasoning(mut text)) => {
                if self.thought == (true, true) {
                    text.insert_str(0, "\n\n");
                }
                self.thought = (true, false);
                self.member(out, "\"reasoning_content\":", &text);
            }
            // The dialect has no member for what a provider takes back, and one message.
            RunEvent::Delta(Delta::Thought(_)) => self.thought.1 = true,
            RunEvent::Delta(Delta::Message(_)) => {}
            RunEvent::Delta(Delta::Refusal(text)) => self.member(out, "\"refusal\":", &text),
            RunEvent::Delta(Delta::ToolCall(call)) => self.call(out, &call),
            RunEvent::Delta(Delta::Logprobs(raw)) => {
                let rest = Rest {
                    finish_reason: None,
                    logprobs: Some(&raw),
                };
                self.chunk(out, rest, |_| {});
            }
            RunEvent::Tool(activity) if self.watched.tools => tool_event::write(out, &activity),
            RunEvent::Tool(_) => {}
            RunEvent::Finished(finished) => self.finish(out, finished),
        }
    }

    fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        sse::frame(out, &error.to_json());
        out.extend_from_slice(sse::DONE);
    }
}

#[cfg(test)]
mod tests;
