//! Checks a configuration against the JSON Schema of its types, and finds all that is wrong at once. Pure: values in,
//! problems out. Where a problem stands in a file is for `locate` and `report`.

mod expected;
mod message;
mod references;

use serde_json::{Map, Value};

use self::expected::{Schema, Shape, item, takes, takes_all, takes_kind};
use self::message::{known, mismatch, missing};
use super::problem::{Path, Problem, nearest};
pub use references::references;

/// What the schema does not say of unknown keys. Places are patterns (see [`Path::is_at`]).
pub struct Rules<'a> {
    /// Places in which every unknown key is an error.
    pub strict: &'a [&'a str],
    /// Keys, by place, that are another program's: always ignored, however near to one of ours.
    pub foreign: &'a [(&'a str, &'a [&'a str])],
    /// Values that are not quoted, whatever their names say: they were not written there.
    pub unquoted: &'a [Path],
}

/// What a check found, in the order of the value.
#[derive(Debug, Default, PartialEq)]
pub struct Findings {
    pub problems: Vec<Problem>,
    /// The unknown keys that are no problem. What they hold is not looked at.
    pub ignored: Vec<Path>,
}

/// Checks `value`, out of which [`strip_nulls`] has taken the nulls.
///
/// An unknown key is a problem when it is a near miss (see [`nearest`]) of a known one, or stands in a strict place or
/// one whose schema is closed; every other one is ignored.
pub fn check(value: &Value, schema: &Value, rules: &Rules<'_>) -> Findings {
    let mut findings = Findings::default();
    let checker = Checker {
        schema: Schema(schema),
        rules,
    };
    checker.value(&Path::default(), value, schema, &mut findings);
    findings
}

/// Removes each member that is null where the schema takes no null: null is the same as absent. The items of lists stay,
/// and so do the members that the schema does not know.
pub fn strip_nulls(value: &mut Value, schema: &Value) {
    let schema = Schema(schema);
    strip_nulls_within(value, &schema.alternatives(schema.0), schema);
}

fn strip_nulls_within(value: &mut Value, alternatives: &[&Value], schema: Schema<'_>) {
    match value {
        Value::Object(members) => members.retain(|key, member| {
            let shapes = alternatives.iter().map(|node| schema.shape(node));
            let nodes = shapes.filter_map(|shape| shape.member(key).or(shape.rest()));
            let inner: Vec<&Value> = nodes.flat_map(|node| schema.alternatives(node)).collect();
            strip_nulls_within(member, &inner, schema);
            !member.is_null() || inner.is_empty() || inner.iter().any(|node| takes(node, member))
        }),
        Value::Array(items) => {
            for (index, value) in items.iter_mut().enumerate() {
                let nodes = alternatives.iter().filter_map(|node| item(node, index));
                let inner: Vec<&Value> = nodes.flat_map(|node| schema.alternatives(node)).collect();
                strip_nulls_within(value, &inner, schema);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

struct Checker<'a> {
    schema: Schema<'a>,
    rules: &'a Rules<'a>,
}

impl<'a> Checker<'a> {
    fn value(&self, path: &Path, value: &Value, node: &'a Value, findings: &mut Findings) {
        let alternatives = self.schema.alternatives(node);
        if alternatives.iter().any(|node| takes_all(node)) {
            return;
        }
        let taking = |kind: &str| -> Vec<&'a Value> {
            alternatives
                .iter()
                .copied()
                .filter(|node| takes_kind(node, kind))
                .collect()
        };
        let (objects, lists) = (taking("object"), taking("array"));
        match value {
            Value::Object(members) if !objects.is_empty() => {
                self.object(path, members, &objects, findings);
            }
            Value::Array(items) if !lists.is_empty() => {
                let fits = |node| self.list(path, items, node);
                findings.extend(best(lists.into_iter().map(fits)));
            }
            _ if alternatives.iter().any(|node| takes(node, value)) => {}
            _ => findings
                .problems
                .push(self.mismatch(path, value, &alternatives)),
        }
    }

    fn mismatch(&self, path: &Path, value: &Value, alternatives: &[&Value]) -> Problem {
        let secret = path.bears_secret() || self.rules.unquoted.contains(path);
        mismatch((path, value), alternatives, secret)
    }

    fn list(&self, path: &Path, items: &[Value], node: &'a Value) -> Findings {
        let mut findings = Findings::default();
        for (index, value) in items.iter().enumerate() {
            if let Some(node) = item(node, index) {
                self.value(&path.index(index), value, node, &mut findings);
            }
        }
        findings
    }

    /// Checks an object against the alternative that its tag names, or else the one that it fits best.
    fn object(
        &self,
        path: &Path,
        members: &Map<String, Value>,
        nodes: &[&'a Value],
        findings: &mut Findings,
    ) {
        let fits = |node: &&'a Value| self.members(path, members, &self.schema.shape(node));
        let Some((tag, names)) = self.tag(nodes) else {
            findings.extend(best(nodes.iter().map(fits)));
            return;
        };
        let named = |value: &Value| names.iter().position(|name| takes(name, value));
        match members.get(tag).map(|value| (value, named(value))) {
            Some((_, Some(at))) => findings.extend(fits(&nodes[at])),
            Some((value, None)) => {
                findings
                    .problems
                    .push(self.mismatch(&path.key(tag), value, &names))
            }
            None => findings.problems.push(missing(path.key(tag), &names)),
        }
    }

    /// The member that tells the alternatives apart by a constant of its own in each, and those constants.
    fn tag(&self, nodes: &[&'a Value]) -> Option<(&'a str, Vec<&'a Value>)> {
        let shapes: Vec<Shape<'a>> = nodes.iter().map(|node| self.schema.shape(node)).collect();
        let [first, _, ..] = shapes.as_slice() else {
            return None;
        };
        first.keys().find_map(|key| {
            let names = shapes
                .iter()
                .map(|shape| shape.member(key).filter(|node| node.get("const").is_some()));
            Some((key, names.collect::<Option<Vec<_>>>()?))
        })
    }

    fn members(&self, path: &Path, members: &Map<String, Value>, shape: &Shape<'a>) -> Findings {
        let mut findings = Findings::default();
        let absent = |key: &&str| !members.contains_key(*key);
        let mut meant = Vec::new();
        for (key, value) in members {
            let at = path.key(key);
            match (shape.member(key), shape.rest()) {
                (Some(node), _) => self.value(&at, value, node, &mut findings),
                (None, Some(node)) if !matches!(node, Value::Bool(false)) => {
                    self.value(&at, value, node, &mut findings);
                }
                (None, _) if self.is_foreign(path, key) => findings.ignored.push(at),
                (None, rest) => {
                    let near = nearest(key, shape.keys());
                    meant.extend(near);
                    if near.is_none() && rest.is_none() && !self.is_strict(path) {
                        findings.ignored.push(at);
                    } else {
                        let hint = near
                            .map_or_else(|| known(shape), |near| format!("did you mean `{near}`?"));
                        findings
                            .problems
                            .push(Problem::at_key(at, "unknown key").with_hint(Some(hint)));
                    }
                }
            }
        }
        for key in shape
            .required()
            .filter(absent)
            .filter(|key| !meant.contains(key))
        {
            let node = shape.member(key).map(|node| self.schema.alternatives(node));
            findings
                .problems
                .push(missing(path.key(key), &node.unwrap_or_default()));
        }
        findings
    }

    fn is_foreign(&self, place: &Path, key: &str) -> bool {
        self.rules
            .foreign
            .iter()
            .any(|(pattern, keys)| place.is_at(pattern) && keys.contains(&key))
    }

    fn is_strict(&self, place: &Path) -> bool {
        self.rules
            .strict
            .iter()
            .any(|pattern| place.is_under(pattern))
    }
}

impl Findings {
    fn extend(&mut self, other: Self) {
        self.problems.extend(other.problems);
        self.ignored.extend(other.ignored);
    }
}

/// The findings with the fewest problems; of equals the first, as serde takes the first variant that fits.
fn best(findings: impl Iterator<Item = Findings>) -> Findings {
    findings
        .min_by_key(|findings| findings.problems.len())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
