//! References to secrets that are kept elsewhere: `{ source, provider, id }` in the place of the secret itself. They are
//! resolved once, when a configuration is loaded, so that a running program never waits for them.

mod exec;
mod file;
mod provider;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::include::Reach;
use super::problem::{Path, Problem, Segment};
use super::{Environment, Paths};
pub use provider::{
    ExecProvider, FileMode, FileProvider, SecretProvider, SecretSource, SecretsConfig,
};

/// References to one provider.
const MAX_REFS: usize = 512;

/// The provider of references that name none, where `secrets.defaults` has no other.
const DEFAULT_PROVIDER: &str = "default";

/// What stands in the place of a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct SecretRef {
    source: SecretSource,
    provider: Option<String>,
    id: String,
}

/// Where secrets are looked for.
pub struct Keepers<'a> {
    pub config: &'a SecretsConfig,
    pub env: &'a Environment,
    pub paths: &'a Paths,
    pub reach: Reach,
}

/// What became of the references.
#[derive(Debug, Default)]
pub struct Resolved {
    pub problems: Vec<Problem>,
    /// Secrets that nothing asks for, and that are not there.
    pub warnings: Vec<String>,
    /// Where each secret came from, by its path.
    pub origins: BTreeMap<String, String>,
}

/// Puts what the references at `places` refer to in their places. What cannot be had is a problem, unless nothing asks
/// for it: then it is left out.
pub fn resolve(value: &mut Value, places: Vec<Path>, keepers: &Keepers<'_>) -> Resolved {
    let mut resolved = Resolved::default();
    let mut refs = Vec::new();
    for place in places {
        let read = at(value, &place).cloned().unwrap_or_default();
        match serde_json::from_value::<SecretRef>(read) {
            Ok(found) => refs.push((place, keepers.complete(found))),
            Err(error) => resolved
                .problems
                .push(Problem::at_value(place, error.to_string())),
        }
    }
    let wanted: BTreeSet<Named> = refs.iter().map(|(_, named)| named.clone()).collect();
    let found = keepers.look_up(&wanted);
    for (place, named) in refs {
        let outcome = found.get(&named).cloned();
        let outcome = outcome.unwrap_or_else(|| Err("it was not looked for".to_owned()));
        match (outcome, unasked(value, &place, keepers.env)) {
            (Ok(secret), _) => {
                let origin = format!("{} {}:{}", named.source, named.provider, named.id);
                resolved.origins.insert(place.to_string(), origin);
                if let Some(at) = at(value, &place) {
                    *at = Value::String(secret);
                }
            }
            (Err(reason), Some(why)) => {
                resolved
                    .warnings
                    .push(format!("{place}: {reason}; nothing asks for it: {why}"));
                leave_out(value, &place);
            }
            (Err(reason), None) => {
                let problem =
                    Problem::at_value(place, format!("this secret cannot be had: {reason}"));
                resolved.problems.push(problem);
            }
        }
    }
    resolved
}

/// A reference that names its provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    source: SecretSource,
    provider: String,
    id: String,
}

type Outcome = Result<String, String>;

impl Keepers<'_> {
    fn complete(&self, found: SecretRef) -> Named {
        let SecretRef {
            source,
            provider,
            id,
        } = found;
        let default = || self.config.defaults.get(&source).cloned();
        let provider = provider.or_else(default);
        Named {
            source,
            provider: provider.unwrap_or_else(|| DEFAULT_PROVIDER.to_owned()),
            id,
        }
    }

    /// Asks all providers at once, each once.
    fn look_up(&self, wanted: &BTreeSet<Named>) -> BTreeMap<Named, Outcome> {
        let mut by_provider: BTreeMap<(SecretSource, &str), Vec<&str>> = BTreeMap::new();
        for named in wanted {
            let ids = by_provider.entry((named.source, &named.provider));
            ids.or_default().push(&named.id);
        }
        std::thread::scope(|scope| {
            let asked: Vec<_> = by_provider
                .into_iter()
                .map(|((source, provider), ids)| {
                    let ask = move || self.ask(source, provider, &ids);
                    ((source, provider), scope.spawn(ask))
                })
                .collect();
            let mut found = BTreeMap::new();
            for ((source, provider), asked) in asked {
                for (id, outcome) in asked.join().unwrap_or_default() {
                    let provider = provider.to_owned();
                    found.insert(
                        Named {
                            source,
                            provider,
                            id,
                        },
                        outcome,
                    );
                }
            }
            found
        })
    }

    fn ask(&self, source: SecretSource, name: &str, ids: &[&str]) -> Vec<(String, Outcome)> {
        let all = |reason: String| -> Vec<(String, Outcome)> {
            let refused = |id: &&str| ((*id).to_owned(), Err(reason.clone()));
            ids.iter().map(refused).collect()
        };
        if ids.len() > MAX_REFS {
            return all(format!("more than {MAX_REFS} references to `{name}`"));
        }
        let configured = self.config.providers.get(name);
        let elsewhere = source != SecretSource::Env;
        if elsewhere && self.reach == Reach::Nothing {
            return all("nothing outside is asked".to_owned());
        }
        match (source, configured) {
            (SecretSource::Env, None) if self.is_default(source, name) => self.variables(&[], ids),
            (SecretSource::Env, Some(SecretProvider::Env { allowlist })) => {
                self.variables(allowlist, ids)
            }
            (SecretSource::File, Some(SecretProvider::File(file))) => {
                match file::read(file, self.paths) {
                    Ok(kept) => ids
                        .iter()
                        .map(|id| ((*id).to_owned(), kept.get(id)))
                        .collect(),
                    Err(reason) => all(reason),
                }
            }
            (SecretSource::Exec, Some(SecretProvider::Exec(program))) => {
                match exec::run(program, (name, ids), self.env) {
                    Ok(answer) => ids
                        .iter()
                        .map(|id| ((*id).to_owned(), answer.get(id)))
                        .collect(),
                    Err(reason) => all(reason),
                }
            }
            (_, Some(_)) => all(format!("secrets.providers.{name} is of another source")),
            (_, None) => all(format!("there is no secrets.providers.{name}")),
        }
    }

    fn is_default(&self, source: SecretSource, name: &str) -> bool {
        let default = self.config.defaults.get(&source);
        name == default.map_or(DEFAULT_PROVIDER, String::as_str)
    }

    fn variables(&self, allowed: &[String], ids: &[&str]) -> Vec<(String, Outcome)> {
        let find = |id: &&str| {
            let found = if !allowed.is_empty() && !allowed.iter().any(|name| name == id) {
                Err(format!("the allowlist of its provider does not have {id}"))
            } else {
                let value = self.env.get(id).map(str::to_owned);
                value.ok_or_else(|| format!("the variable {id} is not set, or empty"))
            };
            ((*id).to_owned(), found)
        };
        ids.iter().map(find).collect()
    }
}

/// A secret as its keeper has it: text that is not empty.
fn secret(value: &Value) -> Outcome {
    match value.as_str() {
        Some("") => Err("it is empty".to_owned()),
        Some(text) => Ok(text.to_owned()),
        None => Err("it is no text".to_owned()),
    }
}

/// Why nothing asks for the secret at `place`, where that is so.
fn unasked(value: &Value, place: &Path, env: &Environment) -> Option<&'static str> {
    let auth = value.pointer("/gateway/auth/mode").and_then(Value::as_str);
    let is_set = |name| env.get(name).is_some();
    if place.is_at("gateway.auth.token") {
        return match auth {
            Some("password" | "trusted-proxy" | "none") => Some("`gateway.auth.mode` is another"),
            _ if is_set("OPENCLAW_GATEWAY_TOKEN") => Some("OPENCLAW_GATEWAY_TOKEN is set"),
            _ => None,
        };
    }
    if place.is_at("gateway.auth.password") {
        return match auth {
            Some("token" | "none") => Some("`gateway.auth.mode` is another"),
            _ if is_set("OPENCLAW_GATEWAY_PASSWORD") => Some("OPENCLAW_GATEWAY_PASSWORD is set"),
            _ => None,
        };
    }
    if place.is_under("mcp.servers.*") {
        let server = place.segments()[..3].to_vec().into();
        let enabled = look(value, &server).and_then(|server| server.get("enabled"));
        return (enabled == Some(&Value::Bool(false))).then_some("the server is switched off");
    }
    None
}

fn look<'v>(value: &'v Value, place: &Path) -> Option<&'v Value> {
    place
        .segments()
        .iter()
        .try_fold(value, |value, segment| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.get(index),
        })
}

fn at<'v>(value: &'v mut Value, place: &Path) -> Option<&'v mut Value> {
    place
        .segments()
        .iter()
        .try_fold(value, |value, segment| match segment {
            Segment::Key(key) => value.get_mut(key),
            Segment::Index(index) => value.get_mut(index),
        })
}

fn leave_out(value: &mut Value, place: &Path) {
    let Some((Segment::Key(key), around)) = place.segments().split_last() else {
        return;
    };
    if let Some(Value::Object(members)) = at(value, &Path::from(around.to_vec())) {
        members.shift_remove(key);
    }
}

#[cfg(test)]
mod tests;
