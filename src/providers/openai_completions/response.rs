//! What the dialect answers, whole or in chunks, as [`ChatEvent`]s. Pure, and patient with servers that only nearly
//! speak it.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::ProviderError;
use super::super::answer::{Answer, Reader};
use super::super::rejection;
use super::calls::{Calls, WireCall};
use super::content::{First, Text};
use super::spoken::Listener;
use crate::chat::{Delta, FinishReason, TokenForm, Usage};
use crate::sse::Event;

/// What is wrong with an answer that cannot be read.
const NOT_OF_THE_DIALECT: &str = "an answer that is not of its dialect";

/// A chunk of a stream, or a whole completion: the two differ in the name of one member.
#[derive(Deserialize)]
struct Wire {
    choices: Option<First<Choice>>,
    usage: Option<WireUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(alias = "message")]
    delta: Option<Said>,
    finish_reason: Option<String>,
    logprobs: Option<Box<RawValue>>,
}

/// A message, or a piece of one.
#[derive(Deserialize)]
struct Said {
    content: Option<Text>,
    reasoning_content: Option<String>,
    reasoning: Option<Text>,
    refusal: Option<String>,
    tool_calls: Option<Vec<WireCall>>,
}

#[derive(Deserialize)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        let input = wire.prompt_tokens.unwrap_or(0);
        let output = wire.completion_tokens.unwrap_or(0);
        let details = wire.prompt_tokens_details.unwrap_or_default();
        Self {
            input_tokens: input,
            output_tokens: output,
            total_tokens: wire.total_tokens.unwrap_or(input + output),
            cached_tokens: details.cached_tokens.unwrap_or(0),
            cache_write_tokens: details.cache_write_tokens.unwrap_or(0),
            reasoning_tokens: wire
                .completion_tokens_details
                .and_then(|details| details.reasoning_tokens)
                .unwrap_or(0),
            cost: None,
        }
    }
}

/// Reads a whole completion.
pub fn whole(
    provider: &str,
    body: &[u8],
    mut reader: ChunkReader,
) -> Result<Answer, ProviderError> {
    let mut answer = Answer::new(provider);
    reader.calls = Calls::whole();
    // Looked at once, not string by string.
    let body = std::str::from_utf8(body).map_err(|_| answer.broken(NOT_OF_THE_DIALECT))?;
    reader.chunk(body, &mut answer)?;
    if reader.finish.is_none() && answer.is_empty() {
        return Err(answer.broken("a completion without a choice"));
    }
    reader.end(&mut answer);
    Ok(answer)
}

/// Reads the chunks of one answer, in order.
#[derive(Default)]
pub struct ChunkReader {
    calls: Calls,
    /// How the reasoning is told that is not over.
    thinking: Option<TokenForm>,
    /// Is told how the model tells its reasoning.
    listener: Listener,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
}

impl Reader for ChunkReader {
    fn read(&mut self, event: &Event, answer: &mut Answer) -> Result<(), ProviderError> {
        match event.data.trim() {
            "[DONE]" => self.end(answer),
            "" => {}
            data => self.chunk(data, answer)?,
        }
        Ok(())
    }

    /// Fine after a finish reason: some servers forget the mark.
    fn ended(&mut self, answer: &mut Answer) -> Result<(), ProviderError> {
        if self.finish.is_none() {
            return Err(answer.broken("the stream ended before its end"));
        }
        self.end(answer);
        Ok(())
    }
}

impl ChunkReader {
    /// A reader that tells how the model tells its reasoning.
    pub fn told(listener: Listener) -> Self {
        Self {
            listener,
            ..Self::default()
        }
    }

    fn chunk(&mut self, json: &str, answer: &mut Answer) -> Result<(), ProviderError> {
        let wire: Wire =
            serde_json::from_str(json).map_err(|_| answer.broken(NOT_OF_THE_DIALECT))?;
        if let Some(error) = wire.error.filter(|error| !error.is_null()) {
            return Err(answer.reported(rejection::of_error(&error).message));
        }
        if let Some(usage) = wire.usage {
            self.usage = Some(usage.into());
        }
        if let Some(First(Some(choice))) = wire.choices {
            self.choice(choice, answer)?;
        }
        Ok(())
    }

    fn choice(&mut self, choice: Choice, answer: &mut Answer) -> Result<(), ProviderError> {
        if let Some(said) = choice.delta {
            self.think((said.reasoning_content, said.reasoning), answer);
            let content = said.content.map(|text| text.0);
            let calls = said.tool_calls.unwrap_or_default();
            let says = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
            if says(&content) || says(&said.refusal) || !calls.is_empty() {
                self.end_thought(answer);
            }
            answer.say(content, Delta::Text);
            answer.say(said.refusal, Delta::Refusal);
            for call in calls {
                if let Some(fragment) = self.calls.fragment(call) {
                    answer.put(Delta::ToolCall(fragment));
                }
            }
        }
        if let Some(logprobs) = choice.logprobs.filter(|logprobs| logprobs.get() != "null") {
            answer.put(Delta::Logprobs(logprobs));
        }
        if let Some(word) = choice.finish_reason {
            let reason = finish_reason(&word);
            self.finish = Some(reason.ok_or_else(|| answer.reported(Some(word)))?);
        }
        Ok(())
    }

    fn think(&mut self, told: (Option<String>, Option<Text>), answer: &mut Answer) {
        let (text, form) = match told {
            (Some(text), _) => (text, TokenForm::ReasoningContent),
            (None, Some(Text(text))) => (text, TokenForm::Reasoning),
            (None, None) => return,
        };
        if !text.is_empty() {
            self.thinking = Some(form);
            answer.put(Delta::Reasoning(text));
        }
    }

    /// Reasoning is over where something else begins.
    fn end_thought(&mut self, answer: &mut Answer) {
        if let Some(form) = self.thinking.take() {
            self.listener.hears(form);
            answer.think(form, None, String::new());
        }
    }

    /// The end that the dialect marks. A server that gives no reason stopped.
    fn end(&mut self, answer: &mut Answer) {
        let reason = match self.finish.unwrap_or(FinishReason::Stop) {
            // Many servers say `stop` after tool calls.
            FinishReason::Stop if self.calls.any() => FinishReason::ToolCalls,
            reason => reason,
        };
        answer.finish(reason, self.usage);
    }
}

/// `None`: the word of a failure (OpenRouter's and DeepSeek's). A word that nobody knows is taken for a stop.
fn finish_reason(word: &str) -> Option<FinishReason> {
    Some(match word {
        "error" | "insufficient_system_resource" => return None,
        "length" | "max_tokens" | "model_length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolCalls,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    })
}

#[cfg(test)]
mod tests;
