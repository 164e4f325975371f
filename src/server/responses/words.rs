//! The words that a request may say where the published schema closes the set: the response echoes them. Pure.

use super::request::Request;
use crate::server::body::one_of;
use crate::server::error::ApiError;

/// OpenAI's; the schema lacks `minimal`, see [`published_effort`].
const EFFORTS: [&str; 6] = ["none", "minimal", "low", "medium", "high", "xhigh"];
const SUMMARIES: [&str; 3] = ["auto", "concise", "detailed"];
const TRUNCATIONS: [&str; 2] = ["auto", "disabled"];
const VERBOSITIES: [&str; 3] = ["low", "medium", "high"];

/// # Errors
/// 400 for a word that means nothing.
pub fn check(request: &Request) -> Result<(), ApiError> {
    let text = request.text.as_ref();
    let verbosity = text.and_then(|text| text.verbosity.as_deref());
    one_of("text.verbosity", verbosity, &VERBOSITIES)?;
    let reasoning = request.reasoning.as_ref();
    let effort = reasoning.and_then(|reasoning| reasoning.effort.as_deref());
    one_of("reasoning.effort", effort, &EFFORTS)?;
    let summary = reasoning.and_then(|reasoning| reasoning.summary.as_deref());
    one_of("reasoning.summary", summary, &SUMMARIES)?;
    one_of("truncation", request.truncation.as_deref(), &TRUNCATIONS)
}

/// The effort as the schema has it, which knows none between `none` and `low`.
pub fn published_effort(effort: String) -> String {
    match effort.as_str() {
        "minimal" => "low".to_owned(),
        _ => effort,
    }
}
