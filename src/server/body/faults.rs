//! For tests: what is said of bodies that are wrong in one place, held against what `serde_path_to_error` finds, which
//! follows serde while it reads.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::members::Distinct;
use super::{ApiError, finding, not_json, parse, unusable};

/// What is put in place of every value.
fn others() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(-7),
        json!(7),
        json!(1e10),
        json!(0.5),
        json!("text"),
        json!([]),
        json!(["text", 7]),
        json!([7, null]),
        json!([[]]),
        json!([[[7], "text"]]),
        json!([{}]),
        json!([{ "type": 7 }, {}]),
        json!({}),
        json!({ "type": 7 }),
        json!({ "type": "text", "name": {} }),
        json!({ "float": 7 }),
    ]
}

/// Every way in which one value of `body` can be another, one member can be away, or there twice.
fn mutations(body: &Value) -> Vec<String> {
    const HERE: &str = "what stands here is written in afterwards";
    let mut all = Vec::new();
    let mut places = vec![String::new()];
    while let Some(place) = places.pop() {
        let value = body.pointer(&place).unwrap();
        let mut marked = body.clone();
        *marked.pointer_mut(&place).unwrap() = json!(HERE);
        let marks = [
            marked.to_string(),
            serde_json::to_string_pretty(&marked).unwrap(),
        ];
        let mut put = |text: String| {
            all.extend(
                marks
                    .iter()
                    .map(|mark| mark.replace(&json!(HERE).to_string(), &text)),
            );
        };
        for other in others() {
            put(other.to_string());
            put(serde_json::to_string_pretty(&other).unwrap());
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let mut rest = members.clone();
                    rest.shift_remove(name);
                    put(Value::from(rest).to_string());
                    let again = format!("{}: {member}", json!(name));
                    put(value
                        .to_string()
                        .replacen('{', &format!("{{ {again} , "), 1));
                    places.push(format!("{place}/{name}"));
                }
            }
            Value::Array(items) => {
                places.extend((0..items.len()).map(|at| format!("{place}/{at}")))
            }
            _ => {}
        }
    }
    all
}

/// What was said of a body while serde was followed.
fn followed<T: DeserializeOwned>(json: &str) -> Result<(), ApiError> {
    let Err(error) = serde_json::from_str::<Distinct<T>>(json) else {
        return Ok(());
    };
    let Err(own) = serde_json::from_str::<T>(json) else {
        return Err(unusable(&finding(&error)));
    };
    if !own.is_data() {
        return Err(not_json(&finding(&own)));
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let path = match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Ok(_) => ".".to_owned(),
        Err(error) => error.path().to_string(),
    };
    let finding = finding(&own);
    Err(match path.as_str() {
        "." => unusable(&finding),
        path => ApiError::invalid(path, format!("`{path}`: {finding}")),
    })
}

/// Says of this body, and of everything that is one step away from it, what was said of it while serde was followed. Two
/// things differ: a list is refused as one in place of the whole body, and where something may be a text or an object a
/// list is refused at its end.
///
/// # Panics
/// At the first body of which something else is said.
#[track_caller]
pub fn as_followed<T: DeserializeOwned>(body: &Value) {
    parse::<T>(&body.to_string()).map(drop).unwrap();
    let mut refused = 0;
    for json in mutations(body) {
        let (told, before) = (parse::<T>(&json).map(drop), followed::<T>(&json));
        refused += usize::from(told.is_err());
        if json.trim_start().starts_with('[') {
            assert!(
                message(told).contains("invalid type: sequence, expected an object"),
                "{json}"
            );
            continue;
        }
        let (told, before) = (message(told), message(before));
        let is_list = "invalid type: sequence, expected a string or an object";
        if told.contains(is_list) {
            assert_eq!(unplaced(&told), unplaced(&before), "{json}");
        } else {
            assert_eq!(told, before, "{json}");
        }
    }
    assert!(refused > 50, "{refused}");
}

fn message(told: Result<(), ApiError>) -> String {
    match told {
        Ok(()) => String::new(),
        Err(error) => String::from_utf8(error.to_json()).unwrap(),
    }
}

/// Without the place in the text.
fn unplaced(message: &str) -> String {
    let (before, place) = message.split_once(" at line ").unwrap();
    let after = place
        .trim_start_matches(|c: char| c.is_ascii_digit() || c.is_ascii_lowercase() || c == ' ');
    format!("{before}{after}")
}
