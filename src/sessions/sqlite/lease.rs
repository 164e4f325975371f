//! Leases: one run of a session at a time, over all processes that share the file.
//!
//! A lease is a row that says who holds the session, until when, and under which fence. A process that finds a session
//! held takes a ticket, and nobody with a higher ticket gets the session before it; a ticket that is not shown again
//! soon is void, and so is a lease that is not renewed. Clocks decide only who may try: writes go by the fence alone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, params};

use crate::sessions::{SessionId, StoreError};

/// How leases pass between processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long a lease is good for when it is not renewed: what a crash of its holder costs the next.
    pub validity: Duration,
    /// How often the holder renews it.
    pub renewal: Duration,
    /// The longest pause between two looks at a session that another process holds.
    pub look: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            validity: Duration::from_secs(10),
            renewal: Duration::from_secs(3),
            look: Duration::from_millis(100),
        }
    }
}

/// How many of the longest pauses a ticket outlives.
const TICKET_LOOKS: u32 = 10;

/// Who asks, for what.
#[derive(Debug, Clone)]
pub(super) struct Claimant {
    pub session: SessionId,
    /// The name of this store among all that have the file open.
    pub holder: String,
}

/// Takes the session if it is free, and this process next in line. Gives back the fence of the new lease.
pub(super) fn claim(
    connection: &Connection,
    claimant: &Claimant,
    timing: Timing,
) -> Result<Option<i64>, StoreError> {
    let principal = claimant.session.principal.to_string();
    let (key, holder) = (claimant.session.key.as_str(), &claimant.holder);
    let now = now_ms();
    let mut blocked = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM lease
             WHERE principal = ?1 AND key = ?2 AND holder <> ?3 AND expires_ms > ?4)
         OR EXISTS (SELECT 1 FROM waiter
             WHERE principal = ?1 AND key = ?2 AND holder <> ?3 AND expires_ms > ?4
             AND ticket < coalesce((SELECT ticket FROM waiter
                 WHERE principal = ?1 AND key = ?2 AND holder = ?3), 9223372036854775807))",
    )?;
    let number = next_number(connection)?;
    if blocked.query_row(params![principal, key, holder, now], |row| row.get(0))? {
        let expires = now + millis(timing.look * TICKET_LOOKS);
        let mut wait = connection.prepare_cached(
            "INSERT INTO waiter (principal, key, holder, ticket, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET expires_ms = excluded.expires_ms",
        )?;
        wait.execute(params![principal, key, holder, number, expires])?;
        return Ok(None);
    }
    leave_line(connection, claimant)?;
    let mut take = connection.prepare_cached(
        "INSERT INTO lease (principal, key, holder, fence, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET holder = excluded.holder, fence = excluded.fence, expires_ms = excluded.expires_ms",
    )?;
    take.execute(params![
        principal,
        key,
        holder,
        number,
        now + millis(timing.validity)
    ])?;
    Ok(Some(number))
}

fn next_number(connection: &Connection) -> Result<i64, StoreError> {
    let mut count =
        connection.prepare_cached("UPDATE counter SET value = value + 1 RETURNING value")?;
    Ok(count.query_row([], |row| row.get(0))?)
}

fn leave_line(connection: &Connection, claimant: &Claimant) -> Result<(), StoreError> {
    let mut leave = connection.prepare_cached(
        "DELETE FROM waiter WHERE principal = ?1 AND key = ?2 AND (holder = ?3 OR expires_ms <= ?4)",
    )?;
    let SessionId { principal, key } = &claimant.session;
    leave.execute(params![
        principal.to_string(),
        key.as_str(),
        claimant.holder,
        now_ms()
    ])?;
    Ok(())
}

/// Gives the session back, and the ticket of a claim that was given up.
pub(super) fn release(connection: &Connection, claimant: &Claimant) -> Result<(), StoreError> {
    leave_line(connection, claimant)?;
    let mut release = connection
        .prepare_cached("DELETE FROM lease WHERE principal = ?1 AND key = ?2 AND holder = ?3")?;
    let SessionId { principal, key } = &claimant.session;
    release.execute(params![
        principal.to_string(),
        key.as_str(),
        claimant.holder
    ])?;
    Ok(())
}

/// Makes these leases good for as long as new ones. One that is lost stays lost.
pub(super) fn renew(
    connection: &Connection,
    held: &[(SessionId, i64)],
    validity: Duration,
) -> Result<(), StoreError> {
    let expires = now_ms() + millis(validity);
    let mut renew = connection.prepare_cached(
        "UPDATE lease SET expires_ms = ?4 WHERE principal = ?1 AND key = ?2 AND fence = ?3",
    )?;
    for (session, fence) in held {
        let SessionId { principal, key } = session;
        renew.execute(params![principal.to_string(), key.as_str(), fence, expires])?;
    }
    Ok(())
}

/// Ends whatever lease the session has. Says whether it was a good one: whether the session was running.
pub(super) fn revoke(connection: &Connection, session: &SessionId) -> Result<bool, StoreError> {
    let mut revoke = connection.prepare_cached(
        "DELETE FROM lease WHERE principal = ?1 AND key = ?2 RETURNING expires_ms > ?3",
    )?;
    let SessionId { principal, key } = session;
    let ended = params![principal.to_string(), key.as_str(), now_ms()];
    let was_good = revoke.query_row(ended, |row| row.get(0)).optional()?;
    Ok(was_good.unwrap_or(false))
}

/// Clears away what processes that are gone have left.
pub(super) fn clear_expired(connection: &Connection) -> Result<(), StoreError> {
    let now = now_ms();
    connection.execute("DELETE FROM lease WHERE expires_ms <= ?1", [now])?;
    connection.execute("DELETE FROM waiter WHERE expires_ms <= ?1", [now])?;
    Ok(())
}

/// # Errors
/// [`StoreError::LostLease`] when the session's lease is not the one with this fence.
pub(super) fn check(
    connection: &Connection,
    session: &SessionId,
    fence: i64,
) -> Result<(), StoreError> {
    let mut check = connection
        .prepare_cached("SELECT 1 FROM lease WHERE principal = ?1 AND key = ?2 AND fence = ?3")?;
    let shown = params![session.principal.to_string(), session.key.as_str(), fence];
    let held: Option<i64> = check.query_row(shown, |row| row.get(0)).optional()?;
    held.map(drop).ok_or(StoreError::LostLease)
}

/// Unix time in milliseconds.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    millis(since.unwrap_or_default())
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
