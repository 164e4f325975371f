//! The members of a request's JSON object, as a dialect writes them: first what the request says, then what is
//! configured and the request does not say. Pure.

use serde::Serialize;
use serde::ser::SerializeMap;
use serde_json::Value;

/// Writes members and remembers which: configured parameters never replace what the request says.
pub struct Members<'k, M> {
    map: M,
    written: Vec<&'k str>,
}

impl<'k, M: SerializeMap> Members<'k, M> {
    pub fn new(map: M) -> Self {
        Self::after([], map)
    }

    /// The rest of an object of which these members have been written already.
    pub fn after<const N: usize>(written: [&'k str; N], map: M) -> Self {
        const USUAL_COUNT: usize = 16;
        let mut all = Vec::with_capacity(USUAL_COUNT);
        all.extend(written);
        Self { map, written: all }
    }

    pub fn put<T: Serialize + ?Sized>(&mut self, key: &'k str, value: &T) -> Result<(), M::Error> {
        self.written.push(key);
        self.map.serialize_entry(key, value)
    }

    pub fn put_some<T: Serialize>(
        &mut self,
        key: &'k str,
        value: &Option<T>,
    ) -> Result<(), M::Error> {
        match value {
            Some(value) => self.put(key, value),
            None => Ok(()),
        }
    }

    /// Adds the configured members that have not been written, and closes the object.
    pub fn end<'a>(
        mut self,
        configured: impl IntoIterator<Item = (&'a String, &'a Value)>,
    ) -> Result<M::Ok, M::Error> {
        for (key, value) in configured {
            if !self.written.contains(&key.as_str()) {
                self.map.serialize_entry(key, value)?;
            }
        }
        self.map.end()
    }
}
