//! The names of the caller's tools: whatever their type, they share one name space, as a call says no more than a name.
//! Pure.

use std::collections::HashSet;

use super::error::ApiError;

/// The names so far.
#[derive(Debug, Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// Takes the name that is at `param`.
    ///
    /// # Errors
    /// 400 where another tool has it.
    pub fn take(&mut self, name: &str, param: &str) -> Result<(), ApiError> {
        if self.0.insert(name.to_owned()) {
            return Ok(());
        }
        let shown: String = name.chars().take(80).collect();
        let message = format!("`{param}`: another tool of this request is named `{shown}` as well");
        Err(ApiError::invalid(param, message))
    }
}
