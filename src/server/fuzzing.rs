//! Request bodies, for the fuzz targets.

use super::body::{FromBody, text};
use super::error::ApiError;
use super::{chat_completions, embeddings};
use crate::chat::ChatRequest;

/// What a body of `POST /v1/chat/completions` asks for, if it asks for anything.
pub fn chat_request(input: &[u8]) -> Option<ChatRequest> {
    decoded::<chat_completions::Asked>(input).map(|asked| asked.chat)
}

pub fn embeddings_request(input: &[u8]) {
    decoded::<embeddings::Asked>(input);
}

/// A body that is refused is the caller's fault, in words.
fn decoded<B: FromBody>(input: &[u8]) -> Option<B> {
    match text(input).and_then(B::from_body) {
        Ok(asked) => Some(asked),
        Err(error) => {
            refusal(&error);
            None
        }
    }
}

fn refusal(error: &ApiError) {
    assert_eq!(error.status().as_u16(), 400);
    let json: serde_json::Value =
        serde_json::from_slice(&error.to_json()).expect("an error is JSON");
    let message = json["error"]["message"].as_str().unwrap_or_default();
    assert!(!message.is_empty());
}
