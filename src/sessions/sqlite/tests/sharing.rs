//! One run per session at a time: order, leases, fences, hang-ups.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::timeout;

use super::*;

/// How long something may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A store that does not renew its leases, which soon end.
fn forgetful(folder: &TempDir) -> SqliteStore {
    let timing = Timing {
        validity: Duration::from_millis(20),
        renewal: Duration::from_secs(3600),
        look: Duration::from_millis(5),
    };
    SqliteStore::with(folder.path(), MAX_QUEUED, timing).unwrap()
}

fn claimant(holder: &str) -> lease::Claimant {
    lease::Claimant {
        session: session("one"),
        holder: holder.to_owned(),
    }
}

#[tokio::test]
async fn runs_of_one_session_follow_each_other_in_the_order_of_arrival() {
    let folder = folder();
    let store = open(&folder);
    let one = session("one");
    let names: Vec<String> = (0..20).map(|name| name.to_string()).collect();
    let posts = names.iter().map(|name| post(&store, &one, name));
    let ids: Vec<TurnId> = join_all(posts)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(lines(&store, &one).await, names);
    assert!(ids.is_sorted());
}

#[tokio::test]
async fn a_session_does_not_wait_for_another_and_a_full_line_says_so() {
    let folder = folder();
    let store = SqliteStore::with(folder.path(), 1, Timing::default()).unwrap();
    let one = session("one");
    let running = store.acquire(&one).await.unwrap();
    let mut waiting = store.acquire(&one);
    assert!(waiting.as_mut().now_or_never().is_none());
    let refused = store.acquire(&one).await.map(drop);
    assert!(matches!(refused, Err(StoreError::Busy { .. })));
    post(&store, &session("other"), "a").await.unwrap();
    drop(running);
    assert_eq!(waiting.await.unwrap().session(), &one);
}

#[tokio::test]
async fn a_holder_whose_lease_was_taken_cannot_write_any_more() {
    let folder = folder();
    let (stalled, other) = (forgetful(&folder), open(&folder));
    let one = session("one");
    let old = stalled.acquire(&one).await.unwrap();
    let new = other.acquire(&one).await.unwrap();
    assert!(new.fence > old.fence);
    assert_eq!(
        stalled.append(&old, turn(None, "stale")).await,
        Err(StoreError::LostLease)
    );
    drop(old);
    stalled.close().await;
    other.append(&new, turn(None, "fresh")).await.unwrap();
    assert_eq!(lines(&other, &one).await, ["fresh"]);
}

#[tokio::test]
async fn a_lease_that_expired_but_was_not_taken_is_still_good() {
    let folder = folder();
    let store = forgetful(&folder);
    let one = session("one");
    let lease = store.acquire(&one).await.unwrap();
    Connection::open(folder.path().join(FILE_NAME))
        .unwrap()
        .execute_batch("UPDATE lease SET expires_ms = 0")
        .unwrap();
    assert!(store.append(&lease, turn(None, "late")).await.is_ok());
}

#[tokio::test]
async fn a_held_lease_is_renewed() {
    let folder = folder();
    let timing = Timing {
        renewal: Duration::from_millis(5),
        ..Timing::default()
    };
    let store = SqliteStore::with(folder.path(), 1, timing).unwrap();
    let lease = store.acquire(&session("one")).await.unwrap();
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let expires = || -> i64 {
        let expires = "SELECT expires_ms FROM lease";
        connection.query_row(expires, [], |row| row.get(0)).unwrap()
    };
    let first = expires();
    let renewed = async {
        while expires() == first {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, renewed).await.expect("it is renewed");
    drop(lease);
    store.close().await;
    assert_eq!(rows(&folder, "lease"), 0);
}

#[test]
fn a_process_that_waits_is_not_overtaken_by_one_that_comes_back() {
    let folder = folder();
    let connection =
        schema::open_for_writing(&folder.path().join(FILE_NAME), schema::BUSY_TIMEOUT).unwrap();
    let timing = Timing::default();
    let claim = |name| lease::claim(&connection, &claimant(name), timing).unwrap();
    assert!(claim("first").is_some());
    assert_eq!(claim("second"), None);
    assert_eq!(claim("third"), None);
    lease::release(&connection, &claimant("first")).unwrap();
    assert_eq!(claim("first"), None);
    assert_eq!(claim("third"), None);
    assert!(claim("second").is_some());
    lease::release(&connection, &claimant("second")).unwrap();
    lease::release(&connection, &claimant("third")).unwrap();
    assert!(claim("first").is_some());
}

#[tokio::test]
async fn a_claim_that_is_given_up_leaves_neither_lease_nor_ticket() {
    let folder = folder();
    let (holding, leaving) = (open(&folder), open(&folder));
    let one = session("one");
    let lease = holding.acquire(&one).await.unwrap();
    let mut claim = leaving.acquire(&one);
    let waiting = async {
        while rows(&folder, "waiter") == 0 {
            assert!(claim.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it takes a ticket");
    drop(claim);
    leaving.close().await;
    assert_eq!((rows(&folder, "waiter"), rows(&folder, "lease")), (0, 1));
    drop(lease);
    holding.close().await;
    assert_eq!(rows(&folder, "lease"), 0);
}

#[tokio::test]
async fn what_was_said_before_a_hang_up_is_saved_before_the_next_run() {
    let folder = folder();
    let store = open(&folder);
    let one = session("one");
    let lease = store.acquire(&one).await.unwrap();
    let mut interrupted = turn(None, "half");
    interrupted.state = TurnState::Interrupted;
    store.save_detached(lease, interrupted);
    post(&store, &one, "next").await.unwrap();
    let lease = store.acquire(&one).await.unwrap();
    let head = store.load(&one).await.unwrap().head();
    let mut interrupted = turn(head, "last");
    interrupted.state = TurnState::Interrupted;
    store.save_detached(lease, interrupted);
    store.close().await;

    let turns = open(&folder).load(&one).await.unwrap().turns;
    let states: Vec<TurnState> = turns.iter().map(|turn| turn.state).collect();
    assert_eq!(
        states,
        [
            TurnState::Interrupted,
            TurnState::Complete,
            TurnState::Interrupted
        ]
    );
    assert_eq!(rows(&folder, "lease"), 0);
}
