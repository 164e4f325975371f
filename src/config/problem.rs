//! Places in a configuration, and what is wrong there. Plain data: no files, no schema, no rendering.

use std::fmt;

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    Key(String),
    Index(usize),
}

/// Where in a configuration something stands. Shown as `models.providers."my-id".models[0].id`; the root as nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path(Vec<Segment>);

impl Path {
    pub fn key(&self, key: &str) -> Self {
        self.then(Segment::Key(key.to_owned()))
    }

    pub fn index(&self, index: usize) -> Self {
        self.then(Segment::Index(index))
    }

    pub fn then(&self, segment: Segment) -> Self {
        Self(self.0.iter().cloned().chain([segment]).collect())
    }

    /// The path of what stands at `inner` in what stands here.
    pub fn join(&self, inner: &Self) -> Self {
        Self(self.0.iter().chain(&inner.0).cloned().collect())
    }

    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// Whether this is the place of `pattern`: keys joined by dots, `*` for any key or index, the root as nothing.
    pub fn is_at(&self, pattern: &str) -> bool {
        self.beyond(pattern).is_some_and(<[Segment]>::is_empty)
    }

    /// Whether this is the place of `pattern` (see [`Path::is_at`]) or lies anywhere inside it.
    pub fn is_under(&self, pattern: &str) -> bool {
        self.beyond(pattern).is_some()
    }

    fn beyond(&self, pattern: &str) -> Option<&[Segment]> {
        let mut rest = self.0.as_slice();
        for step in pattern.split('.').filter(|step| !step.is_empty()) {
            let (first, after) = rest.split_first()?;
            if step != "*" && !matches!(first, Segment::Key(key) if key == step) {
                return None;
            }
            rest = after;
        }
        Some(rest)
    }

    /// Whether what stands here may be a secret, by the names on the way to it.
    pub fn bears_secret(&self) -> bool {
        let named = |segment: &Segment| matches!(segment, Segment::Key(key) if names_secret(key));
        // `auth` holds plain settings, but a person may well write the token itself in its place.
        self.0.iter().any(named)
            || matches!(self.0.last(), Some(Segment::Key(key)) if key == "auth")
    }
}

impl From<Vec<Segment>> for Path {
    fn from(segments: Vec<Segment>) -> Self {
        Self(segments)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) => {
                    let dot = if at == 0 { "" } else { "." };
                    write!(f, "{dot}{}", KeyText(key))?;
                }
            }
        }
        Ok(())
    }
}

/// A key as JSON5 has it: bare where it is an identifier, quoted where not.
struct KeyText<'a>(&'a str);

impl fmt::Display for KeyText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let start = self
            .0
            .chars()
            .next()
            .is_some_and(json5::char::is_json5_identifier_start);
        if start && self.0.chars().all(json5::char::is_json5_identifier) {
            f.write_str(self.0)
        } else {
            write!(f, "{}", serde_json::Value::from(self.0))
        }
    }
}

/// Whether a key of this name holds a secret: `apiKey`, `x-api-key`, `BOT_TOKEN`, and all that is in `env` and `headers`.
pub fn names_secret(key: &str) -> bool {
    const ENDINGS: [&str; 9] = [
        "apikey",
        "authorization",
        "cookie",
        "credentials",
        "passphrase",
        "password",
        "privatekey",
        "secret",
        "token",
    ];
    const WHOLE: [&str; 5] = ["apikeys", "env", "headers", "passwords", "tokens"];
    let key = letters(key);
    ENDINGS.iter().any(|ending| key.ends_with(ending)) || WHOLE.contains(&key.as_str())
}

/// Whether a text of any name may hold a password: a URL with something before the `@` of its host, or with an option
/// that is called so.
pub fn holds_credentials(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(_, rest)| rest.contains('@') || rest.contains("password="))
}

/// Which half of a member a problem is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Key,
    Value,
}

/// One thing that is wrong. It quotes no value that may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Need not exist: a missing key has the path it should have.
    pub path: Path,
    pub at: At,
    /// What was expected and what was found instead, lower case, without a full stop.
    pub expected: String,
    /// The remedy, as a sentence after `help:`.
    pub hint: Option<String>,
}

impl Problem {
    pub fn at_key(path: Path, expected: impl Into<String>) -> Self {
        Self {
            path,
            at: At::Key,
            expected: expected.into(),
            hint: None,
        }
    }

    pub fn at_value(path: Path, expected: impl Into<String>) -> Self {
        Self {
            path,
            at: At::Value,
            expected: expected.into(),
            hint: None,
        }
    }

    pub fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }
}

/// The word of `known` that `word` was meant to be: the same letters, or at most two edits (a swap of neighbours is one)
/// where that is less than half of the longer word.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = known
        .into_iter()
        .filter_map(|other| Some((distance(word, other)?, other)));
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

fn distance(word: &str, other: &str) -> Option<usize> {
    const MAX_EDITS: usize = 2;
    let (length, other_length) = (word.chars().count(), other.chars().count());
    if letters(word) == letters(other) {
        return Some(0);
    }
    if length.abs_diff(other_length) > MAX_EDITS {
        return None;
    }
    let edits = strsim::osa_distance(word, other);
    (edits <= MAX_EDITS && edits * 2 < length.max(other_length)).then_some(edits)
}

/// The word in lower case without `-` and `_`: `max_tokens`, `max-tokens` and `maxTokens` are one.
fn letters(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(keys: &str) -> Path {
        keys.split('.')
            .fold(Path::default(), |path, key| path.key(key))
    }

    #[test]
    fn a_path_quotes_what_is_no_identifier() {
        let models = path("models.providers")
            .key("my-id")
            .key("models")
            .index(0)
            .key("say \"hi\"");
        assert_eq!(
            models.to_string(),
            r#"models.providers."my-id".models[0]."say \"hi\"""#
        );
        assert_eq!(Path::default().index(2).key("").to_string(), r#"[2]."""#);
        assert_eq!(Path::default().to_string(), "");
    }

    #[test]
    fn a_pattern_names_places_with_a_star_for_any_key_or_index() {
        let entry = path("agents.list").index(3);
        assert!(entry.is_at("agents.list.*"));
        assert!(entry.is_under("agents") && entry.is_under(""));
        assert!(!entry.is_at("agents.list") && !entry.is_at("agents.list.*.tools"));
        assert!(Path::default().is_at("") && !Path::default().is_under("agents"));
    }

    #[test]
    fn secrets_are_known_by_the_names_on_the_way_to_them() {
        let secret = [
            "gateway.auth.token",
            "gateway.auth",
            "models.providers.p.apiKey",
            "env.FOO",
            "env.vars.FOO",
            "models.providers.p.headers.X-Team",
            "channels.telegram.botToken",
            "x-goog-api-key",
            "apiKey.id",
        ];
        let plain = [
            "gateway.auth.mode",
            "models.providers.p.models.maxTokens",
            "agents.defaults.contextTokens",
            "gateway.port",
            "gateway.auth.trustedProxy.requiredHeaders",
            "environment",
        ];
        assert_eq!(secret.map(|keys| path(keys).bears_secret()), [true; 9]);
        assert_eq!(plain.map(|keys| path(keys).bears_secret()), [false; 6]);
    }

    #[test]
    fn the_nearest_word_is_a_typo_and_not_another_word() {
        let known = ["env", "mcp", "tools", "models", "gateway", "maxBodyBytes"];
        assert_eq!(nearest("gatway", known), Some("gateway"));
        assert_eq!(nearest("modles", known), Some("models"));
        assert_eq!(nearest("evn", known), Some("env"));
        assert_eq!(nearest("max_body_bytes", known), Some("maxBodyBytes"));
        for other in ["cron", "ui", "web", "meta", "talk", "browser", ""] {
            assert_eq!(nearest(other, known), None, "{other}");
        }
    }
}
