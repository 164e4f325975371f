//! What every store must do, as tests that know none of them. A store that is opened twice stands for two processes.

pub mod conversations;
pub mod pruning;
pub mod sharing;

use serde_json::json;
use serde_json::value::RawValue;

use super::*;
use crate::chat::{Message, Part, Usage};

/// A place where stores are opened that share what they keep; empty at first.
pub trait Ground: Sized {
    type Store: SessionStore;

    /// `None`, said aloud, where there can be no such place here.
    async fn prepare() -> Option<Self>;

    fn open_with(&self, max_queued: usize, timing: Timing) -> Self::Store;

    fn open(&self) -> Self::Store {
        self.open_with(MAX_QUEUED, Timing::default())
    }

    /// Seen by a connection of its own.
    async fn count(&self, kept: Kept) -> i64;

    /// When the one lease that there is ends, in whatever unit.
    async fn lease_ends(&self) -> i64;

    /// Ends all leases, as time does.
    async fn end_leases(&self);
}

#[derive(Debug, Clone, Copy)]
pub enum Kept {
    Holders,
    Waiters,
    Turns,
    Responses,
    ResponseItems,
}

/// All tests of the suite, on this ground.
macro_rules! suite {
    ($ground:ty) => {
        $crate::sessions::suite::suite! { $ground:
            conversations::a_branch_becomes_the_session_and_the_old_one_stays_readable,
            conversations::a_closed_store_takes_nothing_more,
            conversations::a_deleted_session_leaves_nothing_and_its_run_cannot_bring_it_back,
            conversations::a_response_comes_back_as_it_was_put_and_only_to_its_own_principal,
            conversations::a_session_that_runs_for_the_first_time_can_be_deleted,
            conversations::a_turn_is_there_with_everything_when_the_store_is_opened_again,
            conversations::sessions_are_listed_by_page_the_last_used_first,
            conversations::what_belongs_to_another_principal_is_not_there,
            sharing::a_claim_that_is_given_up_leaves_neither_lease_nor_ticket,
            sharing::a_held_lease_is_renewed,
            sharing::a_turn_that_is_being_saved_when_its_run_is_dropped_is_saved_before_the_next_run,
            sharing::a_holder_whose_lease_was_taken_cannot_write_any_more,
            sharing::a_lease_that_expired_but_was_not_taken_is_still_good,
            sharing::a_session_does_not_wait_for_another_and_a_full_line_says_so,
            sharing::runs_of_one_session_follow_each_other_in_the_order_of_arrival,
            sharing::what_was_said_before_a_hang_up_is_saved_before_the_next_run,
            pruning::a_running_session_stays_and_a_policy_without_limits_takes_nothing,
            pruning::age_alone_takes_what_is_older,
            pruning::warning_counts_what_would_go_and_enforcing_deletes_just_that,
        }
    };
    ($ground:ty: $($room:ident::$name:ident,)*) => {
        $(#[tokio::test]
        async fn $name() {
            use $crate::sessions::suite::{self, Ground};
            if let Some(ground) = <$ground>::prepare().await {
                suite::$room::$name(&ground).await;
            }
        })*
    };
}
pub(super) use suite;

pub fn session(name: &str) -> SessionId {
    SessionId {
        principal: Principal::Owner,
        key: SessionKey::parse(&"main".parse().unwrap(), name).unwrap(),
    }
}

pub fn proxy(name: &str) -> Principal {
    Principal::Proxy(name.to_owned())
}

/// A turn that follows `parent` and asks `line`.
pub fn turn(parent: Option<TurnId>, line: &str) -> NewTurn {
    NewTurn {
        parent,
        input: vec![Message::user(line)],
        answer: vec![Message::Assistant {
            parts: vec![Part::Text(format!("{line}?"))],
            reasoning: None,
            tool_calls: Vec::new(),
            name: None,
            marks: Vec::new(),
        }],
        state: TurnState::Complete,
        model: Some("offline/echo".parse().unwrap()),
        usage: Some(Usage {
            input_tokens: 1,
            ..Usage::default()
        }),
        created_ms: 1_000,
    }
}

/// Runs a session once: its lease, its history, a turn.
pub async fn post(
    store: &impl SessionStore,
    session: &SessionId,
    line: &str,
) -> Result<TurnId, StoreError> {
    let lease = store.acquire(session).await?;
    let head = store.load(session).await?.head();
    store.append(&lease, turn(head, line)).await
}

pub async fn lines(store: &impl SessionStore, session: &SessionId) -> Vec<String> {
    let turns = store.load(session).await.unwrap().turns;
    turns.iter().map(|turn| turn.input[0].text()).collect()
}

pub fn raw(value: serde_json::Value) -> Box<RawValue> {
    RawValue::from_string(value.to_string()).unwrap()
}

pub fn response(id: &str, created_ms: i64) -> StoredResponse {
    StoredResponse {
        id: id.to_owned(),
        principal: proxy("ann"),
        agent: "main".parse().unwrap(),
        session: Some(session("one").key),
        previous: Some("resp_0".to_owned()),
        created_ms,
        object: raw(json!({ "id": id })),
        input: vec![raw(json!(1)), raw(json!(2))],
        output: vec![raw(json!("three"))],
    }
}
