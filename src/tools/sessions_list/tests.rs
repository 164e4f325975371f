//! Whose sessions are listed, in which order, and how many.

use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::chat::{Message, Part, Principal, ToolCall};
use crate::sessions::{NewTurn, SessionId, SessionKey, SqliteStore, TurnState};
use crate::tools::tests::Bench;
use crate::tools::{builtin, call};

/// An owner's run of the agent `main`, and the store that it sees, in its folder.
pub fn with_store() -> (TempDir, Arc<SqliteStore>, ToolContext) {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::new(folder.path()).unwrap());
    let mut context = Bench::new().context();
    context.store = Some(Arc::clone(&store) as Arc<dyn SessionStore>);
    (folder, store, context)
}

/// Stores a turn that asks `text`, answered with a call and a text.
pub async fn post(store: &SqliteStore, session: (&Principal, &str, &str), text: &str, at_ms: i64) {
    let (principal, agent, name) = session;
    let session = SessionId {
        principal: principal.clone(),
        key: SessionKey::parse(&agent.parse().unwrap(), name).unwrap(),
    };
    let lease = store.acquire(&session).await.unwrap();
    let parent = store.load(&session).await.unwrap().head();
    let answer = |text: &str, tool_calls| Message::Assistant {
        parts: vec![Part::Text(text.to_owned())],
        reasoning: None,
        tool_calls,
        name: None,
        marks: Vec::new(),
    };
    let look = ToolCall {
        id: "c1".to_owned(),
        name: "look".to_owned(),
        arguments: "{}".to_owned(),
    };
    let seen = Message::Tool {
        call_id: "c1".to_owned(),
        parts: vec![Part::Text("seen".to_owned())],
    };
    let turn = NewTurn {
        parent,
        input: vec![Message::user(text)],
        answer: vec![answer("", vec![look]), seen, answer("done", Vec::new())],
        state: TurnState::Complete,
        model: None,
        usage: None,
        created_ms: at_ms,
    };
    store.append(&lease, turn).await.unwrap();
}

pub async fn ask(context: &ToolContext, tool: &str, arguments: serde_json::Value) -> ToolResult {
    call(&builtin(), context, tool, &arguments.to_string()).await
}

#[tokio::test]
async fn the_sessions_of_this_principal_and_agent_are_listed_the_last_used_first() {
    let (_folder, store, mut context) = with_store();
    let ann = Principal::Proxy("ann".to_owned());
    for (session, at) in [
        ((&Principal::Owner, "main", "old"), 1_000),
        ((&Principal::Owner, "main", "new"), 2_000),
        ((&Principal::Owner, "main", "old"), 86_400_000),
        ((&Principal::Owner, "other", "foreign"), 3_000),
        ((&ann, "main", "hers"), 4_000),
    ] {
        post(&store, session, "hello", at).await;
    }
    let old = "agent:main:old: 2 turns, last used 1970-01-02 00:00:00 UTC";
    let new = "agent:main:new: 1 turns, last used 1970-01-01 00:00:02 UTC";
    assert_eq!(
        ask(&context, "sessions_list", json!({})).await,
        ToolResult::done(format!("{old}\n{new}"))
    );
    assert_eq!(
        ask(&context, "sessions_list", json!({ "limit": 1 })).await,
        ToolResult::done(format!("{old}\n[there may be more]"))
    );
    context.principal = ann;
    assert_eq!(
        ask(&context, "sessions_list", json!({})).await,
        ToolResult::done("agent:main:hers: 1 turns, last used 1970-01-01 00:00:04 UTC")
    );
    context.principal = Principal::Proxy("bob".to_owned());
    assert_eq!(
        ask(&context, "sessions_list", json!({})).await,
        ToolResult::done("[there are no sessions]")
    );
}
