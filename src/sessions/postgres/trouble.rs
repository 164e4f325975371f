//! What the errors of the database mean, and which of them are worth another try.

use deadpool::managed::PoolError;
use tokio_postgres::error::SqlState;

use crate::sessions::{StoreError, Unavailable};

/// Why an attempt came to nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection, or the server: another attempt may do.
    Passing(Unavailable),
    /// The same again would end the same.
    Final(StoreError),
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Passing(reason) => Self::Unavailable(reason),
            Failure::Final(error) => error,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

impl From<tokio_postgres::Error> for Failure {
    /// What the server says in words may name its users and hosts: it goes to the log and to no caller.
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            let reason = chain(&error);
            tracing::debug!(reason, "the connection to the session database was lost");
            return Self::Passing(Unavailable::Unreachable);
        };
        let failure = meaning(said.code());
        tracing::debug!(
            code = said.code().code(),
            reason = said.message(),
            "the session database refused"
        );
        failure
    }
}

impl From<PoolError<Failure>> for Failure {
    fn from(error: PoolError<Failure>) -> Self {
        match error {
            PoolError::Backend(failure) => failure,
            PoolError::Closed => StoreError::Unavailable(Unavailable::Closed).into(),
            PoolError::Timeout(_)
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_) => Self::Passing(Unavailable::Unreachable),
        }
    }
}

fn meaning(code: &SqlState) -> Failure {
    let unavailable = |reason| Failure::Final(StoreError::Unavailable(reason));
    let failed = |text: &str| unavailable(Unavailable::Failed(text.to_owned()));
    match *code {
        SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::TOO_MANY_CONNECTIONS
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => {
            Failure::Passing(Unavailable::Unreachable)
        }
        // A newer gateway has just brought the tables up to date: a new connection reads them as they are now.
        SqlState::FEATURE_NOT_SUPPORTED => Failure::Passing(Unavailable::Locked),
        // After a failover the old server may still answer, but writes nothing.
        SqlState::READ_ONLY_SQL_TRANSACTION => Failure::Passing(Unavailable::ReadOnly),
        SqlState::T_R_DEADLOCK_DETECTED
        | SqlState::T_R_SERIALIZATION_FAILURE
        | SqlState::LOCK_NOT_AVAILABLE
        | SqlState::QUERY_CANCELED => Failure::Passing(Unavailable::Locked),
        SqlState::DISK_FULL | SqlState::CHECK_VIOLATION => unavailable(Unavailable::Full),
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => unavailable(Unavailable::Damaged),
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            failed("its database refuses the login")
        }
        SqlState::INVALID_CATALOG_NAME => failed("its database is not there"),
        SqlState::INSUFFICIENT_PRIVILEGE => failed("its database user lacks a right that it needs"),
        ref other if other.code().starts_with("08") => Failure::Passing(Unavailable::Unreachable),
        ref other => failed(&format!("its database refuses (SQLSTATE {})", other.code())),
    }
}

/// An error and what caused it, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
