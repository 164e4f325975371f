//! The file: where it is made, its tables, how an older one is brought up to date, and what its errors mean.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::sessions::{StoreError, Unavailable};

/// How long a connection waits for another process to finish its transaction.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The most that the write-ahead log keeps of the disk once it has been copied back.
const LOG_LIMIT_BYTES: i64 = 64 * 1024 * 1024;

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 64;

/// Schema n is what the first n of these make of an empty file. Never change one that has been released: add one.
const MIGRATIONS: [&str; 1] = ["
    -- Rises with each lease and each place in a line; never goes back.
    CREATE TABLE counter (value INTEGER NOT NULL) STRICT;
    INSERT INTO counter VALUES (0);

    CREATE TABLE lease (
        principal TEXT NOT NULL,
        key TEXT NOT NULL,
        holder TEXT NOT NULL,
        fence INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        PRIMARY KEY (principal, key)
    ) STRICT, WITHOUT ROWID;

    -- Processes that wait for a lease, in the order of their tickets.
    CREATE TABLE waiter (
        principal TEXT NOT NULL,
        key TEXT NOT NULL,
        holder TEXT NOT NULL,
        ticket INTEGER NOT NULL,
        expires_ms INTEGER NOT NULL,
        PRIMARY KEY (principal, key, holder)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE session (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        principal TEXT NOT NULL,
        key TEXT NOT NULL,
        head INTEGER,
        turns INTEGER NOT NULL,
        created_ms INTEGER NOT NULL,
        updated_ms INTEGER NOT NULL,
        UNIQUE (principal, key)
    ) STRICT;
    CREATE INDEX session_by_use ON session (principal, updated_ms, key);
    CREATE INDEX session_by_age ON session (updated_ms);

    -- id is the session's id and the turn's number in it, so that the turns of a session lie together.
    CREATE TABLE turn (
        id INTEGER PRIMARY KEY,
        parent INTEGER,
        state INTEGER NOT NULL,
        format INTEGER NOT NULL,
        model TEXT,
        usage TEXT,
        created_ms INTEGER NOT NULL,
        input TEXT NOT NULL,
        answer TEXT NOT NULL
    ) STRICT;

    -- Deleted sessions whose turns are still to be cleared away.
    CREATE TABLE discarded (session INTEGER PRIMARY KEY) STRICT;

    CREATE TABLE response (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        principal TEXT NOT NULL,
        id TEXT NOT NULL,
        agent TEXT NOT NULL,
        session_key TEXT,
        previous TEXT,
        created_ms INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        object TEXT NOT NULL,
        UNIQUE (principal, id)
    ) STRICT;
    CREATE INDEX response_by_age ON response (created_ms, bytes);

    -- kind: 0 input, 1 output; both are counted by one sequence.
    CREATE TABLE response_item (
        response INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        item TEXT NOT NULL,
        PRIMARY KEY (response, sequence)
    ) STRICT;
"];

/// The schema that this program reads and writes.
const CURRENT: i64 = MIGRATIONS.len() as i64;

/// Opens the file for writing; makes it, or brings it up to date, where needed.
///
/// # Errors
/// [`StoreError::Newer`] for the file of a newer program, and whatever keeps a file from being used. Another process is
/// waited for no longer than `patience` at each step.
pub(super) fn open_for_writing(path: &Path, patience: Duration) -> Result<Connection, StoreError> {
    make(path).map_err(from_io)?;
    let mut connection = connect(path)?;
    connection.busy_timeout(patience)?;
    check(version(&connection)?)?;
    keep_log(&connection, patience)?;
    connection.pragma_update(None, "journal_size_limit", LOG_LIMIT_BYTES)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens the file for reading; `None` where there is none, or where it must first be made or brought up to date.
///
/// A folder that cannot be written has no room for the files that readers and writers share. Where nothing waits in the
/// log, the file is then read alone, as it is: such a connection is read-only and must not be kept, for it would never
/// see a change.
pub(super) fn open_for_reading(path: &Path) -> Result<Option<Connection>, StoreError> {
    match connect(path).and_then(for_reading) {
        Err(StoreError::Unavailable(Unavailable::ReadOnly)) if !has_log(path) => {
            connect_to_it_alone(path).and_then(for_reading)
        }
        opened => opened,
    }
}

fn for_reading(connection: Connection) -> Result<Option<Connection>, StoreError> {
    connection.pragma_update(None, "query_only", true)?;
    let version = version(&connection)?;
    check(version)?;
    Ok((version == CURRENT).then_some(connection))
}

/// Whether there are writes that are not in the file yet.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

fn connect_to_it_alone(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(byte);
    let encode = |byte: &u8| match plain(byte) {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    let bytes = path.as_os_str().as_encoded_bytes();
    let name: String = bytes.iter().map(encode).collect();
    Ok(Connection::open_with_flags(
        format!("file:{name}?immutable=1"),
        flags,
    )?)
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Switches to the write-ahead log. SQLite does not wait when another process does the same at this moment.
fn keep_log(connection: &Connection, patience: Duration) -> Result<(), StoreError> {
    const PAUSE: Duration = Duration::from_millis(10);
    let begun = Instant::now();
    loop {
        let switched = connection.pragma_update(None, "journal_mode", "WAL");
        match switched.map_err(StoreError::from) {
            Err(StoreError::Unavailable(Unavailable::Locked)) if begun.elapsed() < patience => {
                std::thread::sleep(PAUSE);
            }
            result => return result,
        }
    }
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn check(found: i64) -> Result<(), StoreError> {
    if found > CURRENT {
        return Err(StoreError::Newer {
            found,
            known: CURRENT,
        });
    }
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let immediate = rusqlite::TransactionBehavior::Immediate;
    let transaction = connection.transaction_with_behavior(immediate)?;
    // Read again: another process may have done it while this one waited for the lock.
    let found = version(&transaction)?;
    check(found)?;
    let missing = usize::try_from(found).unwrap_or(0);
    for step in &MIGRATIONS[missing..] {
        transaction.execute_batch(step)?;
    }
    if found < CURRENT {
        transaction.pragma_update(None, "user_version", CURRENT)?;
    }
    Ok(transaction.commit()?)
}

/// Makes the folder and the file, for this person alone. SQLite gives its other files the mode of this one.
fn make(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
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

pub(super) fn from_io(error: io::Error) -> StoreError {
    StoreError::Unavailable(match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Unavailable::Full,
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            Unavailable::ReadOnly
        }
        kind => Unavailable::Failed(kind.to_string()),
    })
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error_code();
        Self::Unavailable(match code {
            Some(ErrorCode::DiskFull) => Unavailable::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Unavailable::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Unavailable::Locked,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Unavailable::Damaged,
            // What SQLite says of opening a file names its place.
            Some(ErrorCode::CannotOpen) => {
                Unavailable::Failed("its file cannot be opened".to_owned())
            }
            _ => Unavailable::Failed(error.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_newer_program_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sqlite");
        drop(open_for_writing(&path, BUSY_TIMEOUT).unwrap());
        let newer = Connection::open(&path).unwrap();
        newer
            .pragma_update(None, "user_version", CURRENT + 1)
            .unwrap();
        drop(newer);
        let before = std::fs::read(&path).unwrap();
        let refused = StoreError::Newer {
            found: CURRENT + 1,
            known: CURRENT,
        };
        assert_eq!(open_for_writing(&path, BUSY_TIMEOUT).unwrap_err(), refused);
        assert_eq!(open_for_reading(&path).unwrap_err(), refused);
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sqlite");
        let text = "a letter, not a database; long enough to be looked at. ".repeat(20);
        std::fs::write(&path, &text).unwrap();
        let damaged = StoreError::Unavailable(Unavailable::Damaged);
        assert_eq!(open_for_writing(&path, BUSY_TIMEOUT).unwrap_err(), damaged);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_and_its_folder_are_for_this_person_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/s.sqlite");
        let connection = open_for_writing(&path, BUSY_TIMEOUT).unwrap();
        connection
            .execute_batch("UPDATE counter SET value = 1")
            .unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        for name in ["s.sqlite", "s.sqlite-wal", "s.sqlite-shm"] {
            assert_eq!(mode(&path.with_file_name(name)), 0o600, "{name}");
        }
    }
}
