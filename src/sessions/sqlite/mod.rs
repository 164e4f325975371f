//! The embedded store: one SQLite file with a write-ahead log, shared by every process of this person.

mod claim;
mod lease;
mod opened;
mod probe;
mod prune;
mod reader;
mod responses;
mod schema;
mod turns;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use rusqlite::Connection;
use tracing::Span;
use uuid::Uuid;

use super::queue::Queues;
use super::row::TurnRow;
use super::{
    History, Lease, MAX_QUEUED, NewTurn, Page, Principal, PrunePolicy, Pruned, SessionId,
    SessionStore, StoreError, StoredResponse, Summary, Transcript, TurnId, Unavailable,
};
pub use lease::Timing;
use reader::{Found, Readers};
use writer::{Durability, Writer};

/// The file's name within the state folder.
const FILE_NAME: &str = "openclaw.sqlite";

/// Sessions and responses in one file. Nothing is on the disk before the first write. A clone is the same store.
#[derive(Clone)]
pub struct SqliteStore(Arc<Inner>);

struct Inner {
    queues: Arc<Queues>,
    writer: Writer,
    readers: Arc<Readers>,
    path: PathBuf,
    /// The name of this store among all that have the file open.
    holder: String,
    timing: Timing,
}

impl SqliteStore {
    /// The store of a state folder, with the usual limits.
    ///
    /// # Errors
    /// A machine that has no room for another thread.
    pub fn new(state_dir: &Path) -> std::io::Result<Self> {
        Self::with(state_dir, MAX_QUEUED, Timing::default())
    }

    /// The same, with `max_queued` runs that may wait for one session.
    ///
    /// # Errors
    /// A machine that has no room for another thread.
    pub fn with(state_dir: &Path, max_queued: usize, timing: Timing) -> std::io::Result<Self> {
        let path: PathBuf = state_dir.join(FILE_NAME);
        let queues = Queues::new(max_queued);
        Ok(Self(Arc::new(Inner {
            writer: Writer::start(path.clone(), Arc::clone(&queues), timing)?,
            queues,
            readers: Readers::new(path.clone()),
            path,
            holder: Uuid::new_v4().to_string(),
            timing,
        })))
    }
}

impl Inner {
    /// What `query` finds; `None` where nothing was ever written.
    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Clone + Send + 'static,
    ) -> Result<Option<T>, StoreError> {
        match self.readers.read(query.clone()).await? {
            Found::Read(found) => return Ok(Some(found)),
            Found::Nothing => return Ok(None),
            Found::Outdated => {}
        }
        // The writer brings a file up to date when it opens it.
        self.writer.write(Durability::Machine, |_| Ok(())).await?;
        match self.readers.read(query).await? {
            Found::Read(found) => Ok(Some(found)),
            Found::Nothing => Ok(None),
            Found::Outdated => Err(StoreError::Unavailable(Unavailable::Locked)),
        }
    }

    /// Whether anything was ever written. Where not, there is nothing to delete, and no file to make for it.
    async fn has_file(&self) -> Result<bool, StoreError> {
        Ok(self.read(|_| Ok(())).await?.is_some())
    }

    async fn clear_discarded(&self) -> Result<(), StoreError> {
        while self
            .writer
            .write(Durability::Program, turns::clear_discarded)
            .await?
        {}
        Ok(())
    }
}

impl SessionStore for SqliteStore {
    fn acquire<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<Lease, StoreError>> {
        Box::pin(claim::acquire(&self.0, session))
    }

    fn load<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<History, StoreError>> {
        let session = session.clone();
        Box::pin(async move {
            let found = self
                .0
                .read(move |connection| turns::load(connection, &session));
            Ok(found.await?.unwrap_or_default())
        })
    }

    fn append<'a>(
        &'a self,
        lease: &'a Lease,
        turn: NewTurn,
    ) -> BoxFuture<'a, Result<TurnId, StoreError>> {
        let (session, fence, row) = (lease.session.clone(), lease.fence, TurnRow::new(&turn));
        Box::pin(self.0.writer.write(Durability::Machine, move |connection| {
            turns::append(connection, &session, fence, &row)
        }))
    }

    fn save_detached(&self, lease: Lease, turn: NewTurn) {
        let (session, fence, row) = (lease.session.clone(), lease.fence, TurnRow::new(&turn));
        let append =
            move |connection: &Connection| turns::append(connection, &session, fence, &row);
        let asked = Span::current();
        self.0
            .writer
            .send(Durability::Machine, append, move |result| {
                if let Err(error) = result {
                    tracing::warn!(parent: &asked, %error, "an interrupted turn was not saved");
                }
                drop(lease);
            });
    }

    fn list<'a>(
        &'a self,
        principal: &'a Principal,
        page: Page,
    ) -> BoxFuture<'a, Result<Vec<Summary>, StoreError>> {
        let principal = principal.clone();
        Box::pin(async move {
            let found = self
                .0
                .read(move |connection| turns::list(connection, &principal, page));
            Ok(found.await?.unwrap_or_default())
        })
    }

    fn show<'a>(
        &'a self,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<Option<Transcript>, StoreError>> {
        let session = session.clone();
        Box::pin(async move {
            let found = self
                .0
                .read(move |connection| turns::show(connection, &session));
            Ok(found.await?.flatten())
        })
    }

    fn export<'a>(
        &'a self,
        session: &'a SessionId,
    ) -> BoxFuture<'a, Result<Option<Transcript>, StoreError>> {
        let session = session.clone();
        Box::pin(async move {
            let found = self
                .0
                .read(move |connection| turns::export(connection, &session));
            Ok(found.await?.flatten())
        })
    }

    fn delete<'a>(&'a self, session: &'a SessionId) -> BoxFuture<'a, Result<bool, StoreError>> {
        let session = session.clone();
        Box::pin(async move {
            if !self.0.has_file().await? {
                return Ok(false);
            }
            let delete = move |connection: &Connection| turns::delete(connection, &session);
            let was_there = self.0.writer.write(Durability::Machine, delete).await?;
            self.0.clear_discarded().await?;
            Ok(was_there)
        })
    }

    fn put_response(&self, response: StoredResponse) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.0.writer.write(Durability::Machine, move |connection| {
            responses::put(connection, &response)
        }))
    }

    fn get_response<'a>(
        &'a self,
        principal: &'a Principal,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<StoredResponse>, StoreError>> {
        let (principal, id) = (principal.clone(), id.to_owned());
        Box::pin(async move {
            let found = self
                .0
                .read(move |connection| responses::get(connection, &principal, &id));
            Ok(found.await?.flatten())
        })
    }

    fn delete_response<'a>(
        &'a self,
        principal: &'a Principal,
        id: &'a str,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let (principal, id) = (principal.clone(), id.to_owned());
        Box::pin(async move {
            if !self.0.has_file().await? {
                return Ok(false);
            }
            let delete =
                move |connection: &Connection| responses::delete(connection, &principal, &id);
            self.0.writer.write(Durability::Machine, delete).await
        })
    }

    fn prune(&self, policy: PrunePolicy) -> BoxFuture<'_, Result<Pruned, StoreError>> {
        Box::pin(prune::prune(&self.0, policy))
    }

    fn probe(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(probe::probe(&self.0))
    }

    fn failed(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.writer.failed())
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.0.readers.close();
            self.0.writer.close().await;
        })
    }
}

#[cfg(test)]
mod tests;
