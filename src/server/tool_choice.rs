//! Which of the caller's tools the model may or must call: what is the same in every dialect. Pure.

use super::error::ApiError;
use crate::chat::{Tool, ToolChoice};

/// What a choice comes to.
#[derive(Debug)]
pub struct Chosen {
    /// The tools that may be called.
    pub offered: Vec<Tool>,
    /// Names of those that may not.
    pub withheld: Vec<String>,
    pub choice: ToolChoice,
}

impl Chosen {
    /// Among all tools.
    pub fn among(tools: Vec<Tool>, choice: ToolChoice) -> Self {
        Self {
            offered: tools,
            withheld: Vec::new(),
            choice,
        }
    }
}

/// A choice of one word.
///
/// # Errors
/// 400 for a word that means nothing, or asks for what is not there.
pub fn mode(word: &str, tools: &[Tool], param: &str) -> Result<ToolChoice, ApiError> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" if tools.is_empty() => Err(ApiError::invalid(
            param,
            format!("`{param}` is `required`, but there are no `tools`"),
        )),
        "required" => Ok(ToolChoice::Required),
        _ => Err(ApiError::invalid(
            param,
            format!("`{param}` must be `auto`, `none`, `required` or an object"),
        )),
    }
}

/// The choice of this one tool.
///
/// # Errors
/// 400 where the request does not offer it.
pub fn this_one(name: String, tools: &[Tool], param: &str) -> Result<ToolChoice, ApiError> {
    if tools.iter().any(|tool| tool.name == name) {
        return Ok(ToolChoice::Function(name));
    }
    Err(ApiError::invalid(
        param,
        format!("`{param}` names no tool of this request"),
    ))
}

/// Only the tools of these names, and whether one of them must be called. `at` is where the list is.
///
/// # Errors
/// 400 for an empty list, and for a mode that means nothing.
pub fn narrow(
    tools: Vec<Tool>,
    names: &[String],
    mode: &str,
    at: &str,
) -> Result<Chosen, ApiError> {
    if names.is_empty() {
        return Err(ApiError::invalid(
            format!("{at}.tools"),
            format!("`{at}.tools` must list at least one tool"),
        ));
    }
    let choice = match mode {
        "auto" => ToolChoice::Auto,
        "required" => ToolChoice::Required,
        _ => {
            return Err(ApiError::invalid(
                format!("{at}.mode"),
                format!("`{at}.mode` must be `auto` or `required`"),
            ));
        }
    };
    let (offered, withheld): (Vec<Tool>, Vec<Tool>) = tools
        .into_iter()
        .partition(|tool| names.contains(&tool.name));
    Ok(Chosen {
        offered,
        withheld: withheld.into_iter().map(|tool| tool.name).collect(),
        choice,
    })
}
