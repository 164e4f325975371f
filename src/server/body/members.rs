//! The members of a document's top level: each once. serde notices only those that it was told of. Pure.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{CowStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

/// Members of a request, at most: OpenAI's have about forty.
const MAX_MEMBERS: usize = 1000;

/// An object, read in one pass. It is an error for a member to be there twice, and for there to be too many.
pub struct Distinct<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Distinct<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object(PhantomData))
    }
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = Distinct<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Distinct<T>, A::Error> {
        const USUAL_COUNT: usize = 16;
        let seen = Vec::with_capacity(USUAL_COUNT);
        T::deserialize(MapAccessDeserializer::new(Once { members, seen })).map(Distinct)
    }
}

/// Members on their way to whoever reads them, their names kept.
struct Once<'de, A> {
    members: A,
    seen: Vec<Cow<'de, str>>,
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Once<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Some(Name(name)) = self.members.next_key()? else {
            return Ok(None);
        };
        if self.seen.contains(&name) {
            return Err(A::Error::custom(format!("duplicate field `{name}`")));
        }
        if self.seen.len() == MAX_MEMBERS {
            return Err(A::Error::custom(format!("more than {MAX_MEMBERS} members")));
        }
        let key = seed.deserialize(CowStrDeserializer::new(name.clone()))?;
        self.seen.push(name);
        Ok(Some(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.members.next_value_seed(seed)
    }
}
