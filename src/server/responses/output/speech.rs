//! What a model says in words: reasoning and messages, one after the other. Pure.

use serde::Deserialize;

use super::{Output, Tell, next};
use crate::chat::ThoughtToken;
use crate::server::responses::event::{AnyPart, Place, Says};
use crate::server::responses::growing::Growing;
use crate::server::responses::item::{
    Item, Logprob, Message, OutputText, Part, Phase, Reasoning, Role, Status, Summary, Text,
};
use crate::server::responses::sealed;

/// What is being said.
#[derive(Debug)]
pub enum Speaking {
    Message(OpenMessage),
    Reasoning(OpenReasoning),
}

#[derive(Debug)]
pub struct OpenMessage {
    entry: usize,
    output_index: usize,
    id: String,
    phase: Option<Phase>,
    parts: Vec<Part>,
    open: Option<OpenPart>,
}

#[derive(Debug)]
struct OpenPart {
    voice: Voice,
    place: Place,
    text: Growing,
    logprobs: Vec<Logprob>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    Text,
    Refusal,
}

#[derive(Debug)]
pub struct OpenReasoning {
    entry: usize,
    output_index: usize,
    id: String,
    place: Place,
    text: Growing,
    token: Option<Box<ThoughtToken>>,
}

impl Output {
    pub fn speak(&mut self, voice: Voice, text: &str, tell: &mut Tell<'_>) {
        if text.is_empty() {
            return;
        }
        let mut message = self.open_message(tell);
        if message
            .open
            .as_ref()
            .is_some_and(|part| part.voice != voice)
        {
            message.close_part(&mut self.sequence, tell);
        }
        let index = message.parts.len();
        let part = message.open.get_or_insert_with(|| {
            let place = Place::new(
                &message.id,
                message.output_index,
                Some(("content_index", index)),
            );
            let part = part(voice, Text::Plain(String::new()), Vec::new());
            let says = Says::Part {
                place: &place,
                part: AnyPart::Content(&part),
            };
            next(
                &mut self.sequence,
                tell,
                "response.content_part.added",
                says,
            );
            OpenPart {
                voice,
                place,
                text: Growing::new(),
                logprobs: Vec::new(),
            }
        });
        let (kind, logprobs) = match voice {
            Voice::Text => ("response.output_text.delta", Some(&[][..])),
            Voice::Refusal => ("response.refusal.delta", None),
        };
        let says = Says::Delta {
            place: &part.place,
            piece: part.text.push(text),
            logprobs,
        };
        next(&mut self.sequence, tell, kind, says);
        self.speaking = Some(Speaking::Message(message));
    }

    fn open_message(&mut self, tell: &mut Tell<'_>) -> OpenMessage {
        match self.speaking.take() {
            Some(Speaking::Message(message)) => return message,
            other => self.speaking = other,
        }
        self.close_speech(Status::Completed, tell);
        let id = self.shape.ids.item("msg");
        let phase = self.phase;
        let item = message((id.clone(), phase), Status::InProgress, Vec::new());
        let (entry, output_index) = self.begin(&item, tell);
        OpenMessage {
            entry,
            output_index,
            id,
            phase,
            parts: Vec::new(),
            open: None,
        }
    }

    /// What is said next is a message of its own.
    pub fn begin_message(&mut self, phase: Option<Phase>, tell: &mut Tell<'_>) {
        self.close_speech(Status::Completed, tell);
        self.phase = phase;
    }

    /// Log probabilities come behind the text that they are about, and are told in a delta of their own.
    pub fn logprobs(&mut self, raw: &str, tell: &mut Tell<'_>) {
        #[derive(Deserialize)]
        struct Piece {
            content: Option<Vec<Logprob>>,
        }
        let Some(Speaking::Message(OpenMessage {
            open: Some(part), ..
        })) = &mut self.speaking
        else {
            return;
        };
        // What has another shape than OpenAI's cannot be told, and is left out.
        let piece = serde_json::from_str::<Piece>(raw).ok();
        let logprobs = piece.and_then(|piece| piece.content).unwrap_or_default();
        if logprobs.is_empty() || part.voice != Voice::Text {
            return;
        }
        let says = Says::Delta {
            place: &part.place,
            piece: b"",
            logprobs: Some(&logprobs),
        };
        next(&mut self.sequence, tell, "response.output_text.delta", says);
        part.logprobs.extend(logprobs);
    }

    pub fn think(&mut self, text: &str, tell: &mut Tell<'_>) {
        if text.is_empty() {
            return;
        }
        if !matches!(self.speaking, Some(Speaking::Reasoning(_))) {
            self.begin_reasoning(tell);
        }
        if let Some(Speaking::Reasoning(open)) = &mut self.speaking {
            let says = Says::Delta {
                place: &open.place,
                piece: open.text.push(text),
                logprobs: None,
            };
            next(
                &mut self.sequence,
                tell,
                "response.reasoning_summary_text.delta",
                says,
            );
        }
    }

    /// Ends a thought that its provider takes back. One that cannot be read is an item without a summary.
    pub fn thought(&mut self, token: Box<ThoughtToken>, tell: &mut Tell<'_>) {
        match &mut self.speaking {
            Some(Speaking::Reasoning(open)) => open.token = Some(token),
            _ => self.think_unseen(token, tell),
        }
        self.close_speech(Status::Completed, tell);
    }

    fn think_unseen(&mut self, token: Box<ThoughtToken>, tell: &mut Tell<'_>) {
        self.close_speech(Status::Completed, tell);
        let id = self.shape.ids.item("rs");
        let (entry, output_index) = self.begin(&begun(id.clone()), tell);
        let item = reasoning(id, Vec::new(), Some(token), self.shape.seals);
        self.finish(entry, output_index, item, tell);
    }

    fn begin_reasoning(&mut self, tell: &mut Tell<'_>) {
        self.close_speech(Status::Completed, tell);
        let id = self.shape.ids.item("rs");
        let item = begun(id.clone());
        let (entry, output_index) = self.begin(&item, tell);
        let place = Place::new(&id, output_index, Some(("summary_index", 0)));
        let empty = Summary {
            text: Text::Plain(String::new()),
        };
        let says = Says::Part {
            place: &place,
            part: AnyPart::Summary(&empty),
        };
        self.say("response.reasoning_summary_part.added", says, tell);
        self.speaking = Some(Speaking::Reasoning(OpenReasoning {
            entry,
            output_index,
            id,
            place,
            text: Growing::new(),
            token: None,
        }));
    }

    pub fn close_speech(&mut self, status: Status, tell: &mut Tell<'_>) {
        match self.speaking.take() {
            None => {}
            Some(Speaking::Message(mut message)) => {
                message.close_part(&mut self.sequence, tell);
                let (entry, output_index) = (message.entry, message.output_index);
                self.finish(entry, output_index, message.into_item(status), tell);
            }
            Some(Speaking::Reasoning(open)) => {
                let (entry, output_index) = (open.entry, open.output_index);
                let place = Place::new(&open.id, output_index, Some(("summary_index", 0)));
                let item = open.into_item(self.shape.seals);
                if let Item::Reasoning(Reasoning { summary, .. }) = &item
                    && let Some(part) = summary.first()
                {
                    let says = Says::Done {
                        place: &place,
                        member: "text",
                        text: &part.text,
                        logprobs: None,
                        name: None,
                    };
                    self.say("response.reasoning_summary_text.done", says, tell);
                    let says = Says::Part {
                        place: &place,
                        part: AnyPart::Summary(part),
                    };
                    self.say("response.reasoning_summary_part.done", says, tell);
                }
                self.finish(entry, output_index, item, tell);
            }
        }
    }
}

impl OpenMessage {
    fn close_part(&mut self, sequence: &mut u64, tell: &mut Tell<'_>) {
        let Some(open) = self.open.take() else {
            return;
        };
        let OpenPart {
            voice,
            place,
            text,
            logprobs,
        } = open;
        let part = part(voice, text.end(), logprobs);
        let done = match &part {
            Part::OutputText(said) => Some((
                "response.output_text.done",
                "text",
                &said.text,
                Some(&said.logprobs[..]),
            )),
            Part::Refusal { refusal } => Some(("response.refusal.done", "refusal", refusal, None)),
            _ => None,
        };
        if let Some((kind, member, text, logprobs)) = done {
            let says = Says::Done {
                place: &place,
                member,
                text,
                logprobs,
                name: None,
            };
            next(sequence, tell, kind, says);
        }
        let says = Says::Part {
            place: &place,
            part: AnyPart::Content(&part),
        };
        next(sequence, tell, "response.content_part.done", says);
        self.parts.push(part);
    }

    /// The item, once no part of it is open.
    fn into_item(self, status: Status) -> Item {
        message((self.id, self.phase), status, self.parts)
    }
}

impl OpenReasoning {
    fn into_item(self, seals: bool) -> Item {
        let text = self.text.end();
        reasoning(self.id, vec![Summary { text }], self.token, seals)
    }
}

fn begun(id: String) -> Item {
    reasoning(id, Vec::new(), None, false)
}

fn reasoning(
    id: String,
    summary: Vec<Summary>,
    token: Option<Box<ThoughtToken>>,
    seals: bool,
) -> Item {
    let nothing = Text::Plain(String::new());
    let text = summary.first().map_or(&nothing, |part| &part.text);
    let encrypted_content = seals.then(|| sealed::seal(text, token.as_deref()));
    Item::Reasoning(Reasoning {
        id,
        summary,
        encrypted_content,
        token,
    })
}

fn message((id, phase): (String, Option<Phase>), status: Status, content: Vec<Part>) -> Item {
    Item::Message(Message {
        id,
        status,
        role: Role::Assistant,
        content,
        phase,
    })
}

fn part(voice: Voice, text: Text, logprobs: Vec<Logprob>) -> Part {
    match voice {
        Voice::Text => Part::OutputText(OutputText {
            text,
            annotations: [],
            logprobs,
        }),
        Voice::Refusal => Part::Refusal { refusal: text },
    }
}
