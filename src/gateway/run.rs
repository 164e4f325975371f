//! The agent loop: target, place, prompt, provider stream, events. Dropping the stream cancels everything behind it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep, timeout_at};

use super::catalog::Callable;
use super::error::RunError;
use super::failover::{Step, step};
use super::{Gateway, RunStream, prompt};
use crate::chat::{
    ChatEvent, ChatRequest, FinishReason, Finished, Message, RunEvent, RunRequest, Started,
};
use crate::providers::{ChatStream, ModelCall, ProviderError};

pub(super) async fn run_agent(
    gateway: &Gateway,
    request: RunRequest,
) -> Result<RunStream, RunError> {
    let inner = &gateway.0;
    let target = inner.agents.resolve(&request.routing, &inner.providers)?;
    let agent = &target.plan.agent;
    let limit = request
        .timeout
        .map_or(agent.timeout, |own| own.min(agent.timeout));
    let deadline = Deadline::after(limit);

    let mut chat = request.chat;
    chat.system = prompt::compose(&target.plan.prompt, &request.system);
    if chat.reasoning_effort.is_none() {
        chat.reasoning_effort.clone_from(&agent.thinking_default);
    }

    let opened = async {
        let place = inner.admission.enter().await?;
        let call = open(&target.chain, &chat).await?;
        Ok((place, call))
    };
    let (place, call) = deadline.bound(opened).await?;
    let started = Started {
        agent: agent.id.clone(),
        model: call.model.id.clone(),
    };
    Ok(Box::pin(Run {
        started: Some(started),
        first: Some(call.first),
        events: Some(call.events),
        limit,
        deadline: Box::pin(sleep(deadline.left())),
        _place: place,
    }))
}

/// The end of a run's time.
struct Deadline {
    at: Instant,
    limit: Duration,
}

impl Deadline {
    /// The furthest end that a timer can hold.
    const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

    fn after(limit: Duration) -> Self {
        Self {
            at: Instant::now() + limit.min(Self::LONGEST),
            limit,
        }
    }

    fn left(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    async fn bound<T>(
        &self,
        work: impl Future<Output = Result<T, RunError>>,
    ) -> Result<T, RunError> {
        match timeout_at(self.at, work).await {
            Ok(result) => result,
            Err(_) => Err(RunError::Deadline { limit: self.limit }),
        }
    }
}

/// A model call of which the first event is there.
struct Opened<'a> {
    model: &'a Callable,
    first: ChatEvent,
    events: ChatStream,
}

/// The first model of the chain that answers. Until one has, a failure is invisible.
async fn open<'a>(chain: &'a Arc<[Callable]>, chat: &ChatRequest) -> Result<Opened<'a>, RunError> {
    let mut last = None;
    for model in chain.iter() {
        let mut calls = 0;
        loop {
            calls += 1;
            let error = match call(model, chat).await {
                Ok((first, events)) => {
                    return Ok(Opened {
                        model,
                        first,
                        events,
                    });
                }
                Err(error) => error,
            };
            tracing::warn!(model = %model.id, calls, %error, "model call failed");
            match step(&error, calls) {
                Step::Retry(wait) => tokio::time::sleep(wait).await,
                Step::Next => {
                    last = Some(error);
                    break;
                }
                Step::GiveUp => return Err(error.into()),
            }
        }
    }
    Err(last.expect("a chain holds at least one model").into())
}

async fn call(
    model: &Callable,
    request: &ChatRequest,
) -> Result<(ChatEvent, ChatStream), ProviderError> {
    let call = ModelCall {
        model: &model.id.model,
        max_tokens: model.max_tokens,
        params: &model.params,
        compat: model.compat,
        request,
    };
    let mut events = model.provider.stream(call).await?;
    let first = match events.next().await {
        Some(first) => first?,
        None => return Err(empty(model)),
    };
    let after_tool = matches!(request.messages.last(), Some(Message::Tool { .. }));
    match first {
        // Nothing was said at all: fine after a tool's result, which may need no word; otherwise not an answer.
        ChatEvent::Finished(Finished {
            reason: FinishReason::Stop,
            ..
        }) if !after_tool => Err(empty(model)),
        first => Ok((first, events)),
    }
}

fn empty(model: &Callable) -> ProviderError {
    ProviderError::Broken {
        provider: model.id.provider.to_string(),
        reason: "an empty answer".to_owned(),
    }
}

/// A run that has begun to answer.
struct Run {
    started: Option<Started>,
    first: Option<ChatEvent>,
    /// `None` once the run is over.
    events: Option<ChatStream>,
    limit: Duration,
    deadline: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Run {
    fn next_chat_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<ChatEvent, ProviderError>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        match &mut self.events {
            Some(events) => events.poll_next_unpin(cx),
            None => Poll::Ready(None),
        }
    }

    /// Ends the run: the request to the provider goes with its stream.
    fn end(
        &mut self,
        with: Result<RunEvent, RunError>,
    ) -> Poll<Option<Result<RunEvent, RunError>>> {
        self.events = None;
        Poll::Ready(Some(with))
    }
}

impl Stream for Run {
    type Item = Result<RunEvent, RunError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(started) = self.started.take() {
            return Poll::Ready(Some(Ok(RunEvent::Started(started))));
        }
        if self.events.is_none() {
            return Poll::Ready(None);
        }
        match self.next_chat_event(cx) {
            Poll::Ready(Some(Ok(ChatEvent::Delta(delta)))) => {
                Poll::Ready(Some(Ok(RunEvent::Delta(delta))))
            }
            Poll::Ready(Some(Ok(ChatEvent::Finished(finished)))) => {
                self.end(Ok(RunEvent::Finished(finished)))
            }
            Poll::Ready(Some(Err(error))) => self.end(Err(error.into())),
            Poll::Ready(None) => self.end(Err(RunError::Unfinished)),
            Poll::Pending => {
                let limit = self.limit;
                match self.deadline.as_mut().poll(cx) {
                    Poll::Ready(()) => self.end(Err(RunError::Deadline { limit })),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }
}
