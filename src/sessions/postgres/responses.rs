//! Stored responses, in SQL.

use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::ClientWrapper;
use serde_json::value::RawValue;
use tokio_postgres::Row;

use super::trouble::Failure;
use crate::sessions::row::damaged;
use crate::sessions::{Principal, SessionKey, StoreError, StoredResponse};

/// Stores a response, or replaces the one with its id.
pub(super) async fn put(client: &ClientWrapper, response: &StoredResponse) -> Result<(), Failure> {
    let put = "INSERT INTO response
            (principal, id, agent, session_key, previous, created_ms, bytes, object, input, output)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (principal, id) DO UPDATE SET agent = excluded.agent, session_key = excluded.session_key,
            previous = excluded.previous, created_ms = excluded.created_ms, bytes = excluded.bytes,
            object = excluded.object, input = excluded.input, output = excluded.output";
    let put = client.prepare_cached(put).await?;
    let texts = |items: &'_ [Box<RawValue>]| -> Vec<String> {
        items.iter().map(|item| item.get().to_owned()).collect()
    };
    let (input, output) = (texts(&response.input), texts(&response.output));
    let items = input.iter().chain(&output).map(String::len).sum::<usize>();
    let bytes = i64::try_from(response.object.get().len() + items).unwrap_or(i64::MAX);
    client
        .execute(
            &put,
            &[
                &response.principal.to_string(),
                &response.id,
                &response.agent.as_str(),
                &response.session.as_ref().map(SessionKey::as_str),
                &response.previous,
                &response.created_ms,
                &bytes,
                &response.object.get(),
                &input,
                &output,
            ],
        )
        .await?;
    Ok(())
}

pub(super) async fn get(
    client: &ClientWrapper,
    principal: &Principal,
    id: &str,
) -> Result<Option<StoredResponse>, Failure> {
    let get = "SELECT * FROM response WHERE principal = $1 AND id = $2";
    let get = client.prepare_cached(get).await?;
    let found = client
        .query_opt(&get, &[&principal.to_string(), &id])
        .await?;
    let read = |row: Row| read(&row, principal);
    Ok(found.map(read).transpose()?)
}

fn read(row: &Row, principal: &Principal) -> Result<StoredResponse, StoreError> {
    let agent: &str = row.get("agent");
    let session: Option<String> = row.get("session_key");
    let items = |column| -> Result<Vec<_>, StoreError> {
        let texts: Vec<String> = row.get(column);
        texts.into_iter().map(raw).collect()
    };
    Ok(StoredResponse {
        id: row.get("id"),
        principal: principal.clone(),
        agent: agent.parse().map_err(|_| damaged())?,
        session: session.map(SessionKey::stored),
        previous: row.get("previous"),
        created_ms: row.get("created_ms"),
        object: raw(row.get("object"))?,
        input: items("input")?,
        output: items("output")?,
    })
}

fn raw(json: String) -> Result<Box<RawValue>, StoreError> {
    RawValue::from_string(json).map_err(|_| damaged())
}

/// Remembers in `was_there` that there was one: after a commit whose answer is lost, nobody finds it any more.
pub(super) async fn delete(
    client: &mut ClientWrapper,
    (principal, id): (&Principal, &str),
    was_there: &AtomicBool,
) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    let delete = "DELETE FROM response WHERE principal = $1 AND id = $2";
    let delete = transaction.prepare_cached(delete).await?;
    let deleted = transaction
        .execute(&delete, &[&principal.to_string(), &id])
        .await?;
    was_there.fetch_or(deleted > 0, Ordering::Relaxed);
    transaction.commit().await?;
    Ok(())
}
