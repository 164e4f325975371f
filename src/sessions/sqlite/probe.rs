//! Whether a turn could be kept: by writing, or, where nothing was ever written, by looking at the place for it.

use std::path::Path;

use rusqlite::Connection;
use tokio::task::spawn_blocking;

use super::Inner;
use super::writer::Durability;
use crate::sessions::{StoreError, Unavailable};

pub(super) async fn probe(store: &Inner) -> Result<(), StoreError> {
    let path = store.path.clone();
    // Awaited here; where the caller leaves, it ends with its look.
    let looked = spawn_blocking(move || match path.exists() {
        true => Ok(true),
        false => has_room(&path).map(|()| false),
    });
    let stopped = |_| StoreError::Unavailable(Unavailable::Closed);
    match looked.await.map_err(stopped)? {
        Ok(true) => store.writer.write(Durability::Program, touch).await,
        Ok(false) => Ok(()),
        Err(reason) => Err(StoreError::Unavailable(reason)),
    }
}

/// A page of the file goes to the log. Not to the disk: that would cost the turns their share of it.
fn touch(connection: &Connection) -> Result<(), StoreError> {
    let mut touch = connection.prepare_cached("UPDATE counter SET value = value")?;
    touch.execute([])?;
    Ok(())
}

/// Whether the file, and the folders above it that are missing, could be made.
fn has_room(file: &Path) -> Result<(), Unavailable> {
    let mut folders = file.ancestors().skip(1);
    match folders.find_map(|folder| Some((folder, folder.metadata().ok()?))) {
        Some((_, metadata)) if !metadata.is_dir() => Err(Unavailable::Failed(
            "there is a file where its folder should be".to_owned(),
        )),
        Some((folder, _)) => may_write(folder),
        None => Ok(()),
    }
}

#[cfg(unix)]
fn may_write(folder: &Path) -> Result<(), Unavailable> {
    use rustix::fs::{Access, access};
    access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|_| Unavailable::ReadOnly)
}

#[cfg(not(unix))]
fn may_write(_folder: &Path) -> Result<(), Unavailable> {
    Ok(())
}
