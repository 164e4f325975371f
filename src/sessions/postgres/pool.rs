//! The connections: made when needed, bounded in number, and never used again after something went wrong on them.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Object, Pool, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};

use super::schema;
use super::tls::Tls;
use super::trouble::{Failure, chain};
use crate::sessions::{StoreError, Unavailable};

/// Connections of one gateway.
const CONNECTIONS: usize = 16;

/// How long a statement waits for one of them.
const WAIT: Duration = Duration::from_secs(5);

/// How long making one may take: all its hosts, the login, the tables.
const CREATE: Duration = Duration::from_secs(20);

pub(super) type Connections = Pool<Connector>;

/// # Panics
/// Never: a runtime for its timers is named.
pub(super) fn connections(config: Config) -> Connections {
    let pool = Pool::builder(Connector {
        config,
        complaint: Mutex::default(),
    })
    .max_size(CONNECTIONS)
    .wait_timeout(Some(WAIT))
    .create_timeout(Some(CREATE))
    .runtime(Runtime::Tokio1)
    .build();
    pool.expect("the timers have a runtime")
}

/// Makes connections.
pub(super) struct Connector {
    config: Config,
    /// What went wrong at the last one, to be logged once.
    complaint: Mutex<Option<String>>,
}

impl Connector {
    async fn connect(&self) -> Result<ClientWrapper, Failure> {
        if self.config.get_ssl_mode() == SslMode::Disable {
            let (client, connection) = self
                .config
                .connect(NoTls)
                .await
                .map_err(|e| self.complain(e))?;
            return Ok(ClientWrapper::new(client, driven(connection)));
        }
        let tls = Tls::new().map_err(|error| {
            tracing::error!(%error, "the roots of this machine cannot be read");
            let reason = "no root certificates can be read".to_owned();
            StoreError::Unavailable(Unavailable::Failed(reason))
        })?;
        let (client, connection) = self
            .config
            .connect(tls)
            .await
            .map_err(|e| self.complain(e))?;
        Ok(ClientWrapper::new(client, driven(connection)))
    }

    /// Tells the person who runs this what no caller is told.
    fn complain(&self, error: tokio_postgres::Error) -> Failure {
        let reason = chain(&error);
        let last = self.complaint().replace(reason.clone());
        if last.as_ref() != Some(&reason) {
            tracing::warn!(reason, "the session database cannot be reached");
        }
        error.into()
    }

    fn complaint(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.complaint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Moves what is said on a connection. Ends by itself when its client is dropped or the connection is lost.
fn driven<C>(connection: C) -> tokio::task::JoinHandle<()>
where
    C: Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(
                reason = chain(&error),
                "a connection to the session database ended"
            );
        }
    })
}

impl Manager for Connector {
    type Type = ClientWrapper;
    type Error = Failure;

    async fn create(&self) -> Result<ClientWrapper, Failure> {
        let mut client = self.connect().await?;
        schema::prepare(&mut client).await?;
        if self.complaint().take().is_some() {
            tracing::info!("the session database is reached again");
        }
        Ok(client)
    }

    async fn recycle(&self, client: &mut ClientWrapper, _: &Metrics) -> RecycleResult<Failure> {
        match client.is_closed() {
            true => Err(RecycleError::message("it is closed")),
            false => Ok(()),
        }
    }
}

/// A connection for one piece of work. It goes back only by [`Lent::done`]: one on which something failed, or whose work
/// was given up midway, is closed.
pub(super) struct Lent(Option<Object<Connector>>);

impl Lent {
    pub async fn from(pool: &Connections) -> Result<Self, Failure> {
        Ok(Self(Some(pool.get().await?)))
    }

    /// Gives the connection back, on which the work came to this end.
    pub fn done<T>(mut self, outcome: T) -> Result<T, Failure> {
        drop(self.0.take());
        Ok(outcome)
    }
}

impl Deref for Lent {
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        self.0.as_ref().expect("it is lent until it is done")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut ClientWrapper {
        self.0.as_mut().expect("it is lent until it is done")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}
