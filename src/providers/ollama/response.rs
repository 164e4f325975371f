//! What the dialect answers, whole or line by line, as [`ChatEvent`](crate::chat::ChatEvent)s. Pure.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::ProviderError;
use super::super::answer::{Answer, Reader};
use super::super::rejection;
use crate::chat::{Delta, FinishReason, ToolCallDelta, Usage};
use crate::sse::Event;

/// A line of a stream, or a whole answer: the two are of one shape.
#[derive(Deserialize)]
struct Wire {
    message: Option<Said>,
    logprobs: Option<Vec<Value>>,
    done: Option<bool>,
    done_reason: Option<String>,
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Said {
    content: Option<String>,
    thinking: Option<String>,
    tool_calls: Option<Vec<WireCall>>,
}

#[derive(Deserialize)]
struct WireCall {
    id: Option<String>,
    function: WireFunction,
}

#[derive(Deserialize)]
struct WireFunction {
    name: String,
    arguments: Option<Box<RawValue>>,
}

/// Reads a whole answer.
pub fn whole(provider: &str, body: &[u8]) -> Result<Answer, ProviderError> {
    let mut answer = Answer::new(provider);
    let mut reader = LineReader::default();
    reader.line(body, &mut answer)?;
    if answer.is_empty() {
        return Err(answer.broken("an answer without a message"));
    }
    // What comes in one piece is done, whether it says so or not.
    reader.end(None, None, &mut answer);
    Ok(answer)
}

/// The names in the answer of `GET /api/tags`; none where it is no such answer.
pub fn models(body: &[u8]) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Models {
        models: Vec<Model>,
    }
    #[derive(Deserialize)]
    struct Model {
        name: String,
    }
    let models: Models = serde_json::from_slice(body).ok()?;
    Some(models.models.into_iter().map(|model| model.name).collect())
}

/// Reads the lines of one answer, in order.
#[derive(Default)]
pub struct LineReader {
    calls: usize,
}

impl Reader for LineReader {
    fn read(&mut self, event: &Event, answer: &mut Answer) -> Result<(), ProviderError> {
        self.line(event.data.as_bytes(), answer)
    }

    fn ended(&mut self, answer: &mut Answer) -> Result<(), ProviderError> {
        Err(answer.broken("the stream ended before its end"))
    }
}

/// More calls in one answer are taken for nonsense and dropped.
const MAX_CALLS: usize = 256;

impl LineReader {
    fn line(&mut self, json: &[u8], answer: &mut Answer) -> Result<(), ProviderError> {
        let wire: Wire = serde_json::from_slice(json)
            .map_err(|_| answer.broken("an answer that is not of its dialect"))?;
        if let Some(error) = wire.error {
            return Err(answer.reported(rejection::of_error(&error).message));
        }
        if let Some(said) = wire.message {
            answer.say(said.thinking, Delta::Reasoning);
            answer.say(said.content, Delta::Text);
            for call in said.tool_calls.into_iter().flatten() {
                self.call(call, answer);
            }
        }
        answer.say_logprobs(wire.logprobs);
        if wire.done == Some(true) {
            let usage = usage(wire.prompt_eval_count, wire.eval_count);
            self.end(wire.done_reason.as_deref(), usage, answer);
        }
        Ok(())
    }

    fn end(&self, reason: Option<&str>, usage: Option<Usage>, answer: &mut Answer) {
        let reason = match reason {
            Some("length") => FinishReason::Length,
            _ if self.calls > 0 => FinishReason::ToolCalls,
            _ => FinishReason::Stop,
        };
        answer.finish(reason, usage);
    }

    /// A call comes in one piece, and from many versions of the server without an id.
    fn call(&mut self, call: WireCall, answer: &mut Answer) {
        if self.calls == MAX_CALLS {
            return;
        }
        let id = call.id.filter(|id| !id.is_empty());
        let id = id.unwrap_or_else(|| format!("call_{}", uuid::Uuid::new_v4().simple()));
        answer.put(Delta::ToolCall(ToolCallDelta {
            index: self.calls,
            id: Some(id),
            name: Some(call.function.name),
            arguments: arguments(call.function.arguments.as_deref()),
        }));
        self.calls += 1;
    }
}

/// JSON text of the arguments, of whatever they are written as: an object, a string that holds one, nothing.
fn arguments(json: Option<&RawValue>) -> String {
    let json = json.map_or("null", RawValue::get);
    match serde_json::from_str::<Option<String>>(json) {
        Ok(text) => text.unwrap_or_else(|| "{}".to_owned()),
        Err(_) => json.to_owned(),
    }
}

/// The server leaves a count of nought out.
fn usage(prompt: Option<u64>, output: Option<u64>) -> Option<Usage> {
    if prompt.is_none() && output.is_none() {
        return None;
    }
    let input_tokens = prompt.unwrap_or(0);
    let output_tokens = output.unwrap_or(0);
    Some(Usage {
        input_tokens,
        output_tokens,
        total_tokens: input_tokens + output_tokens,
        ..Usage::default()
    })
}

#[cfg(test)]
mod tests;
