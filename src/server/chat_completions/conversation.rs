//! The messages of a request as a conversation: who said what, which calls were answered, and whether there is
//! anything to answer.

use std::fmt::{self, Display};

use super::parts;
use super::request::{CalledFunction, Content, Message as WireMessage, Role, ToolCall as WireCall};
use crate::chat::{Message, Part, ToolCall};
use crate::server::error::ApiError;
use crate::server::pictures::Pictures;

#[derive(Debug, PartialEq)]
pub struct Conversation {
    /// The texts of `system` and `developer` messages, in order.
    pub system: Vec<String>,
    pub messages: Vec<Message>,
    /// Its pictures; among them those that are still to be fetched.
    pub pictures: Pictures,
    /// What is wrong with the request unless it continues a lasting session, which keeps the calls that it answers.
    pub needs_session: Option<ApiError>,
}

/// # Errors
/// 400 for messages that make no conversation, naming the first that is at fault.
pub fn decode(messages: Vec<WireMessage>) -> Result<Conversation, ApiError> {
    let count = messages.len();
    let last_user = messages
        .iter()
        .rposition(|message| message.role == Role::User);
    let mut reading = Reading::default();
    for (index, message) in messages.into_iter().enumerate() {
        reading.pictures.is_last_user = Some(index) == last_user;
        reading.message(index, message)?;
    }
    reading.all_answered()?;
    let turn = reading
        .messages
        .iter()
        .rev()
        .take_while(|message| !matches!(message, Message::Assistant { .. }));
    if !turn.into_iter().any(says_something) {
        let param = match count {
            0 => "messages".to_owned(),
            count => format!("messages[{}].content", count - 1),
        };
        let message = "there is nothing to answer: after the last `assistant` message there must be a `user` message with content, or a tool result";
        return Err(ApiError::invalid(param, message));
    }
    Ok(Conversation {
        system: reading.system,
        messages: reading.messages,
        pictures: reading.pictures,
        needs_session: reading.kept_calls,
    })
}

fn says_something(message: &Message) -> bool {
    match message {
        Message::User { parts, .. } => parts.iter().any(|part| part.as_text() != Some("")),
        Message::Tool { .. } => true,
        Message::Assistant { .. } => false,
    }
}

/// Calls of one assistant message: each answer is looked up among them.
const MAX_CALLS: usize = 256;

#[derive(Default)]
struct Reading {
    system: Vec<String>,
    messages: Vec<Message>,
    /// Calls of the last assistant message without an answer so far.
    open: Vec<OpenCall>,
    pictures: Pictures,
    /// What is wrong with results that begin the request, unless a lasting session keeps their calls.
    kept_calls: Option<ApiError>,
    /// How many results begin the request.
    kept_results: usize,
}

struct OpenCall {
    id: String,
    name: String,
    /// The message that it is a call of.
    at: At,
    /// Made by the older `function_call`, and so answered by name.
    by_name: bool,
}

/// The path of a message, which is made where something is wrong.
#[derive(Clone, Copy)]
struct At(usize);

impl Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "messages[{}]", self.0)
    }
}

impl OpenCall {
    /// The path of the calls that this is one of.
    fn path(&self) -> String {
        let member = match self.by_name {
            true => "function_call",
            false => "tool_calls",
        };
        format!("{}.{member}", self.at)
    }
}

impl Reading {
    fn message(&mut self, index: usize, message: WireMessage) -> Result<(), ApiError> {
        let at = At(index);
        match message.role {
            Role::System => {
                let text = join(&parts::spoken(message.content, &at)?);
                self.system
                    .extend(Some(text).filter(|text| !text.is_empty()));
            }
            Role::User => {
                self.all_answered()?;
                let parts = parts::user(message.content, &at, &mut self.pictures)?;
                self.messages.push(Message::User {
                    parts,
                    name: message.name,
                });
            }
            Role::Assistant => {
                self.all_answered()?;
                self.assistant(message, at)?;
            }
            Role::Tool => {
                let id = message
                    .tool_call_id
                    .ok_or_else(|| required(&format!("{at}.tool_call_id")))?;
                let call = self.open.iter().position(|call| call.id == id);
                self.answer(call, message.content, (at, "tool_call_id"), Some(id))?;
            }
            Role::Function => {
                let name = message
                    .name
                    .ok_or_else(|| required(&format!("{at}.name")))?;
                let call = self
                    .open
                    .iter()
                    .position(|call| call.by_name && call.name == name);
                self.answer(call, message.content, (at, "name"), None)?;
            }
            Role::Other => {
                let message = format!(
                    "`{at}.role` must be `system`, `developer`, `user`, `assistant`, `tool` or `function`"
                );
                return Err(ApiError::invalid(format!("{at}.role"), message));
            }
        }
        Ok(())
    }

    fn assistant(&mut self, message: WireMessage, at: At) -> Result<(), ApiError> {
        let mut said = parts::spoken(message.content, &at)?;
        said.extend(
            message
                .refusal
                .filter(|refusal| !refusal.is_empty())
                .map(Part::Refusal),
        );
        let mut tool_calls = Vec::new();
        if message
            .tool_calls
            .as_ref()
            .is_some_and(|calls| calls.len() > MAX_CALLS)
        {
            let param = format!("{at}.tool_calls");
            let message = format!("`{param}` may hold {MAX_CALLS} calls");
            return Err(ApiError::invalid(param, message));
        }
        for (index, call) in message
            .tool_calls
            .unwrap_or_default()
            .into_iter()
            .enumerate()
        {
            tool_calls.push(tool_call(call, (at, index))?);
        }
        let by_name = tool_calls.is_empty() && message.function_call.is_some();
        if let (true, Some(CalledFunction { name, arguments })) = (by_name, message.function_call) {
            let id = format!("call_{}", self.messages.len());
            tool_calls.push(ToolCall {
                id,
                name,
                arguments,
            });
        }
        self.open.extend(tool_calls.iter().map(|call| OpenCall {
            id: call.id.clone(),
            name: call.name.clone(),
            at,
            by_name,
        }));
        self.messages.push(Message::Assistant {
            parts: said,
            reasoning: message
                .reasoning_content
                .filter(|reasoning| !reasoning.is_empty()),
            tool_calls,
            name: message.name,
            marks: Vec::new(),
        });
        Ok(())
    }

    fn answer(
        &mut self,
        call: Option<usize>,
        content: Option<Content>,
        (at, by): (At, &str),
        id: Option<String>,
    ) -> Result<(), ApiError> {
        let unanswered = || {
            let param = format!("{at}.{by}");
            let message =
                format!("`{param}` answers no open call of the `assistant` message before it");
            ApiError::invalid(param, message)
        };
        let parts = parts::spoken(content, &at)?;
        let call_id = match (call, id) {
            (Some(call), _) => self.open.remove(call).id,
            // The call may be one that a lasting session keeps.
            (None, Some(id)) if self.only_results() => {
                self.kept_calls.get_or_insert_with(unanswered);
                self.kept_results += 1;
                id
            }
            (None, _) => return Err(unanswered()),
        };
        self.messages.push(Message::Tool { call_id, parts });
        Ok(())
    }

    /// Whether nothing but results of kept calls has come so far.
    fn only_results(&self) -> bool {
        self.messages.len() == self.kept_results
    }

    fn all_answered(&self) -> Result<(), ApiError> {
        let Some(first) = self.open.first() else {
            return Ok(());
        };
        let ids: Vec<&str> = self.open.iter().map(|call| call.id.as_str()).collect();
        let message = format!(
            "every call must be answered by a `tool` message; without an answer: {}",
            ids.join(", ")
        );
        Err(ApiError::invalid(first.path(), message))
    }
}

fn tool_call(call: WireCall, (at, index): (At, usize)) -> Result<ToolCall, ApiError> {
    let at = || format!("{at}.tool_calls[{index}]");
    if !matches!(call.kind.as_deref(), None | Some("function")) {
        return Err(ApiError::invalid(
            format!("{}.type", at()),
            format!("`{}.type` must be `function`", at()),
        ));
    }
    if call.id.is_empty() {
        return Err(ApiError::invalid(
            format!("{}.id", at()),
            format!("`{}.id` must not be empty", at()),
        ));
    }
    let function = call
        .function
        .ok_or_else(|| required(&format!("{}.function", at())))?;
    Ok(ToolCall {
        id: call.id,
        name: function.name,
        arguments: function.arguments,
    })
}

fn join(parts: &[Part]) -> String {
    let texts: Vec<&str> = parts.iter().filter_map(Part::as_text).collect();
    texts.join("\n")
}

fn required(param: &str) -> ApiError {
    ApiError::invalid(param, format!("`{param}` is required"))
}
