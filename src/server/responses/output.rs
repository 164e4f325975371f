//! The output of a response: what a run says, put together as items, and told as events while it is. Pure.
//!
//! Reasoning and messages follow each other, one open at a time; calls stay open together, because their fragments may
//! come in any order. Events are numbered from 0 without a gap, whether anybody hears them or not.

use serde::Deserialize;

use super::decode::Shape;
use super::event::{AnyPart, Event, Place, Says};
use super::growing::Growing;
use super::item::{
    CallOutput, CustomToolCall, FunctionCall, Item, Logprob, Message, Output as CallText,
    OutputText, Part, Reasoning, Role, Status, Summary, Text,
};
use super::sealed;
use crate::chat::{Delta, ToolActivity, ToolCallDelta};

/// Is told every event, with its number.
pub type Tell<'t> = dyn FnMut(u64, &Event<'_>) + 't;

/// What has been put out so far.
#[derive(Debug)]
pub struct Output {
    shape: Shape,
    /// In the order in which they began.
    entries: Vec<Entry>,
    /// Those of them that are told.
    told: usize,
    speaking: Option<Speaking>,
    /// By their index in the answer.
    calls: Vec<OpenCall>,
    /// The number of the next event.
    sequence: u64,
}

/// An item, and what of it is of use later.
#[derive(Debug)]
pub enum Entry {
    /// `None` while it is open. Its events are numbered from `added` to `done`.
    Told {
        item: Option<Item>,
        added: u64,
        done: u64,
    },
    /// What a tool of the house did: kept for who continues the response, never told.
    House(Item),
}

#[derive(Debug)]
enum Speaking {
    Message(OpenMessage),
    Reasoning(OpenReasoning),
}

#[derive(Debug)]
struct OpenMessage {
    entry: usize,
    output_index: usize,
    id: String,
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
enum Voice {
    Text,
    Refusal,
}

#[derive(Debug)]
struct OpenReasoning {
    entry: usize,
    output_index: usize,
    id: String,
    place: Place,
    text: Growing,
}

#[derive(Debug)]
struct OpenCall {
    entry: usize,
    output_index: usize,
    id: String,
    call_id: String,
    name: String,
    is_custom: bool,
    place: Place,
    arguments: Growing,
}

impl Output {
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            entries: Vec::new(),
            told: 0,
            speaking: None,
            calls: Vec::new(),
            sequence: 0,
        }
    }

    /// Tells what has become of the response: `response` is its JSON.
    pub fn response(&mut self, kind: &'static str, response: &[u8], tell: &mut Tell<'_>) {
        self.say(kind, Says::Response(response), tell);
    }

    pub fn add(&mut self, delta: Delta, tell: &mut Tell<'_>) {
        match delta {
            Delta::Text(text) => self.speak(Voice::Text, &text, tell),
            Delta::Refusal(text) => self.speak(Voice::Refusal, &text, tell),
            Delta::Reasoning(text) => self.think(&text, tell),
            Delta::ToolCall(fragment) => self.call(fragment, tell),
            Delta::Logprobs(raw) => self.logprobs(raw.get(), tell),
        }
    }

    /// Takes note of what a tool of the house does. What is said after it is a message of its own.
    pub fn house(&mut self, activity: &ToolActivity, tell: &mut Tell<'_>) {
        self.close_speech(Status::Completed, tell);
        let item = match activity {
            ToolActivity::Called(call) => Item::FunctionCall(FunctionCall {
                id: self.shape.ids.item("fc"),
                call_id: call.id.clone(),
                name: call.name.clone(),
                arguments: Text::Plain(call.arguments.clone()),
                status: Status::Completed,
            }),
            ToolActivity::Answered { id, text, .. } => Item::FunctionCallOutput(CallOutput {
                id: self.shape.ids.item("fco"),
                call_id: id.clone(),
                output: CallText::Text(text.clone()),
                status: Status::Completed,
            }),
        };
        self.entries.push(Entry::House(item));
    }

    /// Everything has been said. With `is_whole: false`, what is still open was cut short.
    pub fn end(&mut self, is_whole: bool, tell: &mut Tell<'_>) {
        let last = match is_whole {
            true => Status::Completed,
            false => Status::Incomplete,
        };
        let calls = std::mem::take(&mut self.calls);
        // Of several calls only the last can have been cut.
        self.close_speech(last, tell);
        let count = calls.len();
        for (index, call) in calls.into_iter().enumerate() {
            let status = if index + 1 == count {
                last
            } else {
                Status::Completed
            };
            self.close_call(call, status, tell);
        }
    }

    /// The run broke: what is open is left as it is, and nobody is told.
    pub fn abandon(&mut self) {
        if let Some(speaking) = self.speaking.take() {
            let (entry, item) = match speaking {
                Speaking::Message(message) => {
                    (message.entry, message.into_item(Status::Incomplete))
                }
                Speaking::Reasoning(open) => (open.entry, open.into_item(self.shape.seals)),
            };
            self.put(entry, item);
        }
        for call in std::mem::take(&mut self.calls) {
            let entry = call.entry;
            self.put(entry, call.into_item(Status::Incomplete));
        }
    }

    /// The items that are told, and whole.
    pub fn items(&self) -> Vec<&Item> {
        let told = self.entries.iter().filter_map(|entry| match entry {
            Entry::Told { item, .. } => item.as_ref(),
            Entry::House(_) => None,
        });
        told.collect()
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn say(&mut self, kind: &'static str, says: Says<'_>, tell: &mut Tell<'_>) {
        next(&mut self.sequence, tell, kind, says);
    }

    /// Begins an item: where it is among the entries and in the output.
    fn begin(&mut self, item: &Item, tell: &mut Tell<'_>) -> (usize, usize) {
        let (entry, output_index) = (self.entries.len(), self.told);
        let added = self.sequence;
        self.entries.push(Entry::Told {
            item: None,
            added,
            done: added,
        });
        self.told += 1;
        let says = Says::Item { output_index, item };
        self.say("response.output_item.added", says, tell);
        (entry, output_index)
    }

    /// Ends an item.
    fn finish(&mut self, entry: usize, output_index: usize, item: Item, tell: &mut Tell<'_>) {
        if let Entry::Told { done, .. } = &mut self.entries[entry] {
            *done = self.sequence;
        }
        let says = Says::Item {
            output_index,
            item: &item,
        };
        self.say("response.output_item.done", says, tell);
        self.put(entry, item);
    }

    fn put(&mut self, entry: usize, whole: Item) {
        if let Entry::Told { item, .. } = &mut self.entries[entry] {
            *item = Some(whole);
        }
    }

    fn speak(&mut self, voice: Voice, text: &str, tell: &mut Tell<'_>) {
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
        let item = message(id.clone(), Status::InProgress, Vec::new());
        let (entry, output_index) = self.begin(&item, tell);
        OpenMessage {
            entry,
            output_index,
            id,
            parts: Vec::new(),
            open: None,
        }
    }

    /// Log probabilities come behind the text that they are about, and are told in a delta of their own.
    fn logprobs(&mut self, raw: &str, tell: &mut Tell<'_>) {
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

    fn think(&mut self, text: &str, tell: &mut Tell<'_>) {
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

    fn begin_reasoning(&mut self, tell: &mut Tell<'_>) {
        self.close_speech(Status::Completed, tell);
        let id = self.shape.ids.item("rs");
        let item = Item::Reasoning(Reasoning {
            id: id.clone(),
            summary: Vec::new(),
            encrypted_content: None,
        });
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
        }));
    }

    fn call(&mut self, fragment: ToolCallDelta, tell: &mut Tell<'_>) {
        if fragment.index >= self.calls.len() {
            self.begin_call(&fragment, tell);
        }
        let Some(call) = self.calls.get_mut(fragment.index) else {
            return;
        };
        if fragment.arguments.is_empty() {
            return;
        }
        let piece = call.arguments.push(&fragment.arguments);
        // What a custom tool is given is known when all of it is there.
        if !call.is_custom {
            let says = Says::Delta {
                place: &call.place,
                piece,
                logprobs: None,
            };
            next(
                &mut self.sequence,
                tell,
                "response.function_call_arguments.delta",
                says,
            );
        }
    }

    fn begin_call(&mut self, fragment: &ToolCallDelta, tell: &mut Tell<'_>) {
        self.close_speech(Status::Completed, tell);
        let name = fragment.name.clone().unwrap_or_default();
        let is_custom = self.shape.custom.contains(&name);
        let id = self.shape.ids.item(if is_custom { "ctc" } else { "fc" });
        let call_id = fragment.id.clone().unwrap_or_else(|| id.clone());
        let nothing = Text::Plain(String::new());
        let item = called(
            is_custom,
            (id.clone(), call_id.clone(), name.clone()),
            nothing,
        );
        let (entry, output_index) = self.begin(&item, tell);
        self.calls.push(OpenCall {
            entry,
            output_index,
            place: Place::new(&id, output_index, None),
            id,
            call_id,
            name,
            is_custom,
            arguments: Growing::new(),
        });
    }

    fn close_speech(&mut self, status: Status, tell: &mut Tell<'_>) {
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

    fn close_call(&mut self, call: OpenCall, status: Status, tell: &mut Tell<'_>) {
        let (entry, output_index) = (call.entry, call.output_index);
        let place = Place::new(&call.id, output_index, None);
        let item = call.into_item(status);
        match &item {
            Item::FunctionCall(call) => {
                let says = Says::Done {
                    place: &place,
                    member: "arguments",
                    text: &call.arguments,
                    logprobs: None,
                    name: Some(&call.name),
                };
                self.say("response.function_call_arguments.done", says, tell);
            }
            Item::CustomToolCall(call) => {
                let json = serde_json::to_vec(&call.input).expect("a string serializes");
                let says = Says::Delta {
                    place: &place,
                    piece: &json[1..json.len() - 1],
                    logprobs: None,
                };
                self.say("response.custom_tool_call_input.delta", says, tell);
                let says = Says::Done {
                    place: &place,
                    member: "input",
                    text: &call.input,
                    logprobs: None,
                    name: None,
                };
                self.say("response.custom_tool_call_input.done", says, tell);
            }
            _ => {}
        }
        self.finish(entry, output_index, item, tell);
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

    fn into_item(mut self, status: Status) -> Item {
        let open = self.open.take();
        let open = open.map(|open| part(open.voice, open.text.end(), open.logprobs));
        self.parts.extend(open);
        message(self.id, status, self.parts)
    }
}

impl OpenReasoning {
    fn into_item(self, seals: bool) -> Item {
        let text = self.text.end();
        let encrypted_content = match &text {
            Text::Json(json) if seals => Some(sealed::seal(json.get())),
            _ => None,
        };
        Item::Reasoning(Reasoning {
            id: self.id,
            summary: vec![Summary { text }],
            encrypted_content,
        })
    }
}

impl OpenCall {
    fn into_item(self, status: Status) -> Item {
        let arguments = self.arguments.end();
        let names = (self.id, self.call_id, self.name);
        let mut item = match self.is_custom {
            true => called(true, names, custom_input(arguments)),
            false => called(false, names, arguments),
        };
        if let Item::FunctionCall(FunctionCall { status: own, .. })
        | Item::CustomToolCall(CustomToolCall { status: own, .. }) = &mut item
        {
            *own = status;
        }
        item
    }
}

/// What a custom tool is given: the one string of the arguments, or what stands there instead.
fn custom_input(arguments: Text) -> Text {
    #[derive(Deserialize)]
    struct Arguments {
        input: String,
    }
    let arguments = arguments.into_string();
    match serde_json::from_str::<Arguments>(&arguments) {
        Ok(Arguments { input }) => Text::Plain(input),
        Err(_) => Text::Plain(arguments),
    }
}

fn called(is_custom: bool, (id, call_id, name): (String, String, String), text: Text) -> Item {
    let status = Status::InProgress;
    match is_custom {
        true => Item::CustomToolCall(CustomToolCall {
            id,
            call_id,
            name,
            input: text,
            status,
        }),
        false => Item::FunctionCall(FunctionCall {
            id,
            call_id,
            name,
            arguments: text,
            status,
        }),
    }
}

fn message(id: String, status: Status, content: Vec<Part>) -> Item {
    Item::Message(Message {
        id,
        status,
        role: Role::Assistant,
        content,
        phase: None,
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

fn next(sequence: &mut u64, tell: &mut Tell<'_>, kind: &'static str, says: Says<'_>) {
    tell(*sequence, &Event { kind, says });
    *sequence += 1;
}
