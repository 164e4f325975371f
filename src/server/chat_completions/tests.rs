//! Requests as callers send them, and what becomes of them.

mod anything;
mod conversation;
mod faults;
mod sampling;
mod tools;

use serde_json::{Value, json};

use super::decode::Asked;
use crate::server::body::FromBody;

/// A picture whose sender got its type wrong.
const PNG: &str = "data:image/jpeg;base64,iVBORw0KGgoAAAANSUhEUg==";

fn asked(body: Value) -> Asked {
    Asked::from_body(&body.to_string()).unwrap_or_else(|error| panic!("{error:?}"))
}

fn with(member: &str, value: Value) -> Value {
    json!({ "messages": [{ "role": "user", "content": "hi" }], member: value })
}

/// The `param` of the refusal.
fn refused(body: Value) -> String {
    let error = Asked::from_body(&body.to_string()).unwrap_err();
    assert_eq!(error.status(), 400);
    let error: Value = serde_json::from_slice(&error.to_json()).unwrap();
    error["error"]["param"]
        .as_str()
        .unwrap_or("none")
        .to_owned()
}
