//! A request as it came over the wire.

use bytes::Bytes;
use serde_json::Value;

/// One request that a scripted provider read to its end.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: String,
    /// The request target up to its `?`, undecoded.
    pub path: String,
    /// What followed the `?`; empty without one.
    pub query: String,
    pub headers: Headers,
    /// The body, a chunked one put together.
    pub body: Bytes,
    /// Which connection carried it, counted from 0 in the order of arrival.
    pub connection: usize,
}

impl Recorded {
    /// The first header of that name, in any case of letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is something else, showing it.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|fault| panic!("the body is not JSON ({fault}): {:?}", self.body))
    }
}

/// Header lines in the order and the spelling of the wire; values that are not UTF-8 are read lossily.
#[derive(Clone, Debug, PartialEq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// The first value of that name, in any case of letters.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Every line: name as spelled, value without the space around it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl FromIterator<(String, String)> for Headers {
    fn from_iter<Lines: IntoIterator<Item = (String, String)>>(lines: Lines) -> Self {
        Self(lines.into_iter().collect())
    }
}
