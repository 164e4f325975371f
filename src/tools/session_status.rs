//! `session_status`: who the agent is, on which model, in which session, and what time it is.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Group, Tool, ToolContext, ToolResult};

pub struct SessionStatus;

impl Tool for SessionStatus {
    fn name(&self) -> &str {
        "session_status"
    }

    fn description(&self) -> &str {
        "Tell the agent, the model, the session, and the date and time."
    }

    fn parameters(&self) -> &str {
        r#"{"type":"object","properties":{}}"#
    }

    fn group(&self) -> Option<Group> {
        Some(Group::Sessions)
    }

    fn call<'a>(&'a self, context: &'a ToolContext, _: &'a str) -> BoxFuture<'a, ToolResult> {
        let status = status(context, Timestamp::now());
        async move { ToolResult::done(status) }.boxed()
    }
}

fn status(context: &ToolContext, now: Timestamp) -> String {
    // Where the agent's person lives is nothing for strangers.
    let zone = match context.public {
        true => TimeZone::UTC,
        false => context.workbench.time_zone().clone(),
    };
    let now = now.to_zoned(zone.clone());
    let zone = zone.iana_name().unwrap_or("UTC");
    let (agent, model) = (&context.agent, &context.model);
    let time = now.strftime("%A, %Y-%m-%d %H:%M:%S %:z");
    // Neither is by which channel and name the agent knows its callers.
    let session = match &context.session {
        Some(session) if !context.public => format!("session: {session}\n"),
        _ => String::new(),
    };
    format!("agent: {agent}\nmodel: {model}\n{session}time: {time} ({zone})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::SessionKey;
    use crate::tools::tests::Bench;
    use serde_json::json;

    #[test]
    fn the_time_is_that_of_the_agents_person_and_of_nobody_for_strangers() {
        let now: Timestamp = "2026-07-01T22:30:00Z".parse().unwrap();
        let mut context = Bench::new()
            .agent(json!({ "userTimezone": "Europe/Berlin" }))
            .context();
        assert_eq!(
            status(&context, now),
            "agent: main\nmodel: p/m\ntime: Thursday, 2026-07-02 00:30:00 +02:00 (Europe/Berlin)"
        );
        context.session = SessionKey::parse(&context.agent, "notes").ok();
        assert_eq!(
            status(&context, now),
            "agent: main\nmodel: p/m\nsession: agent:main:notes\ntime: Thursday, 2026-07-02 00:30:00 +02:00 (Europe/Berlin)"
        );
        context.public = true;
        assert_eq!(
            status(&context, now),
            "agent: main\nmodel: p/m\ntime: Wednesday, 2026-07-01 22:30:00 +00:00 (UTC)"
        );
    }
}
