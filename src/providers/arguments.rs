//! The arguments of a tool call, for dialects that carry them as JSON and not as text. Pure.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// Writes the arguments as the JSON object that they are: as they were written, `{}` where there are none, and text
/// that is no object as the one member `arguments`.
pub struct Arguments<'a>(pub &'a str);

impl Serialize for Arguments<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.trim();
        if text.is_empty() {
            return serializer.serialize_map(Some(0))?.end();
        }
        match serde_json::from_str::<&RawValue>(text) {
            Ok(object) if text.starts_with('{') => object.serialize(serializer),
            _ => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("arguments", text)?;
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        serde_json::to_string(&Arguments(text)).unwrap()
    }

    #[test]
    fn arguments_are_an_object_whatever_the_model_wrote() {
        assert_eq!(written(r#"{"b":1, "a":1.10}"#), r#"{"b":1, "a":1.10}"#);
        assert_eq!(written(" "), "{}");
        assert_eq!(written("[1]"), r#"{"arguments":"[1]"}"#);
        assert_eq!(written("{\"a\":"), r#"{"arguments":"{\"a\":"}"#);
    }
}
