//! A network that hangs, and answers that are lost on it.

use std::time::Duration;

use futures_util::future::join_all;

use super::relay::{Faults, Relay};
use super::*;
use crate::sessions::suite::response;

#[tokio::test]
async fn connections_that_hang_cost_no_lease() {
    /// As long as a lease is good: each of the connections alone takes longer than its share of that.
    const LEASE: Duration = Duration::from_secs(10);
    let Some(database) = Database::prepare().await else {
        return;
    };
    let relay = Relay::to(&database).await;
    let timing = Timing {
        renewal: Duration::from_millis(50),
        ..Timing::default()
    };
    let store = relay.store(&database, timing);
    let lease = store.acquire(&session("one")).await.unwrap();
    join_all((0..8).map(|_| store.probe())).await;
    assert!(store.0.pool.status().size > 4);
    relay.hang();
    let renewed = async {
        // One may have been on its way.
        for _ in 0..2 {
            let before = database.lease_ends().await;
            while database.lease_ends().await == before {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(LEASE, renewed).await.expect("renewed");
    store.append(&lease, turn(None, "a")).await.unwrap();
    assert_eq!(lines(&store, &session("one")).await, ["a"]);
}

#[tokio::test]
async fn a_deletion_whose_answer_is_lost_is_told_as_done() {
    let Some(database) = Database::prepare().await else {
        return;
    };
    for is_session in [true, false] {
        let plain = database.open();
        post(&plain, &session("one"), "a").await.unwrap();
        let stored = response("resp_1", 1_000);
        let owner = stored.principal.clone();
        plain.put_response(stored).await.unwrap();
        let relay = Relay::to(&database).await;
        let store = relay.store(&database, Timing::default());
        store.probe().await.unwrap();
        relay.spoil(Faults {
            lost_reply: Some("COMMIT"),
            ..Faults::default()
        });
        let delete = async || match is_session {
            true => store.delete(&session("one")).await,
            false => store.delete_response(&owner, "resp_1").await,
        };
        assert_eq!(delete().await, Ok(true));
        assert_eq!(delete().await, Ok(false));
    }
}

#[tokio::test]
async fn a_place_that_is_taken_after_its_caller_left_is_given_back_all_the_same() {
    let Some(database) = Database::prepare().await else {
        return;
    };
    let relay = Relay::to(&database).await;
    relay.spoil(Faults {
        held: Some("main:late"),
        ..Faults::default()
    });
    let store = relay.store(&database, Timing::default());
    let late = session("late");
    let mut entering = store.acquire(&late);
    let held = relay.holds();
    tokio::select! {
        _ = &mut entering => panic!("it was held"),
        () = held => {}
    }
    drop(entering);
    // The connection on which it was given back.
    while store.0.pool.status().available == 0 {
        tokio::task::yield_now().await;
    }
    relay.let_go();
    store.close().await;
    assert_eq!(database.count(Kept::Holders).await, 0);
}
