//! One model call of a run: down the chain of models until one has begun to answer.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep, timeout_at};

use super::catalog::Callable;
use super::constraint::instruction;
use super::error::RunError;
use super::failover::{self, Situation, Step, WAIT_BUDGET};
use super::metrics::ModelMeter;
use crate::chat::{
    ChatEvent, ChatRequest, Delta, FinishReason, Finished, Message, ModelRef, Notes, Phase,
    ResponseFormat,
};
use crate::config::Price;
use crate::providers::{ChatStream, ModelCall, ProviderError};

/// A model call of which the first event is there.
pub struct Opened {
    /// The place in the chain of the model that answers.
    pub place: usize,
    pub first: ChatEvent,
    pub events: ChatStream,
}

/// The time of a run: its end, and what may still be spent on waits before retries.
#[derive(Clone, Copy)]
pub struct Deadline {
    at: Instant,
    limit: Duration,
    waits: Duration,
}

impl Deadline {
    /// The furthest end that a timer can hold.
    const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

    pub fn after(limit: Duration) -> Self {
        Self {
            at: Instant::now() + limit.min(Self::LONGEST),
            limit,
            waits: WAIT_BUDGET,
        }
    }

    pub fn at(&self) -> Instant {
        self.at
    }

    /// The longest wait that the run can afford: at most half of its time that is left, so that an answer still fits.
    fn affords(&self) -> Duration {
        let left = self.at.saturating_duration_since(Instant::now());
        self.waits.min(left / 2)
    }

    pub fn passed(&self) -> RunError {
        RunError::Deadline { limit: self.limit }
    }

    /// `work`, unless the time is over before it is done.
    pub fn bound<T>(
        &self,
        work: impl Future<Output = Result<T, RunError>>,
    ) -> impl Future<Output = Result<T, RunError>> {
        let limit = self.limit;
        let work = timeout_at(self.at, work);
        work.map(move |done| done.unwrap_or(Err(RunError::Deadline { limit })))
    }
}

/// The first model of the chain that answers. Until one has, a failure is invisible.
///
/// # Errors
/// What the last model said, once none is left that could do better.
pub async fn open(
    chain: &Arc<[Callable]>,
    chat: &ChatRequest,
    deadline: &mut Deadline,
    notes: &Notes,
) -> Result<Opened, RunError> {
    let began = Instant::now();
    let order = order(chain);
    let mut left = order.iter().copied().peekable();
    while let Some(place) = left.next() {
        let model = &chain[place];
        let mut calls = 0;
        loop {
            calls += 1;
            let called = Instant::now();
            let attempt = model.meter.attempt();
            let error = match call(model, chat, notes).await {
                Ok((first, events)) => {
                    let answered = Instant::now();
                    attempt.answered(answered - called);
                    notes.spend_once(Phase::FirstEvent, answered - began);
                    let bill = Bill::of(model, answered);
                    return Ok(Opened {
                        place,
                        first: bill.put_on(first),
                        events: events
                            .map(move |event| event.map(|event| bill.put_on(event)))
                            .boxed(),
                    });
                }
                Err(error) => error,
            };
            attempt.failed(&error);
            if let Some(time) = failover::cooldown(&error) {
                model.cooldown.rest(time);
            }
            let situation = Situation {
                calls,
                fallback_left: left.peek().is_some(),
                budget: deadline.affords(),
                jitter: jitter(),
            };
            let step = failover::step(&error, situation);
            match step {
                // Who asked is told of it; a command would say it twice.
                Step::GiveUp => {
                    tracing::info!(model = %model.id, calls, %error, "model call failed: the run ends")
                }
                Step::Retry(_) | Step::Next => {
                    tracing::warn!(model = %model.id, calls, %error, ?step, "model call failed");
                }
            }
            match step {
                Step::Retry(wait) => {
                    deadline.waits = deadline.waits.saturating_sub(wait);
                    sleep(wait).await;
                }
                Step::Next => {
                    model.meter.failed_over(&error);
                    break;
                }
                Step::GiveUp => return Err(error.into()),
            }
        }
    }
    Err(RunError::NotConfigured(
        "the chain of models is empty".to_owned(),
    ))
}

/// Adds to what a call says which model reasoned, and to its end what it costs; counts what it used.
struct Bill {
    model: ModelRef,
    price: Price,
    meter: Arc<ModelMeter>,
    /// When the first event was there.
    began: Instant,
}

impl Bill {
    fn of(model: &Callable, began: Instant) -> Self {
        Self {
            model: model.id.clone(),
            price: model.price,
            meter: Arc::clone(&model.meter),
            began,
        }
    }

    fn put_on(&self, event: ChatEvent) -> ChatEvent {
        let mut finished = match event {
            ChatEvent::Finished(finished) => finished,
            ChatEvent::Delta(Delta::Thought(mut token)) => {
                token.model = Some(self.model.clone());
                return ChatEvent::Delta(Delta::Thought(token));
            }
            delta @ ChatEvent::Delta(_) => return delta,
        };
        if let Some(usage) = &mut finished.usage {
            usage.cost = self.price.of(usage);
            self.meter.used(usage);
            let seconds = self.began.elapsed().as_secs_f64();
            // A whole answer comes at once and has no speed.
            if seconds >= SHORTEST_ANSWER.as_secs_f64() && usage.output_tokens > 0 {
                let speed = usage.output_tokens as f64 / seconds;
                self.meter.tokens_per_second.observe(speed);
            }
        }
        ChatEvent::Finished(finished)
    }
}

/// An answer that comes in less time than this came at once, as far as its speed can be told.
const SHORTEST_ANSWER: Duration = Duration::from_millis(1);

/// The places of the chain in the order in which they are asked: those whose provider rests come last, so that a run
/// with no other model is still served.
fn order(chain: &[Callable]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..chain.len()).collect();
    if chain.len() > 1 {
        order.sort_by_key(|place| chain[*place].cooldown.rests());
    }
    order
}

/// A number between 0 and 1 that no two runs share.
pub fn jitter() -> f64 {
    let random = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

async fn call(
    model: &Callable,
    chat: &ChatRequest,
    notes: &Notes,
) -> Result<(ChatEvent, ChatStream), ProviderError> {
    let adapted = adapt(model, chat);
    let call = ModelCall {
        model: &model.id.model,
        max_tokens: model.max_tokens,
        context_window: model.context_window,
        reasons: model.reasons,
        params: &model.params,
        compat: model.compat,
        request: adapted.as_ref().unwrap_or(chat),
        notes,
    };
    let mut events = model.provider.stream(call).await?;
    let first = match events.next().await {
        Some(first) => first?,
        None => return Err(empty(model)),
    };
    let after_tool = matches!(chat.messages.last(), Some(Message::Tool { .. }));
    match first {
        // Nothing was said at all: fine after a tool's result, which may need no word; otherwise not an answer.
        ChatEvent::Finished(Finished {
            reason: FinishReason::Stop,
            ..
        }) if !after_tool => Err(empty(model)),
        first => Ok((first, events)),
    }
}

/// The request for a model that cannot be sent it as it is. To one that knows no schemas the form of the answer is told
/// in the prompt; none is sent what another model thought, as it could not read it.
fn adapt(model: &Callable, chat: &ChatRequest) -> Option<ChatRequest> {
    let unknown_form = match model.knows_schemas {
        true => None,
        false => instruction(&chat.format),
    };
    let is_foreign = |message: &Message| message.has_thoughts_but_of(&model.id);
    let foreign = chat.messages.iter().any(is_foreign);
    if unknown_form.is_none() && !foreign {
        return None;
    }
    let mut chat = chat.clone();
    if let Some(instruction) = unknown_form {
        chat.format = ResponseFormat::Text;
        chat.system.append(&instruction);
    }
    for message in &mut chat.messages {
        message.keep_thoughts_of(&model.id);
    }
    Some(chat)
}

fn empty(model: &Callable) -> ProviderError {
    ProviderError::Broken {
        provider: model.id.provider.to_string(),
        reason: "an empty answer".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_are_counted_over_the_whole_run_and_leave_time_for_an_answer() {
        let mut deadline = Deadline::after(Duration::from_secs(60));
        assert_eq!(deadline.affords(), WAIT_BUDGET);
        deadline.waits -= Duration::from_secs(4);
        assert_eq!(deadline.affords(), Duration::from_secs(6));
        tokio::time::advance(Duration::from_secs(56)).await;
        assert_eq!(deadline.affords(), Duration::from_secs(2));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(deadline.affords(), Duration::ZERO);
    }
}
