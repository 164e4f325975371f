//! Checks of single members that more than one endpoint takes. Pure.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::server::error::ApiError;

/// # Errors
/// 400 for a number that is out of range.
pub fn within(name: &str, value: Option<f64>, range: RangeInclusive<f64>) -> Result<(), ApiError> {
    match value {
        Some(value) if !range.contains(&value) => {
            let message = format!(
                "`{name}` must be {} to {}, not {value}",
                range.start(),
                range.end()
            );
            Err(ApiError::invalid(name, message))
        }
        _ => Ok(()),
    }
}

/// # Errors
/// 400 for a word that is none of these.
pub fn one_of(name: &str, value: Option<&str>, words: &[&str]) -> Result<(), ApiError> {
    if value.is_none_or(|value| words.contains(&value)) {
        return Ok(());
    }
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    let message = format!("`{name}` must be one of {}", words.join(", "));
    Err(ApiError::invalid(name, message))
}

/// Checks a member that is passed on as it was written: an object whose values are all of one type.
///
/// # Errors
/// 400 for anything else.
pub fn object_of<'a, T: Deserialize<'a>>(
    name: &str,
    raw: Option<&'a RawValue>,
) -> Result<Option<BTreeMap<String, T>>, ApiError> {
    let Some(raw) = raw else {
        return Ok(None);
    };
    serde_json::from_str(raw.get()).map(Some).map_err(|error| {
        let finding = error.to_string();
        let finding = finding.split(" at line ").next().unwrap_or_default();
        ApiError::invalid(name, format!("`{name}`: {finding}"))
    })
}
