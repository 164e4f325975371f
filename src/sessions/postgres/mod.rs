//! The shared store: a PostgreSQL database for any number of gateways. Who runs a session, and who is next, is decided
//! there and nowhere else.
//!
//! Every wait has an end: the settings of a connection bound what the server does, the pool what is done here. An attempt
//! that fails with its connection is made again on another one: briefly before a run, and for longer when an answer is
//! there to be kept.

mod address;
mod background;
mod claims;
mod line;
mod patience;
mod pool;
mod prune;
mod responses;
mod schema;
mod tls;
mod trouble;
mod turns;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use super::queue::Queues;
use super::row::TurnRow;
use super::{
    History, Lease, NewTurn, Page, Principal, PrunePolicy, Pruned, SessionId, SessionStore,
    StoreError, StoredResponse, Summary, Timing, Transcript, TurnId, Unavailable,
};
pub use address::InvalidUrl;
use background::Background;
use claims::Claims;
use pool::{Connections, Lent};
use trouble::Failure;
use turns::Write;

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
    background: Background,
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
            background: Background::default(),
            troubled: Mutex::default(),
            failed: Notify::new(),
        })))
    }
}

impl Inner {
    async fn lend(&self) -> Result<Lent, Failure> {
        Lent::from(&self.pool).await
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

    /// Does `work` to its end, and gives back its outcome. Dropping the future does not undo it.
    async fn surely<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, outcome) = oneshot::channel();
        let work = async move {
            // The caller may have gone.
            let _ = answer.send(work.await);
        };
        self.background.spawn(&Handle::current(), work);
        let given_up = || Unavailable::Failed("it has too much to do".to_owned());
        let outcome = outcome.await;
        outcome.unwrap_or_else(|_| Err(StoreError::Unavailable(given_up())))
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
        let (store, lease) = (Arc::clone(&self.0), lease.share());
        Box::pin(self.0.surely(async move {
            let row = TurnRow::new(&turn);
            let appended = store.append((&lease.session, lease.fence), &row).await;
            // Not before: whoever is next must find the turn.
            drop(lease);
            appended
        }))
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
        self.0.background.spawn(&Handle::current(), save);
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
        Box::pin(async move {
            let was_there = &AtomicBool::new(false);
            let delete = move || async move {
                let mut client = store.lend().await?;
                turns::delete(&mut client, session, was_there).await?;
                client.done(())
            };
            store.soon(delete).await?;
            Ok(was_there.load(Ordering::Relaxed))
        })
    }

    fn put_response(&self, response: StoredResponse) -> BoxFuture<'_, Result<(), StoreError>> {
        let store = Arc::clone(&self.0);
        Box::pin(self.0.surely(async move {
            let (store, response) = (&store, &response);
            let put = move || async move {
                let client = store.lend().await?;
                responses::put(&client, response).await?;
                client.done(())
            };
            store.keep(put).await
        }))
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
        Box::pin(async move {
            if !is_storable(id) {
                return Ok(false);
            }
            let was_there = &AtomicBool::new(false);
            let delete = move || async move {
                let mut client = store.lend().await?;
                responses::delete(&mut client, (principal, id), was_there).await?;
                client.done(())
            };
            store.soon(delete).await?;
            Ok(was_there.load(Ordering::Relaxed))
        })
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
            self.0.background.finished().await;
            self.0.pool.close();
        })
    }
}

#[cfg(test)]
mod tests;
