//! How a run begins: target, session, tools, prompt, window, place, and the model's first event. What comes of it then is
//! the affair of `run.rs`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use super::call::{Deadline, open};
use super::catalog::Callable;
use super::constraint::Constraint;
use super::content_log::ContentLog;
use super::continuity::{Entered, Kept, enter, identify};
use super::error::RunError;
use super::house::House;
use super::progress::{Noted, Progress};
use super::rounds::Rounds;
use super::run::{Begun, Run};
use super::summary::summarize;
use super::target::Plan;
use super::timed_store::TimedStore;
use super::window::{self, Room, Window};
use super::{Gateway, RunStream};
use crate::chat::{ChatRequest, ModelRef, Phase as Time, RunRequest, Started, Usage};
use crate::config::CompactionMode;
use crate::tools::{self, Tool, ToolContext};

/// The most tools of a run, the caller's counted, of which tools of MCP servers are some: more are refused by model APIs.
const MAX_TOOLS: usize = 128;

pub(super) async fn run_agent(
    gateway: &Gateway,
    request: Box<RunRequest>,
) -> Result<RunStream, RunError> {
    let mut progress = Progress::begin(&gateway.0.lasting.metrics, request.notes.clone());
    match begin(gateway, request, &mut progress).await {
        Ok(run) => Ok(Box::pin(Noted { run, progress })),
        Err(error) => {
            progress.failed(&error);
            Err(error)
        }
    }
}

async fn begin(
    gateway: &Gateway,
    mut request: Box<RunRequest>,
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

    let chat = &mut request.chat;
    let asked_in_prompt = chain.iter().any(|model| !model.knows_schemas);
    let constraint = Constraint::of(chat, asked_in_prompt)?;
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
    let mut house = House::new((plan, &inner.lasting.metrics), &chain, chat, context);
    if !inner.servers.is_empty() && !agent.public_mode {
        let found = mcp_tools(gateway, (plan, &chain), (chat, house.tools.len()));
        let found = deadline.bound(async { Ok(found.await) }).await?;
        house.tools.extend(found);
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
    let window = Window::new(tokens, inner.max_history_tokens, chat);
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
                    Ok::<_, RunError>(settle(how, &chain, entered, chat).await)
                };
                entered.boxed().await?
            }
        };
        if let Some(widest) = agent.context_tokens.or_else(|| widest(&chain)) {
            window::check(widest, chat)?;
        }
        let admission = &inner.lasting.admission;
        // Nearly always: no time is spent on it, not even that of looking at the clock.
        let place = match admission.try_enter() {
            Some(place) => {
                notes.spend(Time::Queue, Duration::ZERO);
                place
            }
            None => notes.time(Time::Queue, admission.enter()).await?,
        };
        let opened = open(&chain, chat, &mut deadline, &notes).await?;
        Ok((kept, usage, place, opened))
    };
    let (kept, usage, place, opened) = time.bound(begun).await?;
    let model = chain[opened.place].id.clone();
    let more_than_one_answer = constraint.is_some() || kept.is_some() || !house.tools.is_empty();
    let rounds = more_than_one_answer.then(|| {
        let run = (Arc::clone(&chain), Arc::new(std::mem::take(chat)));
        Box::new(Rounds::new(constraint, house, agent.max_tool_rounds, run))
    });
    Ok(Run::new(Begun {
        started: Started {
            agent: agent.id.clone(),
            model: model.clone(),
            session: session.map(|session| session.key.to_string()),
        },
        opened,
        usage,
        rounds,
        kept: kept.map(|kept| Box::new((kept, model))),
        deadline,
        notes,
        place,
    }))
}

/// The tools of MCP servers that this run may have beside those of the house and the caller's, which keep their names.
async fn mcp_tools(
    gateway: &Gateway,
    (plan, chain): (&Plan, &[Callable]),
    (chat, of_house): (&ChatRequest, usize),
) -> Vec<Arc<dyn Tool>> {
    let models: Vec<&ModelRef> = chain.iter().map(|model| &model.id).collect();
    let tools = gateway.0.servers.tools(&plan.policy, &models).await;
    let is_free = |tool: &Arc<dyn Tool>| !chat.is_callers_tool(tool.name());
    let room = MAX_TOOLS.saturating_sub(chat.tools.len() + of_house);
    tools.into_iter().filter(is_free).take(room).collect()
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
