//! Messages of JSON-RPC 2.0 as text: what a server says, opened no further than its envelope, and what it is told. Pure.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::fault::{Fault, METHOD_NOT_FOUND, Refusal};

/// The longest message of a server, in bytes. A longer one is not kept.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// The longest id of a server's request, in bytes of JSON. A request with a longer one is not answered.
const MAX_ID_BYTES: usize = 256;

/// What became of a request of ours: the result as JSON, or why there is none.
pub type Answer = Result<Box<RawValue>, Fault>;

/// What a server says.
#[derive(Debug)]
pub enum Message<'a> {
    /// To the request of ours that has this id.
    Answer(u64, Answer),
    Request(Asked<'a>),
    /// By its method.
    Notification(String),
}

/// A request of a server, by its id, which is JSON, and its method.
#[derive(Debug)]
pub struct Asked<'a> {
    id: &'a str,
    method: String,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    jsonrpc: String,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// A member that is there, be it null.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(value).map(Some)
}

/// Hands over the message that `text` is, or each one of a batch, in order. What is no message is left out.
pub fn read<'a>(text: &'a str, mut take: impl FnMut(Message<'a>)) {
    let text = text.trim_start_matches('\u{feff}').trim_ascii_start();
    let mut take = |text: &'a str| {
        if let Some(message) = open(text).and_then(Envelope::message) {
            take(message);
        }
    };
    if !text.starts_with('[') {
        return take(text);
    }
    let batch = Batch(|piece: &'a RawValue| take(piece.get()));
    // Where the array breaks off, what came before it counts.
    let _ = serde_json::Deserializer::from_str(text).deserialize_seq(batch);
}

/// The error that `text` is, whatever request it belongs to.
pub fn refusal(text: &str) -> Option<Refusal> {
    serde_json::from_str(open(text)?.error?.get()).ok()
}

fn open(text: &str) -> Option<Envelope<'_>> {
    let envelope: Envelope = serde_json::from_str(text).ok()?;
    (envelope.jsonrpc == "2.0").then_some(envelope)
}

impl<'a> Envelope<'a> {
    fn message(self) -> Option<Message<'a>> {
        let id = self.id.map(RawValue::get);
        match (self.method, id) {
            (Some(method), None) => Some(Message::Notification(method)),
            (Some(method), Some(id)) => {
                let is_id = id.len() <= MAX_ID_BYTES && !id.starts_with(['{', '[', 't', 'f']);
                is_id.then_some(Message::Request(Asked { id, method }))
            }
            (None, id) => {
                // Some servers make every id a string.
                let ours = id?.trim_matches('"').parse().ok()?;
                Some(Message::Answer(ours, answer(self.result, self.error)))
            }
        }
    }
}

fn answer(result: Option<&RawValue>, error: Option<&RawValue>) -> Answer {
    match (result, error) {
        (_, Some(error)) => match serde_json::from_str(error.get()) {
            Ok(refusal) => Err(Fault::Refused(refusal)),
            Err(_) => Err(Fault::Unusable),
        },
        (Some(result), None) => Ok(result.to_owned()),
        (None, None) => Err(Fault::Unusable),
    }
}

/// An array, element by element: a batch has no bound but that of its message.
struct Batch<F>(F);

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Batch<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut batch: A) -> Result<(), A::Error> {
        while let Some(piece) = batch.next_element()? {
            (self.0)(piece);
        }
        Ok(())
    }
}

pub fn request(id: u64, method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

pub fn notification(method: &str) -> String {
    json!({ "jsonrpc": "2.0", "method": method }).to_string()
}

/// Tells that nobody waits for the answer any more.
pub fn cancellation(id: u64) -> String {
    let method = "notifications/cancelled";
    json!({ "jsonrpc": "2.0", "method": method, "params": { "requestId": id } }).to_string()
}

impl Asked<'_> {
    /// Our answer: we are there, and can do nothing for a server.
    pub fn answer(&self) -> String {
        let id = self.id;
        match self.method.as_str() {
            "ping" => format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#),
            _ => format!(
                r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{METHOD_NOT_FOUND},"message":"Method not found"}}}}"#
            ),
        }
    }
}

#[cfg(test)]
mod tests;
