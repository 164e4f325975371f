//! What the dialect answers, whole or in chunks, as [`ChatEvent`]s. Pure, and patient with servers that only nearly
//! speak it.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::ProviderError;
use super::super::answer::{Answer, Reader};
use super::super::rejection;
use super::content::{First, Text};
use super::spoken::Listener;
use crate::chat::{Delta, FinishReason, TokenForm, ToolCallDelta, Usage};
use crate::sse::Event;

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
struct WireCall {
    index: Option<usize>,
    id: Option<String>,
    function: Option<WireFunction>,
}

#[derive(Deserialize)]
struct WireFunction {
    name: Option<String>,
    arguments: Option<Arguments>,
}

/// JSON text, or from some servers the JSON itself.
#[derive(Deserialize)]
#[serde(untagged)]
enum Arguments {
    Text(String),
    Object(Map<String, Value>),
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
            data => self.chunk(data.as_bytes(), answer)?,
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

    fn chunk(&mut self, json: &[u8], answer: &mut Answer) -> Result<(), ProviderError> {
        let wire: Wire = serde_json::from_slice(json)
            .map_err(|_| answer.broken("an answer that is not of its dialect"))?;
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

/// The tool calls of an answer so far: what a server calls an index may be missing, or the same for all.
#[derive(Default)]
struct Calls(Vec<KnownCall>);

struct KnownCall {
    wire_index: Option<usize>,
    id: String,
}

/// More calls in one answer are taken for nonsense and dropped.
const MAX_CALLS: usize = 256;

impl Calls {
    fn any(&self) -> bool {
        !self.0.is_empty()
    }

    fn latest(&self, index: usize) -> Option<usize> {
        self.0
            .iter()
            .rposition(|call| call.wire_index == Some(index))
    }

    fn fragment(&mut self, wire: WireCall) -> Option<ToolCallDelta> {
        let function = wire.function.unwrap_or(WireFunction {
            name: None,
            arguments: None,
        });
        let arguments = match function.arguments {
            None => String::new(),
            Some(Arguments::Text(text)) => text,
            Some(Arguments::Object(object)) => Value::Object(object).to_string(),
        };
        let id = wire.id.filter(|id| !id.is_empty());
        let known = match (&id, wire.index) {
            (Some(id), index) => self
                .0
                .iter()
                .position(|call| call.id == *id && call.wire_index == index),
            (None, Some(index)) => self.latest(index),
            (None, None) if function.name.is_none() => self.0.len().checked_sub(1),
            (None, None) => None,
        };
        // A call needs a name: a fragment without one belongs to the call of its index, whatever id it bears.
        let known = match (known, wire.index) {
            (None, Some(index)) if function.name.is_none() => self.latest(index),
            (known, _) => known,
        };
        if let Some(index) = known {
            return (!arguments.is_empty()).then_some(ToolCallDelta {
                index,
                id: None,
                name: None,
                arguments,
            });
        }
        let name = function.name?;
        if self.0.len() == MAX_CALLS {
            return None;
        }
        let id = id.unwrap_or_else(|| format!("call_{}", uuid::Uuid::new_v4().simple()));
        self.0.push(KnownCall {
            wire_index: wire.index,
            id: id.clone(),
        });
        Some(ToolCallDelta {
            index: self.0.len() - 1,
            id: Some(id),
            name: Some(name),
            arguments,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ChatEvent;

    fn events(chunks: &[&str]) -> Result<Vec<ChatEvent>, ProviderError> {
        let mut answer = Answer::new("p");
        let mut reader = ChunkReader::default();
        for chunk in chunks {
            let event = Event {
                kind: "message".into(),
                data: (*chunk).into(),
            };
            reader.read(&event, &mut answer)?;
        }
        if !answer.is_over() {
            reader.ended(&mut answer)?;
        }
        Ok(answer.into_events())
    }

    fn read(chunks: &[&str]) -> Result<Vec<String>, ProviderError> {
        let events = events(chunks)?;
        Ok(events.iter().map(|event| format!("{event:?}")).collect())
    }

    fn calls(chunks: &[&str]) -> Vec<ToolCallDelta> {
        let call = |event| match event {
            ChatEvent::Delta(Delta::ToolCall(call)) => Some(call),
            _ => None,
        };
        let mut chunks = chunks.to_vec();
        chunks.push("[DONE]");
        events(&chunks)
            .unwrap()
            .into_iter()
            .filter_map(call)
            .collect()
    }

    fn delta(index: usize, id: Option<&str>, name: Option<&str>, arguments: &str) -> ToolCallDelta {
        ToolCallDelta {
            index,
            id: id.map(Into::into),
            name: name.map(Into::into),
            arguments: arguments.into(),
        }
    }

    #[test]
    fn usage_that_comes_after_the_finish_reason_is_in_the_finish() {
        let events = read(&[
            r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
            r#"{"choices":[{"delta":{"content":"hi"},"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#,
            r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#,
            "[DONE]",
        ]);
        assert_eq!(
            events.unwrap(),
            [
                r#"Delta(Text("hi"))"#,
                "Finished(Finished { reason: Stop, usage: Some(Usage { input_tokens: 3, output_tokens: 1, total_tokens: 4, cached_tokens: 0, cache_write_tokens: 0, reasoning_tokens: 0, cost: None }) })",
            ]
        );
    }

    #[test]
    fn a_stream_that_ends_without_a_finish_reason_was_cut() {
        let error = read(&[r#"{"choices":[{"delta":{"content":"hi"}}]}"#]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "p sent an answer that cannot be used: the stream ended before its end"
        );
    }

    #[test]
    fn calls_with_the_same_index_and_different_ids_are_different_calls() {
        let calls = calls(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":""}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":1}"}}]}}]}"#,
        ]);
        assert_eq!(
            calls,
            [
                delta(0, Some("a"), Some("f"), "{}"),
                delta(1, Some("b"), Some("g"), ""),
                delta(1, None, None, "{\"x\":1}"),
            ]
        );
    }

    #[test]
    fn a_call_whose_server_repeats_id_and_name_stays_one_call() {
        let calls = calls(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"}"}}]}}]}"#,
        ]);
        assert_eq!(
            calls,
            [
                delta(0, Some("a"), Some("f"), "{"),
                delta(0, None, None, "}")
            ]
        );
    }

    #[test]
    fn a_server_with_a_new_id_for_every_fragment_loses_no_arguments() {
        let calls = calls(&[
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"arguments":"}"}}]}}]}"#,
        ]);
        assert_eq!(
            calls,
            [
                delta(0, Some("a"), Some("f"), "{"),
                delta(0, None, None, "}")
            ]
        );
    }

    #[test]
    fn a_finish_reason_that_says_error_is_no_end_of_an_answer() {
        let error = read(&[
            r#"{"choices":[{"delta":{"content":"hi"}}]}"#,
            r#"{"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}]}"#,
        ])
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "p reported an error: insufficient_system_resource"
        );
    }

    #[test]
    fn an_error_inside_the_stream_is_told_in_its_own_words() {
        let error = read(&[r#"{"error":{"message":"overloaded","code":503}}"#]).unwrap_err();
        assert_eq!(error.to_string(), "p reported an error: overloaded");
    }
}
