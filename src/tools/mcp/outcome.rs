//! What a call came to, as a text for a model. Pure.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// What a server says of a call that it has carried out. Pictures and sounds are only named: of what they hold nothing is
/// kept.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    content: Option<Vec<Block>>,
    structured_content: Option<Value>,
    is_error: Option<bool>,
}

/// A piece of content; which members it has depends on its type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block {
    #[serde(rename = "type")]
    kind: String,
    text: Option<String>,
    mime_type: Option<String>,
    uri: Option<String>,
    resource: Option<Resource>,
}

#[derive(Debug, Deserialize)]
struct Resource {
    uri: Option<String>,
    text: Option<String>,
}

impl Outcome {
    /// `None` where the answer is no outcome of a call.
    pub fn read(answer: &RawValue) -> Option<Self> {
        let outcome: Self = serde_json::from_str(answer.get()).ok()?;
        let says = outcome.content.is_some()
            || outcome.structured_content.is_some()
            || outcome.is_error.is_some();
        says.then_some(outcome)
    }

    /// # Errors
    /// The text, where the tool has failed.
    pub fn into_text(self) -> Result<String, String> {
        let blocks = self.content.unwrap_or_default();
        let mut parts: Vec<String> = blocks.into_iter().map(Block::into_text).collect();
        if let (true, Some(structured)) = (parts.is_empty(), self.structured_content) {
            parts.push(structured.to_string());
        }
        let text = match parts.is_empty() {
            true => "[done, no output]".to_owned(),
            false => parts.join("\n"),
        };
        match self.is_error {
            Some(true) => Err(text),
            Some(false) | None => Ok(text),
        }
    }
}

impl Block {
    fn into_text(self) -> String {
        let kind = self.mime_type.as_deref().unwrap_or("of no named type");
        match (self.kind.as_str(), self.text, self.uri, self.resource) {
            ("text", Some(text), ..) => text,
            ("image", ..) => format!("[an image, {kind}]"),
            ("audio", ..) => format!("[a sound, {kind}]"),
            ("resource", .., Some(resource)) => match (resource.text, resource.uri) {
                (Some(text), _) => text,
                (None, Some(uri)) => format!("[a file, {uri}]"),
                (None, None) => "[a file]".to_owned(),
            },
            ("resource_link", _, Some(uri), _) => format!("[a resource: {uri}]"),
            _ => "[something that is no text]".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(told: &Value) -> Option<Result<String, String>> {
        let answer = RawValue::from_string(told.to_string()).unwrap();
        Outcome::read(&answer).map(Outcome::into_text)
    }

    #[test]
    fn a_result_is_its_text_and_names_what_is_none() {
        let mixed = json!({ "content": [
            { "type": "text", "text": "12:00" },
            { "type": "image", "mimeType": "image/png", "data": "" },
            { "type": "audio", "data": "" },
            { "type": "resource", "resource": { "uri": "a://b", "text": "inside" } },
            { "type": "resource", "resource": { "uri": "a://b", "blob": "AAAA" } },
            { "type": "resource", "resource": { "text": "nowhere" } },
            { "type": "resource_link", "uri": "a://c", "name": "c" },
            { "type": "hologram", "text": "not one" },
            { "type": "text" },
        ] });
        let lines = [
            "12:00",
            "[an image, image/png]",
            "[a sound, of no named type]",
            "inside",
            "[a file, a://b]",
            "nowhere",
            "[a resource: a://c]",
            "[something that is no text]",
            "[something that is no text]",
        ];
        assert_eq!(text(&mixed), Some(Ok(lines.join("\n"))));
    }

    #[test]
    fn without_content_it_is_what_is_structured_or_says_that_there_is_none() {
        for (told, said) in [
            (
                json!({ "content": [], "structuredContent": { "b": 1, "a": 2 } }),
                Ok(r#"{"b":1,"a":2}"#),
            ),
            (json!({ "structuredContent": [1] }), Ok("[1]")),
            (json!({ "content": [] }), Ok("[done, no output]")),
            (json!({ "isError": false }), Ok("[done, no output]")),
            (
                json!({ "content": [{ "type": "text", "text": "no" }], "isError": true }),
                Err("no"),
            ),
        ] {
            let said = said.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(text(&told), Some(said), "{told}");
        }
    }

    #[test]
    fn what_is_no_outcome_is_none() {
        for told in [
            json!({}),
            json!(7),
            json!({ "tools": [] }),
            json!({ "content": 7 }),
            json!({ "content": ["text"] }),
            json!({ "content": [], "isError": "no" }),
        ] {
            assert_eq!(text(&told), None, "{told}");
        }
    }
}
