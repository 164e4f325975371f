//! The shared store: a PostgreSQL database for any number of gateways. Who runs a session, and who is next, is decided
//! there and nowhere else.
//!
//! Every wait has an end: the settings of a connection bound what the server does, the pool what is done here. An attempt
//! that fails with its connection is made again on another one: briefly before a run, and for longer when an answer is
//! there to be kept.

mod address;
mod claims;
mod line;
mod pool;
mod prune;
mod responses;
mod schema;
mod tls;
mod trouble;
mod turns;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::queue::Queues;
use super::row::TurnRow;
use super::{
    History, Lease, NewTurn, Page, Principal, PrunePolicy, Pruned, SessionId, SessionStore,
    StoreError, StoredResponse, Summary, Timing, Transcript, TurnId, Unavailable,
};
pub use address::InvalidUrl;
use claims::Claims;
use pool::{Connections, Lent};
use trouble::Failure;
use turns::Write;

/// How long an attempt is made again that nothing was spent on yet.
const BRIEF_PATIENCE: Duration = Duration::from_secs(1);

/// The same for an answer that is there, and would be lost.
const LONG_PATIENCE: Duration = Duration::from_secs(15);

/// How long one attempt may take: more than the server gives a statement.
const ATTEMPT: Duration = Duration::from_secs(25);

/// The pauses between attempts: the first, which doubles, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));

/// Writes that nobody waits for: places given back, and what was said before a caller left.
const IN_THE_BACKGROUND: usize = 16_384;

/// Sessions and responses in one database. Nothing is connected before the first use. A clone is the same store.
#[derive(Clone)]
pub struct PostgresStore(Arc<Inner>);

struct Inner {
    pool: Connections,
    /// Lets the runs of this process enter the line of a session in the order in which they came.
    arrivals: Arc<Queues>,
    claims: Claims,
    /// Runs that may wait for one session, over all gateways.
    max_queued: i64,
    timing: Timing,
    /// How many of the writes that nobody waits for are going on.
    background: watch::Sender<usize>,
    /// When the database last could not be reached.
    troubled: Mutex<Option<Instant>>,
    /// A write of what was there to be kept failed.
    failed: Notify,
}

impl PostgresStore {
    /// The store that is at `url`, with `max_queued` runs that may wait for one session.
    ///
    /// # Errors
    /// A URL that names no database.
    pub fn new(url: &str, max_queued: usize, timing: Timing) -> Result<Self, InvalidUrl> {
        Ok(Self(Arc::new(Inner {
            pool: pool::connections(address::parse(url)?),
            arrivals: Queues::new(max_queued),
            claims: Claims::default(),
            max_queued: i64::try_from(max_queued).unwrap_or(i64::MAX),
            timing,
            background: watch::Sender::new(0),
            troubled: Mutex::default(),
            failed: Notify::new(),
        })))
    }
}

impl Inner {
    async fn lend(&self) -> Result<Lent, Failure> {
        Lent::from(&self.pool).await
    }

    /// Does what nothing was spent on yet.
    async fn soon<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        self.persist(BRIEF_PATIENCE, attempt).await
    }

    /// Keeps what would be lost.
    async fn keep<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let kept = self.persist(LONG_PATIENCE, attempt).await;
        if let Err(StoreError::Unavailable(_) | StoreError::Newer { .. }) = &kept {
            self.failed.notify_one();
        }
        kept
    }

    /// Does `attempt`, and again for as long as `patience` lasts where only the connection failed.
    async fn persist<T, F>(
        &self,
        patience: Duration,
        attempt: impl Fn() -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let begun = Instant::now();
        let (mut pause, longest) = PAUSES;
        loop {
            let stuck = |_| Err(Failure::Passing(Unavailable::Unreachable));
            let reason = match timeout(ATTEMPT, attempt()).await.unwrap_or_else(stuck) {
                Ok(done) => return Ok(done),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(reason)) => reason,
            };
            if reason != Unavailable::Locked {
                *self.troubled.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(Instant::now());
            }
            if begun.elapsed() + pause > patience {
                return Err(StoreError::Unavailable(reason));
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// Whether the database was there all this time, as far as was seen here.
    fn untroubled_for(&self, time: Duration) -> bool {
        let troubled = self.troubled.lock().unwrap_or_else(PoisonError::into_inner);
        troubled.is_none_or(|at| at.elapsed() > time)
    }

    /// Does `work` without anyone who waits for it; [`SessionStore::close`] does.
    fn in_the_background(&self, runtime: &Handle, work: impl Future<Output = ()> + Send + 'static) {
        let going_on = self.background.clone();
        if *going_on.borrow() == IN_THE_BACKGROUND {
            tracing::warn!("the session store has too much to do: a write was dropped");
            return;
        }
        going_on.send_modify(|count| *count += 1);
        runtime.spawn(async move {
            work.await;
            going_on.send_modify(|count| *count -= 1);
        });
    }

    async fn append(
        &self,
        (session, fence): (&SessionId, i64),
        turn: &TurnRow<'_>,
    ) -> Result<TurnId, StoreError> {
        let number = random();
        let append = move || async move {
            let client = self.lend().await?;
            let write = Write {
                session,
                fence,
                number,
                turn,
            };
            let id = turns::append(&client, &write).await?;
            client.done(id)
        };
        self.keep(append).await
    }
}

/// A number that nothing else has.
fn random() -> i64 {
    let (_, low) = Uuid::new_v4().as_u64_pair();
    low.cast_signed()
}

/// Whether PostgreSQL has room for it in a text. (JSON escapes what it has no room for.)
fn is_storable(name: &str) -> bool {
    !name.contains('\0')
}

impl SessionStore for PostgresStore {
    fn acquire<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<Lease, StoreError>> {
        Box::pin(claims::acquire(&self.0, session))
    }

    fn load<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<History, StoreError>> {
        let store = &self.0;
        Box::pin(store.soon(move || async move {
            let client = store.lend().await?;
            let history = turns::load(&client, session).await?;
            client.done(history)
        }))
    }

    fn append<'a>(
        &'a self,
        lease: &'a Lease,
        turn: NewTurn,
    ) -> BoxFuture<'a, Result<TurnId, StoreError>> {
        Box::pin(async move {
            let row = TurnRow::new(&turn);
            self.0.append((&lease.session, lease.fence), &row).await
        })
    }

    fn save_detached(&self, lease: Lease, turn: NewTurn) {
        let store = Arc::clone(&self.0);
        let save = async move {
            let row = TurnRow::new(&turn);
            if let Err(error) = store.append((&lease.session, lease.fence), &row).await {
                tracing::warn!(%error, "an interrupted turn was not saved");
            }
            drop(lease);
        };
        self.0.in_the_background(&Handle::current(), save);
    }

    fn list<'a>(
        &'a self,
        principal: &'a Principal,
        page: Page,
    ) -> BoxFuture<'a, Result<Vec<Summary>, StoreError>> {
        let store = &self.0;
        Box::pin(async move {
            let page = &page;
            let list = move || async move {
                let client = store.lend().await?;
                let sessions = turns::list(&client, principal, page).await?;
                client.done(sessions)
            };
            store.soon(list).await
        })
    }

    fn show<'a>(
        &'a self,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<Option<Transcript>, StoreError>> {
        let store = &self.0;
        Box::pin(store.soon(move || async move {
            let client = store.lend().await?;
            let found = turns::show(&client, session).await?;
            client.done(found)
        }))
    }

    fn export<'a>(
        &'a self,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<Option<Transcript>, StoreError>> {
        let store = &self.0;
        Box::pin(store.soon(move || async move {
            let client = store.lend().await?;
            let found = turns::export(&client, session).await?;
            client.done(found)
        }))
    }

    fn delete<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<bool, StoreError>> {
        let store = &self.0;
        Box::pin(store.soon(move || async move {
            let mut client = store.lend().await?;
            let was_there = turns::delete(&mut client, session).await?;
            client.done(was_there)
        }))
    }

    fn put_response(&self, response: StoredResponse) -> BoxFuture<'_, Result<(), StoreError>> {
        let store = &self.0;
        Box::pin(async move {
            let response = &response;
            let put = move || async move {
                let client = store.lend().await?;
                responses::put(&client, response).await?;
                client.done(())
            };
            store.keep(put).await
        })
    }

    fn get_response<'a>(
        &'a self,
        principal: &'a Principal,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredResponse>, StoreError>> {
        let store = &self.0;
        Box::pin(store.soon(move || async move {
            if !is_storable(id) {
                return Ok(None);
            }
            let client = store.lend().await?;
            let found = responses::get(&client, principal, id).await?;
            client.done(found)
        }))
    }

    fn delete_response<'a>(
        &'a self,
        principal: &'a Principal,
        id: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let store = &self.0;
        Box::pin(store.soon(move || async move {
            if !is_storable(id) {
                return Ok(false);
            }
            let client = store.lend().await?;
            let was_there = responses::delete(&client, principal, id).await?;
            client.done(was_there)
        }))
    }

    fn prune(&self, policy: PrunePolicy) -> BoxFuture<'_, Result<Pruned, StoreError>> {
        Box::pin(async move { prune::prune(&self.0, &policy).await })
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        let store = &self.0;
        Box::pin(store.soon(move || async move {
            let client = store.lend().await?;
            client
                .execute("UPDATE version SET number = number", &[])
                .await?;
            client.done(())
        }))
    }

    fn failed(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.failed.notified())
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let mut going_on = self.0.background.subscribe();
            // The sender is here, and so never gone.
            let _ = going_on.wait_for(|count| *count == 0).await;
            self.0.pool.close();
        })
    }
}

#[cfg(test)]
mod tests;
