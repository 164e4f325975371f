//! Answers of providers, and requests to them, for the fuzz targets.

use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, stream};

use super::answer::{Answer, Events, Reader};
use super::{
    ModelCall, ProviderError, anthropic_messages, google_generative_ai, ollama, openai_completions,
    openai_responses, rejection,
};
use crate::chat::{ChatEvent, ChatRequest, Delivery, Delta, ToolCallDelta};
use crate::config::{ApiKind, Compat};
use crate::sse::{self, Event, ReadError};

/// Reads an answer of this dialect: as a whole, as a stream however cut, and as an error.
pub fn answer(api: ApiKind, input: &[u8]) {
    let _ = rejection::said(input);
    match api {
        ApiKind::AnthropicMessages => {
            whole(anthropic_messages::response::whole("p", input));
            streamed(input, anthropic_messages::response::MessageReader::default);
        }
        ApiKind::GoogleGenerativeAi => {
            let _ = google_generative_ai::embeddings::reply(input);
            whole(google_generative_ai::response::whole("p", input));
            streamed(input, google_generative_ai::response::ChunkReader::default);
        }
        ApiKind::OpenaiCompletions => {
            let _ = openai_completions::embeddings::reply(&Bytes::copy_from_slice(input));
            let reader = openai_completions::response::ChunkReader::default();
            whole(openai_completions::response::whole("p", input, reader));
            streamed(input, openai_completions::response::ChunkReader::default);
        }
        ApiKind::OpenaiResponses => {
            whole(openai_responses::response::whole("p", input));
            streamed(input, openai_responses::response::EventReader::default);
        }
        ApiKind::Ollama => {
            let _ = ollama::embeddings::reply(input);
            whole(ollama::response::whole("p", input));
            let read = |size| {
                let lines = ollama::lines::lines(cut(input, size));
                told(lines, ollama::response::LineReader::default())
            };
            assert_eq!(read(input.len()), read(odd_size(input)));
        }
        ApiKind::Offline | ApiKind::Foreign => {}
    }
}

fn whole(answer: Result<Answer, ProviderError>) {
    if let Ok(answer) = answer {
        let events = answer.into_stream().collect::<Vec<_>>().now_or_never();
        ends_once(&events.expect("nothing to wait for"));
    }
}

fn streamed<R: Reader>(input: &[u8], reader: fn() -> R) {
    let read = |size| told(sse::events(cut(input, size)), reader());
    assert_eq!(read(input.len()), read(odd_size(input)));
}

fn told<S, R>(source: S, reader: R) -> Vec<String>
where
    S: Stream<Item = Result<Event, ReadError<ProviderError>>> + Unpin,
    R: Reader,
{
    let events = Events::new("p", source, reader);
    let events = events.collect::<Vec<_>>().now_or_never();
    let events = events.expect("nothing to wait for");
    ends_once(&events);
    let shown = events.into_iter().map(|event| match event {
        // An id that the reader gave a call is another one each time.
        Ok(ChatEvent::Delta(Delta::ToolCall(call))) => {
            let is_given = call
                .id
                .as_deref()
                .is_some_and(|id| !id.starts_with("call_"));
            format!(
                "{:?}",
                ToolCallDelta {
                    id: call.id.filter(|_| is_given),
                    ..call
                }
            )
        }
        event => format!("{event:?}"),
    });
    shown.collect()
}

/// An answer ends with its end or with an error, and has no other end before.
fn ends_once(events: &[Result<ChatEvent, ProviderError>]) {
    let is_end = |event: &_| matches!(event, Err(_) | Ok(ChatEvent::Finished(_)));
    let first = events.iter().position(is_end);
    assert_eq!(first, events.len().checked_sub(1), "{events:?}");
}

/// A size of pieces that differs from input to input.
fn odd_size(input: &[u8]) -> usize {
    1 + input.len() % 7
}

fn cut(
    input: &[u8],
    size: usize,
) -> impl Stream<Item = Result<Bytes, ProviderError>> + Unpin + use<> {
    let pieces = input.chunks(size.max(1)).map(Bytes::copy_from_slice);
    stream::iter(pieces.map(Ok).collect::<Vec<_>>())
}

/// Writes the request in every dialect: JSON each, whatever is in it.
pub fn requests(chat: &ChatRequest) {
    let call = ModelCall {
        model: "claude-sonnet-4-5",
        max_tokens: Some(1000),
        context_window: None,
        reasons: None,
        params: &serde_json::Map::new(),
        compat: Compat::default(),
        request: chat,
        notes: &crate::chat::Notes::default(),
    };
    for delivery in [Delivery::Whole, Delivery::Streamed] {
        let bodies = [
            anthropic_messages::request::body(&call, delivery).ok(),
            Some(google_generative_ai::request::body(&call)),
            Some(ollama::request::body(&call, delivery)),
            Some(openai_completions::request::body(&call, delivery, None)),
            Some(openai_responses::request::body(&call, delivery)),
        ];
        for body in bodies.iter().flatten() {
            let body = serde_json::from_slice::<serde_json::Value>(body);
            assert!(body.expect("a body is JSON").is_object());
        }
    }
}
