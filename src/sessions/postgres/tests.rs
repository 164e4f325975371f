//! The suite on a database of its own, and what only a database can do.

mod lost;
mod relay;
mod trouble;

use tokio_postgres::{Client, NoTls};

use super::*;
use crate::sessions::suite::{Ground, Kept, lines, post, session, suite, turn};

#[path = "../../../tests/e2e/support/database.rs"]
#[allow(dead_code, reason = "the end-to-end tests need all of it")]
mod database;

use database::Database;

/// A connection that the store knows nothing of.
async fn connect(database: &Database) -> Client {
    let (client, connection) = tokio_postgres::connect(&database.url(), NoTls)
        .await
        .unwrap();
    // Ends when the client is dropped.
    tokio::spawn(connection);
    client
}

async fn number(database: &Database, query: &str) -> i64 {
    let client = connect(database).await;
    client.query_one(query, &[]).await.unwrap().get(0)
}

impl Ground for Database {
    type Store = PostgresStore;

    async fn prepare() -> Option<Self> {
        Database::shared()
    }

    fn open_with(&self, max_queued: usize, timing: Timing) -> PostgresStore {
        PostgresStore::new(&self.url(), max_queued, timing).unwrap()
    }

    async fn count(&self, kept: Kept) -> i64 {
        let query = match kept {
            Kept::Holders => "SELECT count(*) FROM openclaw.place WHERE running",
            Kept::Waiters => "SELECT count(*) FROM openclaw.place WHERE NOT running",
            Kept::Turns => "SELECT count(*) FROM openclaw.turn",
            Kept::Responses => "SELECT count(*) FROM openclaw.response",
            Kept::ResponseItems => {
                "SELECT coalesce(sum(cardinality(input) + cardinality(output)), 0)::bigint FROM openclaw.response"
            }
        };
        number(self, query).await
    }

    async fn lease_ends(&self) -> i64 {
        let ends = "SELECT (extract(epoch FROM expires) * 1000000)::bigint FROM openclaw.place";
        number(self, ends).await
    }

    async fn end_leases(&self) {
        let end = "UPDATE openclaw.place SET expires = '-infinity'";
        connect(self).await.batch_execute(end).await.unwrap();
    }
}

suite!(Database);
