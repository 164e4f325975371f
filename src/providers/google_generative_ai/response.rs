//! What the dialect answers, whole or in chunks of one shape, as [`crate::chat::ChatEvent`]s. Pure. The dialect marks
//! no end: a stream is over when the connection is.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::ProviderError;
use super::super::answer::{Answer, Reader};
use super::super::rejection;
use super::logprobs::LogprobsResult;
use crate::chat::{Delta, FinishReason, TokenForm, ToolCallDelta, Usage};
use crate::sse::Event;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    candidates: Option<Vec<Candidate>>,
    prompt_feedback: Option<PromptFeedback>,
    usage_metadata: Option<WireUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
    finish_message: Option<String>,
    logprobs_result: Option<LogprobsResult>,
}

#[derive(Deserialize)]
struct Content {
    parts: Option<Vec<Part>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    thought: Option<bool>,
    function_call: Option<FunctionCall>,
    thought_signature: Option<String>,
}

#[derive(Deserialize)]
struct FunctionCall {
    id: Option<String>,
    name: Option<String>,
    args: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PromptFeedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireUsage {
    prompt_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    total_token_count: Option<u64>,
}

impl From<WireUsage> for Usage {
    /// The API counts thoughts apart from the rest of the output; what it read from a cache is among the input.
    fn from(wire: WireUsage) -> Self {
        let of_tools = wire.tool_use_prompt_token_count.unwrap_or(0);
        let input = wire.prompt_token_count.unwrap_or(0) + of_tools;
        let thoughts = wire.thoughts_token_count.unwrap_or(0);
        let output = wire.candidates_token_count.unwrap_or(0) + thoughts;
        Self {
            input_tokens: input,
            output_tokens: output,
            total_tokens: wire.total_token_count.unwrap_or(input + output),
            cached_tokens: wire.cached_content_token_count.unwrap_or(0),
            reasoning_tokens: thoughts,
            ..Self::default()
        }
    }
}

/// Reads a whole answer.
pub fn whole(provider: &str, body: &[u8]) -> Result<Answer, ProviderError> {
    let mut answer = Answer::new(provider);
    let mut reader = ChunkReader::default();
    reader.chunk(body, &mut answer)?;
    if reader.finish.is_none() && answer.is_empty() {
        return Err(answer.broken("an answer without a candidate"));
    }
    reader.end(&mut answer);
    Ok(answer)
}

/// Reads the chunks of one answer, in order.
#[derive(Default)]
pub struct ChunkReader {
    calls: usize,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
}

/// More calls in one answer are taken for nonsense and dropped.
const MAX_CALLS: usize = 256;

impl Reader for ChunkReader {
    fn read(&mut self, event: &Event, answer: &mut Answer) -> Result<(), ProviderError> {
        match event.data.trim() {
            "" => Ok(()),
            data => self.chunk(data.as_bytes(), answer),
        }
    }

    fn ended(&mut self, answer: &mut Answer) -> Result<(), ProviderError> {
        if self.finish.is_none() {
            return Err(answer.broken("the stream ended before its end"));
        }
        self.end(answer);
        Ok(())
    }
}

impl ChunkReader {
    fn chunk(&mut self, json: &[u8], answer: &mut Answer) -> Result<(), ProviderError> {
        let wire: Wire = serde_json::from_slice(json)
            .map_err(|_| answer.broken("an answer that is not of its dialect"))?;
        if let Some(error) = wire.error.filter(|error| !error.is_null()) {
            return Err(answer.reported(rejection::of_error(&error).message));
        }
        if let Some(usage) = wire.usage_metadata {
            self.usage = Some(usage.into());
        }
        let blocked = wire.prompt_feedback.and_then(|said| said.block_reason);
        if blocked.is_some() {
            self.finish = Some(FinishReason::ContentFilter);
        }
        match wire.candidates.into_iter().flatten().next() {
            Some(candidate) => self.candidate(candidate, answer),
            None => Ok(()),
        }
    }

    fn candidate(&mut self, said: Candidate, answer: &mut Answer) -> Result<(), ProviderError> {
        let parts = said.content.and_then(|content| content.parts);
        for part in parts.into_iter().flatten() {
            match part.thought {
                Some(true) => answer.say(part.text, Delta::Reasoning),
                Some(false) | None => answer.say(part.text, Delta::Text),
            }
            if let Some(call) = part.function_call {
                self.call(call, part.thought_signature, answer);
            }
        }
        if let Some(logprobs) = said.logprobs_result.and_then(LogprobsResult::into_openai) {
            answer.put(Delta::Logprobs(logprobs));
        }
        let Some(word) = said.finish_reason else {
            return Ok(());
        };
        if is_failure(&word) {
            let reason = said.finish_message.unwrap_or_default();
            return Err(answer.reported(Some(format!("{word} {reason}").trim().to_owned())));
        }
        self.finish = Some(finish_reason(&word));
        Ok(())
    }

    /// A call comes whole, and at first without an id. It bears the signature of the thoughts that led to it.
    fn call(&mut self, call: FunctionCall, signature: Option<String>, answer: &mut Answer) {
        let Some(name) = call.name.filter(|_| self.calls < MAX_CALLS) else {
            return;
        };
        if let Some(signature) = signature.filter(|signature| !signature.is_empty()) {
            answer.think(TokenForm::GoogleSignature, None, signature);
        }
        let new_id = || format!("call_{}", uuid::Uuid::new_v4().simple());
        let args = call.args.filter(|args| args.get() != "null");
        answer.put(Delta::ToolCall(ToolCallDelta {
            index: self.calls,
            id: Some(call.id.filter(|id| !id.is_empty()).unwrap_or_else(new_id)),
            name: Some(name),
            arguments: args.map_or_else(|| "{}".to_owned(), |args| args.get().to_owned()),
        }));
        self.calls += 1;
    }

    fn end(&mut self, answer: &mut Answer) {
        let reason = match self.finish.unwrap_or(FinishReason::Stop) {
            // The dialect has no word for it.
            FinishReason::Stop if self.calls > 0 => FinishReason::ToolCalls,
            reason => reason,
        };
        answer.finish(reason, self.usage);
    }
}

fn finish_reason(word: &str) -> FinishReason {
    match word {
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

/// Ends at which the model failed to say what it wanted to: the same call may do better.
fn is_failure(word: &str) -> bool {
    matches!(
        word,
        "MALFORMED_FUNCTION_CALL"
            | "MALFORMED_RESPONSE"
            | "MISSING_THOUGHT_SIGNATURE"
            | "TOO_MANY_TOOL_CALLS"
            | "UNEXPECTED_TOOL_CALL"
    )
}

#[cfg(test)]
mod tests;
