//! A streamed answer: the events of a response, each in one write, in the frames of an event stream or as lines for a
//! socket. What was made is kept before its end is told.

use super::event::Event;
use super::kept::Keeping;
use super::output::Output;
use super::prepare::Prepared;
use super::resource::{Resource, State};
use crate::chat::{Finished, RunEvent, RunRequest, ToolActivity};
use crate::server::error::ApiError;
use crate::server::events::{Frames, Settling};
use crate::server::{tool_event, unix_seconds};
use crate::sse;

/// How events are carried.
#[derive(Debug, Clone, Copy)]
pub enum Carrier {
    /// As frames of an event stream, which ends with `[DONE]`.
    Frames,
    /// A line each.
    Lines,
}

/// Writes one response as it grows.
pub struct Responding {
    carrier: Carrier,
    resource: Resource,
    output: Output,
    /// How the response is kept, where it is.
    keeping: Option<Keeping>,
    /// The response at its end, once it is known.
    ended: Vec<u8>,
    watches_tools: bool,
}

impl Responding {
    /// What answers a prepared request, and the run that it is the answer of.
    pub fn new(prepared: Prepared, carrier: Carrier) -> (Self, Box<RunRequest>) {
        let responding = Self {
            carrier,
            resource: prepared.resource,
            output: prepared.output,
            keeping: prepared.keeping,
            ended: Vec::new(),
            watches_tools: prepared.watches_tools,
        };
        (responding, prepared.request)
    }

    fn tell(&mut self, kind: &'static str, response: &[u8], out: &mut Vec<u8>) {
        self.output
            .response(kind, response, &mut self.carrier.write(out));
    }
}

impl Carrier {
    /// Appends each event.
    fn write(self, out: &mut Vec<u8>) -> impl FnMut(u64, &Event<'_>) {
        move |sequence, event| match self {
            Self::Frames => {
                out.extend_from_slice(b"event: ");
                out.extend_from_slice(event.kind.as_bytes());
                out.extend_from_slice(b"\ndata: ");
                event.write(sequence, out);
                out.extend_from_slice(b"\n\n");
            }
            Self::Lines => {
                event.write(sequence, out);
                out.push(b'\n');
            }
        }
    }

    fn write_tool(self, activity: &ToolActivity, out: &mut Vec<u8>) {
        match self {
            Self::Frames => tool_event::write(out, activity),
            Self::Lines => tool_event::write_line(out, activity),
        }
    }

    fn end(self, out: &mut Vec<u8>) {
        match self {
            Self::Frames => out.extend_from_slice(sse::DONE),
            Self::Lines => {}
        }
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
            .end(state.word() == "completed", &mut self.carrier.write(out));
        self.resource
            .write(&mut self.ended, state, &self.output.items());
        let keeping = self.keeping.take()?;
        Some(keeping.keep(&self.ended, &self.output))
    }

    fn event(&mut self, event: RunEvent, out: &mut Vec<u8>) {
        match event {
            RunEvent::Started(_) => {}
            RunEvent::Delta(delta) => self.output.add(delta, &mut self.carrier.write(out)),
            RunEvent::Tool(activity) => {
                self.output.house(&activity, &mut self.carrier.write(out));
                if self.watches_tools {
                    self.carrier.write_tool(&activity, out);
                }
            }
            RunEvent::Finished(finished) => {
                let kind = match ended(finished).word() {
                    "completed" => "response.completed",
                    _ => "response.incomplete",
                };
                let response = std::mem::take(&mut self.ended);
                self.tell(kind, &response, out);
                self.carrier.end(out);
            }
        }
    }

    fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        let error = super::in_our_words(error.clone());
        self.output.break_off(&mut self.carrier.write(out));
        let mut response = Vec::new();
        let items = self.output.items();
        self.resource
            .write(&mut response, State::Failed(&error), &items);
        self.tell("response.failed", &response, out);
        self.carrier.end(out);
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
