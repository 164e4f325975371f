//! What is told of a session, and to whom.

use serde_json::json;

use super::*;
use crate::chat::Principal;
use crate::tools::sessions_list::tests::{ask, post, with_store};

const OWNER: Principal = Principal::Owner;

#[tokio::test]
async fn the_last_messages_are_told_oldest_first() {
    let (_folder, store, context) = with_store();
    post(&store, (&OWNER, "main", "notes"), "one", 1).await;
    post(&store, (&OWNER, "main", "notes"), "two", 2).await;
    let whole = [
        "user: one",
        "assistant: [calls look {}]",
        "tool: seen",
        "assistant: done",
        "user: two",
        "assistant: [calls look {}]",
        "tool: seen",
        "assistant: done",
    ];
    for key in ["notes", "agent:main:notes"] {
        let told = ask(&context, "sessions_history", json!({ "key": key })).await;
        assert_eq!(told, ToolResult::done(whole.join("\n")));
    }
    let last = json!({ "key": "notes", "limit": 2 });
    assert_eq!(
        ask(&context, "sessions_history", last).await,
        ToolResult::done("[6 earlier messages are left out]\ntool: seen\nassistant: done")
    );
}

#[tokio::test]
async fn a_foreign_session_and_a_missing_one_are_answered_alike() {
    let (_folder, store, context) = with_store();
    let ann = Principal::Proxy("ann".to_owned());
    post(&store, (&ann, "main", "hers"), "secret", 1).await;
    post(&store, (&OWNER, "other", "foreign"), "secret", 1).await;
    let missing = ToolResult::error("you have no such session with this user; see sessions_list");
    for key in [
        "hers",
        "foreign",
        "agent:other:foreign",
        "nothing",
        "cron:x",
        "",
    ] {
        let told = ask(&context, "sessions_history", json!({ "key": key })).await;
        assert_eq!(told, missing, "{key}");
    }
}

#[tokio::test]
async fn long_messages_are_cut_and_of_many_the_last_are_told() {
    let (_folder, store, context) = with_store();
    let long = "x".repeat(2 * MAX_MESSAGE_BYTES);
    for at in 0..20 {
        post(&store, (&OWNER, "main", "notes"), &long, at).await;
    }
    let all = json!({ "key": "notes", "limit": MAX_MESSAGES });
    let told = ask(&context, "sessions_history", all).await;
    let text = told.text();
    assert!(text.len() <= MAX_RESULT_BYTES);
    // 12 messages of 4 kB, and the short ones after each and before the first, are all that there is room for.
    assert!(text.starts_with("[29 earlier messages are left out]\nassistant: [calls look {}]\n"));
    assert_eq!(text.matches("[cut: 8000 bytes]").count(), 12);
    assert!(text.ends_with("\nassistant: done"));
}
