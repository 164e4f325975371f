//! How fast the session stores are, with every turn flushed to the disk before it counts.
//!
//! `cargo bench --bench sessions` measures acknowledged turns per second and the time to load a long session, in SQLite;
//! with `--features postgres` in PostgreSQL on the same disk as well, with a server of its own on a local socket.
//! `cargo bench --bench sessions -- million` does so while a million turns are stored in SQLite.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for a person to read"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use openclaw::chat::{Message, Part};
use openclaw::sessions::{
    NewTurn, Principal, SessionId, SessionKey, SessionStore, SqliteStore, TurnId, TurnState,
};

#[cfg(feature = "postgres")]
#[path = "../e2e/support/database.rs"]
#[allow(dead_code, reason = "the end-to-end tests need all of it")]
mod database;

/// The turns of a long session.
const LONG: usize = 1_000;

/// Sessions that are written at once.
const AT_ONCE: usize = 64;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    if std::env::args().any(|argument| argument == "million") {
        million(folder.path()).await;
    } else {
        short(folder.path()).await;
    }
}

async fn short(folder: &Path) {
    println!("SQLite");
    measure(&SqliteStore::new(folder).unwrap()).await;
    #[cfg(feature = "postgres")]
    if let Some(database) = database::Database::alone() {
        println!("PostgreSQL");
        let timing = openclaw::sessions::Timing::default();
        let store = openclaw::sessions::PostgresStore::new(&database.url(), AT_ONCE, timing);
        measure(&store.unwrap()).await;
    }
}

async fn measure(store: &impl SessionStore) {
    let alone = rate(store, 1, LONG).await;
    println!("1 session:       {alone:>8.0} acknowledged turns/s");
    let together = rate(store, AT_ONCE, 200).await;
    println!("{AT_ONCE} sessions:     {together:>8.0} acknowledged turns/s");
    println!("load {LONG} turns: {:>8.2} ms", load_ms(store).await);
    store.close().await;
}

/// Writes a thousand long sessions, [`AT_ONCE`] at a time, and says now and then how fast that is.
async fn million(folder: &Path) {
    const ROUNDS: usize = 10;
    let store = SqliteStore::new(folder).unwrap();
    // The long session that is loaded.
    rate(&store, 1, LONG).await;
    for round in 1..=ROUNDS {
        let begun = Instant::now();
        let mut stored = 0;
        for group in 0.. {
            if stored >= 1_000_000 / ROUNDS {
                break;
            }
            let name = |index| format!("{round}-{group}-{index}");
            let sessions = (0..AT_ONCE).map(name);
            join_all(sessions.map(|name| fill(&store, name, LONG))).await;
            stored += AT_ONCE * LONG;
        }
        let rate = stored as f64 / begun.elapsed().as_secs_f64();
        let load = load_ms(&store).await;
        println!("round {round:>2}: {rate:>8.0} turns/s, load {LONG} turns {load:>6.2} ms");
    }
    store.close().await;
}

fn session(name: &str) -> SessionId {
    SessionId {
        principal: Principal::Owner,
        key: SessionKey::parse(&"main".parse().unwrap(), name).unwrap(),
    }
}

/// Whole runs of so many sessions at once, each of them lease, turn and release; in turns per second.
async fn rate(store: &impl SessionStore, sessions: usize, turns: usize) -> f64 {
    let begun = Instant::now();
    let names = (0..sessions).map(|index| format!("{sessions}-{index}"));
    join_all(names.map(|name| fill(store, name, turns))).await;
    (sessions * turns) as f64 / begun.elapsed().as_secs_f64()
}

async fn fill(store: &impl SessionStore, name: String, turns: usize) {
    let session = session(&name);
    let mut head = None;
    for number in 0..turns {
        let lease = store.acquire(&session).await.unwrap();
        head = Some(store.append(&lease, turn(head, number)).await.unwrap());
    }
}

fn turn(parent: Option<TurnId>, number: usize) -> NewTurn {
    let line = "How many boats were in the harbour when the storm came?";
    let answer = "Eleven, of which three were fishing boats; the others were small. ".repeat(4);
    NewTurn {
        parent,
        input: vec![Message::user(line)],
        answer: vec![Message::Assistant {
            parts: vec![Part::Text(answer)],
            reasoning: None,
            tool_calls: Vec::new(),
            name: None,
            marks: Vec::new(),
        }],
        state: TurnState::Complete,
        model: None,
        usage: None,
        created_ms: i64::try_from(number).unwrap(),
    }
}

/// The median of many loads of the long session, in milliseconds.
async fn load_ms(store: &impl SessionStore) -> f64 {
    let session = session("1-0");
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..101 {
        let begun = Instant::now();
        let history = store.load(&session).await.unwrap();
        times.push(begun.elapsed());
        assert_eq!(history.turns.len(), LONG);
    }
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1_000.0
}
