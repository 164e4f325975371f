//! Where the database is: what its URL says, and what it does not say but should. Pure.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// How long an address of the database may take to answer a knock.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection on which nothing is said is tried after this long.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// How often it is tried again, and after how long each time, before it counts as lost.
const KEEPALIVE_RETRIES: (u32, Duration) = (2, Duration::from_secs(5));

/// After how long without an acknowledgement a connection counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(10);

/// A URL that names no database. Says why, and quotes nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is no PostgreSQL URL: {0}")]
pub struct InvalidUrl(String);

/// Reads `postgres://user:password@host:port/database`. Of several hosts the one is used that can be written. Beyond
/// this machine the connection is encrypted unless the URL says `sslmode=disable`.
///
/// # Errors
/// What PostgreSQL's own URLs do not have.
pub(super) fn parse(url: &str) -> Result<Config, InvalidUrl> {
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
        let cause = error.source().map(ToString::to_string);
        InvalidUrl(cause.unwrap_or_else(|| error.to_string()))
    })?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(InvalidUrl("it names no host".to_owned()));
    }
    if config.get_ssl_mode() == SslMode::Prefer {
        config.ssl_mode(match is_near(&config) {
            true => SslMode::Disable,
            false => SslMode::Require,
        });
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(LOST_AFTER);
    }
    if config.get_application_name().is_none() {
        config.application_name("openclaw");
    }
    config.keepalives_idle(KEEPALIVE);
    config.keepalives_retries(KEEPALIVE_RETRIES.0);
    config.keepalives_interval(KEEPALIVE_RETRIES.1);
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    Ok(config)
}

/// Whether all its hosts are on this machine.
fn is_near(config: &Config) -> bool {
    let by_name = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    });
    by_name && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssl_mode(url: &str) -> SslMode {
        parse(url).unwrap().get_ssl_mode()
    }

    #[test]
    fn beyond_this_machine_a_connection_is_encrypted_unless_the_url_says_otherwise() {
        for near in [
            "postgres://localhost/db",
            "postgresql://u:p@127.0.0.1:5433/db",
            "postgres://[::1]/db",
            "postgres:///db?host=/run/postgresql",
        ] {
            assert_eq!(ssl_mode(near), SslMode::Disable, "{near}");
        }
        assert_eq!(ssl_mode("postgres://db.example.com/db"), SslMode::Require);
        assert_eq!(ssl_mode("postgres://localhost,other/db"), SslMode::Require);
        assert_eq!(
            ssl_mode("postgres://localhost/db?hostaddr=10.0.0.1"),
            SslMode::Require
        );
        assert_eq!(
            ssl_mode("postgres://other/db?sslmode=disable"),
            SslMode::Disable
        );
        assert_eq!(
            ssl_mode("postgres://localhost/db?sslmode=require"),
            SslMode::Require
        );
    }

    #[test]
    fn a_url_that_cannot_be_read_is_refused_and_not_quoted() {
        for (url, reason) in [
            (
                "postgres://u:hunter2@h:port/db",
                "invalid value for option `port`",
            ),
            (
                "postgres://u:hunter2@h/db?sslrootcert=x",
                "unknown option `sslrootcert`",
            ),
            ("postgres:///db", "it names no host"),
        ] {
            let error = parse(url).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("this is no PostgreSQL URL: {reason}")
            );
        }
    }
}
