//! What a check found. Plain data.

use std::path::Path;

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    #[serde(rename = "status")]
    pub severity: Severity,
    pub message: String,
    /// What mends it.
    pub remedy: Option<String>,
}

/// How bad it is; the later the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Ok,
    /// It works, and somebody should know.
    Warning,
    /// It does not work, or a secret lies open.
    Failure,
    /// Nothing works before the configuration is mended.
    Misconfigured,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warn",
            Self::Failure | Self::Misconfigured => "FAIL",
        }
    }
}

impl Finding {
    pub fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Severity::Ok, message)
    }

    pub fn warning(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Severity::Warning, message)
    }

    pub fn failure(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Severity::Failure, message)
    }

    pub fn misconfigured(check: &'static str, message: impl Into<String>) -> Self {
        Self::new(check, Severity::Misconfigured, message)
    }

    pub fn new(check: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Self {
            check,
            severity,
            message: message.into(),
            remedy: None,
        }
    }

    /// Lets a remedy that is a command of this program name the configuration that was looked at.
    pub fn name(&mut self, config: &Path) {
        let command = self.remedy.as_deref();
        if let Some(command) = command.and_then(|remedy| remedy.strip_prefix("openclaw ")) {
            let config = config.display();
            self.remedy = Some(format!("openclaw --config {config} {command}"));
        }
    }

    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        let remedy = Some(remedy.into());
        Self { remedy, ..self }
    }
}
