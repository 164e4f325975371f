//! A database that goes away, is busy, is somebody else's, or is used by many at once.

use futures_util::future::join_all;

use super::*;
use crate::sessions::MAX_QUEUED;

/// A database for one test; `None`, said aloud, where there can be none.
async fn database() -> Option<Database> {
    Database::prepare().await
}

#[tokio::test]
async fn gateways_that_start_at_once_make_the_tables_once() {
    let Some(database) = database().await else {
        return;
    };
    let stores: Vec<PostgresStore> = (0..8).map(|_| database.open()).collect();
    let one = session("one");
    let found = join_all(stores.iter().map(|store| store.load(&one))).await;
    assert_eq!(found, vec![Ok(History::default()); 8]);
    let versions = "SELECT count(*) * 10 + max(number) FROM openclaw.version";
    assert_eq!(number(&database, versions).await, 11);
}

#[tokio::test]
async fn tables_of_a_program_that_is_too_new_are_refused_and_left_as_they_are() {
    let Some(database) = database().await else {
        return;
    };
    post(&database.open(), &session("one"), "a").await.unwrap();
    // One that this program can live with, as replicas are replaced one by one…
    database.run("UPDATE openclaw.version SET number = 2");
    assert_eq!(lines(&database.open(), &session("one")).await, ["a"]);
    // …and one that it cannot.
    database.run("UPDATE openclaw.version SET number = 3, oldest = 3");
    let newer = StoreError::Newer { found: 3, known: 1 };
    assert_eq!(database.open().load(&session("one")).await, Err(newer));
    assert_eq!(database.count(Kept::Turns).await, 1);
}

#[tokio::test]
async fn a_write_that_is_sent_again_is_done_once() {
    let Some(database) = database().await else {
        return;
    };
    let store = database.open();
    let one = session("one");
    let lease = store.acquire(&one).await.unwrap();
    let row = TurnRow::new(&turn(None, "a"));
    let write = Write {
        session: &one,
        fence: lease.fence,
        number: 7,
        turn: &row,
    };
    let connection = store.0.lend().await.unwrap();
    let first = turns::append(&connection, &write).await.unwrap();
    assert_eq!(turns::append(&connection, &write).await.unwrap(), first);
    let other = Write { number: 8, ..write };
    assert!(turns::append(&connection, &other).await.unwrap() > first);
    assert_eq!(database.count(Kept::Turns).await, 2);
}

#[tokio::test]
async fn the_line_of_a_session_is_one_over_all_gateways_in_order_and_in_length() {
    let Some(database) = database().await else {
        return;
    };
    let (here, there) = (
        database.open_with(2, Timing::default()),
        database.open_with(2, Timing::default()),
    );
    let one = session("one");
    let running = here.acquire(&one).await.unwrap();
    let (told, mut came) = tokio::sync::mpsc::unbounded_channel();
    for (number, store) in [(2, &there), (3, &here)] {
        let (store, one, told) = (store.clone(), one.clone(), told.clone());
        // Ends when it has had its turn, which the test waits for.
        tokio::spawn(async move {
            let lease = store.acquire(&one).await.unwrap();
            told.send(number).unwrap();
            drop(lease);
        });
        while database.count(Kept::Waiters).await < number - 1 {
            tokio::task::yield_now().await;
        }
    }
    for store in [&here, &there] {
        let refused = store.acquire(&one).await.map(drop);
        assert!(
            matches!(refused, Err(StoreError::Busy { .. })),
            "{refused:?}"
        );
    }
    drop(running);
    assert_eq!((came.recv().await, came.recv().await), (Some(2), Some(3)));
}

#[tokio::test]
async fn connections_that_the_server_ends_cost_neither_the_lease_nor_the_turn() {
    let Some(database) = database().await else {
        return;
    };
    let store = database.open();
    let one = session("one");
    let lease = store.acquire(&one).await.unwrap();
    database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'openclaw' AND datname = current_database()",
    );
    store.append(&lease, turn(None, "a")).await.unwrap();
    assert_eq!(lines(&store, &one).await, ["a"]);
}

#[tokio::test]
async fn an_answered_write_is_kept_even_where_the_server_is_set_to_lose_some() {
    let Some(database) = database().await else {
        return;
    };
    let name = database.name();
    database.run(&format!(
        "ALTER DATABASE {name} SET synchronous_commit = off"
    ));
    let store = database.open();
    let setting = async || {
        let connection = store.0.lend().await.unwrap();
        let row = connection
            .query_one("SHOW synchronous_commit", &[])
            .await
            .unwrap();
        connection.done(row.get::<_, String>(0)).unwrap()
    };
    assert_eq!(setting().await, "on");
    // Leases do not wait for the disk, and leave the connection as it was.
    post(&store, &session("one"), "a").await.unwrap();
    assert_eq!(setting().await, "on");
}

#[tokio::test]
async fn a_table_that_somebody_locks_is_waited_for_no_longer_than_said() {
    let Some(database) = database().await else {
        return;
    };
    let store = database.open();
    post(&store, &session("one"), "a").await.unwrap();
    let other = connect(&database).await;
    let lock = "BEGIN; LOCK TABLE openclaw.turn";
    other.batch_execute(lock).await.unwrap();
    let locked = StoreError::Unavailable(Unavailable::Locked);
    assert_eq!(store.load(&session("one")).await, Err(locked));
    other.batch_execute("ROLLBACK").await.unwrap();
    assert_eq!(lines(&store, &session("one")).await, ["a"]);
}

#[tokio::test]
async fn a_database_that_is_not_there_is_said_without_its_name() {
    let Some(database) = database().await else {
        return;
    };
    let url = database.url() + "-not-there";
    let store = PostgresStore::new(&url, MAX_QUEUED, Timing::default()).unwrap();
    let error = store.probe().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the session store cannot be used: its database is not there"
    );
}

#[tokio::test]
async fn a_name_that_the_database_has_no_room_for_is_not_there() {
    let Some(database) = database().await else {
        return;
    };
    let store = database.open();
    let found = store.get_response(&Principal::Owner, "resp_\0").await;
    assert!(matches!(found, Ok(None)));
    let deleted = store.delete_response(&Principal::Owner, "resp_\0").await;
    assert_eq!(deleted, Ok(false));
}

#[tokio::test]
async fn a_database_that_goes_away_is_unavailable_soon_and_used_again_when_it_is_back() {
    let Some(mut database) = Database::alone() else {
        return;
    };
    let store = database.open();
    let one = session("one");
    post(&store, &one, "a").await.unwrap();
    let lease = store.acquire(&one).await.unwrap();
    database.stop("INT");
    let unreachable = StoreError::Unavailable(Unavailable::Unreachable);
    while store.probe().await.is_ok() {}
    assert_eq!(store.probe().await, Err(unreachable.clone()));
    let refused = post(&store, &session("other"), "b").await;
    assert_eq!(refused, Err(unreachable));

    // An answer that is there waits for the database.
    let append = store.append(&lease, turn(None, "c"));
    let back = async { database.start() };
    let (appended, ()) = tokio::join!(append, back);
    appended.unwrap();
    assert_eq!(lines(&store, &one).await, ["c"]);
}

#[tokio::test]
async fn a_crash_of_the_database_loses_no_acknowledged_turn() {
    let Some(mut database) = Database::alone() else {
        return;
    };
    let store = database.open();
    let one = session("one");
    let mut acknowledged = Vec::new();
    for crash in 0..5 {
        for number in 0..3 {
            let line = format!("{crash}.{number}");
            if post(&store, &one, &line).await.is_ok() {
                acknowledged.push(line);
            }
        }
        database.stop("QUIT");
        database.start();
    }
    while store.probe().await.is_err() {}
    let kept = lines(&store, &one).await;
    let lost = acknowledged.iter().filter(|line| !kept.contains(line));
    assert_eq!(lost.collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(acknowledged.len() >= 3, "{acknowledged:?}");
    let mut once = kept.clone();
    once.dedup();
    assert_eq!(kept, once);
}
