//! The conversation as the `messages` of the dialect. Pure.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::chat::{Audio, ChatRequest, Document, Image, ImageSource, Message, Part, ToolCall};

/// The system prompt, then the conversation.
pub struct Messages<'a>(pub &'a ChatRequest);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.0;
        let system = usize::from(!request.system.is_empty());
        let mut list = serializer.serialize_seq(Some(request.messages.len() + system))?;
        if !request.system.is_empty() {
            list.serialize_element(&System {
                role: "system",
                content: &request.system.text(),
            })?;
        }
        for message in &request.messages {
            list.serialize_element(&Turn(message))?;
        }
        list.end()
    }
}

#[derive(Serialize)]
struct System<'a> {
    role: &'static str,
    content: &'a str,
}

struct Turn<'a>(&'a Message);

impl Serialize for Turn<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            Message::User { parts, name } => {
                map.serialize_entry("role", "user")?;
                map.serialize_entry("content", &Content(parts))?;
                if let Some(name) = name {
                    map.serialize_entry("name", name)?;
                }
            }
            Message::Assistant {
                parts,
                tool_calls,
                name,
                ..
            } => {
                map.serialize_entry("role", "assistant")?;
                if parts.is_empty() {
                    map.serialize_entry("content", &None::<&str>)?;
                } else {
                    map.serialize_entry("content", &Content(parts))?;
                }
                if let Some(name) = name {
                    map.serialize_entry("name", name)?;
                }
                if !tool_calls.is_empty() {
                    map.serialize_entry("tool_calls", &Calls(tool_calls))?;
                }
            }
            Message::Tool { call_id, parts } => {
                map.serialize_entry("role", "tool")?;
                map.serialize_entry("tool_call_id", call_id)?;
                map.serialize_entry("content", &Content(parts))?;
            }
        }
        map.end()
    }
}

/// One text is a plain string: every server takes that; anything else is a list of parts.
struct Content<'a>(&'a [Part]);

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [] => serializer.serialize_str(""),
            [Part::Text(text)] => serializer.serialize_str(text),
            parts => serializer.collect_seq(parts.iter().map(Piece)),
        }
    }
}

struct Piece<'a>(&'a Part);

impl Serialize for Piece<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        match self.0 {
            Part::Text(text) => {
                map.serialize_entry("type", "text")?;
                map.serialize_entry("text", text)?;
            }
            Part::Refusal(refusal) => {
                map.serialize_entry("type", "refusal")?;
                map.serialize_entry("refusal", refusal)?;
            }
            Part::Image(image) => {
                map.serialize_entry("type", "image_url")?;
                map.serialize_entry("image_url", &ImageUrl(image))?;
            }
            Part::Audio(audio) => {
                map.serialize_entry("type", "input_audio")?;
                map.serialize_entry("input_audio", &InputAudio::from(audio))?;
            }
            Part::Document(document) => {
                map.serialize_entry("type", "file")?;
                map.serialize_entry("file", &File(document))?;
            }
        }
        map.end()
    }
}

struct ImageUrl<'a>(&'a Image);

impl Serialize for ImageUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let ImageSource::Inline { mime, base64 } = &self.0.source;
        map.serialize_entry("url", &DataUrl { mime, base64 })?;
        if let Some(detail) = &self.0.detail {
            map.serialize_entry("detail", detail)?;
        }
        map.end()
    }
}

/// A file inside a URL.
pub struct DataUrl<'a> {
    pub mime: &'a str,
    pub base64: &'a str,
}

impl Serialize for DataUrl<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("data:{};base64,{}", self.mime, self.base64))
    }
}

#[derive(Serialize)]
struct InputAudio<'a> {
    data: &'a str,
    format: &'a str,
}

impl<'a> From<&'a Audio> for InputAudio<'a> {
    fn from(audio: &'a Audio) -> Self {
        Self {
            data: &audio.base64,
            format: &audio.format,
        }
    }
}

struct File<'a>(&'a Document);

impl Serialize for File<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Document {
            filename,
            mime,
            base64,
        } = self.0;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("filename", filename.as_deref().unwrap_or("file"))?;
        map.serialize_entry("file_data", &DataUrl { mime, base64 })?;
        map.end()
    }
}

struct Calls<'a>(&'a [ToolCall]);

impl Serialize for Calls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Call<'a> {
            id: &'a str,
            r#type: &'static str,
            function: Function<'a>,
        }
        #[derive(Serialize)]
        struct Function<'a> {
            name: &'a str,
            arguments: &'a str,
        }
        serializer.collect_seq(self.0.iter().map(|call| Call {
            id: &call.id,
            r#type: "function",
            function: Function {
                name: &call.name,
                arguments: &call.arguments,
            },
        }))
    }
}
