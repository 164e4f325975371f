//! The agent loop: target, place, prompt, model calls, events. Dropping the stream cancels everything behind it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep_until};

use super::call::{Deadline, Opened, open};
use super::catalog::Callable;
use super::constraint::{Constraint, Unmet};
use super::error::RunError;
use super::said::Said;
use super::{Gateway, RunStream, prompt};
use crate::chat::{
    ChatEvent, ChatRequest, Delivery, Delta, Finished, RunEvent, RunRequest, Started, Usage,
};
use crate::providers::ChatStream;

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
    let chain = target.chain;
    let asked_in_prompt = chain.iter().any(|model| !model.knows_schemas);
    let constraint = Constraint::of(&chat, asked_in_prompt)?;

    let opened = async {
        let place = inner.admission.enter().await?;
        let opened = open(&chain, &chat).await?;
        Ok((place, opened))
    };
    let (place, opened) = deadline.bound(opened).await?;
    let started = Started {
        agent: agent.id.clone(),
        model: chain[opened.place].id.clone(),
    };
    let checked = constraint.map(|constraint| Checked {
        constraint,
        said: Said::default(),
        repairs_left: REPAIRS,
        held: (chat.delivery == Delivery::Whole).then(VecDeque::new),
        anything_out: false,
        chain,
        chat,
    });
    Ok(Box::pin(Run {
        started: Some(started),
        phase: Phase::answering(opened),
        usage: None,
        checked: checked.map(Box::new),
        alarm: Box::pin(sleep_until(deadline.at())),
        deadline,
        _place: place,
    }))
}

/// Further tries for an answer that is not what the caller insists on.
const REPAIRS: u32 = 1;

/// A run that has begun to answer.
struct Run {
    started: Option<Started>,
    phase: Phase,
    /// Of the model calls that are over.
    usage: Option<Usage>,
    checked: Option<Box<Checked>>,
    deadline: Deadline,
    alarm: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

enum Phase {
    /// A model speaks.
    Answering {
        first: Option<ChatEvent>,
        events: ChatStream,
    },
    /// The next model call is on its way.
    Opening(BoxFuture<'static, Result<Opened, RunError>>),
    /// Everything has been said; what was held back goes out, then the end.
    Closing {
        held: VecDeque<Delta>,
        finished: Finished,
    },
    Over,
}

impl Phase {
    fn answering(opened: Opened) -> Self {
        Self::Answering {
            first: Some(opened.first),
            events: opened.events,
        }
    }
}

/// What a run needs whose answer is checked before it counts.
struct Checked {
    constraint: Constraint,
    said: Said,
    repairs_left: u32,
    /// A whole answer is held back until it has been checked; a streamed one goes out as it comes.
    held: Option<VecDeque<Delta>>,
    anything_out: bool,
    chain: Arc<[Callable]>,
    chat: ChatRequest,
}

impl Checked {
    /// Takes note of a delta; hands it back if it may go out now.
    fn pass(&mut self, delta: Delta) -> Option<Delta> {
        self.said.add(&delta);
        match &mut self.held {
            Some(held) => {
                held.push_back(delta);
                None
            }
            None => {
                self.anything_out = true;
                Some(delta)
            }
        }
    }

    /// The call that asks once more, where that can still be done unseen.
    fn repair(&mut self, unmet: &Unmet) -> Option<Phase> {
        if self.anything_out || self.repairs_left == 0 {
            return None;
        }
        self.repairs_left -= 1;
        if let Some(held) = &mut self.held {
            held.clear();
        }
        let mut chat = self.chat.clone();
        let said = std::mem::take(&mut self.said);
        if said.tool_calls.is_empty() && !said.text.is_empty() {
            chat.messages.push(said.into_message());
        }
        chat.messages.push(unmet.advice());
        let chain = Arc::clone(&self.chain);
        Some(Phase::Opening(
            async move { open(&chain, &chat).await }.boxed(),
        ))
    }
}

impl Run {
    /// One step of the run; `None` where there was one and nothing goes out of it.
    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<RunEvent, RunError>>> {
        match &mut self.phase {
            Phase::Answering { first, events } => {
                let event = match first.take() {
                    Some(first) => Some(Ok(first)),
                    None => ready!(events.poll_next_unpin(cx)),
                };
                Poll::Ready(match event {
                    Some(Ok(ChatEvent::Delta(delta))) => self.delta(delta).map(Ok),
                    Some(Ok(ChatEvent::Finished(finished))) => self.answered(finished),
                    Some(Err(error)) => Some(Err(error.into())),
                    None => Some(Err(RunError::Unfinished)),
                })
            }
            Phase::Opening(opening) => {
                let opened = ready!(opening.as_mut().poll(cx));
                Poll::Ready(match opened {
                    Ok(opened) => {
                        self.phase = Phase::answering(opened);
                        None
                    }
                    Err(error) => Some(Err(error)),
                })
            }
            Phase::Closing { held, finished } => Poll::Ready(Some(Ok(match held.pop_front() {
                Some(delta) => RunEvent::Delta(delta),
                None => RunEvent::Finished(*finished),
            }))),
            Phase::Over => Poll::Ready(None),
        }
    }

    fn delta(&mut self, delta: Delta) -> Option<RunEvent> {
        let delta = match &mut self.checked {
            Some(checked) => checked.pass(delta)?,
            None => delta,
        };
        Some(RunEvent::Delta(delta))
    }

    /// A model call is over: its answer counts, is asked for once more, or fails.
    fn answered(&mut self, finished: Finished) -> Option<Result<RunEvent, RunError>> {
        if let Some(usage) = finished.usage {
            *self.usage.get_or_insert_default() += usage;
        }
        let finished = Finished {
            usage: self.usage,
            ..finished
        };
        let Some(checked) = &mut self.checked else {
            return Some(Ok(RunEvent::Finished(finished)));
        };
        match checked.constraint.check(&checked.said, finished.reason) {
            Ok(()) => {
                let held = checked.held.take().unwrap_or_default();
                self.phase = Phase::Closing { held, finished };
                None
            }
            Err(unmet) => match checked.repair(&unmet) {
                Some(phase) => {
                    self.phase = phase;
                    None
                }
                None => Some(Err(unmet.into())),
            },
        }
    }
}

impl Stream for Run {
    type Item = Result<RunEvent, RunError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(started) = self.started.take() {
            return Poll::Ready(Some(Ok(RunEvent::Started(started))));
        }
        loop {
            if matches!(self.phase, Phase::Over) {
                return Poll::Ready(None);
            }
            let event = match self.poll_step(cx) {
                Poll::Ready(Some(event)) => event,
                Poll::Ready(None) => continue,
                Poll::Pending => {
                    ready!(self.alarm.as_mut().poll(cx));
                    Err(self.deadline.passed())
                }
            };
            if matches!(event, Err(_) | Ok(RunEvent::Finished(_))) {
                // The request to the provider goes with its stream.
                self.phase = Phase::Over;
            }
            return Poll::Ready(Some(event));
        }
    }
}
