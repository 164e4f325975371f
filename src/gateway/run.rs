//! The agent loop: model calls, tools, events. Dropping the stream cancels everything behind it.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep_until};

use super::call::{Deadline, Opened, open};
use super::continuity::Kept;
use super::error::RunError;
use super::rounds::{Next, Rounds};
use crate::chat::{
    ChatEvent, Finished, ModelRef, Notes, RunEvent, Started, ToolActivity, ToolCall, Usage,
};
use crate::providers::ChatStream;
use crate::tools::ToolResult;

/// What a run is made of when its model has begun to answer.
pub(super) struct Begun {
    pub started: Started,
    pub opened: Opened,
    /// Of what was asked before the run itself.
    pub usage: Option<Usage>,
    pub rounds: Option<Box<Rounds>>,
    /// The session that the run's turn is to be added to, and the model that answers in it.
    pub kept: Option<Box<(Kept, ModelRef)>>,
    pub deadline: Deadline,
    pub notes: Notes,
    pub place: OwnedSemaphorePermit,
}

/// A run that has begun to answer.
pub(super) struct Run {
    started: Option<Started>,
    phase: Phase,
    /// Of the model calls that are over.
    usage: Option<Usage>,
    rounds: Option<Box<Rounds>>,
    /// The session that the run's turn is yet to be added to, and the model that answers in it.
    kept: Option<Box<(Kept, ModelRef)>>,
    deadline: Deadline,
    notes: Notes,
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
    Opening(BoxFuture<'static, Result<(Opened, Deadline), RunError>>),
    /// Tools of the house are at work.
    Working {
        /// Calls that have not been told of yet.
        untold: VecDeque<ToolCall>,
        calls: Vec<ToolCall>,
        work: BoxFuture<'static, Vec<ToolResult>>,
    },
    /// The turn is being stored; what was held back and the end go out when it is durable.
    Saving {
        work: BoxFuture<'static, Result<(), RunError>>,
        held: VecDeque<RunEvent>,
        finished: Finished,
    },
    /// These have to go out; then the model is asked again, or the run is over.
    Telling {
        events: VecDeque<RunEvent>,
        then: Option<Finished>,
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

/// What goes out of a step of the run; `None` where nothing does.
type Out = Option<Result<RunEvent, RunError>>;

impl Run {
    pub fn new(begun: Begun) -> Self {
        Self {
            started: Some(begun.started),
            phase: Phase::answering(begun.opened),
            usage: begun.usage,
            rounds: begun.rounds,
            kept: begun.kept,
            alarm: Box::pin(sleep_until(begun.deadline.at())),
            deadline: begun.deadline,
            notes: begun.notes,
            _place: begun.place,
        }
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Out> {
        match &mut self.phase {
            Phase::Answering { first, events } => {
                let event = match first.take() {
                    Some(first) => Some(Ok(first)),
                    None => ready!(events.poll_next_unpin(cx)),
                };
                Poll::Ready(self.chat_event(event))
            }
            Phase::Opening(opening) => {
                let opened = ready!(opening.as_mut().poll(cx));
                Poll::Ready(self.opened(opened))
            }
            Phase::Working {
                untold,
                calls,
                work,
            } => {
                if let Some(call) = untold.pop_front() {
                    return Poll::Ready(Some(Ok(RunEvent::Tool(ToolActivity::Called(call)))));
                }
                let results = ready!(work.as_mut().poll(cx));
                let calls = std::mem::take(calls);
                Poll::Ready(self.worked(&calls, results))
            }
            Phase::Saving {
                work,
                held,
                finished,
            } => {
                let saved = ready!(work.as_mut().poll(cx));
                let (events, then) = (std::mem::take(held), Some(*finished));
                self.phase = Phase::Telling { events, then };
                Poll::Ready(saved.err().map(Err))
            }
            Phase::Telling { events, then } => match (events.pop_front(), then) {
                (Some(event), _) => Poll::Ready(Some(Ok(event))),
                (None, Some(finished)) => Poll::Ready(Some(Ok(RunEvent::Finished(*finished)))),
                (None, None) => {
                    self.ask_again();
                    Poll::Ready(None)
                }
            },
            Phase::Over => Poll::Ready(None),
        }
    }

    fn chat_event(
        &mut self,
        event: Option<Result<ChatEvent, crate::providers::ProviderError>>,
    ) -> Out {
        match event {
            Some(Ok(ChatEvent::Delta(delta))) => {
                let delta = match &mut self.rounds {
                    Some(rounds) => rounds.pass(delta)?,
                    None => delta,
                };
                Some(Ok(RunEvent::Delta(delta)))
            }
            Some(Ok(ChatEvent::Finished(finished))) => self.answered(finished),
            Some(Err(error)) => Some(Err(error.into())),
            None => Some(Err(RunError::Unfinished)),
        }
    }

    /// A model call is over: its answer counts, is asked for once more, calls tools, or fails.
    fn answered(&mut self, finished: Finished) -> Out {
        if let Some(usage) = finished.usage {
            *self.usage.get_or_insert_default() += usage;
        }
        let usage = self.usage;
        let Some(rounds) = &mut self.rounds else {
            return Some(Ok(RunEvent::Finished(Finished { usage, ..finished })));
        };
        match rounds.answered(finished.reason) {
            Ok(Next::Done { held, reason }) => {
                let held = held.into_iter().map(RunEvent::Delta).collect();
                let finished = Finished { reason, usage };
                let answer = rounds.take_transcript();
                self.phase = match self.kept.take() {
                    Some(kept) => Phase::Saving {
                        work: async move {
                            let (kept, model) = *kept;
                            kept.save(answer, finished, model).await
                        }
                        .boxed(),
                        held,
                        finished,
                    },
                    None => Phase::Telling {
                        events: held,
                        then: Some(finished),
                    },
                };
            }
            Ok(Next::AskAgain) => self.ask_again(),
            Ok(Next::Work { calls, work }) => {
                let untold = calls.iter().cloned().collect();
                self.phase = Phase::Working {
                    untold,
                    calls,
                    work,
                };
            }
            Err(error) => return Some(Err(error)),
        }
        None
    }

    /// Calls the model with the conversation as it stands now.
    fn ask_again(&mut self) {
        let Some(rounds) = &self.rounds else {
            self.phase = Phase::Over;
            return;
        };
        let (chain, chat) = (Arc::clone(&rounds.chain), Arc::clone(&rounds.chat));
        let (mut deadline, notes) = (self.deadline, self.notes.clone());
        let opening = async move {
            let opened = open(&chain, &chat, &mut deadline, &notes).await?;
            Ok((opened, deadline))
        };
        self.phase = Phase::Opening(opening.boxed());
    }

    fn opened(&mut self, opened: Result<(Opened, Deadline), RunError>) -> Out {
        match opened {
            Ok((opened, deadline)) => {
                self.deadline = deadline;
                self.phase = Phase::answering(opened);
                None
            }
            Err(error) => Some(Err(error)),
        }
    }

    fn worked(&mut self, calls: &[ToolCall], results: Vec<ToolResult>) -> Out {
        let rounds = self.rounds.as_mut()?;
        match rounds.worked(calls, results) {
            Ok(activity) => {
                self.phase = Phase::Telling {
                    events: activity.into_iter().map(RunEvent::Tool).collect(),
                    then: None,
                };
                None
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// A run that ends before its end keeps in its session what it has said.
    fn keep_what_was_said(&mut self) {
        if let (Some(kept), Some(rounds)) = (self.kept.take(), &mut self.rounds) {
            let (kept, model) = *kept;
            kept.save_interrupted(rounds.take_interrupted(), model);
        }
    }

    /// An error after something was changed must not be answered by trying again.
    fn final_error(&self, error: RunError) -> RunError {
        let changed = self
            .rounds
            .as_ref()
            .is_some_and(|rounds| rounds.has_changed_something());
        if changed {
            RunError::AfterChanges(Box::new(error))
        } else {
            error
        }
    }
}

impl Drop for Run {
    /// The caller left.
    fn drop(&mut self) {
        self.keep_what_was_said();
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
            // A turn is asked for before the deadline is: what a store was told to keep it keeps, whoever waits for it.
            let is_saving = matches!(self.phase, Phase::Saving { .. });
            let mut step = match is_saving {
                true => self.poll_step(cx),
                false => Poll::Pending,
            };
            if step.is_pending() {
                // Asked before the others: a provider that always has something to say must not outlast the deadline.
                // What is only left to be told is told.
                let is_late = !matches!(self.phase, Phase::Telling { .. })
                    && self.alarm.as_mut().poll(cx).is_ready();
                step = match is_late {
                    true => Poll::Ready(Some(Err(self.deadline.passed()))),
                    false if is_saving => Poll::Pending,
                    false => self.poll_step(cx),
                };
            }
            let Some(event) = ready!(step) else { continue };
            let event = event.map_err(|error| self.final_error(error));
            if event.is_err() {
                self.keep_what_was_said();
            }
            if matches!(event, Err(_) | Ok(RunEvent::Finished(_))) {
                // The request to the provider, and tools at work, go with their futures.
                self.phase = Phase::Over;
            }
            return Poll::Ready(Some(event));
        }
    }
}
