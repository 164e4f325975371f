//! Sessions and their turns, in SQL.

use std::borrow::Cow;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::lease;
use crate::chat::MESSAGE_FORMAT;
use crate::sessions::row::{MAX_TURNS, TurnRow, damaged, first_turn};
use crate::sessions::{
    Cursor, History, Page, Principal, SessionId, SessionKey, StoreError, Summary, Transcript, Turn,
    TurnId, Unavailable,
};

/// Turns that one transaction clears away.
const CLEARED_AT_ONCE: i64 = 500;

/// Adds a turn, which becomes the head.
///
/// # Errors
/// [`StoreError::LostLease`], before anything is written, when the session's lease has another fence.
pub(super) fn append(
    connection: &Connection,
    session: &SessionId,
    fence: i64,
    turn: &TurnRow<'_>,
) -> Result<TurnId, StoreError> {
    lease::check(connection, session, fence)?;
    let mut count = connection.prepare_cached(
        "INSERT INTO session (principal, key, turns, created_ms, updated_ms) VALUES (?1, ?2, 1, ?3, ?3)
         ON CONFLICT DO UPDATE SET turns = turns + 1, updated_ms = max(updated_ms, excluded.updated_ms)
         RETURNING id, turns",
    )?;
    let owner = params![
        session.principal.to_string(),
        session.key.as_str(),
        turn.created_ms
    ];
    let (number, turns): (i64, i64) =
        count.query_row(owner, |row| Ok((row.get(0)?, row.get(1)?)))?;
    if turns > MAX_TURNS {
        return Err(StoreError::Unavailable(Unavailable::Full));
    }
    let id = first_turn(number) + turns - 1;
    let mut insert = connection.prepare_cached(
        "INSERT INTO turn (id, parent, state, format, model, usage, created_ms, input, answer)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    insert.execute(params![
        id,
        turn.parent,
        turn.state,
        turn.format,
        turn.model,
        turn.usage,
        turn.created_ms,
        turn.input,
        turn.answer,
    ])?;
    let mut lead = connection.prepare_cached("UPDATE session SET head = ?2 WHERE id = ?1")?;
    lead.execute([number, id])?;
    Ok(TurnId(id))
}

/// The turns of the current branch, oldest first.
pub(super) fn load(connection: &Connection, session: &SessionId) -> Result<History, StoreError> {
    let found = find(connection, session)?;
    let head = found.and_then(|(_, summary)| summary.head);
    branch(connection, head).map(|turns| History { turns })
}

fn branch(connection: &Connection, head: Option<TurnId>) -> Result<Vec<Turn>, StoreError> {
    let mut one = connection.prepare_cached(
        "SELECT id, parent, state, format, model, usage, created_ms, input, answer FROM turn WHERE id = ?1",
    )?;
    let mut turns = Vec::new();
    let mut next = head;
    while let Some(TurnId(id)) = next {
        let turn = one.query_row([id], |row| Ok(read_turn(row)))??;
        next = turn.parent;
        turns.push(turn);
    }
    turns.reverse();
    Ok(turns)
}

fn read_turn(row: &Row<'_>) -> Result<Turn, StoreError> {
    let json = |column| row.get_ref(column)?.as_str().map_err(|_| damaged());
    let stored = TurnRow {
        parent: row.get("parent")?,
        state: row.get("state")?,
        format: row.get("format")?,
        model: row.get::<_, Option<String>>("model")?.map(Cow::Owned),
        usage: row.get::<_, Option<String>>("usage")?.map(Cow::Owned),
        created_ms: row.get("created_ms")?,
        input: json("input")?.into(),
        answer: json("answer")?.into(),
    };
    stored.read(row.get("id")?)
}

/// A session's number and what a list says of it.
fn find(
    connection: &Connection,
    session: &SessionId,
) -> Result<Option<(i64, Summary)>, StoreError> {
    let mut find = connection.prepare_cached(
        "SELECT id, key, created_ms, updated_ms, turns, head FROM session WHERE principal = ?1 AND key = ?2",
    )?;
    let id = params![session.principal.to_string(), session.key.as_str()];
    let found = find.query_row(id, |row| Ok((row.get("id")?, read_summary(row)?)));
    Ok(found.optional()?)
}

fn read_summary(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let head: Option<i64> = row.get("head")?;
    Ok(Summary {
        key: SessionKey::stored(row.get("key")?),
        created_ms: row.get("created_ms")?,
        updated_ms: row.get("updated_ms")?,
        turns: row.get("turns")?,
        head: head.map(TurnId),
    })
}

pub(super) fn list(
    connection: &Connection,
    principal: &Principal,
    page: Page,
) -> Result<Vec<Summary>, StoreError> {
    let (updated_ms, key) = match page.after {
        Some(Cursor { updated_ms, key }) => (updated_ms, key.as_str().to_owned()),
        None => (i64::MAX, String::new()),
    };
    let mut list = connection.prepare_cached(
        "SELECT key, created_ms, updated_ms, turns, head FROM session
         WHERE principal = ?1 AND (updated_ms, key) < (?2, ?3)
         ORDER BY updated_ms DESC, key DESC LIMIT ?4",
    )?;
    let page = params![principal.to_string(), updated_ms, key, page.limit];
    let sessions = list.query_map(page, read_summary)?;
    Ok(sessions.collect::<Result<_, _>>()?)
}

/// A session with the turns of its current branch.
pub(super) fn show(
    connection: &Connection,
    session: &SessionId,
) -> Result<Option<Transcript>, StoreError> {
    let Some((_, summary)) = find(connection, session)? else {
        return Ok(None);
    };
    let turns = branch(connection, summary.head)?;
    Ok(Some(transcript(summary, turns)))
}

/// A session with all its turns.
pub(super) fn export(
    connection: &Connection,
    session: &SessionId,
) -> Result<Option<Transcript>, StoreError> {
    let Some((number, summary)) = find(connection, session)? else {
        return Ok(None);
    };
    let mut all = connection.prepare_cached(
        "SELECT id, parent, state, format, model, usage, created_ms, input, answer FROM turn
         WHERE id >= ?1 AND id < ?2 ORDER BY id",
    )?;
    let ids = [first_turn(number), first_turn(number + 1)];
    let turns = all.query_and_then(ids, read_turn)?;
    let turns = turns.collect::<Result<_, _>>()?;
    Ok(Some(transcript(summary, turns)))
}

fn transcript(session: Summary, turns: Vec<Turn>) -> Transcript {
    Transcript {
        format: MESSAGE_FORMAT,
        session,
        turns,
    }
}

/// Takes a session away at once; its turns are cleared away afterwards, by [`clear_discarded`].
pub(super) fn delete(connection: &Connection, session: &SessionId) -> Result<bool, StoreError> {
    // A session that runs for the first time has no turns yet, and is there all the same.
    let was_running = lease::revoke(connection, session)?;
    let number = find(connection, session)?.map(|(number, _)| number);
    if let Some(number) = number {
        discard(connection, number)?;
    }
    Ok(was_running || number.is_some())
}

pub(super) fn discard(connection: &Connection, session: i64) -> Result<(), StoreError> {
    connection.execute("DELETE FROM session WHERE id = ?1", [session])?;
    connection.execute("INSERT INTO discarded (session) VALUES (?1)", [session])?;
    Ok(())
}

/// Clears away some turns of deleted sessions; says whether any may be left.
pub(super) fn clear_discarded(connection: &Connection) -> Result<bool, StoreError> {
    let next = connection.query_row("SELECT session FROM discarded LIMIT 1", [], |row| {
        row.get(0)
    });
    let Some(session): Option<i64> = next.optional()? else {
        return Ok(false);
    };
    let mut clear = connection.prepare_cached(
        "DELETE FROM turn WHERE id IN (SELECT id FROM turn WHERE id >= ?1 AND id < ?2 LIMIT ?3)",
    )?;
    let range = [
        first_turn(session),
        first_turn(session + 1),
        CLEARED_AT_ONCE,
    ];
    if clear.execute(range)? == 0 {
        connection.execute("DELETE FROM discarded WHERE session = ?1", [session])?;
    }
    Ok(true)
}
