//! The conversation as the `messages` of the dialect. Pure.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::chat::{
    Audio, ChatRequest, Document, Image, ImageSource, Mark, Message, Part, TokenForm, ToolCall,
};
use crate::json;

/// Appends a list: the system prompt, then the conversation. Reasoning of which nobody knows where it came from goes to
/// a model that has `spoken` so.
pub fn write(out: &mut Vec<u8>, request: &ChatRequest, spoken: Option<TokenForm>) {
    out.push(b'[');
    if !request.system.is_empty() {
        out.extend_from_slice(b"{\"role\":\"system\",\"content\":");
        json::string(out, &request.system.text());
        out.extend_from_slice(b"},");
    }
    for message in &request.messages {
        turn(out, message, spoken);
        out.push(b',');
    }
    if out.ends_with(b",") {
        out.pop();
    }
    out.push(b']');
}

/// About how many bytes the list comes to: one that is large is not moved while it grows.
pub fn size(request: &ChatRequest) -> usize {
    const OF_MESSAGE: usize = 64;
    let texts = request.messages.iter().map(|message| {
        let texts = message.parts().iter().filter_map(Part::as_text);
        OF_MESSAGE + texts.map(str::len).sum::<usize>()
    });
    let text: usize = texts.sum();
    // For what has to be escaped.
    text + text / 16 + request.system.stable.len() + request.system.varying.len()
}

fn turn(out: &mut Vec<u8>, message: &Message, spoken: Option<TokenForm>) {
    match message {
        Message::User { parts, name } => {
            out.extend_from_slice(b"{\"role\":\"user\",\"content\":");
            content(out, parts);
            named(out, name.as_deref());
        }
        Message::Assistant {
            parts,
            tool_calls,
            name,
            marks,
            reasoning,
        } => {
            out.extend_from_slice(b"{\"role\":\"assistant\",\"content\":");
            match parts.is_empty() {
                true => out.extend_from_slice(b"null"),
                false => content(out, parts),
            }
            named(out, name.as_deref());
            if !tool_calls.is_empty() {
                let untold = reasoning.as_deref().zip(spoken);
                thoughts(out, marks, untold);
                out.extend_from_slice(b",\"tool_calls\":");
                json::value(out, &Calls(tool_calls));
            }
        }
        Message::Tool { call_id, parts } => {
            out.extend_from_slice(b"{\"role\":\"tool\",\"tool_call_id\":");
            json::string(out, call_id);
            out.extend_from_slice(b",\"content\":");
            content(out, parts);
        }
    }
    out.push(b'}');
}

/// What led to calls goes back as it came, in a member of the same name. DeepSeek, Moonshot and others want their
/// `reasoning_content` once a tool has answered; Groq and Cerebras take `reasoning` and refuse the other name. Behind
/// an answer without calls nobody reads it.
fn thoughts(out: &mut Vec<u8>, marks: &[Mark], unknown: Option<(&str, TokenForm)>) {
    const MEMBERS: [(TokenForm, &[u8]); 2] = [
        (TokenForm::Reasoning, b",\"reasoning\":"),
        (TokenForm::ReasoningContent, b",\"reasoning_content\":"),
    ];
    for (form, member) in MEMBERS {
        let thoughts = marks.iter().filter_map(Mark::thought);
        let own = thoughts.filter(|thought| thought.token.form == form);
        let texts: Vec<&str> = own.map(|thought| thought.text.as_str()).collect();
        let text = match unknown {
            _ if !texts.is_empty() => texts.join("\n\n"),
            Some((text, spoken)) if spoken == form && marks.is_empty() => text.to_owned(),
            _ => continue,
        };
        out.extend_from_slice(member);
        json::string(out, &text);
    }
}

fn named(out: &mut Vec<u8>, name: Option<&str>) {
    if let Some(name) = name {
        out.extend_from_slice(b",\"name\":");
        json::string(out, name);
    }
}

/// One text is a plain string: every server takes that; anything else is a list of parts.
fn content(out: &mut Vec<u8>, parts: &[Part]) {
    match parts {
        [] => out.extend_from_slice(b"\"\""),
        [Part::Text(text)] => json::string(out, text),
        parts => {
            for (index, part) in parts.iter().enumerate() {
                out.push(if index == 0 { b'[' } else { b',' });
                match part {
                    Part::Text(text) => {
                        out.extend_from_slice(b"{\"type\":\"text\",\"text\":");
                        json::string(out, text);
                        out.push(b'}');
                    }
                    other => json::value(out, &Piece(other)),
                }
            }
            out.push(b']');
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
