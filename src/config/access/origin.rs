//! The origin of a web page, as browsers send it: a scheme, a host and perhaps a port. Pure.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `https://app.example`, `http://localhost:5173`, `tauri://localhost`: in lower case, without the scheme's own port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(String);

/// Why a text is no [`WebOrigin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin such as `https://app.example`: a scheme, a host and a port, no path and no `*`")]
pub struct NoOrigin;

impl WebOrigin {
    /// Whether a browser that sends this `Origin` means it.
    pub fn is(&self, header: &[u8]) -> bool {
        self.0.as_bytes().eq_ignore_ascii_case(header)
    }
}

impl FromStr for WebOrigin {
    type Err = NoOrigin;

    fn from_str(text: &str) -> Result<Self, NoOrigin> {
        let text = text.trim().to_ascii_lowercase();
        let (scheme, authority) = text.split_once("://").ok_or(NoOrigin)?;
        let of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
        let of_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]".contains(&byte);
        let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
        if !begins || !scheme.bytes().all(of_scheme) {
            return Err(NoOrigin);
        }
        if authority.is_empty() || !authority.bytes().all(of_host) {
            return Err(NoOrigin);
        }
        let own_port = match scheme {
            "http" => ":80",
            "https" => ":443",
            _ => "",
        };
        let authority = authority.strip_suffix(own_port).unwrap_or(authority);
        Ok(Self(format!("{scheme}://{authority}")))
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for WebOrigin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for WebOrigin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| {
            serde::de::Error::custom(format_args!("expected {error}, found `{text}`"))
        })
    }
}

impl JsonSchema for WebOrigin {
    fn schema_name() -> Cow<'static, str> {
        "WebOrigin".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "An origin such as `https://app.example`." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> String {
        text.parse::<WebOrigin>().unwrap().to_string()
    }

    #[test]
    fn an_origin_is_kept_as_a_browser_would_send_it() {
        assert_eq!(origin("https://App.Example:443"), "https://app.example");
        assert_eq!(origin("http://localhost:5173"), "http://localhost:5173");
        assert_eq!(origin("http://[::1]:80"), "http://[::1]");
        assert_eq!(origin("tauri://localhost"), "tauri://localhost");
    }

    #[test]
    fn only_the_very_origin_is_meant() {
        let app: WebOrigin = "https://app.example".parse().unwrap();
        assert!(app.is(b"https://app.example") && app.is(b"HTTPS://APP.example"));
        for other in [
            "http://app.example",
            "https://app.example:8443",
            "https://app.example.evil.example",
            "https://evil.example/?https://app.example",
            "null",
            "",
        ] {
            assert!(!app.is(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn what_no_browser_sends_is_no_origin() {
        for text in [
            "*",
            "https://*.app.example",
            "app.example",
            "https://",
            "https://app.example/",
            "https://app.example/chat",
            "https://me@app.example",
            "https://bücher.example",
            "://app.example",
            "null",
        ] {
            assert_eq!(text.parse::<WebOrigin>(), Err(NoOrigin), "{text}");
        }
    }
}
