//! Addresses of servers, which may hold credentials: `http://user:password@host/path?key=…`. Shown in any way, they are
//! left out.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, Serializer};

use super::secret::REDACTED;

/// Where a server is. It is a text like any other, but that neither `Debug` nor `Serialize` shows its user, its password
/// and its query.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ServerUrl(String);

impl Deref for ServerUrl {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for ServerUrl {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for ServerUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", without_credentials(&self.0))
    }
}

impl Serialize for ServerUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&without_credentials(&self.0))
    }
}

impl JsonSchema for ServerUrl {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        String::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

/// A URL without its user, its password and its query, which may hold a key; any other text as it is.
pub fn without_credentials(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.into();
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, _)) => (rest, format!("?{REDACTED}")),
        None => (rest, String::new()),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority: Cow<'_, str> = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{REDACTED}@{host}").into(),
        None => authority.into(),
    };
    format!("{scheme}://{authority}{path}{query}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_may_be_a_secret_in_it() {
        let url = ServerUrl::from("http://u:p@127.0.0.1/v1?key=k");
        let shown = "\"http://(redacted)@127.0.0.1/v1?(redacted)\"";
        assert_eq!(format!("{url:?}"), shown);
        assert_eq!(serde_json::to_string(&url).unwrap(), shown);
        assert_eq!(&*url, "http://u:p@127.0.0.1/v1?key=k");
    }

    #[test]
    fn what_holds_no_credentials_is_shown_as_it_is() {
        for text in ["https://api.example.com/v1", "http://127.0.0.1:8080", "a@b"] {
            assert_eq!(without_credentials(text), text);
        }
    }
}
