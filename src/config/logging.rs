//! The `logging` section.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LoggingConfig {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `openclaw=debug,hyper=warn`.
    pub level: Option<String>,
    /// The same for the terminal; wins over `level` there.
    pub console_level: Option<String>,
    /// How log lines look; with none: pretty on a terminal, JSON otherwise.
    pub console_style: Option<ConsoleStyle>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConsoleStyle {
    Pretty,
    Compact,
    Json,
}
