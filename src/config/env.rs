//! The only place where the environment is read. Everything else is handed an [`Environment`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

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
