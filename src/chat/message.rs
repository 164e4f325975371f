//! One turn of a conversation, in the shape that every dialect can be written from.

/// A message of the conversation. System and developer texts are not among them: they are the [`super::SystemPrompt`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    User {
        parts: Vec<Part>,
        name: Option<String>,
    },
    Assistant {
        parts: Vec<Part>,
        /// The model's reasoning, where the client or the store kept it.
        reasoning: Option<String>,
        tool_calls: Vec<ToolCall>,
        name: Option<String>,
    },
    /// What a tool answered to the call with this id.
    Tool { call_id: String, parts: Vec<Part> },
}

/// A piece of a message's content, in the order in which it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Image(Image),
    Audio(Audio),
    Document(Document),
    /// The words with which the model refused (assistant messages only).
    Refusal(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    pub source: ImageSource,
    /// `auto`, `low` or `high`, as OpenAI defines them.
    pub detail: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// Base64 of the file, standard alphabet, and its sniffed MIME type.
    Inline { mime: &'static str, base64: String },
}

/// Spoken input: base64 of the file and its format (`wav`, `mp3`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    pub base64: String,
    pub format: String,
}

/// A file: base64 of its bytes, with the MIME type and name that its sender gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub filename: Option<String>,
    pub mime: String,
    pub base64: String,
}

/// A call that the model made. `arguments` is the JSON text as the model wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    pub arguments: String,
}

impl Message {
    /// The content, whoever said it.
    pub fn parts(&self) -> &[Part] {
        match self {
            Self::User { parts, .. } | Self::Assistant { parts, .. } | Self::Tool { parts, .. } => {
                parts
            }
        }
    }

    /// All text of the message, its parts joined by line feeds.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.parts().iter().filter_map(Part::as_text).collect();
        texts.join("\n")
    }

    /// A user message of one text.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User {
            parts: vec![Part::Text(text.into())],
            name: None,
        }
    }
}

impl Part {
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Image(_) | Self::Audio(_) | Self::Document(_) | Self::Refusal(_) => None,
        }
    }
}
