//! The `logging` section.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LoggingConfig {
    /// Whether messages and answers are logged: without our secrets, and cut where they are long.
    pub content: bool,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `openclaw=debug,hyper=warn`.
    pub level: Option<String>,
    /// A file that is logged to as well, as JSON lines, at `level`; opened anew at SIGHUP.
    pub file: Option<PathBuf>,
    /// The same as `level` for the terminal; wins over it there.
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
