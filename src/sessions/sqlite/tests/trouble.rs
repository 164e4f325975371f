//! A disk that is full or read-only, a file that is locked, a store that is closed.

use futures_util::FutureExt;
use futures_util::future::join;

use super::*;

const FULL: StoreError = StoreError::Unavailable(Unavailable::Full);

/// Lets the file grow by no more than so many pages.
async fn leave_pages(store: &SqliteStore, pages: i64) {
    let limit = move |connection: &Connection| {
        let used: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        connection.pragma_update(None, "max_page_count", used + pages)?;
        Ok(())
    };
    store
        .0
        .writer
        .write(Durability::Program, limit)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_full_disk_refuses_a_turn_whole_and_is_written_again_when_there_is_room() {
    let folder = folder();
    let store = open(&folder);
    let (one, other) = (session("one"), session("other"));
    post(&store, &one, "kept").await.unwrap();
    let (lease, small) = (
        store.acquire(&one).await.unwrap(),
        store.acquire(&other).await.unwrap(),
    );
    leave_pages(&store, 4).await;
    let head = store.load(&one).await.unwrap().head();
    let big = turn(head, &"x".repeat(1 << 20));
    let both = join(
        store.append(&lease, big.clone()),
        store.append(&small, turn(None, "small")),
    );
    let (refused, taken) = both.await;
    assert_eq!(refused, Err(FULL));
    assert!(
        taken.is_ok(),
        "a turn that fits is not lost with one that does not"
    );
    assert_eq!(lines(&store, &one).await, ["kept"]);
    leave_pages(&store, 10_000).await;
    store.append(&lease, big).await.unwrap();
    assert_eq!(store.load(&one).await.unwrap().turns.len(), 2);
    assert_eq!(lines(&store, &other).await, ["small"]);
}

#[tokio::test]
async fn readers_do_not_wait_for_a_writer_and_a_writer_waits_for_another_process() {
    let folder = folder();
    let store = open(&folder);
    let one = session("one");
    let first = post(&store, &one, "a").await.unwrap();
    let lease = store.acquire(&one).await.unwrap();
    let other = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut append = store.append(&lease, turn(Some(first), "b"));
    assert!(append.as_mut().now_or_never().is_none());
    assert_eq!(lines(&store, &one).await, ["a"]);
    other.execute_batch("COMMIT").unwrap();
    append.await.unwrap();
    assert_eq!(lines(&store, &one).await, ["a", "b"]);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_unavailable_until_it_can() {
    let folder = folder();
    let state = folder.path().join("state");
    std::fs::write(&state, "a file where the folder should be").unwrap();
    let store = SqliteStore::new(&state).unwrap();
    let refused = post(&store, &session("one"), "a").await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    std::fs::remove_file(&state).unwrap();
    post(&store, &session("one"), "a").await.unwrap();
}

#[tokio::test]
async fn a_file_that_became_damaged_is_named_so_and_its_place_is_not() {
    let folder = folder();
    std::fs::write(
        folder.path().join(FILE_NAME),
        "no database at all".repeat(100),
    )
    .unwrap();
    let store = open(&folder);
    let error = store.load(&session("one")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the session store cannot be used: its file is damaged or is something else"
    );
    assert_eq!(post(&store, &session("one"), "a").await, Err(error));
}

#[tokio::test]
async fn a_closed_store_takes_nothing_more() {
    let folder = folder();
    let store = open(&folder);
    let one = session("one");
    let lease = store.acquire(&one).await.unwrap();
    store.close().await;
    store.close().await;
    let closed = StoreError::Unavailable(Unavailable::Closed);
    assert_eq!(store.append(&lease, turn(None, "late")).await, Err(closed));
}

#[tokio::test]
async fn a_probe_says_what_would_keep_a_turn_from_being_kept_and_makes_no_file() {
    let folder = folder();
    let state = folder.path().join("state");
    std::fs::write(&state, "a file where the folder should be").unwrap();
    let store = SqliteStore::new(&state).unwrap();
    let reason = "there is a file where its folder should be".to_owned();
    let failed = StoreError::Unavailable(Unavailable::Failed(reason));
    assert_eq!(store.probe().await, Err(failed));
    std::fs::remove_file(&state).unwrap();
    assert_eq!(store.probe().await, Ok(()));
    assert!(!state.exists());

    let lease = store.acquire(&session("one")).await.unwrap();
    store.append(&lease, turn(None, "a")).await.unwrap();
    assert_eq!(store.probe().await, Ok(()));
    store.close().await;
    let closed = StoreError::Unavailable(Unavailable::Closed);
    assert_eq!(store.probe().await, Err(closed));
    std::fs::write(state.join(FILE_NAME), "no database at all".repeat(100)).unwrap();
    let store = SqliteStore::new(&state).unwrap();
    let damaged = StoreError::Unavailable(Unavailable::Damaged);
    assert_eq!(store.probe().await, Err(damaged));
}

#[tokio::test]
async fn a_session_that_runs_for_the_first_time_can_be_deleted() {
    let folder = folder();
    let store = open(&folder);
    let one = session("one");
    let lease = store.acquire(&one).await.unwrap();
    assert_eq!(store.delete(&one).await, Ok(true));
    assert_eq!(store.delete(&one).await, Ok(false));
    let late = store.append(&lease, turn(None, "late")).await;
    assert_eq!(late, Err(StoreError::LostLease));
}
