//! The only place where the environment is read. Everything else is handed an [`Environment`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use schemars::JsonSchema;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::problem::names_secret;
use super::secret::REDACTED;

/// Variables by name, in layers: the process environment, then the `.env` of the config folder, then the `env`
/// section of the configuration. An empty variable counts as unset.
#[derive(Clone, Default)]
pub struct Environment {
    layers: Vec<BTreeMap<String, String>>,
}

impl fmt::Debug for Environment {
    /// The names alone: among the values are keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.layers.iter().flat_map(BTreeMap::keys);
        f.debug_list().entries(names).finish()
    }
}

impl Environment {
    /// The environment of this process. Variables that are not UTF-8 are left out.
    pub fn process() -> Self {
        let utf8 = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::default().with_layer(std::env::vars_os().filter_map(utf8))
    }

    /// The same, with variables that count where no earlier layer has them.
    #[must_use]
    pub fn with_layer(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.layers.push(variables.into_iter().collect());
        self
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.layer_of(name)
            .and_then(|layer| self.get_in(layer, name))
    }

    /// Which layer the variable comes from, for variables that count only beside another of the same layer.
    pub fn layer_of(&self, name: &str) -> Option<usize> {
        (0..self.layers.len()).find(|&layer| self.get_in(layer, name).is_some())
    }

    /// The variable in this layer alone.
    pub fn get_in(&self, layer: usize, name: &str) -> Option<&str> {
        let value = self.layers.get(layer)?.get(name)?;
        (!value.is_empty()).then_some(value.as_str())
    }

    /// What may be secret: of the process what its name says, of the later layers, which are written for us, everything.
    pub fn secret_values(&self) -> impl Iterator<Item = &str> {
        let names_key = |name: &str| names_secret(name) || name.ends_with("KEY");
        let layers = self.layers.iter().enumerate();
        let variables = layers.flat_map(|(at, layer)| layer.iter().map(move |pair| (at, pair)));
        let secret = variables.filter(move |(at, (name, _))| *at > 0 || names_key(name));
        secret.map(|(_, (_, value))| value.as_str())
    }
}

/// The `env` section as it is written. Any of its values may be a key, so only the names are ever shown.
#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Variables(BTreeMap<String, Value>);

impl Variables {
    /// All texts, those of `vars` among them.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.values().flat_map(|value| match value {
            Value::Object(members) => members.values().filter_map(Value::as_str).collect(),
            value => Vec::from_iter(value.as_str()),
        })
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Serialize for Variables {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            match value {
                Value::Object(inner) => {
                    let inner: BTreeMap<_, _> = inner.keys().map(|key| (key, REDACTED)).collect();
                    members.serialize_entry(name, &inner)?;
                }
                _ => members.serialize_entry(name, REDACTED)?,
            }
        }
        members.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_variables_are_shown() {
        let env = Environment::default().with_layer([("KEY".to_owned(), "hunter2".to_owned())]);
        assert_eq!(format!("{env:?}"), "[\"KEY\"]");
    }
}
