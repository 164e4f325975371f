//! The text of a configuration file, for the fuzz targets.

use std::path::Path;

use super::include::Reach;
use super::load::{LoadError, Text, parse};
use super::{Environment, Paths, Secrets, effective};

/// A variable to which a fuzzed text can refer.
const VARIABLE: &str = "KEY";

/// Whatever stands in the file, it is loaded and can be shown, or what is wrong with it can be told.
pub fn text(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let variables = [(VARIABLE.to_owned(), "value of the variable".to_owned())];
    let env = Environment::default().with_layer(variables);
    let paths = Paths::new(&env);
    let text = Text {
        file: Path::new("openclaw.json"),
        text,
        reach: Reach::Nothing,
    };
    match parse(&text, env, paths) {
        Ok(loaded) => {
            let secrets = Secrets::of(&loaded.config, &loaded.env);
            let shown = effective(&loaded);
            assert!(!shown.is_empty() && !secrets.redact(&shown).is_empty());
            let agents = &loaded.config.agents;
            assert!(
                !agents
                    .resolve(loaded.config.memory.search.as_ref())
                    .is_empty()
            );
        }
        Err(LoadError::Invalid(error)) => assert!(!error.to_string().is_empty()),
        Err(error) => unreachable!("{error}"),
    }
}
