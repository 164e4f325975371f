//! Sessions and their turns, in SQL.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Row;

use super::is_storable;
use super::trouble::Failure;
use crate::chat::MESSAGE_FORMAT;
use crate::sessions::row::{TurnRow, first_turn};
use crate::sessions::{
    Cursor, History, Page, Principal, SessionId, SessionKey, StoreError, Summary, Transcript, Turn,
    TurnId,
};

/// A write that may be sent again when it is not known what became of it.
pub(super) struct Write<'a> {
    pub session: &'a SessionId,
    /// The claim of the lease.
    pub fence: i64,
    /// No other write has it.
    pub number: i64,
    pub turn: &'a TurnRow<'a>,
}

/// Adds a turn, which becomes the head; a write that was done before is not done again.
///
/// All in one statement: its place in the line stays locked until the turn is kept, so that nobody can take the session
/// over between the check and the commit.
///
/// # Errors
/// [`StoreError::LostLease`] when the lease with this fence no longer runs the session.
pub(super) async fn append(client: &ClientWrapper, write: &Write<'_>) -> Result<TurnId, Failure> {
    let append = "WITH held AS MATERIALIZED (
            SELECT FROM place WHERE claim = $1 AND principal = $2 AND key = $3 AND running FOR KEY SHARE
        ), counted AS (
            INSERT INTO session AS old (principal, key, turns, created_ms, updated_ms, last_write)
            SELECT $2, $3, 1, $4, $4, $5 FROM held
            ON CONFLICT (principal, key) DO UPDATE SET turns = old.turns + 1,
                updated_ms = greatest(old.updated_ms, excluded.updated_ms), last_write = excluded.last_write
                WHERE old.last_write <> excluded.last_write
            RETURNING id, turns
        )
        INSERT INTO turn (id, parent, state, format, model, usage, created_ms, input, answer)
        SELECT (id << 24) + turns - 1, $6, $7, $8, $9, $10, $4, $11, $12 FROM counted
        RETURNING id";
    let append = client.prepare_cached(append).await?;
    let (principal, key) = (
        write.session.principal.to_string(),
        write.session.key.as_str(),
    );
    let turn = write.turn;
    let model = turn.model.as_ref().filter(|model| is_storable(model));
    let added = client
        .query_opt(
            &append,
            &[
                &write.fence,
                &principal,
                &key,
                &turn.created_ms,
                &write.number,
                &turn.parent,
                &turn.state,
                &turn.format,
                &model,
                &turn.usage,
                &turn.input,
                &turn.answer,
            ],
        )
        .await?;
    if let Some(row) = added {
        return Ok(TurnId(row.get(0)));
    }
    let before = "SELECT (id << 24) + turns - 1 FROM session
        WHERE principal = $1 AND key = $2 AND last_write = $3";
    let before = client
        .query_opt(before, &[&principal, &key, &write.number])
        .await?;
    let row = before.ok_or(StoreError::LostLease)?;
    Ok(TurnId(row.get(0)))
}

/// The turns of the current branch, oldest first.
pub(super) async fn load(client: &ClientWrapper, session: &SessionId) -> Result<History, Failure> {
    let branch = "WITH RECURSIVE branch AS (
            SELECT turn.* FROM session JOIN turn ON turn.id = (session.id << 24) + session.turns - 1
            WHERE principal = $1 AND key = $2
            UNION ALL
            SELECT turn.* FROM branch JOIN turn ON turn.id = branch.parent
        )
        SELECT * FROM branch ORDER BY id";
    let branch = client.prepare_cached(branch).await?;
    let rows = client
        .query(
            &branch,
            &[&session.principal.to_string(), &session.key.as_str()],
        )
        .await?;
    Ok(History {
        turns: read_turns(&rows)?,
    })
}

fn read_turns(rows: &[Row]) -> Result<Vec<Turn>, StoreError> {
    rows.iter().map(read_turn).collect()
}

fn read_turn(row: &Row) -> Result<Turn, StoreError> {
    let text = |column| row.get::<_, Option<&str>>(column).map(Cow::Borrowed);
    let stored = TurnRow {
        parent: row.get("parent"),
        state: row.get("state"),
        format: row.get("format"),
        model: text("model"),
        usage: text("usage"),
        created_ms: row.get("created_ms"),
        input: row.get::<_, &str>("input").into(),
        answer: row.get::<_, &str>("answer").into(),
    };
    stored.read(row.get("id"))
}

pub(super) async fn list(
    client: &ClientWrapper,
    principal: &Principal,
    page: &Page,
) -> Result<Vec<Summary>, Failure> {
    let (updated_ms, key) = match &page.after {
        Some(Cursor { updated_ms, key }) => (*updated_ms, key.as_str()),
        None => (i64::MAX, ""),
    };
    let list = "SELECT * FROM session WHERE principal = $1 AND (updated_ms, key) < ($2, $3)
        ORDER BY updated_ms DESC, key DESC LIMIT $4";
    let list = client.prepare_cached(list).await?;
    let limit = i64::from(page.limit);
    let rows = client
        .query(&list, &[&principal.to_string(), &updated_ms, &key, &limit])
        .await?;
    Ok(rows.iter().map(read_summary).collect())
}

fn read_summary(row: &Row) -> Summary {
    let (id, turns): (i64, i64) = (row.get("id"), row.get("turns"));
    Summary {
        key: SessionKey::stored(row.get("key")),
        created_ms: row.get("created_ms"),
        updated_ms: row.get("updated_ms"),
        turns: turns.unsigned_abs(),
        head: Some(TurnId(first_turn(id) + turns - 1)),
    }
}

async fn find(
    client: &ClientWrapper,
    session: &SessionId,
) -> Result<Option<(i64, Summary)>, Failure> {
    let find = "SELECT * FROM session WHERE principal = $1 AND key = $2";
    let find = client.prepare_cached(find).await?;
    let found = client
        .query_opt(
            &find,
            &[&session.principal.to_string(), &session.key.as_str()],
        )
        .await?;
    Ok(found.map(|row| (row.get("id"), read_summary(&row))))
}

/// A session with the turns of its current branch.
pub(super) async fn show(
    client: &ClientWrapper,
    session: &SessionId,
) -> Result<Option<Transcript>, Failure> {
    let Some((_, summary)) = find(client, session).await? else {
        return Ok(None);
    };
    let history = load(client, session).await?;
    Ok(Some(transcript(summary, history.turns)))
}

/// A session with all its turns.
pub(super) async fn export(
    client: &ClientWrapper,
    session: &SessionId,
) -> Result<Option<Transcript>, Failure> {
    let Some((number, summary)) = find(client, session).await? else {
        return Ok(None);
    };
    let all = "SELECT * FROM turn WHERE id >= $1 AND id < $2 ORDER BY id";
    let all = client.prepare_cached(all).await?;
    let rows = client
        .query(&all, &[&first_turn(number), &first_turn(number + 1)])
        .await?;
    Ok(Some(transcript(summary, read_turns(&rows)?)))
}

fn transcript(session: Summary, turns: Vec<Turn>) -> Transcript {
    Transcript {
        format: MESSAGE_FORMAT,
        session,
        turns,
    }
}

/// Takes a session away with all its turns; whoever runs it can no longer write. Remembers in `was_there` that there was
/// one, or a run that would have made one: after a commit whose answer is lost, nobody finds it any more.
pub(super) async fn delete(
    client: &mut ClientWrapper,
    session: &SessionId,
    was_there: &AtomicBool,
) -> Result<(), Failure> {
    let (principal, key) = (session.principal.to_string(), session.key.as_str());
    let transaction = client.transaction().await?;
    // First: it waits for a turn that is being written, and lets no other begin.
    let revoke = "DELETE FROM place WHERE principal = $1 AND key = $2 AND running
        RETURNING expires > clock_timestamp()";
    let revoked = transaction.query_opt(revoke, &[&principal, &key]).await?;
    let was_running = revoked.is_some_and(|row| row.get(0));
    let delete = "DELETE FROM session WHERE principal = $1 AND key = $2 RETURNING id";
    let deleted = transaction.query_opt(delete, &[&principal, &key]).await?;
    if let Some(row) = &deleted {
        let number: i64 = row.get(0);
        let clear = "DELETE FROM turn WHERE id >= $1 AND id < $2";
        let turns = [first_turn(number), first_turn(number + 1)];
        transaction.execute(clear, &[&turns[0], &turns[1]]).await?;
    }
    was_there.fetch_or(was_running || deleted.is_some(), Ordering::Relaxed);
    transaction.commit().await?;
    Ok(())
}
