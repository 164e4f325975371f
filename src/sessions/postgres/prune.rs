//! What is no longer kept: counted, or deleted in small batches, the oldest first. Gateways that tidy at the same time
//! pass over what another one has in hand.

use deadpool_postgres::ClientWrapper;

use super::Inner;
use super::trouble::Failure;
use crate::sessions::{PruneMode, PrunePolicy, Pruned, StoreError};

/// Sessions, or responses, that one transaction deletes.
const BATCH: i64 = 100;

/// Places in lines that nobody has come to since. One that only just expired may yet be renewed.
const FORGOTTEN: &str = "DELETE FROM place WHERE expires <= clock_timestamp() - interval '1 hour'";

pub(super) async fn prune(store: &Inner, policy: &PrunePolicy) -> Result<Pruned, StoreError> {
    match policy.mode {
        PruneMode::Warn => {
            let counting = move || async move {
                let client = store.lend().await?;
                let due = count(&client, policy).await?;
                client.done(due)
            };
            store.soon(counting).await
        }
        PruneMode::Enforce => enforce(store, policy).await,
    }
}

async fn enforce(store: &Inner, policy: &PrunePolicy) -> Result<Pruned, StoreError> {
    let mut gone = Pruned::default();
    loop {
        let batch = move || async move {
            let client = store.lend().await?;
            client.execute(FORGOTTEN, &[]).await?;
            let sessions = delete_sessions(&client, policy).await?;
            let (responses, response_bytes) = delete_responses(&client, policy).await?;
            client.done(Pruned {
                sessions,
                responses,
                response_bytes,
            })
        };
        let deleted = store.soon(batch).await?;
        if deleted == Pruned::default() {
            return Ok(gone);
        }
        gone.sessions += deleted.sessions;
        gone.responses += deleted.responses;
        gone.response_bytes += deleted.response_bytes;
    }
}

async fn count(client: &ClientWrapper, policy: &PrunePolicy) -> Result<Pruned, Failure> {
    let doomed =
        format!("SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM ({DOOMED}) AS doomed");
    let (age, most) = response_limits(policy);
    let responses = client.query_one(&doomed, &[&age, &most]).await?;
    Ok(Pruned {
        sessions: unsigned(doomed_sessions(client, policy).await?),
        responses: unsigned(responses.get(0)),
        response_bytes: unsigned(responses.get(1)),
    })
}

/// Both limits take the least recently used: together they take as many as the stricter one.
async fn doomed_sessions(client: &ClientWrapper, policy: &PrunePolicy) -> Result<i64, Failure> {
    let count = "SELECT count(*), count(*) FILTER (
            WHERE updated_ms < extract(epoch FROM clock_timestamp()) * 1000 - $1::float8) FROM session";
    let row = client
        .query_one(count, &[&millis(policy.session_age)])
        .await?;
    let (all, old): (i64, i64) = (row.get(0), row.get(1));
    let most = policy.max_sessions.map_or(i64::MAX, signed);
    Ok((all - most).max(old))
}

/// Deletes some sessions, but none that is running or waited for; says how many.
async fn delete_sessions(client: &ClientWrapper, policy: &PrunePolicy) -> Result<u64, Failure> {
    let doomed = doomed_sessions(client, policy).await?;
    if doomed <= 0 {
        return Ok(0);
    }
    // One that gets a turn before its row is locked is looked at again, and is no longer among the oldest.
    let delete = "WITH doomed AS (
            SELECT id FROM session WHERE updated_ms <= (
                SELECT max(updated_ms) FROM (SELECT updated_ms FROM session ORDER BY updated_ms LIMIT $1) AS oldest)
            AND NOT EXISTS (SELECT FROM place WHERE place.principal = session.principal AND place.key = session.key)
            ORDER BY updated_ms LIMIT $2 FOR UPDATE SKIP LOCKED
        ), gone AS (
            DELETE FROM session USING doomed WHERE session.id = doomed.id RETURNING session.id
        ), cleared AS (
            DELETE FROM turn USING gone WHERE turn.id >= gone.id << 24 AND turn.id < (gone.id + 1) << 24
        )
        SELECT count(*) FROM gone";
    let gone = client
        .query_one(delete, &[&doomed, &doomed.min(BATCH)])
        .await?;
    Ok(unsigned(gone.get(0)))
}

/// The oldest responses, as long as they are too old or there are too many bytes.
const DOOMED: &str = "SELECT principal, id, bytes FROM (
        SELECT principal, id, bytes, created_ms,
            sum(bytes) OVER (ORDER BY created_ms, bytes, principal, id) - bytes AS before,
            sum(bytes) OVER () AS total
        FROM response
    ) AS counted
    WHERE created_ms < extract(epoch FROM clock_timestamp()) * 1000 - $1::float8 OR before < total - $2::float8";

/// Deletes some responses; says how many, and how many bytes they had.
async fn delete_responses(
    client: &ClientWrapper,
    policy: &PrunePolicy,
) -> Result<(u64, u64), Failure> {
    let (age, most) = response_limits(policy);
    if age.is_infinite() && most.is_infinite() {
        return Ok((0, 0));
    }
    let delete = format!(
        "WITH gone AS (
            DELETE FROM response USING ({DOOMED} ORDER BY created_ms, bytes, principal, id LIMIT $3) AS doomed
            WHERE response.principal = doomed.principal AND response.id = doomed.id RETURNING response.bytes
        )
        SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone"
    );
    let gone = client.query_one(&delete, &[&age, &most, &BATCH]).await?;
    Ok((unsigned(gone.get(0)), unsigned(gone.get(1))))
}

/// The age in milliseconds and the bytes that responses may have.
fn response_limits(policy: &PrunePolicy) -> (f64, f64) {
    let most = policy
        .max_response_bytes
        .map_or(f64::INFINITY, |bytes| bytes as f64);
    (millis(policy.response_age), most)
}

/// Without a limit, longer than any time.
fn millis(age: Option<std::time::Duration>) -> f64 {
    age.map_or(f64::INFINITY, |age| age.as_secs_f64() * 1_000.0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
