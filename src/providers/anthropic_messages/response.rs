//! What the dialect answers, whole or in events, as [`crate::chat::ChatEvent`]s. Pure; kinds of events, blocks and
//! deltas that are not known are passed over, as Anthropic's versioning policy asks.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::ProviderError;
use super::super::answer::{Answer, Reader};
use super::super::rejection;
use crate::chat::{Delta, FinishReason, MAX_TOKEN_BYTES, TokenForm, ToolCallDelta, Usage};
use crate::sse::Event;

/// An event of the stream.
#[derive(Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: Option<String>,
    index: Option<usize>,
    message: Option<Message>,
    content_block: Option<Block>,
    delta: Option<Piece>,
    usage: Option<WireUsage>,
    error: Option<Value>,
}

/// A whole message, or the shell of one that a stream begins with.
#[derive(Deserialize)]
struct Message {
    content: Option<Vec<Block>>,
    stop_reason: Option<String>,
    usage: Option<WireUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "type")]
    kind: Option<String>,
    text: Option<String>,
    thinking: Option<String>,
    signature: Option<String>,
    /// Of reasoning that is not to be read.
    data: Option<String>,
    id: Option<String>,
    name: Option<String>,
    input: Option<Box<RawValue>>,
}

/// A piece of a block, or how the message ended.
#[derive(Deserialize)]
struct Piece {
    #[serde(rename = "type")]
    kind: Option<String>,
    text: Option<String>,
    thinking: Option<String>,
    signature: Option<String>,
    partial_json: Option<String>,
    stop_reason: Option<String>,
}

/// Running totals: what an event does not repeat stays as it was.
#[derive(Deserialize, Default, Clone, Copy)]
struct WireUsage {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize, Clone, Copy)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

impl WireUsage {
    fn updated(self, later: Self) -> Self {
        Self {
            input_tokens: later.input_tokens.or(self.input_tokens),
            cache_creation_input_tokens: later
                .cache_creation_input_tokens
                .or(self.cache_creation_input_tokens),
            cache_read_input_tokens: later
                .cache_read_input_tokens
                .or(self.cache_read_input_tokens),
            output_tokens: later.output_tokens.or(self.output_tokens),
            output_tokens_details: later.output_tokens_details.or(self.output_tokens_details),
        }
    }
}

impl From<WireUsage> for Usage {
    /// The API counts what it read from its cache, and what it put there, apart from the rest of the input.
    fn from(wire: WireUsage) -> Self {
        let cached = wire.cache_read_input_tokens.unwrap_or(0);
        let stored = wire.cache_creation_input_tokens.unwrap_or(0);
        let input = wire.input_tokens.unwrap_or(0) + cached + stored;
        let output = wire.output_tokens.unwrap_or(0);
        let details = wire.output_tokens_details;
        Self {
            input_tokens: input,
            output_tokens: output,
            total_tokens: input + output,
            cached_tokens: cached,
            cache_write_tokens: stored,
            reasoning_tokens: details
                .and_then(|details| details.thinking_tokens)
                .unwrap_or(0),
            cost: None,
        }
    }
}

/// Reads a whole message.
pub fn whole(provider: &str, body: &[u8]) -> Result<Answer, ProviderError> {
    let mut answer = Answer::new(provider);
    let mut reader = MessageReader::default();
    let message: Message =
        serde_json::from_slice(body).map_err(|_| answer.broken("an answer that is no message"))?;
    if let Some(error) = message.error.filter(|error| !error.is_null()) {
        return Err(answer.reported(rejection::of_error(&error).message));
    }
    if message.content.is_none() && message.stop_reason.is_none() {
        return Err(answer.broken("a message without content"));
    }
    reader.count(message.usage);
    for (place, block) in message.content.into_iter().flatten().enumerate() {
        reader.begin(place, block, &mut answer);
        reader.complete(place, &mut answer);
    }
    reader.stop(message.stop_reason);
    reader.end(&mut answer);
    Ok(answer)
}

/// Reads the events of one answer, in order.
#[derive(Default)]
pub struct MessageReader {
    calls: Vec<Call>,
    /// The place of the last block of reasoning, and its signature as far as it is there.
    signed: Option<(usize, String)>,
    stop: Option<FinishReason>,
    usage: Option<WireUsage>,
}

/// A tool call that the model has begun.
struct Call {
    /// The place of its block among all blocks.
    place: usize,
    /// The arguments that its block began with: `{}`, or from some servers all of them.
    input: Option<Box<RawValue>>,
    open: bool,
}

/// More calls in one answer are taken for nonsense and dropped.
const MAX_CALLS: usize = 256;

impl Reader for MessageReader {
    fn read(&mut self, event: &Event, answer: &mut Answer) -> Result<(), ProviderError> {
        if event.data.trim().is_empty() {
            return Ok(());
        }
        let wire: Wire = serde_json::from_str(&event.data)
            .map_err(|_| answer.broken("an event that is not of its dialect"))?;
        let place = wire.index.unwrap_or(0);
        match wire.kind.as_deref().unwrap_or(&event.kind) {
            "message_start" => self.count(wire.message.and_then(|message| message.usage)),
            "content_block_start" => {
                if let Some(block) = wire.content_block {
                    self.begin(place, block, answer);
                }
            }
            "content_block_delta" => {
                if let Some(piece) = wire.delta {
                    self.go_on(place, piece, answer);
                }
            }
            "content_block_stop" => self.complete(place, answer),
            "message_delta" => {
                self.count(wire.usage);
                self.stop(wire.delta.and_then(|delta| delta.stop_reason));
            }
            "message_stop" => self.end(answer),
            "error" => {
                let error = wire.error.unwrap_or_default();
                return Err(answer.reported(rejection::of_error(&error).message));
            }
            _ => {}
        }
        Ok(())
    }

    /// Fine after a stop reason: some servers forget the mark.
    fn ended(&mut self, answer: &mut Answer) -> Result<(), ProviderError> {
        if self.stop.is_none() {
            return Err(answer.broken("the stream ended before its end"));
        }
        self.end(answer);
        Ok(())
    }
}

impl MessageReader {
    fn begin(&mut self, place: usize, block: Block, answer: &mut Answer) {
        match (block.kind.as_deref(), block.name) {
            (Some("text"), _) => answer.say(block.text, Delta::Text),
            (Some("thinking"), _) => {
                self.signed = Some((place, block.signature.unwrap_or_default()));
                answer.say(block.thinking, Delta::Reasoning);
            }
            (Some("redacted_thinking"), _) => {
                let data = block.data.unwrap_or_default();
                answer.think(TokenForm::AnthropicRedacted, None, data);
            }
            (Some("tool_use"), Some(name)) if self.calls.len() < MAX_CALLS => {
                let new_id = || format!("call_{}", uuid::Uuid::new_v4().simple());
                let id = block.id.filter(|id| !id.is_empty());
                answer.put(Delta::ToolCall(ToolCallDelta {
                    index: self.calls.len(),
                    id: Some(id.unwrap_or_else(new_id)),
                    name: Some(name),
                    arguments: String::new(),
                }));
                self.calls.push(Call {
                    place,
                    input: block.input,
                    open: true,
                });
            }
            _ => {}
        }
    }

    fn go_on(&mut self, place: usize, piece: Piece, answer: &mut Answer) {
        match piece.kind.as_deref() {
            Some("text_delta") => answer.say(piece.text, Delta::Text),
            Some("thinking_delta") => answer.say(piece.thinking, Delta::Reasoning),
            Some("signature_delta") => self.sign(place, piece.signature.as_deref()),
            Some("input_json_delta") => {
                let json = piece.partial_json.filter(|json| !json.is_empty());
                if let (Some(index), Some(arguments)) = (self.call_at(place), json) {
                    // What the block began with was a placeholder.
                    self.calls[index].open = false;
                    put_arguments(index, arguments, answer);
                }
            }
            _ => {}
        }
    }

    /// A signature comes in one piece; one in several is put together.
    fn sign(&mut self, place: usize, piece: Option<&str>) {
        if let (Some((at, signature)), Some(piece)) = (&mut self.signed, piece)
            && *at == place
            && signature.len() <= MAX_TOKEN_BYTES
        {
            signature.push_str(piece);
        }
    }

    /// Ends a block. Reasoning without a signature is not taken back; a call of which no arguments have come has those that it began with.
    fn complete(&mut self, place: usize, answer: &mut Answer) {
        if let Some((_, signature)) = self.signed.take_if(|(at, _)| *at == place)
            && !signature.is_empty()
        {
            answer.think(TokenForm::AnthropicSignature, None, signature);
        }
        if let Some(index) = self.call_at(place) {
            self.close(index, answer);
        }
    }

    fn close(&mut self, index: usize, answer: &mut Answer) {
        let call = &mut self.calls[index];
        if std::mem::take(&mut call.open) {
            let input = call.input.take().filter(|input| input.get() != "null");
            let arguments = input.map_or_else(|| "{}".to_owned(), |input| input.get().to_owned());
            put_arguments(index, arguments, answer);
        }
    }

    fn call_at(&self, place: usize) -> Option<usize> {
        self.calls.iter().rposition(|call| call.place == place)
    }

    fn count(&mut self, usage: Option<WireUsage>) {
        if let Some(usage) = usage {
            self.usage = Some(self.usage.unwrap_or_default().updated(usage));
        }
    }

    fn stop(&mut self, word: Option<String>) {
        if let Some(word) = word {
            self.stop = Some(finish_reason(&word));
        }
    }

    fn end(&mut self, answer: &mut Answer) {
        for index in 0..self.calls.len() {
            self.close(index, answer);
        }
        let reason = match self.stop.unwrap_or(FinishReason::Stop) {
            FinishReason::Stop if !self.calls.is_empty() => FinishReason::ToolCalls,
            reason => reason,
        };
        answer.finish(reason, self.usage.map(Usage::from));
    }
}

fn put_arguments(index: usize, arguments: String, answer: &mut Answer) {
    answer.put(Delta::ToolCall(ToolCallDelta {
        index,
        id: None,
        name: None,
        arguments,
    }));
}

fn finish_reason(word: &str) -> FinishReason {
    match word {
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolCalls,
        "refusal" => FinishReason::ContentFilter,
        // `end_turn`, `stop_sequence`, `pause_turn`, and what is yet to come.
        _ => FinishReason::Stop,
    }
}

#[cfg(test)]
mod tests;
