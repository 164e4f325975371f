//! Whether a turn could be kept: by trying whether there is room for one, and by writing, or, where nothing was ever written,
//! by looking at the place for it.

use std::fs::{OpenOptions, remove_file};
use std::io::{self, Write};
use std::path::Path;

use rusqlite::Connection;
use tokio::task::spawn_blocking;

use super::Inner;
use super::schema::from_io;
use super::writer::Durability;
use crate::sessions::{StoreError, Unavailable};

/// What there must be room for, in bytes: a long turn. The log of the database keeps its size when it begins anew, so
/// that small writes go on succeeding for a while on a disk that is full.
const ROOM_BYTES: usize = 256 * 1024;

pub(super) async fn probe(store: &Inner) -> Result<(), StoreError> {
    let (path, opened) = (store.path.clone(), store.writer.has_opened());
    // Awaited here; where the caller leaves, it ends with its look.
    let looked = spawn_blocking(move || look(&path, opened));
    let stopped = |_| StoreError::Unavailable(Unavailable::Closed);
    match looked.await.map_err(stopped)?? {
        true => store.writer.write(Durability::Program, touch).await,
        false => Ok(()),
    }
}

/// Whether there is a file to write to.
fn look(path: &Path, opened: bool) -> Result<bool, StoreError> {
    let is_there = opened || path.exists();
    if !is_there {
        could_be_made(path).map_err(StoreError::Unavailable)?;
    }
    if path.parent().is_some_and(Path::is_dir) {
        try_room(path).map_err(from_io)?;
    }
    Ok(is_there)
}

/// A page of the file goes to the log. Not to the disk: that would cost the turns their share of it.
fn touch(connection: &Connection) -> Result<(), StoreError> {
    let mut touch = connection.prepare_cached("UPDATE counter SET value = value")?;
    touch.execute([])?;
    Ok(())
}

/// Takes the room beside the file, and gives it back. It is not flushed: file systems set room aside at the write.
fn try_room(file: &Path) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push("-probe");
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut scratch = options
        .write(true)
        .create(true)
        .truncate(true)
        .open(&name)?;
    // At once, so that nothing is left of it however this ends.
    remove_file(&name)?;
    scratch.write_all(&vec![0; ROOM_BYTES])
}

/// Whether the file, and the folders above it that are missing, could be made.
fn could_be_made(file: &Path) -> Result<(), Unavailable> {
    let mut folders = file.ancestors().skip(1);
    let leads_nowhere = |folder: &Path| folder.is_symlink() && !folder.exists();
    if folders.clone().any(leads_nowhere) {
        let reason = "a link in the path of its folder leads nowhere";
        return Err(Unavailable::Failed(reason.to_owned()));
    }
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
