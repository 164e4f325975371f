//! Golden transcripts: what a client sent and what it was answered, kept in `tests/golden`, so that the shape of the
//! wire cannot drift unseen. After a change that is meant, `GOLDEN=write cargo test` writes them anew; read the
//! difference before it is committed.

use std::path::Path;

use serde_json::{Value, json};

use super::http1::Message;

/// Compares with `tests/golden/<name>.json`, or writes it where `GOLDEN=write` is set.
///
/// # Panics
/// At the first exchange that differs.
#[track_caller]
pub fn check(name: &str, exchanges: &[(Message, Message)]) {
    let seen: Vec<Value> = exchanges.iter().map(entry).collect();
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

fn entry((request, answer): &(Message, Message)) -> Value {
    let line = request.start.trim_end_matches(" HTTP/1.1");
    let answered = match answer.headers.get("content-type") {
        Some(kind) if kind.starts_with("text/event-stream") => events(&answer.body),
        _ => body(&answer.body),
    };
    json!({
        "request": line,
        "sent": body(&request.body),
        "status": answer.status(),
        "answered": answered,
    })
}

/// An event a line: its payload as JSON where it is JSON, else the event as it is.
fn events(bytes: &[u8]) -> Value {
    let text = std::str::from_utf8(bytes).unwrap();
    let events = text.split_terminator("\n\n").map(|event| {
        let payload = event.strip_prefix("data: ").unwrap_or(event);
        serde_json::from_str(payload).map_or_else(|_| Value::from(event), stable)
    });
    events.collect()
}

fn body(bytes: &[u8]) -> Value {
    match bytes {
        [] => Value::Null,
        bytes => stable(serde_json::from_slice(bytes).unwrap()),
    }
}

/// The same without what differs from run to run.
fn stable(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            for (name, member) in members {
                *member = match (name.as_str(), member.take()) {
                    ("created", Value::Number(_)) => Value::from("<seconds>"),
                    ("id", Value::String(id)) if id.starts_with("chatcmpl-") => {
                        Value::from("chatcmpl-<id>")
                    }
                    (_, member) => stable(member),
                };
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| *item = stable(item.take())),
        _ => {}
    }
    value
}
