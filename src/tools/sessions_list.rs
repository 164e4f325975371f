//! `sessions_list`: the conversations that the caller has had with this agent. Nobody else's.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::Deserialize;

use super::{Group, Tool, ToolContext, ToolResult, parse};
use crate::sessions::{Page, SessionStore, Summary};

/// The sessions of a call that does not say how many.
const DEFAULT_SESSIONS: usize = 20;

/// The most sessions of a call.
const MAX_SESSIONS: usize = 50;

/// Sessions, of all agents, that are read at once.
const PAGE: u32 = 200;

/// Pages that are read for a call.
const MAX_PAGES: usize = 5;

pub struct SessionsList;

#[derive(Deserialize)]
struct Arguments {
    limit: Option<usize>,
}

impl Tool for SessionsList {
    fn name(&self) -> &str {
        "sessions_list"
    }

    fn description(&self) -> &str {
        "List your sessions with this user, the last used first.\nEach with its key, its number of turns, and when it was last used."
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{"limit":{"type":"integer","minimum":1,"maximum":50}}}"#
    }

    fn group(&self) -> Option<Group> {
        Some(Group::Sessions)
    }

    /// Whoever writes to the owner's agent is not to read what the owner has said to it.
    fn owner_only(&self) -> bool {
        true
    }

    fn is_available(&self, context: &ToolContext) -> bool {
        context.store.is_some() && !context.public
    }

    fn call<'a>(
        &'a self,
        context: &'a ToolContext,
        arguments: &'a str,
    ) -> BoxFuture<'a, ToolResult> {
        list(context, arguments).map(ToolResult::from).boxed()
    }
}

async fn list(context: &ToolContext, arguments: &str) -> Result<String, String> {
    let Arguments { limit } = parse(arguments)?;
    let limit = limit.unwrap_or(DEFAULT_SESSIONS).clamp(1, MAX_SESSIONS);
    let store = context.need_store()?;
    let (sessions, has_more) = own(context, store, limit).await?;
    if sessions.is_empty() {
        return Ok("[there are no sessions]".to_owned());
    }
    let mut lines: Vec<String> = sessions.iter().map(tell).collect();
    if has_more {
        lines.push("[there may be more]".to_owned());
    }
    Ok(lines.join("\n"))
}

/// At most `limit` sessions of this agent, and whether there may be more.
async fn own(
    context: &ToolContext,
    store: &dyn SessionStore,
    limit: usize,
) -> Result<(Vec<Summary>, bool), String> {
    let mut sessions = Vec::new();
    let mut after = None;
    for _ in 0..MAX_PAGES {
        let page = Page { limit: PAGE, after };
        let found = store.list(&context.principal, page).await;
        let found = found.map_err(|error| error.to_string())?;
        let is_last = found.len() < PAGE as usize;
        after = found.last().map(Summary::cursor);
        sessions.extend(
            found
                .into_iter()
                .filter(|one| one.key.is_of(&context.agent)),
        );
        if sessions.len() > limit || is_last {
            let has_more = sessions.len() > limit;
            sessions.truncate(limit);
            return Ok((sessions, has_more));
        }
    }
    Ok((sessions, true))
}

fn tell(session: &Summary) -> String {
    let used = Timestamp::from_millisecond(session.updated_ms).unwrap_or_default();
    let used = used.strftime("%Y-%m-%d %H:%M:%S UTC");
    format!("{}: {} turns, last used {used}", session.key, session.turns)
}

#[cfg(test)]
pub(super) mod tests;
