//! The configuration in force, as JSON5 that says where each value came from. Secrets are redacted by their type.

use std::fmt::Write as _;

use serde_json::Value;

use super::Loaded;
use super::problem::Path;
use super::server_url::without_credentials;

/// The whole configuration, one value a line, each with its origin: a line of the file, a variable, or the default.
/// Members that are neither set nor have a default are left out.
pub fn effective(loaded: &Loaded) -> String {
    let config = serde_json::to_value(&loaded.config).unwrap_or_default();
    let mut out = String::new();
    let writer = Writer { loaded };
    writer.value(&mut out, &Path::default(), &config, 0);
    out.push('\n');
    out
}

struct Writer<'a> {
    loaded: &'a Loaded,
}

impl Writer<'_> {
    fn value(&self, out: &mut String, path: &Path, value: &Value, depth: usize) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                out.push_str("{\n");
                for (key, member) in members.iter().filter(|(_, member)| !member.is_null()) {
                    self.entry(out, &path.key(key), Some(key), member, depth + 1);
                }
                let _ = write!(out, "{}}}", "  ".repeat(depth));
            }
            Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                out.push_str("[\n");
                for (index, item) in items.iter().enumerate() {
                    self.entry(out, &path.index(index), None, item, depth + 1);
                }
                let _ = write!(out, "{}]", "  ".repeat(depth));
            }
            // In `params` anything may stand, a key among them.
            Value::String(_) if path.bears_secret() => {
                let _ = write!(out, "{}", Value::from(super::secret::REDACTED));
            }
            Value::String(text) => {
                let _ = write!(out, "{}", Value::from(&*without_credentials(text)));
            }
            scalar => {
                let _ = write!(out, "{scalar}");
            }
        }
    }

    fn entry(&self, out: &mut String, path: &Path, key: Option<&str>, value: &Value, depth: usize) {
        out.push_str(&"  ".repeat(depth));
        if let Some(key) = key {
            // The path of one key alone is the key, quoted where it must be.
            let _ = write!(out, "{}: ", Path::default().key(key));
        }
        let start = out.len();
        self.value(out, path, value, depth);
        let one_line = !out[start..].contains('\n');
        out.push(',');
        if one_line {
            let _ = write!(out, " // {}", self.origin(path));
        }
        out.push('\n');
    }

    fn origin(&self, path: &Path) -> String {
        let name = path.to_string();
        if let Some(variable) = self.loaded.from_environment.get(&name) {
            return (*variable).to_owned();
        }
        let Some((file, line)) = self.loaded.lines.get(&name) else {
            return "default".to_owned();
        };
        let place = format!("{}:{line}", file.display());
        match self.loaded.kept_elsewhere.get(&name) {
            Some(keeper) => format!("{place}, from {keeper}"),
            None => place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_like_a_secret_is_shown_as_one_wherever_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("openclaw.json");
        let text = "{ agents: { defaults: { params: { api_key: 'k', extra: { token: 't', kind: 'plain' } } } } }";
        std::fs::write(&file, text).unwrap();
        let loaded = crate::config::load(Some(&file), crate::config::Environment::default());
        let shown = effective(&loaded.unwrap());
        for line in [
            "api_key: \"(redacted)\",",
            "token: \"(redacted)\",",
            "kind: \"plain\",",
        ] {
            assert!(shown.contains(line), "{line} is not in {shown}");
        }
    }
}
