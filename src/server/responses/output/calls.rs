//! Calls of the caller's tools: each an item from its first fragment to the end of the answer. Pure.

use serde::Deserialize;

use super::{Output, Tell, next};
use crate::chat::ToolCallDelta;
use crate::server::responses::event::{Place, Says};
use crate::server::responses::growing::Growing;
use crate::server::responses::item::{CustomToolCall, FunctionCall, Item, Status, Text};

/// A call that may go on.
#[derive(Debug)]
pub struct OpenCall {
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
    pub fn call(&mut self, fragment: ToolCallDelta, tell: &mut Tell<'_>) {
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

    pub fn close_call(&mut self, call: OpenCall, status: Status, tell: &mut Tell<'_>) {
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
