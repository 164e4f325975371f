//! The suite on a folder, and what only a file can do.

mod processes;
mod pruning;
mod sharing;
mod trouble;

use tempfile::TempDir;

use super::*;
use crate::sessions::suite::{Ground, Kept, lines, post, session, suite, turn};

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::new(folder.path()).unwrap()
}

/// How many rows a table has, seen by a connection of its own.
fn rows(folder: &TempDir, table: &str) -> i64 {
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let count = format!("SELECT count(*) FROM {table}");
    connection.query_row(&count, [], |row| row.get(0)).unwrap()
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

impl Ground for TempDir {
    type Store = SqliteStore;

    async fn prepare() -> Option<Self> {
        Some(folder())
    }

    fn open_with(&self, max_queued: usize, timing: Timing) -> SqliteStore {
        SqliteStore::with(self.path(), max_queued, timing).unwrap()
    }

    async fn count(&self, kept: Kept) -> i64 {
        rows(
            self,
            match kept {
                Kept::Holders => "lease",
                Kept::Waiters => "waiter",
                Kept::Turns => "turn",
                Kept::Responses => "response",
                Kept::ResponseItems => "response_item",
            },
        )
    }

    async fn lease_ends(&self) -> i64 {
        let connection = Connection::open(self.path().join(FILE_NAME)).unwrap();
        let ends = "SELECT expires_ms FROM lease";
        connection.query_row(ends, [], |row| row.get(0)).unwrap()
    }

    async fn end_leases(&self) {
        let connection = Connection::open(self.path().join(FILE_NAME)).unwrap();
        let end = "UPDATE lease SET expires_ms = 0";
        connection.execute_batch(end).unwrap();
    }
}

suite!(TempDir);
