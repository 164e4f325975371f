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
use super::content_log::ContentLog;
use super::continuity::{Entered, Kept, enter, identify};
use super::error::RunError;
use super::house::House;
use super::progress::{Progress, Watched};
use super::rounds::{Next, Rounds};
use super::summary::summarize;
use super::target::Plan;
use super::timed_store::TimedStore;
use super::window::{self, Room, Window};
use super::{Gateway, RunStream};
use crate::chat::{
    ChatEvent, ChatRequest, Finished, ModelRef, Notes, Phase as Time, RunEvent, RunRequest,
    Started, ToolActivity, ToolCall, Usage,
};
use crate::config::CompactionMode;
use crate::providers::ChatStream;
use crate::tools::{self, Tool, ToolContext, ToolResult};

/// The most tools of a run, the caller's counted, of which tools of MCP servers are some: more are refused by model APIs.
const MAX_TOOLS: usize = 128;

pub(super) async fn run_agent(
    gateway: &Gateway,
    request: RunRequest,
) -> Result<RunStream, RunError> {
    let mut progress = Progress::begin(&gateway.0.lasting.metrics, request.notes.clone());
    match begin(gateway, request, &mut progress).await {
        Ok(run) => Ok(Box::pin(Watched { run, progress })),
        Err(error) => {
            progress.failed(&error);
            Err(error)
        }
    }
}

async fn begin(
    gateway: &Gateway,
    request: RunRequest,
    progress: &mut Progress,
) -> Result<Run, RunError> {
    let inner = &gateway.0;
    let notes = progress.notes.clone();
    let target = inner.agents.resolve(&request.routing, &inner.providers)?;
    let (plan, chain) = (target.plan, target.chain);
    let agent = &plan.agent;
    progress.is_of(&agent.id);
    if inner.logs_content {
        let secrets = inner.providers.secrets().clone();
        progress.content = Some(Box::new(ContentLog::begin(&agent.id, &request, secrets)));
    }
    let access = request.session.as_ref().map(|session| session.access);
    let session = identify(&agent.id, request.session)?;
    let limit = request
        .timeout
        .map_or(agent.timeout, |own| own.min(agent.timeout));
    let time = Deadline::after(limit);
    let mut deadline = time;

    let mut chat = request.chat;
    let asked_in_prompt = chain.iter().any(|model| !model.knows_schemas);
    let constraint = Constraint::of(&chat, asked_in_prompt)?;
    let context = ToolContext {
        agent: agent.id.clone(),
        model: chain[0].id.clone(),
        session: session.as_ref().map(|session| session.key.clone()),
        principal: request.routing.principal,
        owner: request.routing.authority.is_owner(agent.public_mode),
        public: agent.public_mode,
        store: inner.lasting.store.clone(),
        workbench: Arc::clone(&plan.workbench),
    };
    let mut house = House::new((plan, &inner.lasting.metrics), &chain, &chat, context);
    if !inner.servers.is_empty() && !agent.public_mode {
        let models: Vec<&ModelRef> = chain.iter().map(|model| &model.id).collect();
        let tools = inner.servers.tools(&plan.policy, &models);
        let tools = deadline.bound(async { Ok(tools.await) }).await?;
        let is_free = |tool: &Arc<dyn Tool>| !chat.is_callers_tool(tool.name());
        let room = MAX_TOOLS.saturating_sub(chat.tools.len() + house.tools.len());
        let all = tools.into_iter().filter(is_free);
        house.tools.extend(all.take(room));
    }
    let channel = request.routing.channel.as_deref();
    let composing = plan.prompt.compose(&house.tools, channel, &request.system);
    chat.system = notes.time(Time::Prompt, composing).await;
    chat.tools.extend(
        house
            .tools
            .iter()
            .map(|tool| tools::declaration(tool.as_ref())),
    );
    if chat.reasoning_effort.is_none() {
        chat.reasoning_effort.clone_from(&agent.thinking_default);
    }

    let tokens = agent.context_tokens.or(chain[0].context_window);
    let window = Window::new(tokens, inner.max_history_tokens, &chat);
    let room = match agent.compaction {
        CompactionMode::Summarize => Room::Half,
        CompactionMode::Off | CompactionMode::Default | CompactionMode::Safeguard => Room::All,
    };
    let begun = async {
        let (kept, usage) = match session.as_ref().zip(access) {
            None => (None, None),
            Some(session) => {
                let store = TimedStore {
                    store: Arc::clone(gateway.store()?),
                    metrics: Arc::clone(&inner.lasting.metrics),
                    notes: notes.clone(),
                };
                let messages = std::mem::take(&mut chat.messages);
                // Boxed: most runs have no session, and no run should carry the room for both.
                let entered = async {
                    let entered = enter(store, session, messages, (&window, room)).await?;
                    let how = (plan, &window, &mut deadline);
                    Ok::<_, RunError>(settle(how, &chain, entered, &mut chat).await)
                };
                entered.boxed().await?
            }
        };
        if let Some(widest) = agent.context_tokens.or_else(|| widest(&chain)) {
            window::check(widest, &chat)?;
        }
        let entering = inner.lasting.admission.enter();
        let place = notes.time(Time::Queue, entering).await?;
        let opened = open(&chain, &chat, &mut deadline, &notes).await?;
        Ok((kept, usage, place, opened))
    };
    let (kept, usage, place, opened) = time.bound(begun).await?;
    let model = chain[opened.place].id.clone();
    let more_than_one_answer = constraint.is_some() || kept.is_some() || !house.tools.is_empty();
    let rounds = more_than_one_answer.then(|| {
        let run = (Arc::clone(&chain), Arc::new(chat));
        Box::new(Rounds::new(constraint, house, agent.max_tool_rounds, run))
    });
    Ok(Run {
        started: Some(Started {
            agent: agent.id.clone(),
            model: model.clone(),
            session: session.map(|session| session.key.to_string()),
        }),
        phase: Phase::answering(opened),
        usage,
        rounds,
        kept: kept.map(|kept| Box::new((kept, model))),
        alarm: Box::pin(sleep_until(deadline.at())),
        deadline,
        notes,
        _place: place,
    })
}

/// The largest context window of a chain, as a fallback may have room for what the first model has not; `None` where
/// one is not known.
fn widest(chain: &[Callable]) -> Option<u64> {
    let windows = chain.iter().map(|model| model.context_window);
    windows.reduce(|one, other| Some(one?.max(other?)))?
}

/// Puts a session's conversation into the request, and where the agent wants it a summary into the place of what no
/// longer fits. Without one the run goes on all the same.
async fn settle(
    (plan, window, deadline): (&Plan, &Window, &mut Deadline),
    chain: &Arc<[Callable]>,
    entered: Entered,
    chat: &mut ChatRequest,
) -> (Option<Kept>, Option<Usage>) {
    let Entered {
        mut kept,
        messages,
        dropped,
    } = entered;
    chat.messages = messages;
    if dropped.is_empty() || plan.agent.compaction != CompactionMode::Summarize {
        return (kept, None);
    }
    match summarize(chain, &dropped, (window.summary_bytes(), deadline)).await {
        Ok((summary, usage)) => {
            let mut stored = vec![summary.clone()];
            stored.extend(chat.messages.iter().cloned());
            if let Some(kept) = &mut kept {
                kept.begin_anew(stored);
            }
            chat.messages.insert(0, summary.without_mark());
            (kept, usage)
        }
        Err(error) => {
            tracing::warn!(agent = %plan.agent.id, %error, "no summary: the oldest turns are left out");
            (kept, None)
        }
    }
}

/// A run that has begun to answer.
struct Run {
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
            // Asked first: a provider that always has something to say must not outlast the deadline. What is only
            // left to be told is told.
            let is_late = !matches!(self.phase, Phase::Telling { .. })
                && self.alarm.as_mut().poll(cx).is_ready();
            let event = match is_late {
                true => Err(self.deadline.passed()),
                false => match ready!(self.poll_step(cx)) {
                    Some(event) => event,
                    None => continue,
                },
            };
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
