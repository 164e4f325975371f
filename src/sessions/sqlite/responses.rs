//! Stored responses, in SQL.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::value::RawValue;

use crate::sessions::row::damaged;
use crate::sessions::{Principal, SessionKey, StoreError, StoredResponse};

const INPUT: i64 = 0;
const OUTPUT: i64 = 1;

/// Stores a response, or replaces the one with its id.
pub(super) fn put(connection: &Connection, response: &StoredResponse) -> Result<(), StoreError> {
    delete(connection, &response.principal, &response.id)?;
    let items = || response.input.iter().chain(&response.output);
    let bytes = response.object.get().len() + items().map(|item| item.get().len()).sum::<usize>();
    let mut insert = connection.prepare_cached(
        "INSERT INTO response (principal, id, agent, session_key, previous, created_ms, bytes, object)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    insert.execute(params![
        response.principal.to_string(),
        response.id,
        response.agent.as_str(),
        response.session.as_ref().map(SessionKey::as_str),
        response.previous,
        response.created_ms,
        i64::try_from(bytes).unwrap_or(i64::MAX),
        response.object.get(),
    ])?;
    let number = connection.last_insert_rowid();
    let mut insert = connection.prepare_cached(
        "INSERT INTO response_item (response, sequence, kind, item) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let kinds = response
        .input
        .iter()
        .map(|_| INPUT)
        .chain(response.output.iter().map(|_| OUTPUT));
    for (sequence, (kind, item)) in (0_i64..).zip(kinds.zip(items())) {
        insert.execute(params![number, sequence, kind, item.get()])?;
    }
    Ok(())
}

pub(super) fn get(
    connection: &Connection,
    principal: &Principal,
    id: &str,
) -> Result<Option<StoredResponse>, StoreError> {
    let mut find = connection.prepare_cached(
        "SELECT number, id, agent, session_key, previous, created_ms, object FROM response
         WHERE principal = ?1 AND id = ?2",
    )?;
    let found = find.query_row(params![principal.to_string(), id], |row| {
        Ok((row.get("number")?, read(row, principal)))
    });
    let Some((number, response)): Option<(i64, _)> = found.optional()? else {
        return Ok(None);
    };
    let mut response = response?;
    let mut items = connection.prepare_cached(
        "SELECT kind, item FROM response_item WHERE response = ?1 ORDER BY sequence",
    )?;
    let mut rows = items.query([number])?;
    while let Some(row) = rows.next()? {
        let item = raw(row.get("item")?)?;
        match row.get("kind")? {
            INPUT => response.input.push(item),
            _ => response.output.push(item),
        }
    }
    Ok(Some(response))
}

fn read(row: &Row<'_>, principal: &Principal) -> Result<StoredResponse, StoreError> {
    let agent: String = row.get("agent")?;
    let session: Option<String> = row.get("session_key")?;
    Ok(StoredResponse {
        id: row.get("id")?,
        principal: principal.clone(),
        agent: agent.parse().map_err(|_| damaged())?,
        session: session.map(SessionKey::stored),
        previous: row.get("previous")?,
        created_ms: row.get("created_ms")?,
        object: raw(row.get("object")?)?,
        input: Vec::new(),
        output: Vec::new(),
    })
}

fn raw(json: String) -> Result<Box<RawValue>, StoreError> {
    RawValue::from_string(json).map_err(|_| damaged())
}

/// Says whether there was one.
pub(super) fn delete(
    connection: &Connection,
    principal: &Principal,
    id: &str,
) -> Result<bool, StoreError> {
    let mut find = connection
        .prepare_cached("SELECT number FROM response WHERE principal = ?1 AND id = ?2")?;
    let owner = params![principal.to_string(), id];
    let number: Option<i64> = find.query_row(owner, |row| row.get(0)).optional()?;
    if let Some(number) = number {
        remove(connection, number)?;
    }
    Ok(number.is_some())
}

pub(super) fn remove(connection: &Connection, number: i64) -> Result<(), StoreError> {
    let mut items = connection.prepare_cached("DELETE FROM response_item WHERE response = ?1")?;
    items.execute([number])?;
    let mut response = connection.prepare_cached("DELETE FROM response WHERE number = ?1")?;
    response.execute([number])?;
    Ok(())
}
