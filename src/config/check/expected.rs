//! Reads one node of a schema: what it takes, and how that is said in words. It knows the JSON Schema that schemars
//! derives: `$ref`, `anyOf`, `oneOf`, `type`, `const`, `enum`, `minimum`, `maximum`, `properties`, `required`,
//! `additionalProperties`, `items`, `prefixItems`, and the integer formats for their ranges. A flattened enum is beyond it.

use serde_json::Value;

/// A root schema, and with it all that its references name.
#[derive(Clone, Copy)]
pub struct Schema<'a>(pub &'a Value);

impl<'a> Schema<'a> {
    /// What `node` is a choice of: nodes without references and choices of their own.
    pub fn alternatives(self, node: &'a Value) -> Vec<&'a Value> {
        // Beside `properties` a reference adds members; `shape` reads it.
        if node.get("properties").is_some() {
            return vec![node];
        }
        if let Some(target) = self.target(node) {
            return self.alternatives(target);
        }
        match node
            .get("anyOf")
            .or_else(|| node.get("oneOf"))
            .and_then(Value::as_array)
        {
            Some(choices) => choices
                .iter()
                .flat_map(|choice| self.alternatives(choice))
                .collect(),
            None => vec![node],
        }
    }

    /// The members that an object of this alternative may have.
    pub fn shape(self, alternative: &'a Value) -> Shape<'a> {
        let parts = std::iter::successors(Some(alternative), |part| self.target(part));
        Shape {
            parts: parts.collect(),
        }
    }

    fn target(self, node: &Value) -> Option<&'a Value> {
        self.0
            .pointer(node.get("$ref")?.as_str()?.strip_prefix('#')?)
    }
}

/// What an object may hold.
pub struct Shape<'a> {
    parts: Vec<&'a Value>,
}

impl<'a> Shape<'a> {
    pub fn member(&self, key: &str) -> Option<&'a Value> {
        self.parts
            .iter()
            .find_map(|part| part.get("properties")?.get(key))
    }

    pub fn keys(&self) -> impl Iterator<Item = &'a str> {
        let properties = self
            .parts
            .iter()
            .filter_map(|part| part.get("properties")?.as_object());
        properties.flat_map(|properties| properties.keys().map(String::as_str))
    }

    pub fn required(&self) -> impl Iterator<Item = &'a str> {
        let required = self
            .parts
            .iter()
            .filter_map(|part| part.get("required")?.as_array());
        required.flatten().filter_map(Value::as_str)
    }

    /// What every key but the known ones holds, where the schema says so.
    pub fn rest(&self) -> Option<&'a Value> {
        self.parts
            .iter()
            .find_map(|part| part.get("additionalProperties"))
    }
}

/// What the item at `index` of a list must be.
pub fn item(alternative: &Value, index: usize) -> Option<&Value> {
    alternative
        .get("prefixItems")
        .and_then(|items| items.get(index))
        .or_else(|| alternative.get("items"))
}

/// Whether the node takes every value there is.
pub fn takes_all(alternative: &Value) -> bool {
    match alternative {
        Value::Bool(takes) => *takes,
        other => types(other).is_empty() && words(other).is_empty(),
    }
}

/// Whether the node takes objects or lists, as `kind` says (`object`, `array`), whatever they hold.
pub fn takes_kind(alternative: &Value, kind: &str) -> bool {
    types(alternative).contains(&kind)
}

/// Whether the node takes this value, which is no object and no list.
pub fn takes(alternative: &Value, value: &Value) -> bool {
    let words = words(alternative);
    if !words.is_empty() || takes_all(alternative) {
        return words.is_empty() || words.contains(&value);
    }
    types(alternative)
        .into_iter()
        .any(|kind| match (kind, value) {
            ("null", Value::Null) | ("boolean", Value::Bool(_)) | ("string", Value::String(_)) => {
                true
            }
            ("integer", Value::Number(number)) => whole(number).is_some_and(|whole| {
                let (least, most) = whole_range(alternative);
                least.is_none_or(|least| least <= whole) && most.is_none_or(|most| whole <= most)
            }),
            ("number", Value::Number(number)) => number.as_f64().is_some_and(|number| {
                let (least, most) = range(alternative);
                least.is_none_or(|least| least <= number) && most.is_none_or(|most| number <= most)
            }),
            _ => false,
        })
}

/// The values that a node lists one by one, most often the words of an enum.
pub fn words(alternative: &Value) -> Vec<&Value> {
    let listed = alternative
        .get("enum")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    listed.chain(alternative.get("const")).collect()
}

/// What the alternatives take, to go after "expected": `"a" or "b"`, `a string or an object`, `a whole number from 0 to 9`.
pub fn describe(alternatives: &[&Value]) -> String {
    let listed: Vec<String> = alternatives
        .iter()
        .flat_map(|node| words(node))
        .map(Value::to_string)
        .collect();
    let mut choices = match listed.as_slice() {
        [] | [_] => listed,
        many => vec![format!("one of {}", either(many))],
    };
    for node in alternatives.iter().filter(|node| words(node).is_empty()) {
        let kinds = types(node).into_iter().filter(|kind| *kind != "null");
        choices.extend(kinds.map(|kind| kind_in_words(node, kind)));
    }
    choices.dedup();
    either(&choices)
}

fn kind_in_words(node: &Value, kind: &str) -> String {
    // A limit of 64 bits says nothing to people.
    const TELLING: std::ops::Range<i128> = i64::MIN as i128 + 1..i64::MAX as i128;
    match kind {
        "integer" => {
            let (least, most) = whole_range(node);
            let telling = |limit: Option<i128>| limit.filter(|limit| TELLING.contains(limit));
            within("a whole number", telling(least), telling(most))
        }
        "number" => {
            let (least, most) = range(node);
            within("a number", least, most)
        }
        "string" => "a string".to_owned(),
        "boolean" => "true or false".to_owned(),
        "array" => "a list".to_owned(),
        "object" => "an object".to_owned(),
        other => other.to_owned(),
    }
}

fn within<T: std::fmt::Display>(noun: &str, least: Option<T>, most: Option<T>) -> String {
    match (least, most) {
        (Some(least), Some(most)) => format!("{noun} from {least} to {most}"),
        (Some(least), None) => format!("{noun} of {least} or more"),
        (None, Some(most)) => format!("{noun} of {most} or less"),
        (None, None) => noun.to_owned(),
    }
}

/// `a, b or c`.
fn either(choices: &[String]) -> String {
    match choices {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => choices.concat(),
    }
}

fn types(node: &Value) -> Vec<&str> {
    match node.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ if node.get("properties").is_some() => vec!["object"],
        _ => Vec::new(),
    }
}

fn whole(number: &serde_json::Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

fn whole_range(node: &Value) -> (Option<i128>, Option<i128>) {
    let limit = |key: &str| node.get(key).and_then(Value::as_number).and_then(whole);
    // schemars writes out the limits of 8 and 16 bits only.
    let (least, most) = match node.get("format").and_then(Value::as_str) {
        Some("int32") => (Some(i32::MIN.into()), Some(i32::MAX.into())),
        Some("uint32") => (Some(0), Some(u32::MAX.into())),
        _ => (None, None),
    };
    (limit("minimum").or(least), limit("maximum").or(most))
}

fn range(node: &Value) -> (Option<f64>, Option<f64>) {
    let limit = |key: &str| node.get(key).and_then(Value::as_f64);
    (limit("minimum"), limit("maximum"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn described(nodes: &[Value]) -> String {
        describe(&nodes.iter().collect::<Vec<_>>())
    }

    #[test]
    fn what_is_expected_is_said_in_words() {
        assert_eq!(
            described(&[
                json!({ "type": ["string", "null"] }),
                json!({ "type": "object" })
            ]),
            "a string or an object"
        );
        assert_eq!(
            described(&[json!({ "type": "string", "const": "env" })]),
            "\"env\""
        );
        assert_eq!(
            described(&[
                json!({ "type": "string", "enum": ["a", "b"] }),
                json!({ "const": "c" }),
                json!({ "type": "array" })
            ]),
            "one of \"a\", \"b\" or \"c\" or a list"
        );
        assert_eq!(
            described(&[json!({ "type": "number", "minimum": 0.001 })]),
            "a number of 0.001 or more"
        );
        assert_eq!(
            described(&[json!({ "type": "boolean" }), json!({ "type": "null" })]),
            "true or false"
        );
    }

    #[test]
    fn a_whole_number_has_the_range_of_its_type() {
        let said = |format, least: i64| {
            described(&[json!({ "type": "integer", "format": format, "minimum": least })])
        };
        assert_eq!(said("uint32", 0), "a whole number from 0 to 4294967295");
        assert_eq!(said("uint64", 1), "a whole number of 1 or more");
        assert_eq!(said("int64", i64::MIN), "a whole number");
        let small = json!({ "type": "integer", "format": "int32" });
        assert!(takes(&small, &json!(i32::MIN)) && !takes(&small, &json!(i64::from(i32::MAX) + 1)));
        assert!(!takes(&small, &json!(1.0)) && !takes(&small, &json!(0.5)));
    }

    #[test]
    fn a_node_without_type_and_words_takes_everything() {
        assert!(
            takes_all(&json!(true))
                && takes_all(&json!({}))
                && takes_all(&json!({ "description": "any" }))
        );
        assert!(
            !takes_all(&json!(false))
                && !takes_all(&json!({ "const": 1 }))
                && !takes_all(&json!({ "type": "null" }))
        );
    }
}
