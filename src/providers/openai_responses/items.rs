//! The conversation as the input items of the dialect: one message may be several of them. Pure.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::super::openai_completions::DataUrl;
use crate::chat::{
    ImageSource, Mark, Marked, Message, MessagePhase, Part, Thought, TokenForm, ToolCall, in_order,
};

/// The conversation without the system prompt, which is no item.
///
/// Of the reasoning of earlier answers that goes along which the provider has encrypted, with what it led to.
pub struct Items<'a>(pub &'a [Message]);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for message in self.0 {
            match message {
                Message::User { parts, .. } => list.serialize_element(&Item::Message {
                    role: "user",
                    content: Content::of(parts, Side::Input),
                    phase: None,
                })?,
                Message::Assistant {
                    parts,
                    tool_calls,
                    marks,
                    ..
                } => answer(&mut list, (parts, tool_calls, marks))?,
                Message::Tool { call_id, parts } => {
                    list.serialize_element(&Item::FunctionCallOutput {
                        call_id,
                        output: Content::of(parts, Side::Input),
                    })?;
                }
            }
        }
        list.end()
    }
}

/// An assistant's message as the items that it was. The API refuses reasoning that nothing follows.
fn answer<L: SerializeSeq>(
    list: &mut L,
    (parts, calls, marks): (&[Part], &[ToolCall], &[Mark]),
) -> Result<(), L::Error> {
    let mut phase = None;
    let mut thought = None;
    for segment in in_order(parts, calls, marks) {
        if !(segment.parts.is_empty() && segment.calls.is_empty())
            && let Some(thought) = thought.take()
        {
            list.serialize_element(&Item::reasoning(thought))?;
        }
        if !segment.parts.is_empty() {
            list.serialize_element(&Item::Message {
                role: "assistant",
                content: Content::of(segment.parts, Side::Output),
                phase,
            })?;
        }
        for call in segment.calls {
            list.serialize_element(&Item::FunctionCall {
                call_id: &call.id,
                name: &call.name,
                arguments: &call.arguments,
            })?;
        }
        match segment.then {
            Some(Marked::Message { phase: next }) => phase = *next,
            Some(Marked::Thought(next)) if next.token.form == TokenForm::OpenaiEncrypted => {
                thought = Some(next);
            }
            Some(Marked::Thought(_)) | None => {}
        }
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Item<'a> {
    Message {
        role: &'static str,
        content: Content<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        phase: Option<MessagePhase>,
    },
    Reasoning {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        summary: Vec<Summary<'a>>,
        encrypted_content: &'a str,
    },
    FunctionCall {
        call_id: &'a str,
        name: &'a str,
        arguments: &'a str,
    },
    FunctionCallOutput {
        call_id: &'a str,
        output: Content<'a>,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "summary_text")]
struct Summary<'a> {
    text: &'a str,
}

impl<'a> Item<'a> {
    fn reasoning(thought: &'a Thought) -> Self {
        let text = Some(thought.text.as_str()).filter(|text| !text.is_empty());
        Self::Reasoning {
            id: thought.token.id.as_deref(),
            summary: text.map(|text| Summary { text }).into_iter().collect(),
            encrypted_content: &thought.token.content,
        }
    }
}

/// Whose words: the dialect calls the same text `input_text` or `output_text`.
#[derive(Clone, Copy)]
enum Side {
    Input,
    Output,
}

/// One text is a plain string: every server takes that; anything else is a list of parts.
#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Pieces(Vec<Piece<'a>>),
}

impl<'a> Content<'a> {
    fn of(parts: &'a [Part], side: Side) -> Self {
        match parts {
            [] => Self::Text(""),
            [Part::Text(text)] => Self::Text(text),
            parts => Self::Pieces(parts.iter().map(|part| Piece::of(part, side)).collect()),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Piece<'a> {
    InputText {
        text: &'a str,
    },
    OutputText {
        text: &'a str,
    },
    Refusal {
        refusal: &'a str,
    },
    InputImage {
        image_url: DataUrl<'a>,
        detail: &'a str,
    },
    InputAudio {
        input_audio: InputAudio<'a>,
    },
    InputFile {
        filename: &'a str,
        file_data: DataUrl<'a>,
    },
}

#[derive(Serialize)]
struct InputAudio<'a> {
    data: &'a str,
    format: &'a str,
}

impl<'a> Piece<'a> {
    fn of(part: &'a Part, side: Side) -> Self {
        match (part, side) {
            (Part::Text(text), Side::Input) => Self::InputText { text },
            (Part::Text(text), Side::Output) => Self::OutputText { text },
            (Part::Refusal(refusal), _) => Self::Refusal { refusal },
            (Part::Image(image), _) => {
                let ImageSource::Inline { mime, base64 } = &image.source;
                Self::InputImage {
                    image_url: DataUrl { mime, base64 },
                    detail: image.detail.as_deref().unwrap_or("auto"),
                }
            }
            (Part::Audio(audio), _) => Self::InputAudio {
                input_audio: InputAudio {
                    data: &audio.base64,
                    format: &audio.format,
                },
            },
            (Part::Document(document), _) => Self::InputFile {
                filename: document.filename.as_deref().unwrap_or("file"),
                file_data: DataUrl {
                    mime: &document.mime,
                    base64: &document.base64,
                },
            },
        }
    }
}

#[cfg(test)]
mod tests;
