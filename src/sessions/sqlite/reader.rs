//! Connections that only read. They never wait for the writer: each sees the file as it was when its query began.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use rusqlite::{Connection, MAIN_DB};
use tokio::sync::Semaphore;

use super::schema;
use crate::sessions::{StoreError, Unavailable};

/// Queries at once, and connections kept for them.
const READERS: usize = 4;

/// What a reader found.
pub(super) enum Found<T> {
    Read(T),
    /// There is no file yet.
    Nothing,
    /// The file is of an older schema; the writer must bring it up to date.
    Outdated,
}

pub(super) struct Readers {
    path: PathBuf,
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self {
            path,
            places: Arc::new(Semaphore::new(READERS)),
            idle: Mutex::default(),
        })
    }

    /// Runs `query` in one read transaction, beside the runtime's own threads.
    pub async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<Found<T>, StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.expect("the places are never closed");
        let readers = Arc::clone(self);
        // Awaited here; where the caller leaves, it ends with its query.
        let done = tokio::task::spawn_blocking(move || {
            let found = readers.query(query);
            drop(place);
            found
        });
        let stopped = |_| StoreError::Unavailable(Unavailable::Closed);
        done.await.map_err(stopped)?
    }

    fn query<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<Found<T>, StoreError> {
        let kept = self.idle().pop();
        let connection = match kept {
            Some(connection) => connection,
            None if !self.path.exists() => return Ok(Found::Nothing),
            None => match schema::open_for_reading(&self.path)? {
                Some(connection) => connection,
                None => return Ok(Found::Outdated),
            },
        };
        let transaction = connection.unchecked_transaction()?;
        // A connection that failed is not used again.
        let result = query(&transaction)?;
        drop(transaction);
        // One that sees the file alone would not see it change.
        if !connection.is_readonly(MAIN_DB)? {
            self.idle().push(connection);
        }
        Ok(Found::Read(result))
    }

    /// Closes the connections that are not in use.
    pub fn close(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle
            .lock()
            .expect("nothing panics while it holds the connections")
    }
}
