//! What is no longer kept: counted beside the writer, deleted by it in small batches, the oldest first.

use rusqlite::{Connection, params};

use super::lease::{self, millis, now_ms};
use super::{Inner, responses, turns};
use crate::sessions::sqlite::writer::Durability;
use crate::sessions::{PruneMode, PrunePolicy, Pruned, StoreError};

/// Sessions, or responses, that one transaction deletes.
const BATCH: u64 = 100;

pub(super) async fn prune(store: &Inner, policy: PrunePolicy) -> Result<Pruned, StoreError> {
    let limits = Limits::new(&policy);
    let Some(due) = store
        .read(move |connection| limits.count(connection))
        .await?
    else {
        return Ok(Pruned::default());
    };
    match policy.mode {
        PruneMode::Warn => Ok(due),
        PruneMode::Enforce => enforce(store, limits).await,
    }
}

async fn enforce(store: &Inner, limits: Limits) -> Result<Pruned, StoreError> {
    let writer = &store.writer;
    writer
        .write(Durability::Program, lease::clear_expired)
        .await?;
    let mut gone = Pruned::default();
    loop {
        let batch = writer.write(Durability::Program, move |connection| {
            limits.delete_sessions(connection)
        });
        let deleted = batch.await?;
        if deleted == 0 {
            break;
        }
        gone.sessions += deleted;
    }
    store.clear_discarded().await?;
    let mut excess = store
        .read(move |connection| limits.excess_bytes(connection))
        .await?
        .unwrap_or(0);
    loop {
        let batch = writer.write(Durability::Program, move |connection| {
            limits.delete_responses(connection, excess)
        });
        let (deleted, bytes) = batch.await?;
        if deleted == 0 {
            return Ok(gone);
        }
        excess = excess.saturating_sub(bytes);
        gone.responses += deleted;
        gone.response_bytes += bytes;
    }
}

/// A policy at a point in time.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// What was last used before this Unix time in milliseconds goes.
    sessions_before_ms: i64,
    max_sessions: u64,
    responses_before_ms: i64,
    max_response_bytes: u64,
}

impl Limits {
    fn new(policy: &PrunePolicy) -> Self {
        let before =
            |age: Option<_>| age.map_or(i64::MIN, |age| now_ms().saturating_sub(millis(age)));
        Self {
            sessions_before_ms: before(policy.session_age),
            max_sessions: policy.max_sessions.unwrap_or(u64::MAX),
            responses_before_ms: before(policy.response_age),
            max_response_bytes: policy.max_response_bytes.unwrap_or(u64::MAX),
        }
    }

    fn count(&self, connection: &Connection) -> Result<Pruned, StoreError> {
        let excess = self.excess_bytes(connection)?;
        let doomed = self.doomed_responses(connection, excess, u64::MAX)?;
        Ok(Pruned {
            sessions: self.doomed_sessions(connection)?,
            responses: doomed.len() as u64,
            response_bytes: doomed.iter().map(|(_, bytes)| bytes).sum(),
        })
    }

    /// Both limits take the least recently used: together they take as many as the stricter one.
    fn doomed_sessions(&self, connection: &Connection) -> Result<u64, StoreError> {
        let counted = connection.query_row(
            "SELECT count(*), (SELECT count(*) FROM session WHERE updated_ms < ?1) FROM session",
            [self.sessions_before_ms],
            |row| Ok((row.get(0)?, row.get(1)?)),
        );
        let (all, old): (u64, u64) = counted?;
        Ok(all.saturating_sub(self.max_sessions).max(old))
    }

    /// Deletes some sessions, but none that is running; says how many.
    fn delete_sessions(&self, connection: &Connection) -> Result<u64, StoreError> {
        let mut oldest = connection.prepare_cached(
            "SELECT id FROM (SELECT * FROM session ORDER BY updated_ms LIMIT ?1) AS doomed
             WHERE NOT EXISTS (SELECT 1 FROM lease
                 WHERE lease.principal = doomed.principal AND lease.key = doomed.key)
             LIMIT ?2",
        )?;
        let doomed = params![self.doomed_sessions(connection)?, BATCH];
        let ids = oldest.query_map(doomed, |row| row.get(0))?;
        let ids: Vec<i64> = ids.collect::<Result<_, _>>()?;
        for id in &ids {
            turns::discard(connection, *id)?;
        }
        Ok(ids.len() as u64)
    }

    fn excess_bytes(&self, connection: &Connection) -> Result<u64, StoreError> {
        let sum = "SELECT coalesce(sum(bytes), 0) FROM response";
        let all: u64 = connection.query_row(sum, [], |row| row.get(0))?;
        Ok(all.saturating_sub(self.max_response_bytes))
    }

    /// Deletes some responses; says how many, and how many bytes they had.
    fn delete_responses(
        &self,
        connection: &Connection,
        excess: u64,
    ) -> Result<(u64, u64), StoreError> {
        let doomed = self.doomed_responses(connection, excess, BATCH)?;
        for (number, _) in &doomed {
            responses::remove(connection, *number)?;
        }
        let bytes = doomed.iter().map(|(_, bytes)| bytes).sum();
        Ok((doomed.len() as u64, bytes))
    }

    /// The oldest responses, as long as they are too old or there are too many bytes: number and size of each.
    fn doomed_responses(
        &self,
        connection: &Connection,
        mut excess: u64,
        limit: u64,
    ) -> Result<Vec<(i64, u64)>, StoreError> {
        let mut oldest = connection.prepare_cached(
            "SELECT number, created_ms, bytes FROM response ORDER BY created_ms, bytes LIMIT ?1",
        )?;
        let mut rows = oldest.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
        let mut doomed = Vec::new();
        while let Some(row) = rows.next()? {
            let created_ms: i64 = row.get("created_ms")?;
            if excess == 0 && created_ms >= self.responses_before_ms {
                break;
            }
            let bytes: u64 = row.get("bytes")?;
            excess = excess.saturating_sub(bytes);
            doomed.push((row.get("number")?, bytes));
        }
        Ok(doomed)
    }
}
