//! Identifiers. Each has a type of its own, and `parse` (`FromStr`) is the only way in. A clone is another handle of the
//! same text: every run has several.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// Why a string is not an identifier; a sentence for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidId(String);

/// The longest agent or provider id, in bytes.
const MAX_ID_BYTES: usize = 64;

fn parse_slug(kind: &str, text: &str) -> Result<String, InvalidId> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > MAX_ID_BYTES || !text.chars().all(allowed) {
        return Err(InvalidId(format!(
            "`{}` is not {kind} id: 1 to {MAX_ID_BYTES} letters, digits, `-`, `_` or `.`",
            shown(text)
        )));
    }
    Ok(text.to_ascii_lowercase())
}

/// `text` cut to a length that fits in a message.
fn shown(text: &str) -> String {
    const MAX_SHOWN_CHARS: usize = 80;
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

macro_rules! slug {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id, in lower case.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_slug($kind, text).map(|id| Self(id.into()))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

slug!(
    /// The id of a configured agent. Compared without ASCII case: kept in lower case.
    AgentId,
    "an agent"
);
slug!(
    /// The id of a model provider (`openai`, `ollama`, `my-server`). Kept in lower case.
    ProviderId,
    "a provider"
);

/// A model of a provider, written `provider/model`. The model part is the provider's own id and may hold slashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelRef {
    pub provider: ProviderId,
    pub model: Arc<str>,
}

/// The longest model id, in bytes.
const MAX_MODEL_BYTES: usize = 256;

impl FromStr for ModelRef {
    type Err = InvalidId;

    /// Splits at the first `/`. `gpt-5` alone is no model ref.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let Some((provider, model)) = text.split_once('/') else {
            return Err(InvalidId(format!(
                "`{}` is not a model ref: write `provider/model`",
                shown(text)
            )));
        };
        if model.is_empty() || model.len() > MAX_MODEL_BYTES || model.chars().any(char::is_control)
        {
            return Err(InvalidId(format!(
                "`{}` is not a model ref: the model id must be 1 to {MAX_MODEL_BYTES} printable bytes",
                shown(text)
            )));
        }
        Ok(Self {
            provider: provider.parse()?,
            model: model.into(),
        })
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.provider.as_str())?;
        f.write_str("/")?;
        f.write_str(&self.model)
    }
}

impl Serialize for ModelRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ModelRef {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Whose state it is. What is stored under one principal is not there for another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Principal {
    /// Everyone who holds the secret of this installation, and the person at its terminal.
    #[default]
    Owner,
    /// An identity that a trusted proxy vouches for.
    Proxy(String),
}

impl fmt::Display for Principal {
    /// As it is stored.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner => f.write_str("owner"),
            Self::Proxy(identity) => write!(f, "proxy:{identity}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_ref_splits_at_the_first_slash() {
        let model: ModelRef = "OpenRouter/meta/llama-4".parse().unwrap();
        assert_eq!(model.provider.as_str(), "openrouter");
        assert_eq!(&*model.model, "meta/llama-4");
        assert_eq!(model.to_string(), "openrouter/meta/llama-4");
    }

    #[test]
    fn a_bare_model_id_is_no_model_ref() {
        assert_eq!(
            "gpt-5".parse::<ModelRef>().unwrap_err().to_string(),
            "`gpt-5` is not a model ref: write `provider/model`"
        );
        assert!("openai/".parse::<ModelRef>().is_err());
        assert!("/gpt-5".parse::<ModelRef>().is_err());
    }

    #[test]
    fn agent_ids_compare_without_case_and_refuse_odd_characters() {
        assert_eq!(
            "Research".parse::<AgentId>().unwrap(),
            "research".parse().unwrap()
        );
        assert!("a b".parse::<AgentId>().is_err());
        assert!("".parse::<AgentId>().is_err());
        assert!("x".repeat(65).parse::<AgentId>().is_err());
    }
}
