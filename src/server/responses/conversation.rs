//! Items as a conversation: who said what, which calls were answered, and whether there is anything to answer. Pure.

use super::item::{
    CallOutput, Item, Message as MessageItem, Output, Part as ItemPart, Phase, Role, Status, Text,
};
use super::sealed;
use crate::chat::{
    Image, ImageSource, Mark, Marked, Message, Part, Thought, ThoughtToken, ToolCall, retain_calls,
};
use crate::server::error::ApiError;
use crate::server::media::DataUrl;

#[derive(Debug, Default)]
pub struct Conversation {
    /// The texts of `system` and `developer` messages, in order.
    pub system: Vec<String>,
    pub messages: Vec<Message>,
    /// What is wrong with the request unless it continues a lasting session, which keeps the calls that it answers.
    pub needs_session: Option<ApiError>,
}

/// Calls without an answer so far, at most.
const MAX_OPEN_CALLS: usize = 256;

/// The items of earlier responses, then those of the request.
///
/// # Errors
/// 400 for items that make no conversation, naming the first of the request that is at fault.
pub fn of(earlier: Vec<Item>, new: Vec<Item>) -> Result<Conversation, ApiError> {
    joined(earlier, new)?.end()
}

fn joined(earlier: Vec<Item>, new: Vec<Item>) -> Result<Joining, ApiError> {
    let mut joining = Joining {
        begins_with_results: earlier.is_empty(),
        ..Joining::default()
    };
    for item in earlier {
        joining.add(item, "previous_response_id")?;
    }
    for (index, item) in new.into_iter().enumerate() {
        joining.add(item, &format!("input[{index}]"))?;
    }
    Ok(joining)
}

/// The messages of items that need not be answered, and may end anywhere, without the calls that are still open.
///
/// # Errors
/// 400 for items that make no conversation, and where nothing was said.
pub fn so_far(earlier: Vec<Item>, new: Vec<Item>) -> Result<Vec<Message>, ApiError> {
    let mut joining = joined(earlier, new)?;
    joining.drop_open_calls();
    let mut messages = joining.conversation.messages;
    messages.retain(says_or_calls);
    let is_said = |message: &Message| match message {
        Message::User { parts, .. } => !parts.is_empty(),
        Message::Assistant { .. } | Message::Tool { .. } => true,
    };
    if !messages.iter().any(is_said) {
        let message = "there is nothing to compact: no message says anything";
        return Err(ApiError::invalid("input", message));
    }
    Ok(messages)
}

#[derive(Default)]
struct Joining {
    conversation: Conversation,
    open: Vec<OpenCall>,
    /// Whether nothing but results has come so far, and nothing before.
    begins_with_results: bool,
}

struct OpenCall {
    call_id: String,
    /// Which message made it.
    message: usize,
    /// It was cut short: nobody is expected to answer it.
    is_cut: bool,
}

/// What the assistant is saying.
struct Own<'a> {
    parts: &'a mut Vec<Part>,
    reasoning: &'a mut Option<String>,
    tool_calls: &'a mut Vec<ToolCall>,
    marks: &'a mut Vec<Mark>,
}

impl Own<'_> {
    /// Marks the place that it has come to.
    fn mark(&mut self, what: Marked) {
        self.marks.push(Mark {
            parts: self.parts.len(),
            calls: self.tool_calls.len(),
            what,
        });
    }

    /// The phase of the message that it is in.
    fn phase(&self) -> Option<Phase> {
        let phases = self.marks.iter().rev().filter_map(|mark| match mark.what {
            Marked::Message { phase } => Some(phase),
            Marked::Thought(_) => None,
        });
        phases.into_iter().next().flatten()
    }
}

impl Joining {
    fn add(&mut self, item: Item, at: &str) -> Result<(), ApiError> {
        let is_result = matches!(
            item,
            Item::FunctionCallOutput(_) | Item::CustomToolCallOutput(_)
        );
        self.begins_with_results &= is_result;
        match item {
            Item::Message(message) => self.message(message),
            Item::Reasoning(item) => {
                let thoughts = item.summary.into_iter().map(|part| part.text.into_string());
                self.think(thoughts.collect::<Vec<_>>().join("\n\n"), item.token);
            }
            Item::Compaction(compaction) => {
                if let Ok(opened) = sealed::open(&compaction.encrypted_content) {
                    let text = format!("Summary of the conversation so far:\n{}", opened.text);
                    self.conversation.messages.push(Message::user(text));
                }
            }
            Item::FunctionCall(call) => {
                let arguments = call.arguments.into_string();
                self.call((call.call_id, call.name, arguments), call.status, at)?;
            }
            Item::CustomToolCall(call) => {
                let input = serde_json::json!({ "input": call.input.into_string() });
                self.call(
                    (call.call_id, call.name, input.to_string()),
                    call.status,
                    at,
                )?;
            }
            Item::FunctionCallOutput(output) | Item::CustomToolCallOutput(output) => {
                self.answer(output, at)?;
            }
        }
        Ok(())
    }

    fn message(&mut self, message: MessageItem) {
        let mut parts: Vec<Part> = message.content.into_iter().filter_map(part).collect();
        match message.role {
            Role::System | Role::Developer => {
                let texts: Vec<&str> = parts.iter().filter_map(Part::as_text).collect();
                let text = texts.join("\n");
                let system = &mut self.conversation.system;
                system.extend(Some(text).filter(|text| !text.is_empty()));
            }
            Role::User => self
                .conversation
                .messages
                .push(Message::User { parts, name: None }),
            Role::Assistant => self.assistant(|mut own| {
                if message.phase.is_some() || own.phase().is_some() {
                    own.mark(Marked::Message {
                        phase: message.phase,
                    });
                }
                own.parts.append(&mut parts);
            }),
        }
    }

    fn think(&mut self, text: String, token: Option<Box<ThoughtToken>>) {
        if text.is_empty() && token.is_none() {
            return;
        }
        self.assistant(|mut own| {
            match own.reasoning {
                _ if text.is_empty() => {}
                Some(reasoning) => {
                    reasoning.push_str("\n\n");
                    reasoning.push_str(&text);
                }
                None => *own.reasoning = Some(text.clone()),
            }
            if let Some(token) = token {
                let token = *token;
                own.mark(Marked::Thought(Thought { text, token }));
            }
        });
    }

    /// Adds to what the assistant is saying. Items that follow each other are one message.
    fn assistant(&mut self, add: impl FnOnce(Own<'_>)) {
        let messages = &mut self.conversation.messages;
        if !matches!(messages.last(), Some(Message::Assistant { .. })) {
            messages.push(Message::Assistant {
                parts: Vec::new(),
                reasoning: None,
                tool_calls: Vec::new(),
                name: None,
                marks: Vec::new(),
            });
        }
        if let Some(Message::Assistant {
            parts,
            reasoning,
            tool_calls,
            marks,
            ..
        }) = messages.last_mut()
        {
            add(Own {
                parts,
                reasoning,
                tool_calls,
                marks,
            });
        }
    }

    fn call(
        &mut self,
        (call_id, name, arguments): (String, String, String),
        status: Status,
        at: &str,
    ) -> Result<(), ApiError> {
        if self.open.len() == MAX_OPEN_CALLS {
            let message =
                format!("`{at}` is one call too many: {MAX_OPEN_CALLS} may be without an answer");
            return Err(ApiError::invalid(at, message));
        }
        let call = ToolCall {
            id: call_id.clone(),
            name,
            arguments,
        };
        self.assistant(|own| own.tool_calls.push(call));
        self.open.push(OpenCall {
            call_id,
            message: self.conversation.messages.len() - 1,
            is_cut: status == Status::Incomplete,
        });
        Ok(())
    }

    /// Puts a result behind the message that called for it, wherever it came.
    fn answer(&mut self, output: CallOutput, at: &str) -> Result<(), ApiError> {
        let call_id = output.call_id;
        let parts = match output.output {
            Output::Text(text) => vec![Part::Text(text)],
            Output::Parts(parts) => parts.into_iter().filter_map(part).collect(),
        };
        let messages = &mut self.conversation.messages;
        let place = match self.open.iter().position(|call| call.call_id == call_id) {
            Some(found) => {
                let made = self.open.remove(found).message + 1;
                let is_result = |message: &&Message| matches!(message, Message::Tool { .. });
                made + messages[made..].iter().take_while(is_result).count()
            }
            None => {
                let param = format!("{at}.call_id");
                let message = format!("`{param}`: there is no open call `{call_id}` before it");
                let error = ApiError::invalid(param, message);
                if !self.begins_with_results {
                    return Err(error);
                }
                // The call may be one that a lasting session keeps.
                self.conversation.needs_session.get_or_insert(error);
                messages.len()
            }
        };
        for call in &mut self.open {
            call.message += usize::from(call.message >= place);
        }
        messages.insert(place, Message::Tool { call_id, parts });
        Ok(())
    }

    fn end(mut self) -> Result<Conversation, ApiError> {
        let missing: Vec<&str> = self
            .open
            .iter()
            .filter(|call| !call.is_cut)
            .map(|call| call.call_id.as_str())
            .collect();
        if !missing.is_empty() {
            let message = format!(
                "every call must be answered by a `function_call_output` item; without one: {}",
                missing.join(", ")
            );
            return Err(ApiError::invalid("input", message));
        }
        self.drop_open_calls();
        let messages = &self.conversation.messages;
        let turn = messages
            .iter()
            .rev()
            .take_while(|message| !matches!(message, Message::Assistant { .. }));
        if !turn.into_iter().any(says_something) {
            let message = "there is nothing to answer: after what the assistant said last there must be a `user` message \
                with content, or the output of a tool";
            return Err(ApiError::invalid("input", message));
        }
        self.conversation.messages.retain(says_or_calls);
        Ok(self.conversation)
    }

    fn drop_open_calls(&mut self) {
        for open in self.open.drain(..) {
            if let Some(Message::Assistant {
                tool_calls, marks, ..
            }) = self.conversation.messages.get_mut(open.message)
            {
                let places = marks.iter_mut().map(|mark| &mut mark.calls);
                retain_calls(tool_calls, places, |call| call.id != open.call_id);
            }
        }
    }
}

/// A part as a model is sent it; a text without a character is none.
fn part(part: ItemPart) -> Option<Part> {
    match part {
        ItemPart::InputText { text } => filled(text).map(Part::Text),
        ItemPart::OutputText(said) => filled(said.text.into_string()).map(Part::Text),
        ItemPart::Refusal { refusal } => filled(Text::into_string(refusal)).map(Part::Refusal),
        ItemPart::InputFile(file) => Some(Part::Text(file.text)),
        ItemPart::InputImage { image_url, detail } => {
            let url = DataUrl::parse(image_url).ok()?;
            Some(Part::Image(Image {
                source: ImageSource::Inline {
                    mime: url.picture()?,
                    base64: url.base64,
                },
                detail: Some(detail),
            }))
        }
    }
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// Whether there is anything of the message to send. A thought alone is nothing, and so is a call that was cut.
fn says_or_calls(message: &Message) -> bool {
    match message {
        Message::Assistant {
            parts, tool_calls, ..
        } => !parts.is_empty() || !tool_calls.is_empty(),
        Message::User { .. } | Message::Tool { .. } => true,
    }
}

fn says_something(message: &Message) -> bool {
    match message {
        Message::User { parts, .. } => !parts.is_empty(),
        Message::Tool { .. } => true,
        Message::Assistant { .. } => false,
    }
}
