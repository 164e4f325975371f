//! Schemas and values of others, for the fuzz targets.

use serde_json::Value;

use super::Schema;

/// A schema on the first line and a value behind it: a check ends, and finds the same each time.
pub fn check(input: &[u8]) {
    let mut lines = input.splitn(2, |byte| *byte == b'\n');
    let mut json = || serde_json::from_slice::<Value>(lines.next()?).ok();
    let Some(schema) = json() else { return };
    let value = json().unwrap_or_else(|| schema.clone());
    if let Ok(compiled) = Schema::of(&schema) {
        assert_eq!(compiled.check(&value), compiled.check(&value));
    }
}
