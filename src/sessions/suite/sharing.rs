//! One run per session at a time: order, leases, fences, hang-ups.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::timeout;

use super::*;

/// How long something may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// A store that does not renew its leases, which soon end.
fn forgetful<G: Ground>(ground: &G) -> G::Store {
    let timing = Timing {
        validity: Duration::from_millis(20),
        renewal: Duration::from_secs(3600),
        look: Duration::from_millis(5),
    };
    ground.open_with(MAX_QUEUED, timing)
}

pub async fn runs_of_one_session_follow_each_other_in_the_order_of_arrival(ground: &impl Ground) {
    let store = ground.open();
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

pub async fn a_session_does_not_wait_for_another_and_a_full_line_says_so(ground: &impl Ground) {
    let store = ground.open_with(1, Timing::default());
    let one = session("one");
    let running = store.acquire(&one).await.unwrap();
    let mut waiting = store.acquire(&one);
    let refused = tokio::select! {
        biased;
        _ = &mut waiting => panic!("two runs of one session at once"),
        refused = store.acquire(&one) => refused.map(drop),
    };
    assert!(matches!(refused, Err(StoreError::Busy { .. })));
    post(&store, &session("other"), "a").await.unwrap();
    drop(running);
    assert_eq!(waiting.await.unwrap().session(), &one);
}

pub async fn a_holder_whose_lease_was_taken_cannot_write_any_more(ground: &impl Ground) {
    let (stalled, other) = (forgetful(ground), ground.open());
    let one = session("one");
    let old = stalled.acquire(&one).await.unwrap();
    let new = other.acquire(&one).await.unwrap();
    assert_ne!(new.fence, old.fence);
    assert_eq!(
        stalled.append(&old, turn(None, "stale")).await,
        Err(StoreError::LostLease)
    );
    drop(old);
    stalled.close().await;
    other.append(&new, turn(None, "fresh")).await.unwrap();
    assert_eq!(lines(&other, &one).await, ["fresh"]);
}

pub async fn a_lease_that_expired_but_was_not_taken_is_still_good(ground: &impl Ground) {
    let store = forgetful(ground);
    let one = session("one");
    let lease = store.acquire(&one).await.unwrap();
    ground.end_leases().await;
    assert!(store.append(&lease, turn(None, "late")).await.is_ok());
}

pub async fn a_held_lease_is_renewed(ground: &impl Ground) {
    let timing = Timing {
        renewal: Duration::from_millis(5),
        ..Timing::default()
    };
    let store = ground.open_with(1, timing);
    let lease = store.acquire(&session("one")).await.unwrap();
    let first = ground.lease_ends().await;
    let renewed = async {
        while ground.lease_ends().await == first {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, renewed).await.expect("it is renewed");
    drop(lease);
    store.close().await;
    assert_eq!(ground.count(Kept::Holders).await, 0);
}

pub async fn a_claim_that_is_given_up_leaves_neither_lease_nor_ticket(ground: &impl Ground) {
    let (holding, leaving) = (ground.open(), ground.open());
    let one = session("one");
    let lease = holding.acquire(&one).await.unwrap();
    let mut claim = leaving.acquire(&one);
    let waiting = async {
        while ground.count(Kept::Waiters).await == 0 {
            assert!(claim.as_mut().now_or_never().is_none());
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it takes a ticket");
    drop(claim);
    leaving.close().await;
    assert_eq!(
        (
            ground.count(Kept::Waiters).await,
            ground.count(Kept::Holders).await
        ),
        (0, 1)
    );
    drop(lease);
    holding.close().await;
    assert_eq!(ground.count(Kept::Holders).await, 0);
}

pub async fn what_was_said_before_a_hang_up_is_saved_before_the_next_run(ground: &impl Ground) {
    let store = ground.open();
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

    let turns = ground.open().load(&one).await.unwrap().turns;
    let states: Vec<TurnState> = turns.iter().map(|turn| turn.state).collect();
    assert_eq!(
        states,
        [
            TurnState::Interrupted,
            TurnState::Complete,
            TurnState::Interrupted
        ]
    );
    assert_eq!(ground.count(Kept::Holders).await, 0);
}

pub async fn a_turn_that_is_being_saved_when_its_run_is_dropped_is_saved_before_the_next_run(
    ground: &impl Ground,
) {
    let store = ground.open();
    let one = session("one");
    for (line, kept) in [("a", &["a"][..]), ("b", &["a", "b"])] {
        let lease = store.acquire(&one).await.unwrap();
        let head = store.load(&one).await.unwrap().head();
        let mut saving = store.append(&lease, turn(head, line));
        assert!(saving.as_mut().now_or_never().is_none());
        drop(saving);
        drop(lease);
        let next = store.acquire(&one).await.unwrap();
        assert_eq!(lines(&store, &one).await, kept);
        drop(next);
    }
    let lease = store.acquire(&one).await.unwrap();
    let head = store.load(&one).await.unwrap().head();
    assert!(
        store
            .append(&lease, turn(head, "c"))
            .now_or_never()
            .is_none()
    );
    drop(lease);
    store.close().await;
    assert_eq!(lines(&ground.open(), &one).await, ["a", "b", "c"]);
    assert_eq!(ground.count(Kept::Holders).await, 0);
}
