//! The store that a configuration asks for. Connects and writes nothing.

use std::path::Path;
use std::sync::Arc;

use crate::config::{SessionConfig, StoreChoice};
use crate::sessions::{SessionStore, SqliteStore, Timing};

/// `None` where there is no place for one: no file, and no folder, is made before there is something to keep.
pub fn open(config: &SessionConfig, state_dir: Option<&Path>) -> Option<Arc<dyn SessionStore>> {
    let max_queued = config.max_queued as usize;
    let opened: Result<Arc<dyn SessionStore>, String> = match &config.store {
        StoreChoice::Sqlite => SqliteStore::with(state_dir?, max_queued, Timing::default())
            .map(|store| Arc::new(store) as _)
            .map_err(|error| error.to_string()),
        #[cfg(feature = "postgres")]
        StoreChoice::Postgres(url) => {
            crate::sessions::PostgresStore::new(url.expose(), max_queued, Timing::default())
                .map(|store| Arc::new(store) as _)
                .map_err(|error| error.to_string())
        }
        #[cfg(not(feature = "postgres"))]
        StoreChoice::Postgres(_) => Err("this build cannot use PostgreSQL".to_owned()),
    };
    match opened {
        Ok(store) => Some(store),
        Err(reason) => {
            tracing::error!(
                reason,
                "the session store cannot be started: sessions are off"
            );
            None
        }
    }
}
