//! `session.store`: where sessions and responses are kept. The URL of a database holds a password, and is shown without.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::Secret;
use super::problem::{Path, Problem};
use super::server_url::without_credentials;

/// Where sessions and responses are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub enum StoreChoice {
    /// One file in the state folder.
    #[default]
    Sqlite,
    /// A database that several gateways share, by its URL.
    Postgres(Secret),
}

/// What the schema cannot say: a text that names no store, or one that this build cannot use.
pub(super) fn contradictions(config: &Value) -> Vec<Problem> {
    let store = config.pointer("/session/store").and_then(Value::as_str);
    let read = store.map(|text| StoreChoice::try_from(text.to_owned()));
    let problem = |fault| Problem::at_value(Path::default().key("session").key("store"), fault);
    read.and_then(Result::err)
        .map(problem)
        .into_iter()
        .collect()
}

impl TryFrom<String> for StoreChoice {
    type Error = String;

    /// Quotes nothing: there may be a password in it.
    fn try_from(text: String) -> Result<Self, String> {
        if text == "sqlite" {
            return Ok(Self::Sqlite);
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err("expected \"sqlite\" or a URL that begins with `postgres://`".to_owned());
        }
        let url = with_known_sslmode(text);
        check(&url)?;
        Ok(Self::Postgres(Secret::new(url)))
    }
}

/// Certificates are always checked: the stricter modes mean what `require` means here. Only an option is one: a password
/// may look the same.
fn with_known_sslmode(url: String) -> String {
    let host = url.find('@').map_or(0, |at| at + 1);
    let Some(mark) = url[host..].find('?') else {
        return url;
    };
    let (place, options) = url.split_at(host + mark + 1);
    let known = |option| match option {
        "sslmode=verify-full" | "sslmode=verify-ca" => "sslmode=require",
        other => other,
    };
    let options: Vec<&str> = options.split('&').map(known).collect();
    place.to_owned() + &options.join("&")
}

#[cfg(feature = "postgres")]
fn check(url: &str) -> Result<(), String> {
    use std::error::Error as _;
    let checked = url.parse::<tokio_postgres::Config>().map_err(|error| {
        let cause = error.source().map(ToString::to_string);
        format!(
            "this is no PostgreSQL URL: {}",
            cause.unwrap_or_else(|| error.to_string())
        )
    })?;
    match checked.get_hosts().is_empty() && checked.get_hostaddrs().is_empty() {
        true => Err("this PostgreSQL URL names no host".to_owned()),
        false => Ok(()),
    }
}

#[cfg(not(feature = "postgres"))]
fn check(_url: &str) -> Result<(), String> {
    Err(
        "this build cannot use PostgreSQL: build it with `cargo build --release --features postgres`, or write \"sqlite\""
            .to_owned(),
    )
}

impl fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite => f.write_str("sqlite"),
            Self::Postgres(url) => f.write_str(&without_credentials(url.expose())),
        }
    }
}

impl Serialize for StoreChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<StoreChoice, String> {
        StoreChoice::try_from(text.to_owned())
    }

    #[test]
    fn a_store_is_sqlite_or_a_url_and_nothing_else_is_quoted() {
        assert_eq!(read("sqlite"), Ok(StoreChoice::Sqlite));
        let expected = "expected \"sqlite\" or a URL that begins with `postgres://`";
        for wrong in ["", "SQLite", "mysql://u:hunter2@h/db"] {
            assert_eq!(read(wrong), Err(expected.to_owned()), "{wrong}");
        }
    }

    #[test]
    fn a_stricter_sslmode_is_one_that_is_known_and_a_password_stays_as_it_is() {
        for (written, known) in [
            ("postgres://h/db", "postgres://h/db"),
            (
                "postgres://h/db?sslmode=verify-full",
                "postgres://h/db?sslmode=require",
            ),
            (
                "postgres://u:?sslmode=verify-ca@h/db?connect_timeout=1&sslmode=verify-ca",
                "postgres://u:?sslmode=verify-ca@h/db?connect_timeout=1&sslmode=require",
            ),
            (
                "postgres://u:sslmode=verify-full@h/sslmode=verify-full",
                "postgres://u:sslmode=verify-full@h/sslmode=verify-full",
            ),
        ] {
            assert_eq!(with_known_sslmode(written.to_owned()), known);
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_url_shows_neither_its_password_nor_its_options() {
        let store = read("postgresql://u:hunter2@h:5433/db?password=hunter3").unwrap();
        let shown = "postgresql://(redacted)@h:5433/db?(redacted)";
        assert_eq!(serde_json::to_value(&store).unwrap(), shown);
        assert_eq!(format!("{store:?}"), "Postgres(Secret(..))");
        let error = read("postgres://u:hunter2@h:port/db").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[cfg(not(feature = "postgres"))]
    #[test]
    fn a_build_without_postgresql_says_how_to_make_one() {
        let error = read("postgres://u:hunter2@h/db").unwrap_err();
        assert!(error.contains("--features postgres"), "{error}");
    }

    #[test]
    fn what_is_wrong_is_shown_where_it_stands_and_without_the_password() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("openclaw.json");
        let text = "{\n  session: {\n    store: 'postgres://u:hunter2@h:port/db',\n  },\n}";
        std::fs::write(&file, text).unwrap();
        let error = crate::config::load(Some(&file), crate::config::Environment::default());
        let error = error.unwrap_err().to_string();
        assert!(error.contains("openclaw.json:3:12"), "{error}");
        assert!(error.contains("session.store"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
