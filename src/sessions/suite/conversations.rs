//! What is kept comes back whole, in order, and only to its own principal.

use super::*;

pub async fn a_turn_is_there_with_everything_when_the_store_is_opened_again(ground: &impl Ground) {
    let store = ground.open();
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
        ground.open().load(&session("one")).await.unwrap().turns,
        [
            stored(first, None, turn(None, "a")),
            stored(second, Some(first), turn(None, "b")),
        ]
    );
}

pub async fn a_branch_becomes_the_session_and_the_old_one_stays_readable(ground: &impl Ground) {
    let store = ground.open();
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

pub async fn what_belongs_to_another_principal_is_not_there(ground: &impl Ground) {
    let store = ground.open();
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

pub async fn sessions_are_listed_by_page_the_last_used_first(ground: &impl Ground) {
    let store = ground.open();
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

pub async fn a_deleted_session_leaves_nothing_and_its_run_cannot_bring_it_back(
    ground: &impl Ground,
) {
    let store = ground.open();
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
    assert_eq!(ground.count(Kept::Turns).await, 0);
    post(&store, &one, "anew").await.unwrap();
    assert_eq!(lines(&store, &one).await, ["anew"]);
}

pub async fn a_response_comes_back_as_it_was_put_and_only_to_its_own_principal(
    ground: &impl Ground,
) {
    let store = ground.open();
    let ann = proxy("ann");
    let whole = |response: StoredResponse| format!("{response:?}");
    store.put_response(response("resp_1", 5)).await.unwrap();
    store.put_response(response("resp_1", 6)).await.unwrap();
    let found = store.get_response(&ann, "resp_1").await.unwrap();
    assert_eq!(found.map(whole), Some(whole(response("resp_1", 6))));
    assert_eq!(ground.count(Kept::ResponseItems).await, 3);
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
    assert_eq!(ground.count(Kept::ResponseItems).await, 0);
}

pub async fn a_closed_store_takes_nothing_more(ground: &impl Ground) {
    let store = ground.open();
    let one = session("one");
    let lease = store.acquire(&one).await.unwrap();
    store.close().await;
    store.close().await;
    let closed = StoreError::Unavailable(Unavailable::Closed);
    assert_eq!(store.append(&lease, turn(None, "late")).await, Err(closed));
}

pub async fn a_session_that_runs_for_the_first_time_can_be_deleted(ground: &impl Ground) {
    let store = ground.open();
    let one = session("one");
    let lease = store.acquire(&one).await.unwrap();
    assert_eq!(store.delete(&one).await, Ok(true));
    assert_eq!(store.delete(&one).await, Ok(false));
    let late = store.append(&lease, turn(None, "late")).await;
    assert_eq!(late, Err(StoreError::LostLease));
}
