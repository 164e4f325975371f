//! What a check says: what was expected, what was found, and what was probably meant.

use serde_json::Value;

use super::expected::{Shape, describe, takes, words};
use crate::config::problem::{Path, Problem, holds_credentials, nearest};

/// All the keys of a place, as a hint.
pub fn known(shape: &Shape<'_>) -> String {
    let keys: Vec<String> = shape.keys().map(|key| format!("`{key}`")).collect();
    format!("the keys here are {}", keys.join(", "))
}

/// The key at `path` is not there.
pub fn missing(path: Path, alternatives: &[&Value]) -> Problem {
    Problem::at_value(
        path,
        format!(
            "expected {}, but the key is missing",
            describe(alternatives)
        ),
    )
}

/// None of the alternatives takes the value. A secret is not quoted.
pub fn mismatch((path, value): (&Path, &Value), alternatives: &[&Value], secret: bool) -> Problem {
    let expected = format!(
        "expected {}, found {}",
        describe(alternatives),
        found(value, secret)
    );
    let rewritten = || rewritten(value, alternatives).filter(|_| !secret);
    Problem::at_value(path.clone(), expected)
        .with_hint(near_word(value, alternatives).or_else(rewritten))
}

fn near_word(value: &Value, alternatives: &[&Value]) -> Option<String> {
    let listed = alternatives
        .iter()
        .flat_map(|node| words(node))
        .filter_map(Value::as_str);
    nearest(value.as_str()?, listed).map(|near| format!("did you mean \"{near}\"?"))
}

/// How to write the same value so that it is taken: a number in quotes, or a whole one with a point or an exponent.
fn rewritten(value: &Value, alternatives: &[&Value]) -> Option<String> {
    let taken = |value: &Value| alternatives.iter().any(|node| takes(node, value));
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok().filter(taken);
    match value {
        Value::String(text) => parsed(text).map(|bare| format!("write it without quotes: {bare}")),
        Value::Number(number) => {
            let whole = parsed(&format!("{:.0}", number.as_f64()?))?;
            (whole.as_f64() == number.as_f64())
                .then(|| format!("write it as a whole number: {whole}"))
        }
        _ => None,
    }
}

/// The value in words, to go after "found". A secret is not quoted, and a long text is cut.
fn found(value: &Value, secret: bool) -> String {
    const MAX_CHARS: usize = 40;
    match value {
        Value::Null | Value::Bool(_) => value.to_string(),
        Value::Number(_) if secret => "a number".to_owned(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if secret || holds_credentials(text) => "a string".to_owned(),
        Value::String(text) => {
            let cut = if text.chars().nth(MAX_CHARS).is_some() {
                "…"
            } else {
                ""
            };
            let text: String = text.chars().take(MAX_CHARS).chain(cut.chars()).collect();
            format!("the string {}", Value::from(text))
        }
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
