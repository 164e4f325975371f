//! The items of a conversation, as they are told, stored and listed: one shape for what came in and for what goes out.
//! Plain data; what they mean to a model is the conversation's affair.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

pub use crate::chat::MessagePhase as Phase;
use crate::chat::ThoughtToken;

/// An item, checked. Every member that the dialect requires is there.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Item {
    Message(Message),
    FunctionCall(FunctionCall),
    FunctionCallOutput(CallOutput),
    CustomToolCall(CustomToolCall),
    CustomToolCallOutput(CallOutput),
    Reasoning(Reasoning),
    Compaction(Compaction),
}

#[derive(Debug, Clone, Serialize)]
pub struct Message {
    pub id: String,
    pub status: Status,
    pub role: Role,
    pub content: Vec<Part>,
    /// `commentary` or `final_answer`, where an assistant's message is labelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    InProgress,
    Completed,
    Incomplete,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Assistant,
    Developer,
    System,
    User,
}

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    InputText {
        text: String,
    },
    OutputText(OutputText),
    Refusal {
        refusal: Text,
    },
    InputImage {
        /// A data URL, once a picture of the web is fetched.
        image_url: String,
        detail: String,
    },
    InputFile(File),
}

#[derive(Debug, Clone, Serialize)]
pub struct OutputText {
    pub text: Text,
    pub annotations: [(); 0],
    pub logprobs: Vec<Logprob>,
}

#[derive(Debug, Clone, Serialize)]
pub struct File {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_url: Option<String>,
    /// What the model reads of it. Stored beside the item, and never listed.
    #[serde(skip)]
    pub text: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct FunctionCall {
    pub id: String,
    pub call_id: String,
    pub name: String,
    /// JSON, as the model wrote it.
    pub arguments: Text,
    pub status: Status,
}

#[derive(Debug, Clone, Serialize)]
pub struct CustomToolCall {
    pub id: String,
    pub call_id: String,
    pub name: String,
    pub input: Text,
    pub status: Status,
}

#[derive(Debug, Clone, Serialize)]
pub struct CallOutput {
    pub id: String,
    pub call_id: String,
    pub output: Output,
    pub status: Status,
}

#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Output {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Debug, Clone, Serialize)]
pub struct Reasoning {
    pub id: String,
    pub summary: Vec<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted_content: Option<String>,
    /// By what its provider knows it again. Stored beside the item, and told only where it is sealed.
    #[serde(skip)]
    pub token: Option<Box<ThoughtToken>>,
}

/// What takes the place of turns that were compacted.
#[derive(Debug, Clone, Serialize)]
pub struct Compaction {
    pub id: String,
    pub encrypted_content: String,
}

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename = "summary_text")]
pub struct Summary {
    pub text: Text,
}

/// Probabilities of one token. What providers leave out of it is made up for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Logprob {
    token: String,
    logprob: f64,
    #[serde(default)]
    bytes: Bytes,
    #[serde(default)]
    top_logprobs: Vec<TopLogprob>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct TopLogprob {
    token: String,
    logprob: f64,
    #[serde(default)]
    bytes: Bytes,
}

/// The bytes of a token; none where they are not known.
#[derive(Debug, Clone, Default, Serialize)]
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Option::<Vec<u8>>::deserialize(deserializer)?;
        Ok(Self(bytes.unwrap_or_default()))
    }
}

/// A text: as it is, or as the JSON string that was written of it while it came.
#[derive(Debug, Clone)]
pub enum Text {
    Plain(String),
    Json(Box<RawValue>),
}

impl Text {
    pub fn into_string(self) -> String {
        match self {
            Self::Plain(text) => text,
            Self::Json(json) => {
                serde_json::from_str(json.get()).expect("it was written as a string")
            }
        }
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(text) => serializer.serialize_str(text),
            Self::Json(json) => json.serialize(serializer),
        }
    }
}

impl Item {
    pub fn id(&self) -> &str {
        match self {
            Self::Message(message) => &message.id,
            Self::FunctionCall(call) => &call.id,
            Self::CustomToolCall(call) => &call.id,
            Self::FunctionCallOutput(output) | Self::CustomToolCallOutput(output) => &output.id,
            Self::Reasoning(reasoning) => &reasoning.id,
            Self::Compaction(compaction) => &compaction.id,
        }
    }

    /// The parts that hold what the caller brought.
    pub fn parts_mut(&mut self) -> &mut [Part] {
        match self {
            Self::Message(message) => &mut message.content,
            Self::FunctionCallOutput(CallOutput {
                output: Output::Parts(parts),
                ..
            })
            | Self::CustomToolCallOutput(CallOutput {
                output: Output::Parts(parts),
                ..
            }) => parts,
            _ => &mut [],
        }
    }
}
