//! The vectors of the agents' memories in one SQLite file of the state folder, so that a restart embeds nothing again.
//! Holds no text: a piece is known by its digest, and its text is in the workspace. Blocking; nothing is on the disk
//! before there is something to keep.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use super::chunks::Digest;

/// The file's name within the state folder.
const FILE_NAME: &str = "memory.sqlite";

/// How long a connection waits for another process to finish its transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The most that the write-ahead log keeps of the disk once it has been copied back.
const LOG_LIMIT_BYTES: i64 = 16 * 1024 * 1024;

/// The most pieces of all agents and models together; over that, those that were written first go.
const MAX_ROWS: u32 = 50_000;

/// The tables as this program reads and writes them. A file of another version is left alone.
const VERSION: i64 = 1;

const TABLES: &str = "
    CREATE TABLE chunk (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        agent TEXT NOT NULL,
        model TEXT NOT NULL,
        file TEXT NOT NULL,
        digest BLOB NOT NULL,
        -- Numbers of 32 bits, little-endian.
        vector BLOB NOT NULL,
        UNIQUE (agent, model, file, digest)
    ) STRICT;
";

/// The index of a state folder.
#[derive(Debug, Clone)]
pub struct Index(PathBuf);

/// Whose vectors, and of which model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub agent: String,
    pub model: String,
}

/// The vector of a piece of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub file: String,
    pub digest: Digest,
    pub vector: Arc<[f32]>,
}

/// Why the index cannot be used; it names no place.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    #[error("its file cannot be made: {}", .0.kind())]
    File(#[from] io::Error),
    #[error("{}", said(.0))]
    Sqlite(#[from] rusqlite::Error),
    #[error("another version of this program wrote it")]
    Version,
}

/// What SQLite says of opening a file names its place.
fn said(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::CannotOpen) => "its file cannot be opened".to_owned(),
        _ => error.to_string(),
    }
}

impl Index {
    pub fn new(state_dir: &Path) -> Self {
        Self(state_dir.join(FILE_NAME))
    }

    /// The vectors that are kept of these texts.
    ///
    /// # Errors
    /// A file that is there and cannot be read.
    pub fn read(
        &self,
        owner: &Owner,
        wanted: &HashSet<Digest>,
    ) -> Result<HashMap<Digest, Arc<[f32]>>, IndexError> {
        if !self.0.exists() {
            return Ok(HashMap::new());
        }
        let connection = self.open()?;
        let mut select = connection
            .prepare("SELECT digest, vector FROM chunk WHERE agent = ?1 AND model = ?2")?;
        let mut rows = select.query([&owner.agent, &owner.model])?;
        let mut found = HashMap::new();
        while let Some(row) = rows.next()? {
            let digest: Digest = row.get(0)?;
            if wanted.contains(&digest) {
                found.insert(
                    digest,
                    vector(row.get_ref(1)?.as_blob().unwrap_or_default()),
                );
            }
        }
        Ok(found)
    }

    /// Keeps these of the owner, and nothing else of it.
    ///
    /// # Errors
    /// A file that cannot be written; it is then as it was.
    pub fn write(&self, owner: &Owner, entries: &[Entry]) -> Result<(), IndexError> {
        if entries.is_empty() && !self.0.exists() {
            return Ok(());
        }
        make(&self.0)?;
        let mut connection = self.open()?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let is_changed = replace(&transaction, owner, entries)?;
        if is_changed {
            transaction.execute(
                "DELETE FROM chunk WHERE id IN (SELECT id FROM chunk ORDER BY id DESC LIMIT -1 OFFSET ?1)",
                [MAX_ROWS],
            )?;
        }
        Ok(transaction.commit()?)
    }

    /// Opens the file, and makes its tables where it has none.
    fn open(&self) -> Result<Connection, IndexError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&self.0, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        if version(&connection)? == VERSION {
            return Ok(connection);
        }
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "journal_size_limit", LOG_LIMIT_BYTES)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Read again: another process may have done it while this one waited for the lock.
        match version(&transaction)? {
            VERSION => {}
            0 => {
                transaction.execute_batch(TABLES)?;
                transaction.pragma_update(None, "user_version", VERSION)?;
            }
            _ => return Err(IndexError::Version),
        }
        transaction.commit()?;
        Ok(connection)
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Says whether anything was to be done: what stays is not written again.
fn replace(
    transaction: &Transaction<'_>,
    owner: &Owner,
    entries: &[Entry],
) -> rusqlite::Result<bool> {
    let Owner { agent, model } = owner;
    // One text may stand in a file twice.
    let by_place = |entry: &Entry| ((entry.file.clone(), entry.digest), blob(&entry.vector));
    let mut wanted: BTreeMap<(String, Digest), Vec<u8>> = entries.iter().map(by_place).collect();
    let mut select = transaction
        .prepare("SELECT id, file, digest FROM chunk WHERE agent = ?1 AND model = ?2")?;
    let rows = select.query_map([agent, model], |row| {
        Ok((row.get::<_, i64>(0)?, (row.get(1)?, row.get(2)?)))
    })?;
    let mut gone = Vec::new();
    for row in rows {
        let (id, place) = row?;
        if wanted.remove(&place).is_none() {
            gone.push(id);
        }
    }
    let mut delete = transaction.prepare("DELETE FROM chunk WHERE id = ?1")?;
    for id in &gone {
        delete.execute([id])?;
    }
    let is_changed = !gone.is_empty() || !wanted.is_empty();
    let mut insert = transaction.prepare(
        "INSERT INTO chunk (agent, model, file, digest, vector) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for ((file, digest), vector) in &wanted {
        insert.execute(params![agent, model, file, digest, vector])?;
    }
    Ok(is_changed)
}

fn blob(vector: &[f32]) -> Vec<u8> {
    vector
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

fn vector(blob: &[u8]) -> Arc<[f32]> {
    let (numbers, _) = blob.as_chunks::<4>();
    numbers.iter().copied().map(f32::from_le_bytes).collect()
}

/// Makes the folder and the file, for this person alone. SQLite gives its other files the mode of this one.
fn make(path: &Path) -> io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent() {
        folder.recursive(true).create(parent)?;
    }
    file.create(true).append(true).open(path).map(drop)
}

#[cfg(test)]
mod tests;
