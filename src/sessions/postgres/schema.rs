//! The tables, how older ones are brought up to date, and what every connection is told before it is used.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::error::SqlState;

use super::trouble::Failure;
use crate::sessions::{StoreError, Unavailable};

/// Schema n is what the first n of these make of an empty database. Never change one that has been released: add one
/// that the program before it can live with, for both run at once while replicas are replaced one by one.
const MIGRATIONS: [&str; 1] = [r#"
    -- The line before each session: who runs it, and who waits for it in the order of the tickets. A place that is not
    -- renewed in time is void.
    CREATE TABLE place (
        claim bigint PRIMARY KEY,
        ticket bigint GENERATED ALWAYS AS IDENTITY,
        principal text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL,
        running boolean NOT NULL,
        expires timestamptz NOT NULL
    );
    CREATE UNIQUE INDEX place_running ON place (principal, key) WHERE running;
    CREATE INDEX place_in_line ON place (principal, key, ticket);

    -- The last turn is the head. last_write tells a write that is tried again from another one.
    CREATE TABLE session (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        principal text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL,
        turns bigint NOT NULL CHECK (turns <= 16777216),
        created_ms bigint NOT NULL,
        updated_ms bigint NOT NULL,
        last_write bigint NOT NULL,
        UNIQUE (principal, key)
    );
    CREATE INDEX session_by_use ON session (principal, updated_ms, key);
    CREATE INDEX session_by_age ON session (updated_ms);

    -- id is the session's id and the turn's number in it, so that the turns of a session lie together.
    CREATE TABLE turn (
        id bigint PRIMARY KEY,
        parent bigint,
        state bigint NOT NULL,
        format bigint NOT NULL,
        model text,
        usage text,
        created_ms bigint NOT NULL,
        input text NOT NULL,
        answer text NOT NULL
    );

    CREATE TABLE response (
        principal text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        agent text NOT NULL,
        session_key text,
        previous text,
        created_ms bigint NOT NULL,
        bytes bigint NOT NULL,
        object text NOT NULL,
        input text[] NOT NULL,
        output text[] NOT NULL,
        PRIMARY KEY (principal, id)
    );
    CREATE INDEX response_by_age ON response (created_ms, bytes, principal, id);
"#];

/// The schema that this program reads and writes.
const CURRENT: i64 = MIGRATIONS.len() as i64;

/// The oldest program, by its schema, that can still use the tables as this one leaves them.
const OLDEST: i64 = 1;

/// Names, over the whole database, the one who brings the tables up to date.
const MIGRATING: i64 = 0x6f70_656e_636c_6177;

/// Bounds every wait inside the server, and makes an answered write a kept one whatever the server's own default is:
/// only a server that waits for its replicas to have applied a write as well is left at that.
const SETTINGS: &str = "
    SET search_path = openclaw, pg_catalog;
    SET statement_timeout = '15s';
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '30s';
    SET client_min_messages = warning;
    SET default_transaction_isolation = 'read committed';
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') <> 'remote_apply'";

/// Makes a fresh connection ready for use, and the tables, where they are missing or old.
///
/// # Errors
/// [`StoreError::Newer`] for the tables of a newer program.
pub(super) async fn prepare(client: &mut ClientWrapper) -> Result<(), Failure> {
    client.batch_execute(SETTINGS).await?;
    if version(client).await? < CURRENT {
        migrate(client).await?;
    }
    Ok(())
}

async fn version(client: &tokio_postgres::Client) -> Result<i64, Failure> {
    // A name alone might be answered from what the server remembered before another gateway made it.
    let is_there = "SELECT EXISTS (
        SELECT FROM pg_tables WHERE schemaname = 'openclaw' AND tablename = 'version')";
    if !client.query_one(is_there, &[]).await?.get::<_, bool>(0) {
        return Ok(0);
    }
    let version = "SELECT number, oldest FROM version";
    let row = match client.query_one(version, &[]).await {
        // Another gateway made it this moment: the catalog shows it before its name can be used. Under the lock it can.
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => return Ok(0),
        row => row?,
    };
    let (found, oldest): (i64, i64) = (row.get(0), row.get(1));
    if oldest > CURRENT {
        let known = CURRENT;
        return Err(StoreError::Newer { found, known }.into());
    }
    Ok(found)
}

async fn migrate(client: &mut ClientWrapper) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    // Released by the end of the transaction, however it ends.
    transaction
        .execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATING])
        .await?;
    // Looked at again: another gateway may have done it while this one waited for the lock.
    let found = version(transaction.client()).await?;
    if found == 0 {
        found_schema(&transaction).await?;
    }
    let missing = MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0));
    for step in missing.clone() {
        transaction.batch_execute(step).await?;
    }
    if missing.len() == 0 {
        return Ok(());
    }
    transaction
        .execute(
            "UPDATE version SET number = $1, oldest = $2",
            &[&CURRENT, &OLDEST],
        )
        .await?;
    Ok(transaction.commit().await?)
}

async fn found_schema(transaction: &tokio_postgres::Transaction<'_>) -> Result<(), Failure> {
    let encoding = transaction.query_one("SHOW server_encoding", &[]).await?;
    if encoding.get::<_, &str>(0) != "UTF8" {
        let reason = "its database is not encoded in UTF8".to_owned();
        return Err(StoreError::Unavailable(Unavailable::Failed(reason)).into());
    }
    // Whoever may not make it may have been given one.
    let is_there = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'openclaw')";
    if !transaction
        .query_one(is_there, &[])
        .await?
        .get::<_, bool>(0)
    {
        transaction.batch_execute("CREATE SCHEMA openclaw").await?;
    }
    let version = "CREATE TABLE version (number bigint NOT NULL, oldest bigint NOT NULL);
        INSERT INTO version VALUES (0, 0)";
    Ok(transaction.batch_execute(version).await?)
}
