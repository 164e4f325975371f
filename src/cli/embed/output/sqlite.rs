//! A table `embeddings` in a SQLite database: `id`, `content_hash` (SHA-256 of the text, in hex), `text`, `vector`
//! (little-endian 32-bit floats), `model`. The row id is the input's index, from 1.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use sha2::{Digest, Sha256};

use super::stream::plain;
use super::{Done, Last, Sink, Target, Totals, put_floats};
use crate::chat::ModelRef;
use crate::cli::CliError;
use crate::cli::embed::record::Record;

/// How long another program may keep the database to itself.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Sqlite {
    database: Connection,
    /// How it kept its journal before.
    journal: String,
    model: String,
    with_text: bool,
    insert: String,
    /// Rows are in a transaction that has not ended.
    open: bool,
}

impl Sqlite {
    pub fn open(
        target: &Target,
        file: &Path,
        model: &ModelRef,
        done: Option<&Done>,
    ) -> anyhow::Result<Self> {
        if let Some(other) = done.and_then(|done| done.model.as_ref())
            && *other != model.to_string()
        {
            let file = file.display();
            let message = format!("`{file}` holds vectors of {other}, not of {model}");
            return Err(CliError::Usage(message).into());
        }
        let mut journal = String::new();
        let mut opened = || -> rusqlite::Result<Connection> {
            let database = Connection::open(file)?;
            database.busy_timeout(PATIENCE)?;
            journal = database.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
            // Rows that are there survive the end of the program as they are; one file is left when all is done.
            database.pragma_update(None, "journal_mode", "wal")?;
            database.pragma_update(None, "synchronous", "normal")?;
            Ok(database)
        };
        let database = opened().with_context(|| format!("cannot write `{}`", file.display()))?;
        if done.is_none() {
            create(&database, file, target.with_text)?;
        }
        let (column, place) = if target.with_text {
            (", text", ", ?6")
        } else {
            ("", "")
        };
        Ok(Self {
            database,
            journal,
            model: model.to_string(),
            with_text: target.with_text,
            insert: format!(
                "INSERT INTO embeddings (rowid, id, content_hash, vector, model{column}) \
                 VALUES (?1, ?2, ?3, ?4, ?5{place})"
            ),
            open: false,
        })
    }
}

fn create(database: &Connection, file: &Path, with_text: bool) -> anyhow::Result<()> {
    if is_there(database)? {
        let file = file.display();
        let message =
            format!("`{file}` has a table `embeddings`: go on with --resume, or name another file");
        return Err(CliError::Usage(message).into());
    }
    let text = if with_text {
        "text TEXT NOT NULL, "
    } else {
        ""
    };
    database.execute_batch(&format!(
        "CREATE TABLE embeddings \
         (id, content_hash TEXT NOT NULL, {text}vector BLOB NOT NULL, model TEXT NOT NULL)"
    ))?;
    Ok(())
}

fn is_there(database: &Connection) -> rusqlite::Result<bool> {
    let query = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'embeddings'";
    let found = database.query_row(query, (), |_| Ok(())).optional()?;
    Ok(found.is_some())
}

pub fn hash(text: &str) -> String {
    let digest = Sha256::digest(text);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an earlier run has written.
pub fn done(target: &Target, file: &Path) -> anyhow::Result<Option<Done>> {
    // A log beside the database may have to be brought in: reading alone would not do.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(file, flags)?;
    database.busy_timeout(PATIENCE)?;
    if !is_there(&database)? {
        return Ok(None);
    }
    let columns = "SELECT count(*) FROM pragma_table_info('embeddings') WHERE name = 'text'";
    let has_text: bool = database.query_row(columns, (), |row| row.get(0))?;
    if has_text != target.with_text {
        return Err(super::done::other_columns(file));
    }
    let last = "SELECT rowid, content_hash, length(vector), model FROM embeddings \
                ORDER BY rowid DESC LIMIT 1";
    let row = database.query_row(last, (), |row| {
        let dimension = row.get::<_, usize>(2)? / size_of::<f32>();
        Ok(Done {
            inputs: row.get(0)?,
            rows: 0,
            bytes: 0,
            dimension: Some(dimension),
            last: Last::Hash(row.get(1)?),
            model: Some(row.get(3)?),
        })
    });
    Ok(Some(row.optional()?.unwrap_or_default()))
}

/// An id as SQL knows it: null, a string, a number that it can hold, or else its JSON.
fn id(record: &Record) -> Value {
    let Some(json) = &record.id else {
        return Value::from(record.index.cast_signed());
    };
    let text = json.get();
    if text == "null" {
        return Value::Null;
    }
    if let Ok(whole) = serde_json::from_str::<i64>(text) {
        return Value::from(whole);
    }
    // A whole number beyond 64 bits would lose its last digits.
    let is_fraction = text.contains(['.', 'e', 'E']);
    match serde_json::from_str::<f64>(text) {
        Ok(number) if is_fraction => Value::from(number),
        _ => Value::from(plain(json)),
    }
}

impl Sink for Sqlite {
    fn write(&mut self, record: &Record, vector: &[f32]) -> anyhow::Result<()> {
        if !self.open {
            self.database.execute_batch("BEGIN")?;
            self.open = true;
        }
        let mut bytes = Vec::with_capacity(size_of_val(vector));
        put_floats(&mut bytes, vector);
        let mut insert = self.database.prepare_cached(&self.insert)?;
        let row = record.index.cast_signed() + 1;
        let hash = hash(&record.text);
        if self.with_text {
            insert.execute((row, id(record), hash, bytes, &self.model, &record.text))?;
        } else {
            insert.execute((row, id(record), hash, bytes, &self.model))?;
        }
        Ok(())
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        if std::mem::take(&mut self.open) {
            self.database.execute_batch("COMMIT")?;
        }
        Ok(())
    }

    fn finish(&mut self, _: &Totals) -> anyhow::Result<()> {
        self.flush()?;
        // Somebody else may be reading it: then it stays as it is, and is as good.
        let journal = self.journal.as_str();
        if let Err(error) = self.database.pragma_update(None, "journal_mode", journal) {
            tracing::debug!(%error, "the database keeps its write-ahead log");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::embed::record::Place;
    use serde_json::value::RawValue;

    #[test]
    fn an_id_keeps_its_type() {
        let id = |json: &str| {
            id(&Record {
                index: 4,
                text: String::new(),
                id: Some(RawValue::from_string(json.to_owned()).unwrap()),
                place: Place {
                    source: "in.txt".into(),
                    number: None,
                },
                bytes: 0,
            })
        };
        assert_eq!(id("null"), Value::Null);
        assert_eq!(id("7"), Value::Integer(7));
        assert_eq!(id("1.0"), Value::Real(1.0));
        assert_eq!(id("-2.5e3"), Value::Real(-2500.0));
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(id("18446744073709551616"), text("18446744073709551616"));
        assert_eq!(id("\"1.0\""), text("1.0"));
        assert_eq!(id("{\"a\":null}"), text("{\"a\":null}"));
        assert_eq!(id("true"), text("true"));
    }
}
