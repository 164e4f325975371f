//! A streamed answer: the events of a response in the frames of an event stream, each in one write. What was made is kept
//! before its end is told.

use super::event::Event;
use super::kept::Keeping;
use super::output::Output;
use super::resource::{Resource, State};
use crate::chat::{Finished, RunEvent};
use crate::server::error::ApiError;
use crate::server::events::{Frames, Settling};
use crate::server::{tool_event, unix_seconds};
use crate::sse;

/// Writes one response as it grows.
pub struct Responding {
    resource: Resource,
    output: Output,
    /// How the response is kept, where it is.
    keeping: Option<Keeping>,
    /// The response at its end, once it is known.
    ended: Vec<u8>,
    watches_tools: bool,
}

impl Responding {
    pub fn new(
        resource: Resource,
        output: Output,
        keeping: Option<Keeping>,
        watches_tools: bool,
    ) -> Self {
        Self {
            resource,
            output,
            keeping,
            ended: Vec::new(),
            watches_tools,
        }
    }

    fn tell(&mut self, kind: &'static str, response: &[u8], out: &mut Vec<u8>) {
        self.output.response(kind, response, &mut frame(out));
    }
}

/// Appends each event as a frame.
fn frame(out: &mut Vec<u8>) -> impl FnMut(u64, &Event<'_>) {
    |sequence, event| {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(event.kind.as_bytes());
        out.extend_from_slice(b"\ndata: ");
        event.write(sequence, out);
        out.extend_from_slice(b"\n\n");
    }
}

impl Frames for Responding {
    fn begin(&mut self, out: &mut Vec<u8>) {
        let mut response = Vec::new();
        self.resource.write(&mut response, State::InProgress, &[]);
        self.tell("response.created", &response, out);
        self.tell("response.in_progress", &response, out);
    }

    fn settle(&mut self, finished: &Finished, out: &mut Vec<u8>) -> Option<Settling> {
        let state = ended(*finished);
        self.output
            .end(state.word() == "completed", &mut frame(out));
        self.resource
            .write(&mut self.ended, state, &self.output.items());
        let keeping = self.keeping.take()?;
        Some(keeping.keep(&self.ended, &self.output))
    }

    fn event(&mut self, event: RunEvent, out: &mut Vec<u8>) {
        match event {
            RunEvent::Started(_) => {}
            RunEvent::Delta(delta) => self.output.add(delta, &mut frame(out)),
            RunEvent::Tool(activity) => {
                self.output.house(&activity, &mut frame(out));
                if self.watches_tools {
                    tool_event::write(out, &activity);
                }
            }
            RunEvent::Finished(finished) => {
                let kind = match ended(finished).word() {
                    "completed" => "response.completed",
                    _ => "response.incomplete",
                };
                let response = std::mem::take(&mut self.ended);
                self.tell(kind, &response, out);
                out.extend_from_slice(sse::DONE);
            }
        }
    }

    fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        let error = super::in_our_words(error.clone());
        self.output.break_off(&mut frame(out));
        let mut response = Vec::new();
        let items = self.output.items();
        self.resource
            .write(&mut response, State::Failed(&error), &items);
        self.tell("response.failed", &response, out);
        out.extend_from_slice(sse::DONE);
    }
}

/// The state of a response whose run has ended, now.
pub fn ended(finished: Finished) -> State<'static> {
    State::Ended {
        reason: finished.reason,
        usage: finished.usage,
        at: unix_seconds(),
    }
}
