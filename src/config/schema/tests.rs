use std::path::Path;

use super::*;
use crate::config::Config;

#[test]
fn the_file_says_what_the_types_say() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/schema.json");
    let types = schemars::schema_for!(Config).to_value();
    let text = serde_json::to_string_pretty(&types).unwrap() + "\n";
    if std::env::var_os("GOLDEN").is_some_and(|mode| mode == "write") {
        return std::fs::write(file, text).unwrap();
    }
    let kept = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        kept == text,
        "src/config/schema.json is stale; GOLDEN=write cargo test writes it anew"
    );
    assert_eq!(of_types(), types);
}

fn valid(config: &Value) -> bool {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    validator.is_valid(config)
}

#[test]
fn the_example_and_everything_that_loads_is_valid() {
    let example = include_str!("../../../config.example.json5");
    assert!(valid(&json5::from_str(example).unwrap()));
    assert!(valid(&json!({
        "$schema": "./openclaw.schema.json",
        "$include": ["a.json5", "b.json5"],
        "channels": { "telegram": {} },
        "models": { "providers": { "$include": "p.json5", "q": { "apiKey": { "source": "env", "id": "KEY" }, "models": [{ "$include": "m.json5" }] } } },
        "secrets": { "providers": { "vault": { "source": "exec", "command": "/usr/bin/vault" } }, "defaults": { "exec": "vault" } },
    })));
}

#[test]
fn what_does_not_load_is_not_valid() {
    for wrong in [
        json!({ "gateway": { "port": "abc" } }),
        json!({ "gateway": { "$include": 5 } }),
        json!({ "models": { "providers": { "p": { "apiKey": { "source": "vault", "id": "x" } } } } }),
    ] {
        assert!(!valid(&wrong), "{wrong}");
    }
}
