//! Which path a route is at. Ids of models hold slashes and may be percent-encoded, so what follows a prefix may be one
//! id. Pure.

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
    /// One piece without a slash between these two.
    Between(&'static str, &'static str),
}

impl Path {
    /// What the place is called where it is counted.
    pub fn label(self) -> &'static str {
        match self {
            Self::At(label) | Self::Below(label) | Self::Between(label, _) => label,
        }
    }

    /// What of `path` is the caller's to choose, as it was sent; `None` when this is not the route's place.
    pub fn tail(self, path: &str) -> Option<&str> {
        match self {
            Self::At(whole) => (path == whole).then_some(""),
            Self::Below(prefix) => path.strip_prefix(prefix).filter(|tail| !tail.is_empty()),
            Self::Between(prefix, suffix) => {
                let piece = path.strip_prefix(prefix)?.strip_suffix(suffix)?;
                (!piece.is_empty() && !piece.contains('/')).then_some(piece)
            }
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
    fn a_piece_is_what_stands_between_two_ends_without_a_slash() {
        let (whole, part) = (
            Path::Between("/v1/responses/", ""),
            Path::Between("/v1/responses/", "/input_items"),
        );
        for (path, as_whole, as_part) in [
            ("/v1/responses/r%2Fx", Some("r%2Fx"), None),
            ("/v1/responses/r/input_items", None, Some("r")),
            ("/v1/responses//input_items", None, None),
            ("/v1/responses/input_items", Some("input_items"), None),
            ("/v1/responses/r/input_items/", None, None),
            ("/v1/responses/", None, None),
        ] {
            assert_eq!((whole.tail(path), part.tail(path)), (as_whole, as_part));
        }
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
