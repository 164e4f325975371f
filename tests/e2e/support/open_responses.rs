//! The published schema of Open Responses, and streams read against it. `tests/open-responses` holds the parts of the
//! schema that describe what a server says, without their prose.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::Reply;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../open-responses/2026-04-24.json")).unwrap()
});

static RESPONSE: LazyLock<Validator> = LazyLock::new(|| validator(&["ResponseResource"]));
static COMPACTION: LazyLock<Validator> = LazyLock::new(|| validator(&["CompactResource"]));
static SOCKET_ERROR: LazyLock<Validator> = LazyLock::new(|| validator(&["WebSocketErrorEvent"]));
static ITEM: LazyLock<Validator> = LazyLock::new(|| validator(&["ItemField"]));
static EVENT: LazyLock<Validator> = LazyLock::new(|| {
    let names = SCHEMA["components"]["schemas"].as_object().unwrap().keys();
    let events: Vec<&str> = names
        .map(String::as_str)
        .filter(|name| name.ends_with("StreamingEvent"))
        .collect();
    assert!(events.len() > 20, "{events:?}");
    validator(&events)
});

/// For what fits exactly one of these.
fn validator(names: &[&str]) -> Validator {
    let mut schema = SCHEMA.clone();
    let one = names
        .iter()
        .map(|name| json!({ "$ref": format!("#/components/schemas/{name}") }));
    schema["oneOf"] = one.collect();
    jsonschema::validator_for(&schema).unwrap()
}

/// # Panics
/// When it is no response object of the dialect.
#[track_caller]
pub fn check_response(response: &Value) {
    check(&RESPONSE, response);
}

/// # Panics
/// When it is no item of the dialect.
#[track_caller]
pub fn check_item(item: &Value) {
    check(&ITEM, item);
}

/// # Panics
/// When it is no compacted conversation of the dialect.
#[track_caller]
pub fn check_compaction(compaction: &Value) {
    check(&COMPACTION, compaction);
}

/// # Panics
/// When it is no error event of a socket of the dialect.
#[track_caller]
pub fn check_socket_error(event: &Value) {
    check(&SOCKET_ERROR, event);
}

#[track_caller]
fn check(validator: &Validator, value: &Value) {
    let faults: Vec<String> = validator
        .iter_errors(value)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{value:#}\n{faults:#?}");
}

/// What a stream of a response told: every event checked.
#[derive(Debug)]
pub struct Told(pub Vec<Value>);

/// Events of the OpenAI API that Open Responses does not describe.
const BEYOND: [&str; 2] = [
    "response.custom_tool_call_input.delta",
    "response.custom_tool_call_input.done",
];

impl Told {
    /// # Panics
    /// When an event is not of the dialect, is named otherwise than it is, or is not numbered as the next; and when the
    /// stream does not end with `[DONE]`.
    #[track_caller]
    pub fn of(reply: &Reply) -> Self {
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(
            reply.header("content-type"),
            Some("text/event-stream; charset=utf-8")
        );
        let frames = reply.text().strip_suffix("data: [DONE]\n\n");
        Self::read(frames.expect("the stream ends with [DONE]"))
    }

    /// Frames of a stream, from its first on.
    #[track_caller]
    pub fn read(frames: &str) -> Self {
        let frames = frames
            .split_terminator("\n\n")
            .filter(|frame| !frame.starts_with(':'));
        let events = frames.map(|frame| {
            let (name, data) = frame.split_once('\n').expect("two lines");
            let event: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            assert_eq!(name, format!("event: {}", event["type"].as_str().unwrap()));
            event
        });
        Self::checked(events)
    }

    /// Events, from the first of a response on.
    #[track_caller]
    pub fn checked(events: impl IntoIterator<Item = Value>) -> Self {
        let mut told = Vec::new();
        for event in events {
            let kind = event["type"].as_str().unwrap();
            assert_eq!(event["sequence_number"], told.len(), "{event}");
            let custom = event["item"]["type"] == "custom_tool_call";
            if !custom && !BEYOND.contains(&kind) && !holds_custom_calls(&event) {
                check(&EVENT, &event);
            }
            told.push(event);
        }
        Self(told)
    }

    /// The types of all events, repetitions left out.
    pub fn kinds(&self) -> Vec<&str> {
        let mut kinds: Vec<&str> = self
            .0
            .iter()
            .map(|event| event["type"].as_str().unwrap())
            .collect();
        kinds.dedup();
        kinds
    }

    /// The response of the last event.
    pub fn response(&self) -> &Value {
        &self.0.last().unwrap()["response"]
    }

    /// All deltas of this type, joined.
    pub fn joined(&self, kind: &str) -> String {
        let deltas = self.0.iter().filter(|event| event["type"] == kind);
        deltas
            .map(|event| event["delta"].as_str().unwrap())
            .collect()
    }
}

fn holds_custom_calls(event: &Value) -> bool {
    let is_custom = |one: &Value| one["type"] == "custom" || one["type"] == "custom_tool_call";
    let members = ["output", "tools"].into_iter();
    members
        .flat_map(|member| event["response"][member].as_array().into_iter().flatten())
        .any(is_custom)
}
