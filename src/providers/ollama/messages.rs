//! The conversation as the `messages` of the dialect: one text each, images beside it, arguments as objects. Pure.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::chat::{ChatRequest, ImageSource, Message, Part, ToolCall};

/// What of a conversation the dialect has no member for, if there is such a thing.
pub fn unsupported(messages: &[Message]) -> Option<&'static str> {
    let mut parts = messages.iter().flat_map(Message::parts);
    parts.find_map(|part| match part {
        Part::Audio(_) => Some("take audio"),
        Part::Document(_) => Some("take files"),
        Part::Text(_) | Part::Refusal(_) | Part::Image(_) => None,
    })
}

/// The system prompt, then the conversation.
pub struct Messages<'a>(pub &'a ChatRequest);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.0;
        let mut list = serializer.serialize_seq(None)?;
        if !request.system.is_empty() {
            list.serialize_element(&Turn {
                role: "system",
                content: request.system.text(),
                ..Turn::default()
            })?;
        }
        // Results are told apart by the names of their functions, which the calls before them hold.
        let mut names = HashMap::new();
        for message in &request.messages {
            if let Message::Assistant { tool_calls, .. } = message {
                let calls = tool_calls.iter();
                names.extend(calls.map(|call| (call.id.as_str(), call.name.as_str())));
            }
            list.serialize_element(&turn(message, &names))?;
        }
        list.end()
    }
}

#[derive(Default, Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: Arguments<'a>,
}

/// Arguments as the model wrote them. What is no object was no call either; the dialect wants one all the same.
#[derive(Serialize)]
#[serde(untagged)]
enum Arguments<'a> {
    Object(&'a RawValue),
    Empty {},
}

fn turn<'a>(message: &'a Message, names: &HashMap<&'a str, &'a str>) -> Turn<'a> {
    let said = Turn {
        content: text(message.parts()),
        images: message.parts().iter().filter_map(image).collect(),
        ..Turn::default()
    };
    match message {
        Message::User { .. } => Turn {
            role: "user",
            ..said
        },
        Message::Assistant {
            reasoning,
            tool_calls,
            ..
        } => Turn {
            role: "assistant",
            thinking: reasoning.as_deref(),
            tool_calls: tool_calls.iter().map(call).collect(),
            ..said
        },
        Message::Tool { call_id, .. } => Turn {
            role: "tool",
            tool_name: names.get(call_id.as_str()).copied(),
            tool_call_id: Some(call_id),
            ..said
        },
    }
}

fn text(parts: &[Part]) -> Cow<'_, str> {
    let mut texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) | Part::Refusal(text) => Some(text.as_str()),
        Part::Image(_) | Part::Audio(_) | Part::Document(_) => None,
    });
    match (texts.next(), texts.next()) {
        (None, _) => Cow::Borrowed(""),
        (Some(only), None) => Cow::Borrowed(only),
        (Some(first), Some(second)) => {
            let mut joined = format!("{first}\n{second}");
            for text in texts {
                joined.push('\n');
                joined.push_str(text);
            }
            Cow::Owned(joined)
        }
    }
}

fn image(part: &Part) -> Option<&str> {
    let Part::Image(image) = part else {
        return None;
    };
    let ImageSource::Inline { base64, .. } = &image.source;
    Some(base64)
}

fn call(call: &ToolCall) -> Call<'_> {
    let arguments = serde_json::from_str::<&RawValue>(&call.arguments);
    let arguments = match arguments {
        Ok(json) if json.get().starts_with('{') => Arguments::Object(json),
        _ => Arguments::Empty {},
    };
    Call {
        id: &call.id,
        function: Function {
            name: &call.name,
            arguments,
        },
    }
}

#[cfg(test)]
mod tests;
