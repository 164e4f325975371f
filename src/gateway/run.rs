//! The agent loop: target, place, prompt, model calls, tools, events. Dropping the stream cancels everything behind it.

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
use super::constraint::Constraint;
use super::error::RunError;
use super::rounds::{House, Next, Rounds};
use super::target::Plan;
use super::{Gateway, RunStream};
use crate::chat::{
    Authority, ChatEvent, ChatRequest, Finished, RunEvent, RunRequest, Started, ToolActivity,
    ToolCall, Usage,
};
use crate::providers::ChatStream;
use crate::tools::{self, ToolContext, ToolResult};

pub(super) async fn run_agent(
    gateway: &Gateway,
    request: RunRequest,
) -> Result<RunStream, RunError> {
    let inner = &gateway.0;
    let target = inner.agents.resolve(&request.routing, &inner.providers)?;
    let (plan, chain) = (target.plan, target.chain);
    let agent = &plan.agent;
    let limit = request
        .timeout
        .map_or(agent.timeout, |own| own.min(agent.timeout));
    let deadline = Deadline::after(limit);

    let mut chat = request.chat;
    let asked_in_prompt = chain.iter().any(|model| !model.knows_schemas);
    let constraint = Constraint::of(&chat, asked_in_prompt)?;
    let house = house(plan, &chain, &chat, request.routing.authority);
    let channel = request.routing.channel.as_deref();
    chat.system = plan
        .prompt
        .compose(&house.tools, channel, &request.system)
        .await;
    chat.tools.extend(
        house
            .tools
            .iter()
            .map(|tool| tools::declaration(tool.as_ref())),
    );
    if chat.reasoning_effort.is_none() {
        chat.reasoning_effort.clone_from(&agent.thinking_default);
    }

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
    let more_than_one_answer = constraint.is_some() || !house.tools.is_empty();
    let rounds = more_than_one_answer.then(|| {
        Rounds::new(
            constraint,
            house,
            agent.max_tool_rounds,
            (chain, Arc::new(chat)),
        )
    });
    Ok(Box::pin(Run {
        started: Some(started),
        phase: Phase::answering(opened),
        usage: None,
        rounds: rounds.map(Box::new),
        alarm: Box::pin(sleep_until(deadline.at())),
        deadline,
        _place: place,
    }))
}

/// The tools of the house for this run: those that every model of the chain may have, and that no tool of the caller's
/// takes the name of.
fn house(plan: &Plan, chain: &[Callable], chat: &ChatRequest, authority: Authority) -> House {
    let context = |model: &Callable| ToolContext {
        agent: plan.agent.id.clone(),
        model: model.id.clone(),
        owner: authority.is_owner(plan.agent.public_mode),
        public: plan.agent.public_mode,
        workbench: Arc::clone(&plan.workbench),
    };
    let context_of_first = context(&chain[0]);
    let mut offered = tools::offered(&plan.policy, &context_of_first);
    for model in &chain[1..] {
        if offered.is_empty() {
            break;
        }
        let also = tools::offered(&plan.policy, &context(model));
        offered.retain(|tool| also.iter().any(|other| other.name() == tool.name()));
    }
    offered.retain(|tool| chat.tools.iter().all(|own| own.name != tool.name()));
    House {
        tools: offered,
        context: context_of_first,
    }
}

/// A run that has begun to answer.
struct Run {
    started: Option<Started>,
    phase: Phase,
    /// Of the model calls that are over.
    usage: Option<Usage>,
    rounds: Option<Box<Rounds>>,
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
    /// Tools of the house are at work.
    Working {
        /// Calls that have not been told of yet.
        untold: VecDeque<ToolCall>,
        calls: Vec<ToolCall>,
        work: BoxFuture<'static, Vec<ToolResult>>,
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
                self.phase = Phase::Telling {
                    events: held.into_iter().map(RunEvent::Delta).collect(),
                    then: Some(Finished { reason, usage }),
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
        self.phase = Phase::Opening(async move { open(&chain, &chat).await }.boxed());
    }

    fn opened(&mut self, opened: Result<Opened, RunError>) -> Out {
        match opened {
            Ok(opened) => {
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
            let event = event.map_err(|error| self.final_error(error));
            if matches!(event, Err(_) | Ok(RunEvent::Finished(_))) {
                // The request to the provider, and tools at work, go with their futures.
                self.phase = Phase::Over;
            }
            return Poll::Ready(Some(event));
        }
    }
}
