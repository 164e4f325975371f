//! One turn of a conversation, in the shape that every dialect can be written from. As JSON it is what is stored.

use serde::{Deserialize, Deserializer, Serialize};

use super::mark::Mark;

/// The version of the JSON that messages are written as. A reader must refuse a higher one; members that a reader does
/// not know may be added without raising it.
pub const MESSAGE_FORMAT: u16 = 1;

/// A message of the conversation. System and developer texts are not among them: they are the [`super::SystemPrompt`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Message {
    User {
        parts: Vec<Part>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    Assistant {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parts: Vec<Part>,
        /// The model's reasoning, where the client or the store kept it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reasoning: Option<String>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<ToolCall>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// What its provider is to have back, and where its messages begin, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        marks: Vec<Mark>,
    },
    /// What a tool answered to the call with this id.
    Tool { call_id: String, parts: Vec<Part> },
}

/// A piece of a message's content, in the order in which it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Text(String),
    Image(Image),
    Audio(Audio),
    Document(Document),
    /// The words with which the model refused (assistant messages only).
    Refusal(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    pub source: ImageSource,
    /// `auto`, `low` or `high`, as OpenAI defines them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageSource {
    /// Base64 of the file, standard alphabet, and its sniffed MIME type.
    Inline { mime: &'static str, base64: String },
}

/// The image types that there are.
const IMAGE_MIMES: [&str; 4] = ["image/gif", "image/jpeg", "image/png", "image/webp"];

impl<'de> Deserialize<'de> for ImageSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Stored {
            Inline { mime: String, base64: String },
        }
        let Stored::Inline { mime, base64 } = Stored::deserialize(deserializer)?;
        match IMAGE_MIMES.into_iter().find(|known| *known == mime) {
            Some(mime) => Ok(Self::Inline { mime, base64 }),
            None => Err(serde::de::Error::unknown_variant(&mime, &IMAGE_MIMES)),
        }
    }
}

/// Spoken input: base64 of the file and its format (`wav`, `mp3`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audio {
    pub base64: String,
    pub format: String,
}

/// A file: base64 of its bytes, with the MIME type and name that its sender gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    pub mime: String,
    pub base64: String,
}

/// A call that the model made. `arguments` is the JSON text as the model wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    pub arguments: String,
}

/// The name of a [`Message::summary`]. A caller who gives it to a message changes only what its own session is compared by.
const SUMMARY: &str = "conversation summary";

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

    /// A summary that takes the place of earlier turns: it stands among the user's messages, under a name of its own.
    pub fn summary(text: impl Into<String>) -> Self {
        Self::User {
            parts: vec![Part::Text(text.into())],
            name: Some(SUMMARY.to_owned()),
        }
    }

    pub fn is_summary(&self) -> bool {
        matches!(self, Self::User { name: Some(name), .. } if name == SUMMARY)
    }

    /// The same for a model, which is not told the name.
    pub fn without_mark(mut self) -> Self {
        if self.is_summary()
            && let Self::User { name, .. } = &mut self
        {
            *name = None;
        }
        self
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_message_has_its_stored_shape_and_comes_back_from_it() {
        let image = Image {
            source: ImageSource::Inline {
                mime: "image/png",
                base64: "aGk=".to_owned(),
            },
            detail: Some("low".to_owned()),
        };
        let audio = Audio {
            base64: "aGk=".to_owned(),
            format: "wav".to_owned(),
        };
        let document = Document {
            filename: None,
            mime: "text/csv".to_owned(),
            base64: "aGk=".to_owned(),
        };
        let call = ToolCall {
            id: "c1".to_owned(),
            name: "look".to_owned(),
            arguments: "{}".to_owned(),
        };
        let messages = vec![
            Message::User {
                parts: vec![
                    Part::Text("see".to_owned()),
                    Part::Image(image),
                    Part::Audio(audio),
                    Part::Document(document),
                ],
                name: Some("ann".to_owned()),
            },
            Message::Assistant {
                parts: vec![Part::Refusal("no".to_owned())],
                reasoning: Some("hm".to_owned()),
                tool_calls: vec![call],
                name: None,
                marks: Vec::new(),
            },
            Message::Tool {
                call_id: "c1".to_owned(),
                parts: vec![Part::Text("seen".to_owned())],
            },
        ];
        let stored = json!([
            { "role": "user", "parts": [
                { "text": "see" },
                { "image": { "source": { "inline": { "mime": "image/png", "base64": "aGk=" } }, "detail": "low" } },
                { "audio": { "base64": "aGk=", "format": "wav" } },
                { "document": { "mime": "text/csv", "base64": "aGk=" } },
            ], "name": "ann" },
            { "role": "assistant", "parts": [{ "refusal": "no" }], "reasoning": "hm",
              "tool_calls": [{ "id": "c1", "name": "look", "arguments": "{}" }] },
            { "role": "tool", "call_id": "c1", "parts": [{ "text": "seen" }] },
        ]);
        assert_eq!(serde_json::to_value(&messages).unwrap(), stored);
        assert_eq!(
            serde_json::from_value::<Vec<Message>>(stored).unwrap(),
            messages
        );
    }

    #[test]
    fn an_image_of_an_unknown_type_is_not_read() {
        let stored = json!({ "inline": { "mime": "image/bmp", "base64": "" } });
        assert!(serde_json::from_value::<ImageSource>(stored).is_err());
    }
}
