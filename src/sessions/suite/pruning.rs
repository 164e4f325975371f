//! What goes under which policy.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn hours_ago(hours: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_millis()).unwrap() - hours * 3_600_000
}

/// Sessions `h1` to `h5`, each used so many hours ago, and as many responses of 30 bytes.
async fn five_of_each(ground: &impl Ground, store: &impl SessionStore) {
    for hours in 1..=5 {
        let lease = store.acquire(&session(&format!("h{hours}"))).await.unwrap();
        let mut turn = turn(None, "line");
        turn.created_ms = hours_ago(hours) + 60_000;
        store.append(&lease, turn).await.unwrap();
        let mut response = response(&format!("r{hours}"), hours_ago(hours) + 60_000);
        response.object = raw(json!("x".repeat(19)));
        store.put_response(response).await.unwrap();
    }
    // The last lease is given back in the background.
    while ground.count(Kept::Holders).await > 0 {
        tokio::task::yield_now().await;
    }
}

async fn left(ground: &impl Ground, store: &impl SessionStore) -> (Vec<String>, i64) {
    let page = Page {
        limit: 10,
        after: None,
    };
    let sessions = store.list(&Principal::Owner, page).await.unwrap();
    let names = sessions
        .iter()
        .map(|found| found.key.as_str().replace("agent:main:", ""));
    (names.collect(), ground.count(Kept::Responses).await)
}

pub async fn warning_counts_what_would_go_and_enforcing_deletes_just_that(ground: &impl Ground) {
    let store = ground.open();
    five_of_each(ground, &store).await;
    let mut policy = PrunePolicy {
        mode: PruneMode::Warn,
        session_age: Some(HOUR * 4),
        max_sessions: Some(3),
        response_age: Some(HOUR * 4),
        max_response_bytes: Some(70),
    };
    let due = Pruned {
        sessions: 2,
        responses: 3,
        response_bytes: 90,
    };
    assert_eq!(store.prune(policy.clone()).await, Ok(due));
    assert_eq!(left(ground, &store).await.0.len(), 5);
    policy.mode = PruneMode::Enforce;
    assert_eq!(store.prune(policy.clone()).await, Ok(due));
    assert_eq!(
        left(ground, &store).await,
        (vec!["h1".to_owned(), "h2".to_owned(), "h3".to_owned()], 2)
    );
    assert_eq!(
        (
            ground.count(Kept::Turns).await,
            ground.count(Kept::ResponseItems).await
        ),
        (3, 6)
    );
    assert_eq!(store.prune(policy).await, Ok(Pruned::default()));
}

pub async fn age_alone_takes_what_is_older(ground: &impl Ground) {
    let store = ground.open();
    five_of_each(ground, &store).await;
    let policy = PrunePolicy {
        mode: PruneMode::Enforce,
        session_age: Some(HOUR * 2),
        response_age: Some(HOUR),
        ..PrunePolicy::default()
    };
    let gone = store.prune(policy).await.unwrap();
    assert_eq!((gone.sessions, gone.responses), (3, 4));
    assert_eq!(
        left(ground, &store).await,
        (vec!["h1".to_owned(), "h2".to_owned()], 1)
    );
}

pub async fn a_running_session_stays_and_a_policy_without_limits_takes_nothing(
    ground: &impl Ground,
) {
    let store = ground.open();
    five_of_each(ground, &store).await;
    let mut policy = PrunePolicy {
        mode: PruneMode::Enforce,
        ..PrunePolicy::default()
    };
    assert_eq!(store.prune(policy.clone()).await, Ok(Pruned::default()));
    let running = store.acquire(&session("h5")).await.unwrap();
    policy.max_sessions = Some(0);
    assert_eq!(store.prune(policy).await.unwrap().sessions, 4);
    assert_eq!(left(ground, &store).await.0, ["h5"]);
    let head = store.load(running.session()).await.unwrap().head();
    store.append(&running, turn(head, "more")).await.unwrap();
}
