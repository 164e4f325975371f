//! The `session` section: how long conversations and responses are kept.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StoreChoice;
use super::problem::{Path, Problem};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct SessionConfig {
    /// Where sessions and responses are kept: `sqlite`, or the `postgres://` URL of a database that several gateways share.
    pub store: StoreChoice,
    /// The most tokens of earlier turns that a run carries, beside what the model's context window allows.
    pub max_history_tokens: Option<u64>,
    pub maintenance: MaintenanceConfig,
    /// Stored responses.
    pub responses: ResponsesKept,
    /// Runs that wait for one session; one more is told to try again later.
    pub max_queued: u32,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            store: StoreChoice::default(),
            max_history_tokens: None,
            maintenance: MaintenanceConfig::default(),
            responses: ResponsesKept::default(),
            max_queued: 64,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct MaintenanceConfig {
    pub mode: MaintenanceMode,
    /// Sessions unused for longer go: a number with `m`, `h`, `d` or `w`.
    pub prune_after: Span,
    /// The least recently used sessions over this number go.
    pub max_entries: u64,
}

impl Default for MaintenanceConfig {
    fn default() -> Self {
        Self {
            mode: MaintenanceMode::Warn,
            prune_after: Span::days(30),
            max_entries: 500,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MaintenanceMode {
    /// Reports what would go, deletes nothing.
    Warn,
    Enforce,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ResponsesKept {
    /// Responses older than this go.
    pub prune_after: Span,
    /// The oldest go until the rest is no larger: a number of bytes, or with `kb`, `mb` or `gb`.
    pub max_bytes: Size,
}

impl Default for ResponsesKept {
    fn default() -> Self {
        Self {
            prune_after: Span::days(30),
            max_bytes: Size(1_000_000_000),
        }
    }
}

/// What the schema cannot say: texts that are no span of time, or no size.
pub(super) fn contradictions(config: &Value) -> Vec<Problem> {
    let problem = |section: &str, name: &str, fault: &dyn Fn(String) -> Option<String>| {
        let text = config.get("session")?.get(section)?.get(name)?.as_str()?;
        let path = Path::default().key("session").key(section).key(name);
        Some(Problem::at_value(path, fault(text.to_owned())?))
    };
    let span = |text| Span::try_from(text).err();
    let size = |text| Size::try_from(text).err();
    let problems = [
        problem("maintenance", "pruneAfter", &span),
        problem("responses", "pruneAfter", &span),
        problem("responses", "maxBytes", &size),
    ];
    problems.into_iter().flatten().collect()
}

/// A span of time, written `90m`, `12h`, `30d` or `2w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Span(Duration);

impl Span {
    const fn days(days: u64) -> Self {
        Self(Duration::from_secs(days * 86_400))
    }

    pub fn duration(self) -> Duration {
        self.0
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        const UNITS: &[(&str, u64)] = &[
            ("s", 1),
            ("m", 60),
            ("h", 3600),
            ("d", 86_400),
            ("w", 604_800),
        ];
        let (number, seconds) = quantity(&text, UNITS)
            .ok_or_else(|| format!("`{text}` is no span of time: write `12h`, `30d` or `2w`"))?;
        Ok(Self(Duration::from_secs(number.saturating_mul(seconds))))
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        let seconds = span.0.as_secs();
        match seconds % 86_400 {
            0 => format!("{}d", seconds / 86_400),
            _ => format!("{seconds}s"),
        }
    }
}

/// A number of bytes, written `500mb`, `1gb` or plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Size(u64);

impl Size {
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl TryFrom<String> for Size {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        const UNITS: &[(&str, u64)] = &[
            ("kb", 1_000),
            ("mb", 1_000_000),
            ("gb", 1_000_000_000),
            ("b", 1),
            ("", 1),
        ];
        let (number, bytes) = quantity(&text, UNITS)
            .ok_or_else(|| format!("`{text}` is no size: write `500mb` or `1gb`"))?;
        Ok(Self(number.saturating_mul(bytes)))
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        format!("{}b", size.0)
    }
}

/// A whole number and the worth of the unit behind it.
fn quantity(text: &str, units: &[(&str, u64)]) -> Option<(u64, u64)> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let number = text[..digits].parse().ok()?;
    let unit = text[digits..].trim();
    let (_, worth) = units.iter().find(|(name, _)| *name == unit)?;
    Some((number, *worth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes_are_read_as_people_write_them() {
        let span =
            |text: &str| Span::try_from(text.to_owned()).map(|span| span.duration().as_secs());
        assert_eq!(span("30d"), Ok(2_592_000));
        assert_eq!(span("12 H"), Ok(43_200));
        assert!(span("soon").is_err());
        let size = |text: &str| Size::try_from(text.to_owned()).map(Size::bytes);
        assert_eq!(size("1gb"), Ok(1_000_000_000));
        assert_eq!(size("20000"), Ok(20_000));
        assert!(size("1 tb").is_err());
    }
}
