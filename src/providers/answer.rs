//! What every dialect's reader shares: the queue of events that it fills, and the stream that empties it.

use std::collections::{HashSet, VecDeque};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::{Stream, StreamExt, stream};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use super::{ChatStream, ProviderError};
use crate::chat::{
    ChatEvent, Delta, FinishReason, Finished, MAX_TOKEN_BYTES, ThoughtToken, TokenForm,
    ToolCallDelta, Usage,
};
use crate::sse::{Event, ReadError};

/// Reads the events of one streamed answer, in order. Pure: bytes and time are somebody else's.
pub trait Reader: Send + Unpin {
    /// One event. What it says is put into `answer`.
    fn read(&mut self, event: &Event, answer: &mut Answer) -> Result<(), ProviderError>;

    /// The connection ended, and [`Answer::finish`] has not been called: fine where the dialect marks no end, an error
    /// where something is missing.
    fn ended(&mut self, answer: &mut Answer) -> Result<(), ProviderError>;
}

/// What has been read and not yet been handed on.
pub struct Answer {
    provider: String,
    ready: VecDeque<ChatEvent>,
    /// Of its tool calls.
    call_ids: HashSet<String>,
    over: bool,
}

impl Answer {
    pub fn new(provider: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            ready: VecDeque::new(),
            call_ids: HashSet::new(),
            over: false,
        }
    }

    /// Adds a delta of text, unless it is empty.
    pub fn say(&mut self, text: Option<String>, delta: fn(String) -> Delta) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.put(delta(text));
        }
    }

    /// Adds token log probabilities, unless there are none: a list as OpenAI's `choices[].logprobs.content` holds it.
    pub fn say_logprobs(&mut self, content: Option<Vec<Value>>) {
        if let Some(content) = content.filter(|content| !content.is_empty()) {
            let logprobs = to_raw_value(&json!({ "content": content, "refusal": null }));
            let logprobs = logprobs.expect("a JSON value always serializes");
            self.put(Delta::Logprobs(logprobs));
        }
    }

    /// Ends a thought that the provider takes back: what it calls it, and the token that it is to be sent. One that is
    /// larger than [`MAX_TOKEN_BYTES`] is not kept, and the thought is then nobody's.
    pub fn think(&mut self, form: TokenForm, id: Option<String>, content: String) {
        let bytes = content.len() + id.as_ref().map_or(0, String::len);
        if bytes <= MAX_TOKEN_BYTES {
            self.put(Delta::Thought(Box::new(ThoughtToken {
                form,
                model: None,
                id,
                content,
            })));
        }
    }

    /// Adds a delta. A call that bears the id of another gets one of its own: each must be answered by itself.
    pub fn put(&mut self, mut delta: Delta) {
        if let Delta::ToolCall(ToolCallDelta { id: Some(id), .. }) = &mut delta
            && !self.call_ids.insert(id.clone())
        {
            *id = new_call_id();
        }
        self.ready.push_back(ChatEvent::Delta(delta));
    }

    /// Ends the answer. Nothing that comes later counts.
    pub fn finish(&mut self, reason: FinishReason, usage: Option<Usage>) {
        if !self.over {
            self.over = true;
            self.ready
                .push_back(ChatEvent::Finished(Finished { reason, usage }));
        }
    }

    #[cfg(test)]
    pub fn is_over(&self) -> bool {
        self.over
    }

    pub fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// The name of the provider, for errors.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    pub fn broken(&self, reason: impl Into<String>) -> ProviderError {
        ProviderError::Broken {
            provider: self.provider.clone(),
            reason: reason.into(),
        }
    }

    /// An error that the provider reported inside its answer.
    pub fn reported(&self, message: Option<String>) -> ProviderError {
        ProviderError::InStream {
            provider: self.provider.clone(),
            message: message.unwrap_or_else(|| "no reason given".to_owned()),
        }
    }

    /// A whole answer as the stream that it would have been.
    pub fn into_stream(self) -> ChatStream {
        stream::iter(self.ready.into_iter().map(Ok)).boxed()
    }

    #[cfg(test)]
    pub fn into_events(self) -> Vec<ChatEvent> {
        self.ready.into()
    }
}

/// An id for a call that its server gave none.
pub fn new_call_id() -> String {
    format!("call_{}", uuid::Uuid::new_v4().simple())
}

/// The chat events of a stream of wire events. An error is its last item.
pub struct Events<S, R> {
    source: S,
    reader: R,
    answer: Answer,
}

impl<S, R> Events<S, R> {
    pub fn new(provider: &str, source: S, reader: R) -> Self {
        let answer = Answer::new(provider);
        Self {
            source,
            reader,
            answer,
        }
    }
}

impl<S, R> Stream for Events<S, R>
where
    S: Stream<Item = Result<Event, ReadError<ProviderError>>> + Unpin,
    R: Reader,
{
    type Item = Result<ChatEvent, ProviderError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self {
            source,
            reader,
            answer,
        } = self.get_mut();
        loop {
            if let Some(event) = answer.ready.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if answer.over {
                return Poll::Ready(None);
            }
            let read = match ready!(source.poll_next_unpin(cx)) {
                Some(Ok(event)) => reader.read(&event, answer),
                Some(Err(ReadError::Source(error))) => Err(error),
                Some(Err(error)) => Err(answer.broken(error.to_string())),
                None => reader.ended(answer),
            };
            if let Err(error) = read {
                answer.over = true;
                answer.ready.clear();
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}
