//! Golden transcripts: what a client sent and what it was answered, kept in `tests/golden`, so that the shape of the
//! wire cannot drift unseen. After a change that is meant, `GOLDEN=write cargo test` writes them anew; read the
//! difference before it is committed.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Value, json};

use super::http1::Message;

/// An id of a response or of an item.
static ID: LazyLock<Regex> = LazyLock::new(|| Regex::new("(?<kind>[a-z]+)_[0-9a-f]{32,}").unwrap());

/// Compares with `tests/golden/<name>.json`, or writes it where `GOLDEN=write` is set.
///
/// # Panics
/// At the first exchange that differs.
#[track_caller]
pub fn check(name: &str, exchanges: &[(Message, Message)]) {
    let mut names = Names::default();
    let seen: Vec<Value> = exchanges
        .iter()
        .map(|exchange| names.entry(exchange))
        .collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.json"));
    if std::env::var_os("GOLDEN").is_some_and(|mode| mode == "write") {
        let text = serde_json::to_string_pretty(&seen).unwrap();
        return std::fs::write(file, text + "\n").unwrap();
    }
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let kept: Vec<Value> = serde_json::from_str(&text)
        .unwrap_or_else(|_| panic!("no transcript {name}; write it with GOLDEN=write"));
    for (index, (seen, kept)) in seen.iter().zip(&kept).enumerate() {
        assert_eq!(
            serde_json::to_string_pretty(seen).unwrap(),
            serde_json::to_string_pretty(kept).unwrap(),
            "exchange {index} of {name} is not as it was; if it is meant to be: GOLDEN=write"
        );
    }
    assert_eq!(seen.len(), kept.len(), "exchanges of {name}");
}

/// What differs from run to run, by what stands for it: the second response of a transcript is `resp_<2>` wherever it is
/// named.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn entry(&mut self, (request, answer): &(Message, Message)) -> Value {
        let line = request.start.trim_end_matches(" HTTP/1.1");
        let answered = match answer.headers.get("content-type") {
            Some(kind) if kind.starts_with("text/event-stream") => self.events(&answer.body),
            _ => self.body(&answer.body),
        };
        json!({
            "request": self.name(line),
            "sent": self.body(&request.body),
            "status": answer.status(),
            "answered": answered,
        })
    }

    /// An event a line: its payload as JSON where it is JSON, and named as it says itself; else the event as it is.
    fn events(&mut self, bytes: &[u8]) -> Value {
        let text = std::str::from_utf8(bytes).unwrap();
        let events = text.split_terminator("\n\n").map(|event| {
            let (name, payload) = match event.split_once('\n') {
                Some((name, payload)) => (name.strip_prefix("event: "), payload),
                None => (None, event),
            };
            let payload = payload.strip_prefix("data: ").unwrap_or(payload);
            match serde_json::from_str::<Value>(payload) {
                Ok(payload) if payload["type"].as_str() == name => self.stable(payload),
                _ => Value::from(event),
            }
        });
        events.collect()
    }

    fn body(&mut self, bytes: &[u8]) -> Value {
        match bytes {
            [] => Value::Null,
            bytes => self.stable(serde_json::from_slice(bytes).unwrap()),
        }
    }

    /// The same without what differs from run to run.
    fn stable(&mut self, mut value: Value) -> Value {
        match &mut value {
            Value::Object(members) => {
                for (name, member) in members {
                    *member = match (name.as_str(), member.take()) {
                        ("created" | "created_at" | "completed_at", Value::Number(_)) => {
                            Value::from("<seconds>")
                        }
                        ("id", Value::String(id)) if id.starts_with("chatcmpl-") => {
                            Value::from("chatcmpl-<id>")
                        }
                        (_, member) => self.stable(member),
                    };
                }
            }
            Value::Array(items) => items
                .iter_mut()
                .for_each(|item| *item = self.stable(item.take())),
            Value::String(text) => *text = self.name(text),
            _ => {}
        }
        value
    }

    /// The text, every id of ours in it replaced by what stands for it.
    fn name(&mut self, text: &str) -> String {
        let named = ID.replace_all(text, |found: &Captures| {
            let beginning = format!("{}_<", &found["kind"]);
            let known = self.0.values().filter(|name| name.starts_with(&beginning));
            let fresh = format!("{beginning}{}>", known.count() + 1);
            self.0.entry(found[0].to_owned()).or_insert(fresh).clone()
        });
        named.into_owned()
    }
}
