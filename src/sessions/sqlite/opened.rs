//! Whether the files that are open are still those at their place. What is written to a file that was deleted is gone with
//! the program, and nobody would be told.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::sessions::{StoreError, Unavailable};

/// The database and its log, as they were when they were opened. It is looked at by name alone: to open and close a
/// file again would end the locks that SQLite has on it.
#[derive(Debug, Default)]
pub(super) struct OpenedFiles(Vec<(PathBuf, Identity)>);

impl OpenedFiles {
    /// Those of the database at `path`, which has just been opened.
    pub fn of(path: &Path) -> Self {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let files = [path.to_owned(), log.into()].into_iter();
        let known = files.filter_map(|file| {
            let identity = Identity::of(&file).ok()?;
            Some((file, identity))
        });
        Self(known.collect())
    }

    /// # Errors
    /// [`Unavailable::Replaced`].
    pub fn check(&self) -> Result<(), StoreError> {
        let moved = self.0.iter().any(|(file, opened)| {
            Identity::of(file).map_or_else(is_absence, |found| found != *opened)
        });
        match moved {
            true => Err(StoreError::Unavailable(Unavailable::Replaced)),
            false => Ok(()),
        }
    }
}

/// Whether the error says that there is no such file, as opposed to that nobody knows.
fn is_absence(error: std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Which file it is, whatever its name: device and inode, where there are such.
#[derive(Debug, PartialEq, Eq)]
struct Identity(Option<(u64, u64)>);

impl Identity {
    #[cfg(unix)]
    fn of(file: &Path) -> std::io::Result<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = file.metadata()?;
        Ok(Self(Some((metadata.dev(), metadata.ino()))))
    }

    #[cfg(not(unix))]
    fn of(file: &Path) -> std::io::Result<Self> {
        file.metadata().map(|_| Self(None))
    }
}
