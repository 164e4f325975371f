//! The line before a session, in SQL. The database orders it: the unique index lets one run at a time, the tickets say
//! who is next, and its clock alone says which places are void.
//!
//! A place need not outlive a crash of the database: a run that lost its place cannot write, whoever has it now. So
//! these statements do not wait for the disk.

use std::time::Duration;

use deadpool_postgres::ClientWrapper;
use futures_util::future::try_join3;
use tokio_postgres::error::SqlState;

use super::trouble::Failure;
use crate::sessions::SessionId;

/// What came of entering a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entered {
    Running,
    Waiting,
    /// As many wait as may.
    Full,
}

/// Takes a place, and the session with it where nobody else has one; `None` where somebody else took the session at the
/// same moment. Entered twice, a claim has the place that it had.
pub(super) async fn enter(
    client: &ClientWrapper,
    session: &SessionId,
    claim: i64,
    (max_waiting, validity): (i64, Duration),
) -> Result<Option<Entered>, Failure> {
    let enter = "WITH line AS (
            SELECT count(*) AS present FROM place
            WHERE principal = $2 AND key = $3 AND expires > clock_timestamp()
        ), entered AS (
            INSERT INTO place (claim, principal, key, running, expires)
            SELECT $1, $2, $3, NOT EXISTS (SELECT FROM place WHERE principal = $2 AND key = $3),
                clock_timestamp() + make_interval(secs => $4)
            FROM line, set_config('synchronous_commit', 'off', true)
            WHERE present <= $5
            ON CONFLICT DO NOTHING
            RETURNING running
        )
        SELECT present > $5, coalesce((SELECT running FROM entered), (SELECT running FROM place WHERE claim = $1))
        FROM line";
    let enter = client.prepare_cached(enter).await?;
    let (principal, key) = (session.principal.to_string(), session.key.as_str());
    let validity = validity.as_secs_f64();
    let row = client
        .query_one(&enter, &[&claim, &principal, &key, &validity, &max_waiting])
        .await?;
    Ok(match row.get(1) {
        Some(true) => Some(Entered::Running),
        Some(false) => Some(Entered::Waiting),
        None if row.get(0) => Some(Entered::Full),
        None => None,
    })
}

/// Lets those of these claims run that are next in their lines; gives back all that still have a place, and whether they
/// run. `clear` takes away the void places before them.
pub(super) async fn look(
    client: &ClientWrapper,
    claims: &[i64],
    clear: bool,
) -> Result<Vec<(i64, bool)>, Failure> {
    // A place that its run is writing under this very moment is locked, and not void.
    let void = "DELETE FROM place WHERE claim IN (
            SELECT ahead.claim FROM place AS mine JOIN place AS ahead USING (principal, key)
            WHERE mine.claim = ANY($1) AND ahead.claim <> ALL($1) AND ahead.expires <= clock_timestamp() AND $2
            FOR UPDATE OF ahead SKIP LOCKED)";
    let next = "UPDATE place SET running = true FROM set_config('synchronous_commit', 'off', true)
        WHERE claim = ANY($1) AND NOT running AND NOT EXISTS (
            SELECT FROM place AS ahead WHERE ahead.principal = place.principal AND ahead.key = place.key
            AND (ahead.running OR ahead.ticket < place.ticket))";
    let present = "SELECT claim, running FROM place WHERE claim = ANY($1)";
    let (void, next, present) = try_join3(
        client.prepare_cached(void),
        client.prepare_cached(next),
        client.prepare_cached(present),
    )
    .await?;
    // Sent one behind the other, without waiting for an answer between them.
    let promote = async {
        match client.execute(&next, &[&claims]).await {
            // Somebody came into an empty line at this moment.
            Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => Ok(0),
            done => done,
        }
    };
    let clearing: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&claims, &clear];
    let (_, _, rows) = try_join3(
        client.execute(&void, &clearing),
        promote,
        client.query(&present, &[&claims]),
    )
    .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Makes these places good for as long as new ones. One that was taken away stays away.
pub(super) async fn renew(
    client: &ClientWrapper,
    claims: &[i64],
    validity: Duration,
) -> Result<(), Failure> {
    let renew = "UPDATE place SET expires = clock_timestamp() + make_interval(secs => $2)
        FROM set_config('synchronous_commit', 'off', true) WHERE claim = ANY($1)";
    let renew = client.prepare_cached(renew).await?;
    client
        .execute(&renew, &[&claims, &validity.as_secs_f64()])
        .await?;
    Ok(())
}

/// Gives a place back.
pub(super) async fn leave(client: &ClientWrapper, claim: i64) -> Result<(), Failure> {
    let leave =
        "DELETE FROM place USING set_config('synchronous_commit', 'off', true) WHERE claim = $1";
    let leave = client.prepare_cached(leave).await?;
    client.execute(&leave, &[&claim]).await?;
    Ok(())
}
