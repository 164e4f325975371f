//! Sessions that last: conversations by key, one run of each at a time, and stored responses.
//!
//! [`SessionStore`] is what a store must do; nothing here knows which one it is. A run goes: [`SessionStore::acquire`],
//! [`SessionStore::load`], [`meaning`], the model, [`SessionStore::append`] (or, hung up on,
//! [`SessionStore::save_detached`]). Imports only the vocabulary: no gateway, no door.

mod fit;
mod history;
mod key;
#[cfg(feature = "postgres")]
mod postgres;
mod queue;
mod response;
mod row;
mod sqlite;
#[cfg(test)]
mod suite;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

pub use crate::chat::Principal;
pub use fit::fit;
pub use history::{Meaning, meaning};
pub use key::{InvalidKey, SessionId, SessionKey};
#[cfg(feature = "postgres")]
pub use postgres::{InvalidUrl, PostgresStore};
pub use response::StoredResponse;
pub use sqlite::{SqliteStore, Timing};
pub use turn::{Cursor, History, NewTurn, Page, Summary, Transcript, Turn, TurnId, TurnState};

/// Runs that wait for one session, unless the configuration says otherwise.
pub const MAX_QUEUED: usize = 64;

/// Where sessions and responses are kept. Every method takes the principal, and what is stored under another one is
/// answered exactly as what is not there.
pub trait SessionStore: Send + Sync {
    /// Waits for the session's turn, in the order of arrival, in this process and beside others. The session is free
    /// again when the lease is dropped.
    ///
    /// # Errors
    /// [`StoreError::Busy`] at once when too many wait already.
    fn acquire<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<Lease, StoreError>>;

    /// The turns of the current branch, oldest first. A session that is not there has none.
    fn load<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<History, StoreError>>;

    /// Adds a turn, which becomes the head of the session. It is durable when the future is ready with its id. Dropping
    /// the future once it was polled does not undo it: the write goes on, ahead of the end of the lease.
    ///
    /// # Errors
    /// [`StoreError::LostLease`] when the session was deleted, or taken by another process, since it was acquired.
    fn append<'a>(
        &'a self,
        lease: &'a Lease,
        turn: NewTurn,
    ) -> BoxFuture<'a, Result<TurnId, StoreError>>;

    /// Adds a turn without anyone to wait for it: what was already said when the caller hung up. The lease ends after
    /// the write; a failure is logged. [`SessionStore::close`] waits for it.
    fn save_detached(&self, lease: Lease, turn: NewTurn);

    /// The principal's sessions, the last used first.
    fn list<'a>(
        &'a self,
        principal: &'a Principal,
        page: Page,
    ) -> BoxFuture<'a, Result<Vec<Summary>, StoreError>>;

    /// A session and the turns of its current branch, oldest first.
    fn show<'a>(
        &'a self,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<Option<Transcript>, StoreError>>;

    /// A session and all its turns, those of earlier branches too, oldest first.
    fn export<'a>(
        &'a self,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<Option<Transcript>, StoreError>>;

    /// Deletes a session; a run of it that is going on loses its lease. Says whether there was one.
    fn delete<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Stores a response, or replaces it. It is durable when the future is ready.
    fn put_response(&self, response: StoredResponse) -> BoxFuture<'_, Result<(), StoreError>>;

    fn get_response<'a>(
        &'a self,
        principal: &'a Principal,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredResponse>, StoreError>>;

    /// Says whether there was one.
    fn delete_response<'a>(
        &'a self,
        principal: &'a Principal,
        id: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Deletes what the policy no longer keeps, the oldest first and in small batches, so that runs hardly wait.
    fn prune(&self, policy: PrunePolicy) -> BoxFuture<'_, Result<Pruned, StoreError>>;

    /// Whether a turn could be kept now: tries whether there is room for one, and writes something small where something
    /// was ever written, or elsewhere sees whether a file could be made.
    ///
    /// # Errors
    /// What would keep a turn from being kept.
    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Waits until a write fails for the store's own sake; one that did since this was asked last counts.
    fn failed(&self) -> BoxFuture<'_, ()>;

    /// Finishes every write that was asked for and closes the store; later ones are refused.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// The right to run a session, until it is dropped. Every write shows its fence, a number that no other lease has.
pub struct Lease {
    session: SessionId,
    fence: i64,
    /// Dropping it releases the session.
    _hold: Arc<dyn Send + Sync>,
}

impl Lease {
    fn new(session: SessionId, fence: i64, hold: impl Send + Sync + 'static) -> Self {
        Self {
            session,
            fence,
            _hold: Arc::new(hold),
        }
    }

    pub fn session(&self) -> &SessionId {
        &self.session
    }

    /// The same lease, for a write that may outlast its run: the session is released when both are dropped.
    #[cfg(feature = "postgres")]
    fn share(&self) -> Self {
        Self {
            session: self.session.clone(),
            fence: self.fence,
            _hold: Arc::clone(&self._hold),
        }
    }
}

/// What is kept, over all principals. `None` sets no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrunePolicy {
    pub mode: PruneMode,
    /// Sessions unused for longer go.
    pub session_age: Option<Duration>,
    /// The least recently used sessions over this number go.
    pub max_sessions: Option<u64>,
    /// Responses older than this go.
    pub response_age: Option<Duration>,
    /// The oldest responses go until the rest is no larger than this, in bytes.
    pub max_response_bytes: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PruneMode {
    /// Counts what would go.
    #[default]
    Warn,
    /// Deletes it.
    Enforce,
}

/// What went, or under [`PruneMode::Warn`] would go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    pub sessions: u64,
    pub responses: u64,
    pub response_bytes: u64,
}

/// Why a store did not do what it was asked. Nothing of a write that failed is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("too many runs wait for this session; try again in {} s", retry_after.as_secs())]
    Busy { retry_after: Duration },
    #[error("the session was deleted or taken over while it was running")]
    LostLease,
    #[error("the session store cannot be used: {0}")]
    Unavailable(Unavailable),
    #[error(
        "the session store was written by a newer version of this program (schema {found}, known: {known}); update this one"
    )]
    Newer { found: i64, known: i64 },
}

/// What keeps a store from being used. It recovers by itself when the cause is gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    #[error("the disk is full")]
    Full,
    #[error("it is read-only")]
    ReadOnly,
    #[error("it is locked by another program")]
    Locked,
    #[error("its database cannot be reached now")]
    Unreachable,
    #[error("it is being shut down")]
    Closed,
    #[error("its file is damaged or is something else")]
    Damaged,
    #[error(
        "its file was deleted, moved or replaced while it was open: put it back, or restart this program to use what is there now"
    )]
    Replaced,
    /// Anything else that the system or the database says; it names no place.
    #[error("{0}")]
    Failed(String),
}
