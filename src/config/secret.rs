//! Secrets. They cannot be printed: no `Display`, and `Debug` and `Serialize` say that something is there and no more.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

/// A key, token or password. Where the configuration refers to one that is kept elsewhere, loading it has put the secret
/// in the place of the reference.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the header that carries it or the digest that is compared with.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The title that every object has in the schema which may stand in the place of a secret.
pub const REFERENCE: &str = "SecretRef";

/// What stands in the place of a secret wherever a configuration is shown.
pub const REDACTED: &str = "(redacted)";

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let reference = |source: &str, id: &str| {
            json_schema!({
                "title": REFERENCE,
                "type": "object",
                "properties": {
                    "source": { "const": source },
                    "provider": { "type": "string", "description": "A name of `secrets.providers`." },
                    "id": { "type": "string", "description": id },
                },
                "required": ["source", "id"],
            })
        };
        json_schema!({
            "description": "A secret; best written as `${NAME}`, read from the environment, or as a reference to where it is kept.",
            "anyOf": [
                { "type": "string" },
                reference("env", "The name of a variable."),
                reference("file", "A JSON pointer into the file, or `value`."),
                reference("exec", "What the program knows the secret by."),
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_in_no_way() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"(redacted)\"");
    }
}
