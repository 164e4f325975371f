//! A streamed answer: `chat.completion.chunk` objects, written straight into the output.

use serde::Serialize;
use serde_json::value::RawValue;

use super::Envelope;
use super::reply::UsageShape;
use crate::chat::{Delta, Finished, RunEvent, ToolCallDelta};
use crate::server::error::ApiError;
use crate::server::events::Frames;
use crate::sse;

/// Writes the chunks of one answer. What is the same in all of them is written once, in advance.
pub struct Chunks {
    /// From `data: {` to the beginning of `choices`.
    head: Vec<u8>,
    /// From the end of `choices` to the end of the frame.
    tail: &'static [u8],
    include_usage: bool,
}

impl Chunks {
    pub fn new(envelope: &Envelope, include_usage: bool) -> Self {
        let mut head = b"data: {\"id\":".to_vec();
        write(&mut head, &envelope.id);
        head.extend_from_slice(b",\"object\":\"chat.completion.chunk\",\"created\":");
        write(&mut head, &envelope.created);
        head.extend_from_slice(b",\"model\":");
        write(&mut head, &envelope.model);
        head.extend_from_slice(b",\"system_fingerprint\":null,\"choices\":[");
        Self {
            head,
            tail: if include_usage {
                b"],\"usage\":null}\n\n"
            } else {
                b"]}\n\n"
            },
            include_usage,
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
            write(out, text);
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
            write(out, &call.arguments);
            out.extend_from_slice(b"}}]");
        });
    }

    fn finish(&self, out: &mut Vec<u8>, finished: Finished) {
        let rest = Rest {
            finish_reason: Some(finished.reason.as_str()),
            logprobs: None,
        };
        self.chunk(out, rest, |_| {});
        if let (true, Some(usage)) = (self.include_usage, finished.usage) {
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b"],\"usage\":");
            write(out, &UsageShape::from(usage));
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
            RunEvent::Delta(Delta::Reasoning(text)) => {
                self.member(out, "\"reasoning_content\":", &text)
            }
            RunEvent::Delta(Delta::Refusal(text)) => self.member(out, "\"refusal\":", &text),
            RunEvent::Delta(Delta::ToolCall(call)) => self.tool_call(out, &call),
            RunEvent::Delta(Delta::Logprobs(raw)) => {
                let rest = Rest {
                    finish_reason: None,
                    logprobs: Some(&raw),
                };
                self.chunk(out, rest, |_| {});
            }
            RunEvent::Finished(finished) => self.finish(out, finished),
        }
    }

    fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        sse::frame(out, &error.to_json());
        out.extend_from_slice(sse::DONE);
    }
}

fn write(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(out, value).expect("plain data is written to memory");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{FinishReason, Usage};

    fn envelope() -> Envelope {
        Envelope {
            id: "chatcmpl-1".to_owned(),
            created: 7,
            model: "a\"b".to_owned(),
        }
    }

    fn written(include_usage: bool, events: Vec<RunEvent>) -> Vec<String> {
        let mut chunks = Chunks::new(&envelope(), include_usage);
        let mut out = Vec::new();
        chunks.begin(&mut out);
        for event in events {
            chunks.event(event, &mut out);
        }
        let frames = String::from_utf8(out).unwrap();
        let frames = frames.strip_suffix("\n\n").unwrap().split("\n\n");
        frames
            .map(|frame| frame.strip_prefix("data: ").unwrap().to_owned())
            .collect()
    }

    fn chunk(delta: &str, finish: &str, rest: &str) -> String {
        format!(
            r#"{{"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"a\"b","system_fingerprint":null,"choices":[{{"index":0,"delta":{{{delta}}},"logprobs":null,"finish_reason":{finish}}}]{rest}}}"#
        )
    }

    fn finished(usage: Option<Usage>) -> RunEvent {
        RunEvent::Finished(Finished {
            reason: FinishReason::Stop,
            usage,
        })
    }

    const USAGE: Usage = Usage {
        input_tokens: 3,
        output_tokens: 2,
        total_tokens: 5,
        cached_tokens: 1,
        reasoning_tokens: 0,
    };

    #[test]
    fn an_answer_is_role_content_finish_and_done() {
        let hello = RunEvent::Delta(Delta::Text("h\u{e9}\n\u{1}".to_owned()));
        assert_eq!(
            written(false, vec![hello, finished(Some(USAGE))]),
            [
                chunk(r#""role":"assistant","content":"""#, "null", ""),
                chunk(r#""content":"hé\n\u0001""#, "null", ""),
                chunk("", r#""stop""#, ""),
                "[DONE]".to_owned(),
            ]
        );
    }

    #[test]
    fn usage_that_was_asked_for_has_its_own_chunk_and_is_null_before() {
        let usage = r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"a\"b","system_fingerprint":null,"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":0}}}"#;
        let null = r#","usage":null"#;
        let role = chunk(r#""role":"assistant","content":"""#, "null", null);
        let finish = chunk("", r#""stop""#, null);
        let all = written(true, vec![finished(Some(USAGE))]);
        assert_eq!(all, [&role, &finish, usage, "[DONE]"]);
        assert_eq!(
            written(true, vec![finished(None)]),
            [&role, &finish, "[DONE]"]
        );
    }

    #[test]
    fn a_tool_call_says_id_and_name_once_and_its_arguments_in_pieces() {
        let piece = |id: Option<&str>, arguments: &str| {
            RunEvent::Delta(Delta::ToolCall(ToolCallDelta {
                index: 1,
                id: id.map(str::to_owned),
                name: id.map(|_| "look".to_owned()),
                arguments: arguments.to_owned(),
            }))
        };
        let all = written(false, vec![piece(Some("c1"), ""), piece(None, "{\"q\"")]);
        assert_eq!(
            all[1..],
            [
                chunk(
                    r#""tool_calls":[{"index":1,"id":"c1","type":"function","function":{"name":"look","arguments":""}}]"#,
                    "null",
                    ""
                ),
                chunk(
                    r#""tool_calls":[{"index":1,"function":{"arguments":"{\"q\""}}]"#,
                    "null",
                    ""
                ),
            ]
        );
    }

    #[test]
    fn logprobs_never_break_a_frame() {
        let raw = RawValue::from_string("{\n\"content\": []\r\n}".to_owned()).unwrap();
        let all = written(false, vec![RunEvent::Delta(Delta::Logprobs(raw))]);
        assert_eq!(
            all[1],
            chunk("", "null", "").replace(r#""logprobs":null"#, r#""logprobs":{ "content": []  }"#)
        );
    }

    #[test]
    fn a_failure_is_an_error_frame_and_done_without_a_finish_reason() {
        let mut out = Vec::new();
        Chunks::new(&envelope(), true).fail(&ApiError::shutting_down(), &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "data: {\"error\":{\"message\":\"the server is shutting down\",\"type\":\"server_error\",\"param\":null,\"code\":\"shutting_down\"}}\n\ndata: [DONE]\n\n"
        );
    }
}
