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
async fn a_write_that_fails_is_told_to_who_waits_for_it_and_to_who_asks_later() {
    let folder = folder();
    let store = open(&folder);
    let one = session("one");
    post(&store, &one, "kept").await.unwrap();
    let lease = store.acquire(&one).await.unwrap();
    let mut failed = store.failed();
    assert_eq!(failed.as_mut().now_or_never(), None);
    leave_pages(&store, 0).await;
    let head = store.load(&one).await.unwrap().head();
    let big = turn(head, &"x".repeat(1 << 20));
    assert_eq!(store.append(&lease, big.clone()).await, Err(FULL));
    failed.await;
    assert_eq!(store.append(&lease, big).await, Err(FULL));
    assert_eq!(store.failed().now_or_never(), Some(()));
    assert_eq!(store.failed().now_or_never(), None);
}

#[tokio::test]
async fn what_is_outdone_by_a_newer_run_is_no_failure_of_the_store() {
    let folder = folder();
    let store = open(&folder);
    let one = session("one");
    let lease = store.acquire(&one).await.unwrap();
    assert_eq!(store.delete(&one).await, Ok(true));
    let late = store.append(&lease, turn(None, "late")).await;
    assert_eq!(late, Err(StoreError::LostLease));
    assert_eq!(store.failed().now_or_never(), None);
}

const REPLACED: StoreError = StoreError::Unavailable(Unavailable::Replaced);

#[tokio::test]
async fn a_store_whose_files_were_moved_away_keeps_nothing_until_they_are_back() {
    let folder = folder();
    let state = folder.path().join("state");
    let store = SqliteStore::new(&state).unwrap();
    let one = session("one");
    post(&store, &one, "a").await.unwrap();
    let lease = store.acquire(&one).await.unwrap();
    let away = folder.path().join("away");
    std::fs::rename(&state, &away).unwrap();
    let next = turn(store.load(&one).await.unwrap().head(), "b");
    for _ in 0..2 {
        assert_eq!(store.append(&lease, next.clone()).await, Err(REPLACED));
        assert_eq!(store.probe().await, Err(REPLACED));
    }
    assert!(!state.exists(), "nothing new is begun in its place");
    std::fs::rename(&away, &state).unwrap();
    assert_eq!(store.probe().await, Ok(()));
    store.append(&lease, next).await.unwrap();
    assert_eq!(lines(&store, &one).await, ["a", "b"]);
}

#[tokio::test]
async fn each_of_the_files_is_missed_and_another_one_of_its_name_does_not_do() {
    for name in [FILE_NAME, "openclaw.sqlite-wal"] {
        let folder = folder();
        let store = open(&folder);
        let one = session("one");
        post(&store, &one, "a").await.unwrap();
        let file = folder.path().join(name);
        let copy = folder.path().join("copy");
        std::fs::copy(&file, &copy).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(store.probe().await, Err(REPLACED), "{name}");
        std::fs::rename(&copy, &file).unwrap();
        assert_eq!(store.probe().await, Err(REPLACED), "{name}");
        assert_eq!(post(&store, &one, "b").await, Err(REPLACED), "{name}");
    }
}

#[tokio::test]
async fn a_probe_leaves_nothing_behind() {
    let folder = folder();
    let store = open(&folder);
    let names = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(store.probe().await, Ok(()));
    assert_eq!(names(), [""; 0]);
    post(&store, &session("one"), "a").await.unwrap();
    let before = names();
    assert_eq!(store.probe().await, Ok(()));
    assert_eq!(names(), before);
}
