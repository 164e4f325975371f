//! The conversation as the `contents` of the dialect: user and model in turn, each a list of parts. Pure.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;

use super::super::arguments::Arguments;
use super::super::document;
use super::generation::Generation;
use crate::chat::{Audio, Document, Image, ImageSource, Mark, Message, Part, TokenForm, ToolCall};

#[derive(Serialize)]
pub struct Content<'a> {
    role: &'static str,
    parts: Vec<Piece<'a>>,
}

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Piece<'a> {
    Text {
        text: Cow<'a, str>,
    },
    Inline {
        inline_data: Blob<'a>,
    },
    Call {
        function_call: FunctionCall<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        thought_signature: Option<&'a str>,
    },
    Response {
        function_response: FunctionResponse<'a>,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob<'a> {
    mime_type: Cow<'a, str>,
    data: &'a str,
}

#[derive(Serialize)]
struct FunctionCall<'a> {
    id: &'a str,
    name: &'a str,
    args: Arguments<'a>,
}

#[derive(Serialize)]
struct FunctionResponse<'a> {
    id: &'a str,
    name: &'a str,
    response: Output,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Piece<'a>>,
}

/// What a function put out, under the name that the API knows it by.
#[derive(Serialize)]
struct Output {
    output: String,
}

/// Stands for the signature of thoughts that are not there: the API documents it for that, and then checks none.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The conversation, neighbours of one role joined: what tools answered belongs to the user.
pub fn contents(messages: &[Message], generation: Generation) -> Vec<Content<'_>> {
    let mut contents: Vec<Content<'_>> = Vec::with_capacity(messages.len());
    let mut names = HashMap::new();
    for message in messages {
        let (role, parts) = match message {
            Message::User { parts, .. } => ("user", pieces(parts)),
            // What can be read of the reasoning is not taken back: the signatures stand for it.
            Message::Assistant {
                parts,
                tool_calls,
                marks,
                ..
            } => {
                names.extend(tool_calls.iter().map(|call| (&*call.id, &*call.name)));
                ("model", spoken(parts, (tool_calls, marks), generation))
            }
            Message::Tool { call_id, parts } => {
                let name = names.get(call_id.as_str()).copied().unwrap_or(call_id);
                ("user", answered((call_id, name), parts, generation))
            }
        };
        match contents.last_mut() {
            // The API refuses empty turns.
            _ if parts.is_empty() => {}
            Some(last) if last.role == role => last.parts.extend(parts),
            _ => contents.push(Content { role, parts }),
        }
    }
    contents
}

fn spoken<'a>(
    parts: &'a [Part],
    (calls, marks): (&'a [ToolCall], &'a [Mark]),
    generation: Generation,
) -> Vec<Piece<'a>> {
    let mut spoken = pieces(parts);
    spoken.extend(calls.iter().enumerate().map(|(place, call)| {
        Piece::Call {
            function_call: FunctionCall {
                id: &call.id,
                name: &call.name,
                args: Arguments(&call.arguments),
            },
            // Of calls made at once the first must bear one.
            thought_signature: signature(marks, place)
                .or((place == 0 && generation.checks_signatures()).then_some(NO_SIGNATURE)),
        }
    }));
    spoken
}

/// The signature that the call at this place came with.
fn signature(marks: &[Mark], place: usize) -> Option<&str> {
    let before = marks.iter().filter(|mark| mark.calls == place);
    let mut tokens = before.filter_map(|mark| Some(&mark.thought()?.token));
    let own = tokens.find(|token| token.form == TokenForm::GoogleSignature)?;
    Some(&own.content)
}

/// What a tool answered to the call of this id and name. Models that read no images in it find them behind it.
fn answered<'a>(
    (id, name): (&'a str, &'a str),
    parts: &'a [Part],
    generation: Generation,
) -> Vec<Piece<'a>> {
    let texts: Vec<Cow<'_, str>> = parts.iter().filter_map(text).collect();
    let media: Vec<Piece<'_>> = parts.iter().filter_map(inline).collect();
    let (within, behind) = match generation.reads_results_with_media() {
        true => (media, Vec::new()),
        false => (Vec::new(), media),
    };
    let response = Piece::Response {
        function_response: FunctionResponse {
            id,
            name,
            response: Output {
                output: texts.join("\n"),
            },
            parts: within,
        },
    };
    std::iter::once(response).chain(behind).collect()
}

fn pieces(parts: &[Part]) -> Vec<Piece<'_>> {
    let piece = |part| match text(part) {
        Some(text) => (!text.is_empty()).then_some(Piece::Text { text }),
        None => inline(part),
    };
    parts.iter().filter_map(piece).collect()
}

/// A part that is text, or a document that can be read as such.
fn text(part: &Part) -> Option<Cow<'_, str>> {
    match part {
        Part::Text(text) | Part::Refusal(text) => Some(Cow::Borrowed(text)),
        Part::Document(file) => document::text(file).map(Cow::Owned),
        Part::Image(_) | Part::Audio(_) => None,
    }
}

/// A part that is a file of any other kind.
fn inline(part: &Part) -> Option<Piece<'_>> {
    let (mime_type, data) = match part {
        Part::Text(_) | Part::Refusal(_) => return None,
        Part::Image(Image {
            source: ImageSource::Inline { mime, base64 },
            ..
        }) => (Cow::Borrowed(*mime), base64),
        Part::Audio(Audio { base64, format }) => (Cow::Owned(format!("audio/{format}")), base64),
        Part::Document(file) if document::text(file).is_some() => return None,
        Part::Document(Document { mime, base64, .. }) => (Cow::Borrowed(&**mime), base64),
    };
    let inline_data = Blob { mime_type, data };
    Some(Piece::Inline { inline_data })
}

#[cfg(test)]
mod tests;
