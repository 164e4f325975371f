//! The output of a response: what a run says, put together as items, and told as events while it is. Pure.
//!
//! Reasoning and messages follow each other, one open at a time; calls stay open together, because their fragments may
//! come in any order. Events are numbered from 0 without a gap, whether anybody hears them or not.

mod calls;
mod speech;

use super::decode::Shape;
use super::event::{Event, Says};
use super::item::{CallOutput, FunctionCall, Item, Output as CallText, Phase, Status, Text};
use crate::chat::{Delta, ToolActivity};
use calls::OpenCall;
use speech::{Speaking, Voice};

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
    /// Of the messages that begin from now on.
    phase: Option<Phase>,
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

impl Output {
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            entries: Vec::new(),
            told: 0,
            speaking: None,
            phase: None,
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
            Delta::Thought(token) => self.thought(token, tell),
            Delta::Message(phase) => self.begin_message(phase, tell),
            Delta::ToolCall(fragment) => self.call(fragment, tell),
            Delta::Logprobs(raw) => self.logprobs(raw.get(), tell),
        }
    }

    /// Takes note of what a tool of the house does. What is said after it is a message of its own.
    pub fn house(&mut self, activity: &ToolActivity, tell: &mut Tell<'_>) {
        self.close_speech(Status::Completed, tell);
        self.phase = None;
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

    /// The run broke: nobody can say of anything that is still open that it is whole.
    pub fn break_off(&mut self, tell: &mut Tell<'_>) {
        self.close_speech(Status::Incomplete, tell);
        for call in std::mem::take(&mut self.calls) {
            self.close_call(call, Status::Incomplete, tell);
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
}

fn next(sequence: &mut u64, tell: &mut Tell<'_>, kind: &'static str, says: Says<'_>) {
    tell(*sequence, &Event { kind, says });
    *sequence += 1;
}
