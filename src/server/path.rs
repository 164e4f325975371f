//! Which path a route is at. Ids hold slashes and may be percent-encoded, so what follows a prefix is one piece. Pure.

use std::fmt::Write as _;

use hyper::StatusCode;

use super::error::ApiError;

/// The place of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// This path alone.
    At(&'static str),
    /// Everything below this path, which ends with a slash.
    Below(&'static str),
}

impl Path {
    /// What of `path` is the caller's to choose, as it was sent; `None` when this is not the route's place.
    pub fn tail(self, path: &str) -> Option<&str> {
        match self {
            Self::At(whole) => (path == whole).then_some(""),
            Self::Below(prefix) => path.strip_prefix(prefix).filter(|tail| !tail.is_empty()),
        }
    }
}

/// Decodes `%2F` and its like.
///
/// # Errors
/// 400 for an escape that is none, and for bytes that are not UTF-8.
pub fn decode(tail: &str) -> Result<String, ApiError> {
    let mut bytes = Vec::with_capacity(tail.len());
    let mut rest = tail.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let escaped = match after {
            [high, low, ..] => hex(*high).zip(hex(*low)),
            _ => None,
        };
        let (high, low) = escaped.ok_or_else(|| bad("holds a `%` that is no percent-encoding"))?;
        bytes.push(high << 4 | low);
        rest = &after[2..];
    }
    String::from_utf8(bytes).map_err(|_| bad("is not UTF-8"))
}

/// Percent-encodes everything but unreserved characters and `:`.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~:".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

fn bad(what: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, format!("the path {what}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_tail_is_everything_below_the_prefix() {
        let below = Path::Below("/v1/models/");
        assert_eq!(
            below.tail("/v1/models/openai/gpt-5.4"),
            Some("openai/gpt-5.4")
        );
        assert_eq!(below.tail("/v1/models/"), None);
        assert_eq!(below.tail("/v1/models"), None);
        assert_eq!(Path::At("/v1/models").tail("/v1/models"), Some(""));
        assert_eq!(Path::At("/v1/models").tail("/v1/models/"), None);
    }

    #[test]
    fn an_encoded_id_and_a_plain_one_are_the_same() {
        assert_eq!(decode("openai%2Fgpt-5.4"), decode("openai/gpt-5.4"));
        assert_eq!(decode("mod%C3%a8le"), Ok("modèle".to_owned()));
    }

    #[test]
    fn what_is_no_encoding_or_no_text_is_refused() {
        for bad in ["%zz", "%2", "%", "a%+1", "%ff"] {
            assert_eq!(decode(bad).unwrap_err().status(), 400, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_text_survives_its_encoding(text: String) {
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            prop_assert_eq!(decode(&encoded), Ok(text));
        }
    }
}
