//! The store through its trait; a second store on the same folder stands for a second process.

mod processes;
mod pruning;
mod sharing;
mod trouble;

use serde_json::json;
use serde_json::value::RawValue;
use tempfile::TempDir;

use super::*;
use crate::chat::{Message, Part, Usage};
use crate::sessions::{SessionKey, Turn, TurnState};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::new(folder.path()).unwrap()
}

fn session(name: &str) -> SessionId {
    SessionId {
        principal: Principal::Owner,
        key: SessionKey::parse(&"main".parse().unwrap(), name).unwrap(),
    }
}

fn proxy(name: &str) -> Principal {
    Principal::Proxy(name.to_owned())
}

/// A turn that follows `parent` and asks `line`.
fn turn(parent: Option<TurnId>, line: &str) -> NewTurn {
    NewTurn {
        parent,
        input: vec![Message::user(line)],
        answer: vec![Message::Assistant {
            parts: vec![Part::Text(format!("{line}?"))],
            reasoning: None,
            tool_calls: Vec::new(),
            name: None,
            marks: Vec::new(),
        }],
        state: TurnState::Complete,
        model: Some("offline/echo".parse().unwrap()),
        usage: Some(Usage {
            input_tokens: 1,
            ..Usage::default()
        }),
        created_ms: 1_000,
    }
}

/// Runs a session once: its lease, its history, a turn.
async fn post(store: &SqliteStore, session: &SessionId, line: &str) -> Result<TurnId, StoreError> {
    let lease = store.acquire(session).await?;
    let head = store.load(session).await?.head();
    store.append(&lease, turn(head, line)).await
}

async fn lines(store: &SqliteStore, session: &SessionId) -> Vec<String> {
    let turns = store.load(session).await.unwrap().turns;
    turns.iter().map(|turn| turn.input[0].text()).collect()
}

/// How many rows a table has, seen by a connection of its own.
fn rows(folder: &TempDir, table: &str) -> i64 {
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let count = format!("SELECT count(*) FROM {table}");
    connection.query_row(&count, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn a_turn_is_there_with_everything_when_the_store_is_opened_again() {
    let folder = folder();
    let store = open(&folder);
    let first = post(&store, &session("one"), "a").await.unwrap();
    let second = post(&store, &session("one"), "b").await.unwrap();
    store.close().await;
    let stored = |id, parent, new: NewTurn| Turn {
        id,
        parent,
        state: new.state,
        model: new.model,
        usage: new.usage,
        created_ms: new.created_ms,
        input: new.input,
        answer: new.answer,
    };
    assert_eq!(
        open(&folder).load(&session("one")).await.unwrap().turns,
        [
            stored(first, None, turn(None, "a")),
            stored(second, Some(first), turn(None, "b")),
        ]
    );
}

#[tokio::test]
async fn a_store_that_was_never_written_is_empty_and_makes_no_file() {
    let folder = folder();
    let state = folder.path().join("state");
    let store = SqliteStore::new(&state).unwrap();
    assert_eq!(store.load(&session("one")).await, Ok(History::default()));
    let page = Page {
        limit: 10,
        after: None,
    };
    assert_eq!(store.list(&Principal::Owner, page).await, Ok(vec![]));
    assert_eq!(store.delete(&session("one")).await, Ok(false));
    assert_eq!(
        store.delete_response(&Principal::Owner, "r").await,
        Ok(false)
    );
    assert_eq!(
        store.prune(PrunePolicy::default()).await,
        Ok(Pruned::default())
    );
    store.close().await;
    assert!(!state.exists());
}

#[tokio::test]
async fn an_empty_file_is_brought_up_to_date_by_the_first_who_reads() {
    let folder = folder();
    std::fs::write(folder.path().join(FILE_NAME), "").unwrap();
    let store = open(&folder);
    assert_eq!(store.load(&session("one")).await, Ok(History::default()));
    assert_eq!(rows(&folder, "session"), 0);
}

#[tokio::test]
async fn a_branch_becomes_the_session_and_the_old_one_stays_readable() {
    let folder = folder();
    let store = open(&folder);
    let one = session("one");
    let old = post(&store, &one, "old").await.unwrap();
    let lease = store.acquire(&one).await.unwrap();
    let new = store.append(&lease, turn(None, "new")).await.unwrap();
    drop(lease);
    assert_eq!(lines(&store, &one).await, ["new"]);
    let transcript = store.export(&one).await.unwrap().unwrap();
    let all: Vec<TurnId> = transcript.turns.iter().map(|turn| turn.id).collect();
    assert_eq!(all, [old, new]);
    assert_eq!(transcript.session.head, Some(new));
    let shown = store.show(&one).await.unwrap().unwrap();
    assert_eq!(shown.turns, transcript.turns[1..]);
    assert_eq!(
        serde_json::to_value(&shown).unwrap(),
        json!({
            "format": 1,
            "session": {
                "key": "agent:main:one", "createdMs": 1000, "updatedMs": 1000, "turns": 2, "head": new,
            },
            "turns": [{
                "id": new, "state": "complete", "model": "offline/echo", "createdMs": 1000,
                "usage": { "inputTokens": 1, "outputTokens": 0, "totalTokens": 0, "cachedTokens": 0, "cacheWriteTokens": 0, "reasoningTokens": 0 },
                "input": [{ "role": "user", "parts": [{ "text": "new" }] }],
                "answer": [{ "role": "assistant", "parts": [{ "text": "new?" }] }],
            }],
        })
    );
}

#[tokio::test]
async fn what_belongs_to_another_principal_is_not_there() {
    let folder = folder();
    let store = open(&folder);
    let mine = session("one");
    post(&store, &mine, "secret").await.unwrap();
    let theirs = SessionId {
        principal: proxy("ann"),
        key: mine.key.clone(),
    };
    assert_eq!(store.load(&theirs).await, Ok(History::default()));
    assert_eq!(store.show(&theirs).await, Ok(None));
    assert_eq!(store.delete(&theirs).await, Ok(false));
    let page = Page {
        limit: 10,
        after: None,
    };
    assert_eq!(store.list(&proxy("ann"), page).await, Ok(vec![]));
    post(&store, &theirs, "mine").await.unwrap();
    assert_eq!(lines(&store, &mine).await, ["secret"]);
    assert_eq!(lines(&store, &theirs).await, ["mine"]);
}

#[tokio::test]
async fn sessions_are_listed_by_page_the_last_used_first() {
    let folder = folder();
    let store = open(&folder);
    for (name, at) in [("a", 3), ("b", 1), ("c", 2), ("d", 2)] {
        let lease = store.acquire(&session(name)).await.unwrap();
        let mut turn = turn(None, name);
        turn.created_ms = at;
        store.append(&lease, turn).await.unwrap();
    }
    let mut after = None;
    let mut pages = Vec::new();
    loop {
        let page = Page { limit: 3, after };
        let page = store.list(&Principal::Owner, page).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.cursor());
        pages.push(
            page.into_iter()
                .map(|found| found.key.to_string())
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(
        pages,
        [
            vec!["agent:main:a", "agent:main:d", "agent:main:c"],
            vec!["agent:main:b"]
        ]
    );
}

#[tokio::test]
async fn a_deleted_session_leaves_nothing_and_its_run_cannot_bring_it_back() {
    let folder = folder();
    let store = open(&folder);
    let one = session("one");
    for line in ["a", "b", "c"] {
        post(&store, &one, line).await.unwrap();
    }
    let running = store.acquire(&one).await.unwrap();
    assert_eq!(store.delete(&one).await, Ok(true));
    assert_eq!(
        store.append(&running, turn(None, "late")).await,
        Err(StoreError::LostLease)
    );
    drop(running);
    assert_eq!(store.show(&one).await, Ok(None));
    assert_eq!(store.delete(&one).await, Ok(false));
    assert_eq!((rows(&folder, "turn"), rows(&folder, "discarded")), (0, 0));
    post(&store, &one, "anew").await.unwrap();
    assert_eq!(lines(&store, &one).await, ["anew"]);
}

fn raw(value: serde_json::Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).unwrap()
}

fn response(id: &str, created_ms: i64) -> StoredResponse {
    StoredResponse {
        id: id.to_owned(),
        principal: proxy("ann"),
        agent: "main".parse().unwrap(),
        session: Some(session("one").key),
        previous: Some("resp_0".to_owned()),
        created_ms,
        object: raw(json!({ "id": id })),
        input: vec![raw(json!(1)), raw(json!(2))],
        output: vec![raw(json!("three"))],
    }
}

#[tokio::test]
async fn a_response_comes_back_as_it_was_put_and_only_to_its_own_principal() {
    let folder = folder();
    let store = open(&folder);
    let ann = proxy("ann");
    let whole = |response: StoredResponse| format!("{response:?}");
    store.put_response(response("resp_1", 5)).await.unwrap();
    store.put_response(response("resp_1", 6)).await.unwrap();
    let found = store.get_response(&ann, "resp_1").await.unwrap();
    assert_eq!(found.map(whole), Some(whole(response("resp_1", 6))));
    assert_eq!(rows(&folder, "response_item"), 3);
    let foreign = store
        .get_response(&Principal::Owner, "resp_1")
        .await
        .unwrap();
    assert!(foreign.is_none());
    assert_eq!(
        store.delete_response(&Principal::Owner, "resp_1").await,
        Ok(false)
    );
    assert_eq!(store.delete_response(&ann, "resp_1").await, Ok(true));
    assert!(store.get_response(&ann, "resp_1").await.unwrap().is_none());
    assert_eq!(rows(&folder, "response_item"), 0);
}
