//! What the dialect answers, whole or in events, as [`ChatEvent`](crate::chat::ChatEvent)s. Pure.

use serde_json::Value;

use super::super::ProviderError;
use super::super::answer::{Answer, Reader};
use super::super::rejection;
use super::calls::{Calls, FunctionCall};
use super::wire::{Ending, Item, Part, Placed, Reasoning, Response, Wire};
use crate::chat::{Delta, FinishReason, MessagePhase, TokenForm, ToolCallDelta};
use crate::sse::Event;

/// Reads a whole response.
pub fn whole(provider: &str, body: &[u8]) -> Result<Answer, ProviderError> {
    let mut answer = Answer::new(provider);
    let mut reader = EventReader::default();
    let response: Response = serde_json::from_slice(body)
        .map_err(|_| answer.broken("an answer that is not of its dialect"))?;
    let Some(output) = response.output else {
        return Err(failure(response.ending.error, &answer)
            .unwrap_or_else(|| answer.broken("a response without output")));
    };
    for (index, item) in output.into_iter().enumerate() {
        reader.item(index, item, &mut answer);
    }
    reader.end(response.ending, &mut answer)?;
    Ok(answer)
}

/// Reads the events of one response, in order.
#[derive(Default)]
pub struct EventReader {
    calls: Calls,
    /// Whether any of the reasoning has been told that is not over.
    thought: bool,
    /// Of the last message.
    phase: Option<MessagePhase>,
}

impl Reader for EventReader {
    fn read(&mut self, event: &Event, answer: &mut Answer) -> Result<(), ProviderError> {
        let data = event.data.trim();
        if data.is_empty() || data == "[DONE]" {
            return Ok(());
        }
        let wire = serde_json::from_str(data)
            .map_err(|_| answer.broken("an answer that is not of its dialect"))?;
        self.event(wire, answer)
    }

    fn ended(&mut self, answer: &mut Answer) -> Result<(), ProviderError> {
        Err(answer.broken("the stream ended before its end"))
    }
}

impl EventReader {
    fn event(&mut self, wire: Wire, answer: &mut Answer) -> Result<(), ProviderError> {
        match wire {
            Wire::Text { delta, logprobs } => {
                answer.say(delta, Delta::Text);
                answer.say_logprobs(logprobs);
            }
            Wire::Refusal { delta } => answer.say(delta, Delta::Refusal),
            Wire::SummaryPart => self.pause(answer),
            Wire::Reasoning { delta } => self.think(delta, answer),
            Wire::ItemAdded(Placed { output_index, item }) => match item {
                Some(Item::FunctionCall(call)) => {
                    put(self.calls.begin(output_index, &call), answer);
                }
                Some(Item::Message { phase, .. }) => self.message(phase, answer),
                Some(Item::Reasoning(_) | Item::Other) | None => {}
            },
            // What messages say has been told in deltas, and so have thoughts.
            Wire::ItemDone(Placed { output_index, item }) => match item {
                Some(Item::FunctionCall(call)) => self.call(output_index, call, answer),
                Some(Item::Reasoning(reasoning)) => self.end_thought(reasoning, answer),
                Some(Item::Message { .. } | Item::Other) | None => {}
            },
            Wire::Arguments(of) => {
                let call = self.calls.find(of.output_index, of.item_id.as_deref());
                put(self.calls.add(call, of.delta), answer);
            }
            Wire::ArgumentsDone(of) => {
                let call = self.calls.find(of.output_index, of.item_id.as_deref());
                put(self.calls.complete(call, of.delta), answer);
            }
            Wire::Ended { response } => self.end(response.unwrap_or_default(), answer)?,
            Wire::Failed { response } => {
                let error = response.and_then(|response| response.error);
                return Err(failure(error, answer).unwrap_or_else(|| answer.reported(None)));
            }
            Wire::Error(mut members) => {
                // OpenAI's own event is the error itself; that of Open Responses holds it.
                let error = members.remove("error").unwrap_or(Value::Object(members));
                return Err(failure(Some(error), answer).unwrap_or_else(|| answer.reported(None)));
            }
            Wire::Other => {}
        }
        Ok(())
    }

    /// An item of which nothing has been told.
    fn item(&mut self, index: usize, item: Item, answer: &mut Answer) {
        match item {
            Item::Message { phase, content } => {
                self.message(phase, answer);
                for part in content.into_iter().flatten() {
                    match part {
                        Part::OutputText { text, logprobs } => {
                            answer.say(text, Delta::Text);
                            answer.say_logprobs(logprobs);
                        }
                        Part::Refusal { refusal } => answer.say(refusal, Delta::Refusal),
                        Part::Other => {}
                    }
                }
            }
            Item::Reasoning(mut reasoning) => {
                let summary = reasoning.summary.take();
                let summary = summary.filter(|summary| !summary.is_empty());
                for thought in summary.or(reasoning.content.take()).into_iter().flatten() {
                    self.pause(answer);
                    self.think(thought.text, answer);
                }
                self.end_thought(reasoning, answer);
            }
            Item::FunctionCall(call) => self.call(Some(index), call, answer),
            Item::Other => {}
        }
    }

    fn call(&mut self, output_index: Option<usize>, call: FunctionCall, answer: &mut Answer) {
        put(self.calls.begin(output_index, &call), answer);
        let known = self.calls.find(output_index, call.id.as_deref());
        put(self.calls.complete(known, call.arguments), answer);
    }

    /// Begins a message. What servers do not label is told as one.
    fn message(&mut self, phase: Option<MessagePhase>, answer: &mut Answer) {
        if phase.is_some() || self.phase.is_some() {
            answer.put(Delta::Message(phase));
        }
        self.phase = phase;
    }

    /// Reasoning that came without its encrypted form is not taken back.
    fn end_thought(&mut self, reasoning: Reasoning, answer: &mut Answer) {
        let sealed = reasoning.encrypted_content;
        if let Some(sealed) = sealed.filter(|sealed| !sealed.is_empty()) {
            self.thought = false;
            answer.think(TokenForm::OpenaiEncrypted, reasoning.id, sealed);
        }
    }

    fn think(&mut self, text: Option<String>, answer: &mut Answer) {
        self.thought |= text.as_ref().is_some_and(|text| !text.is_empty());
        answer.say(text, Delta::Reasoning);
    }

    /// Sets what is thought next apart from what has been thought: the parts of a summary are paragraphs.
    fn pause(&self, answer: &mut Answer) {
        if self.thought {
            answer.say(Some("\n\n".to_owned()), Delta::Reasoning);
        }
    }

    fn end(&self, ending: Ending, answer: &mut Answer) -> Result<(), ProviderError> {
        if let Some(error) = failure(ending.error, answer) {
            return Err(error);
        }
        let status = ending.status.as_deref();
        let incomplete = ending.incomplete_details.and_then(|details| details.reason);
        let reason = match (incomplete.as_deref(), status) {
            (_, Some("failed" | "cancelled")) => return Err(answer.reported(None)),
            (Some("content_filter"), _) => FinishReason::ContentFilter,
            (Some(_), _) | (None, Some("incomplete")) => FinishReason::Length,
            (None, _) if self.calls.any() => FinishReason::ToolCalls,
            (None, _) => FinishReason::Stop,
        };
        answer.finish(reason, ending.usage.map(Into::into));
        Ok(())
    }
}

fn put(fragment: Option<ToolCallDelta>, answer: &mut Answer) {
    if let Some(fragment) = fragment {
        answer.put(Delta::ToolCall(fragment));
    }
}

/// What a response's error means. The status is out before the provider has read the request, so errors that other
/// dialects tell by their status come here.
fn failure(error: Option<Value>, answer: &Answer) -> Option<ProviderError> {
    let error = error.filter(|error| !error.is_null())?;
    let said = rejection::of_error(&error);
    Some(match said.code.as_deref() {
        Some("insufficient_quota" | "rate_limit_exceeded") => ProviderError::Limited {
            provider: answer.provider().to_owned(),
            retry_after: None,
        },
        Some("context_length_exceeded" | "invalid_prompt") => ProviderError::Rejected {
            message: said.message.unwrap_or_else(|| "no reason given".to_owned()),
            code: said.code,
            param: said.param,
        },
        _ => answer.reported(said.message),
    })
}

#[cfg(test)]
mod tests;
