//! The members of a document's top level: each once. serde notices only those that it was told of. Pure.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// Members of a request, at most: OpenAI's have about forty.
const MAX_MEMBERS: usize = 1000;

/// Read for its errors: a member that is there twice, or too many of them. What is no object has none.
pub struct Distinct;

#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Distinct;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Distinct, A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = members.next_key::<Name>()? {
            if seen.contains(&name) {
                return Err(A::Error::custom(format!("duplicate field `{}`", name.0)));
            }
            seen.insert(name);
            if seen.len() > MAX_MEMBERS {
                return Err(A::Error::custom(format!("more than {MAX_MEMBERS} members")));
            }
            members.next_value::<IgnoredAny>()?;
        }
        Ok(Distinct)
    }
}
