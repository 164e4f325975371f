//! `${NAME}` in string values, replaced from a look-up that the caller brings. Pure: it reads no environment itself.

use serde_json::Value;

use super::problem::{Path, Problem};

/// Replaces each `${NAME}` (NAME is `[A-Z_][A-Z0-9_]*`) in every string of `value` with what `lookup` has for it;
/// `$${NAME}` becomes the text `${NAME}`. What is put in is not looked at again, and keys are left alone.
///
/// There is one problem for each string and name for which `lookup` has nothing, or nothing but the empty text; the
/// reference then stays as it is.
pub fn expand(value: &mut Value, lookup: &dyn Fn(&str) -> Option<String>) -> Expanded {
    let mut expanded = Expanded::default();
    expand_at(&Path::default(), value, lookup, &mut expanded);
    expanded
}

/// What became of the references.
#[derive(Debug, Default)]
pub struct Expanded {
    pub problems: Vec<Problem>,
    /// Where a string is no longer what was written.
    pub places: Vec<Path>,
}

fn expand_at(
    path: &Path,
    value: &mut Value,
    lookup: &dyn Fn(&str) -> Option<String>,
    expanded: &mut Expanded,
) {
    match value {
        Value::String(text) => {
            let (replaced, lacking) = replace(text, lookup);
            let problems = lacking.into_iter().map(|lack| lack.problem(path));
            expanded.problems.extend(problems);
            if *text != replaced {
                expanded.places.push(path.clone());
            }
            *text = replaced;
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                expand_at(&path.index(index), item, lookup, expanded);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                expand_at(&path.key(key), member, lookup, expanded);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A variable that is not there, or empty.
#[derive(PartialEq)]
struct Lack<'a> {
    name: &'a str,
    state: &'static str,
}

impl Lack<'_> {
    fn problem(&self, path: &Path) -> Problem {
        let Self { name, state } = self;
        Problem::at_value(
            path.clone(),
            format!("expected a value for ${{{name}}}, but the variable {name} is {state}"),
        )
        .with_hint(Some(format!(
            "set {name}, or write `$${{{name}}}` for the text itself"
        )))
    }
}

fn replace<'a>(text: &'a str, lookup: &dyn Fn(&str) -> Option<String>) -> (String, Vec<Lack<'a>>) {
    let mut expanded = String::with_capacity(text.len());
    let mut lacking = Vec::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        expanded.push_str(&rest[..dollar]);
        rest = &rest[dollar..];
        let taken = if let Some((_, literal)) = reference(&rest[1..]) {
            expanded.push_str(literal);
            1 + literal.len()
        } else if let Some((name, whole)) = reference(rest) {
            let found = lookup(name);
            let state = if found.is_some() { "empty" } else { "not set" };
            match found.filter(|found| !found.is_empty()) {
                Some(found) => expanded.push_str(&found),
                None => {
                    expanded.push_str(whole);
                    let lack = Lack { name, state };
                    if !lacking.contains(&lack) {
                        lacking.push(lack);
                    }
                }
            }
            whole.len()
        } else {
            expanded.push('$');
            1
        };
        rest = &rest[taken..];
    }
    expanded.push_str(rest);
    (expanded, lacking)
}

/// The name of the reference that `text` begins with, and the whole of it: `NAME` and `${NAME}`.
fn reference(text: &str) -> Option<(&str, &str)> {
    let (name, _) = text.strip_prefix("${")?.split_once('}')?;
    let starts = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    (starts && name.chars().all(fits)).then(|| (name, &text[..name.len() + "${}".len()]))
}

/// Whether `text` is one reference and nothing else, and so no secret itself.
pub fn is_reference(text: &str) -> bool {
    reference(text).is_some_and(|(_, whole)| whole == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn environment(name: &str) -> Option<String> {
        match name {
            "KEY" => Some("k-1".to_owned()),
            "_HOST2" => Some("example.com".to_owned()),
            "NESTED" => Some("${KEY}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn expanded(mut value: Value) -> Value {
        assert_eq!(expand(&mut value, &environment).problems, []);
        value
    }

    #[test]
    fn references_are_replaced_wherever_a_string_stands() {
        let value = json!({ "a": ["${KEY}", { "${KEY}": "https://${_HOST2}/${KEY}?" }], "n": 1, "z": null });
        let after =
            json!({ "a": ["k-1", { "${KEY}": "https://example.com/k-1?" }], "n": 1, "z": null });
        assert_eq!(expanded(value), after);
    }

    #[test]
    fn what_is_no_reference_stays_as_it_is() {
        for text in [
            "${foo}", "${Key}", "${1A}", "${}", "$KEY", "${KEY", "$", "$${foo}", "a$", "${KE Y}",
            "ü$ü",
        ] {
            assert_eq!(expanded(json!(text)), json!(text));
        }
    }

    #[test]
    fn a_second_dollar_makes_a_reference_text() {
        assert_eq!(
            expanded(json!("$${KEY} ${KEY} $$${KEY}")),
            json!("${KEY} k-1 $${KEY}")
        );
    }

    #[test]
    fn what_was_put_in_is_not_looked_at_again() {
        assert_eq!(expanded(json!("${NESTED}")), json!("${KEY}"));
    }

    #[test]
    fn all_missing_and_empty_variables_are_told_at_once() {
        let mut value =
            json!({ "a": { "apiKey": "${GONE}${GONE}" }, "l": ["${KEY}", "x${EMPTY}"] });
        let problem = |path: Path, state: &str, name: &str| {
            Problem::at_value(
                path,
                format!("expected a value for ${{{name}}}, but the variable {name} is {state}"),
            )
            .with_hint(Some(format!(
                "set {name}, or write `$${{{name}}}` for the text itself"
            )))
        };
        let root = Path::default();
        assert_eq!(
            expand(&mut value, &environment).problems,
            [
                problem(root.key("a").key("apiKey"), "not set", "GONE"),
                problem(root.key("l").index(1), "empty", "EMPTY"),
            ]
        );
        assert_eq!(
            value,
            json!({ "a": { "apiKey": "${GONE}${GONE}" }, "l": ["k-1", "x${EMPTY}"] })
        );
    }

    #[test]
    fn only_a_lone_reference_is_a_reference() {
        assert!(is_reference("${KEY}") && is_reference("${_}"));
        assert!(
            ![
                "",
                "${KEY} ",
                "Bearer ${KEY}",
                "$${KEY}",
                "${key}",
                "${A}${B}"
            ]
            .into_iter()
            .any(is_reference)
        );
    }

    proptest! {
        #[test]
        fn only_the_reference_changes_in_any_text(before in "[^$]*", after in "[^$]*", put_in in ".+") {
            let lookup = |name: &str| (name == "A_1").then(|| put_in.clone());
            let text = format!("{before}${{A_1}}{after}$${{A_1}}");
            prop_assert_eq!(replace(&text, &lookup).0, format!("{before}{put_in}{after}${{A_1}}"));
        }

        #[test]
        fn without_variables_nothing_is_lost(text in "[$A_{}a0ü]{0,24}") {
            let (same, _) = replace(&text, &|_| None);
            prop_assert_eq!(same.replace('$', ""), text.replace('$', ""));
        }
    }
}
