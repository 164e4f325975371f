//! A JSON Schema as the dialect's structured outputs take it. Pure.
//!
//! They refuse what they cannot hold an answer to (bounds of numbers, lengths and patterns), and want every object
//! closed. Both are mended here, as Anthropic's own SDKs do.

use serde_json::{Map, Value};

/// The keywords that are understood.
const KEYWORDS: [&str; 19] = [
    "$defs",
    "$ref",
    "$schema",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "default",
    "definitions",
    "description",
    "enum",
    "format",
    "items",
    "nullable",
    "oneOf",
    "properties",
    "required",
    "title",
    "type",
];

/// The formats of strings that are understood.
const FORMATS: [&str; 9] = [
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "time",
    "uuid",
];

/// `schema` without what the API would refuse.
pub fn accepted(schema: Value) -> Value {
    let Value::Object(members) = schema else {
        return schema;
    };
    let mut kept = Map::new();
    for (keyword, value) in members {
        let value = match (keyword.as_str(), value) {
            ("properties" | "$defs" | "definitions", Value::Object(named)) => {
                let named = named.into_iter();
                Value::Object(
                    named
                        .map(|(name, schema)| (name, accepted(schema)))
                        .collect(),
                )
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(schemas)) => {
                Value::Array(schemas.into_iter().map(accepted).collect())
            }
            ("items", schema) => accepted(schema),
            ("format", Value::String(format)) if !FORMATS.contains(&format.as_str()) => continue,
            (keyword, _) if !KEYWORDS.contains(&keyword) => continue,
            (_, value) => value,
        };
        // Of these two only the one is understood; where the branches exclude each other they mean the same.
        let keyword = if keyword == "oneOf" {
            "anyOf".to_owned()
        } else {
            keyword
        };
        kept.insert(keyword, value);
    }
    if kept.contains_key("properties") || kept.get("type").is_some_and(|kind| kind == "object") {
        kept.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    Value::Object(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn bounds_are_left_out_and_objects_closed_at_every_depth() {
        let schema = json!({
            "type": "object",
            "properties": {
                "minimum": { "type": "integer", "minimum": 0, "description": "at least 0" },
                "tags": { "type": "array", "maxItems": 3, "items": { "type": "string", "pattern": "^a" } },
                "at": { "oneOf": [{ "type": "string", "format": "date-time" }, { "$ref": "#/$defs/place" }] },
            },
            "required": ["minimum"],
            "$defs": { "place": { "type": "object", "properties": { "url": { "type": "string", "format": "uri-template" } } } },
        });
        let wanted = json!({
            "type": "object",
            "properties": {
                "minimum": { "type": "integer", "description": "at least 0" },
                "tags": { "type": "array", "items": { "type": "string" } },
                "at": { "anyOf": [{ "type": "string", "format": "date-time" }, { "$ref": "#/$defs/place" }] },
            },
            "required": ["minimum"],
            "$defs": { "place": { "type": "object", "properties": { "url": { "type": "string" } }, "additionalProperties": false } },
            "additionalProperties": false,
        });
        assert_eq!(accepted(schema), wanted);
    }
}
