//! The check against schemas that schemars derives from types such as the configuration's own.

use std::collections::BTreeMap;

use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::*;

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct Root {
    gateway: Gateway,
    models: BTreeMap<String, Vec<Model>>,
    tools: Option<Tools>,
    env: Env,
    anything: Value,
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct Gateway {
    port: u16,
    bind: Bind,
    custom_bind_host: Option<String>,
    max_body_bytes: u64,
    auth: Auth,
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct Auth {
    token: Option<Secret>,
    allow_users: Vec<String>,
    #[serde(flatten)]
    limits: Limits,
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
struct Limits {
    #[schemars(range(min = 1))]
    max_attempts: u32,
    exempt_loopback: bool,
}

/// Described and plain words together.
#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Bind {
    #[default]
    Auto,
    /// This machine only.
    Loopback,
    Lan,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Secret {
    Text(String),
    Reference(SecretRef),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "source", rename_all = "lowercase")]
enum SecretRef {
    Env { id: String },
    File { id: String, provider: String },
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Model {
    id: String,
    #[serde(default)]
    context_window: Option<f64>,
    #[serde(default)]
    size: (u8, Option<u8>),
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Tools {
    profile: String,
}

#[derive(Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Env {
    vars: BTreeMap<String, String>,
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
}

const RULES: Rules<'_> = Rules {
    strict: &["gateway.auth"],
    foreign: &[("", &["hooks"]), ("gateway.auth", &["tokenn"])],
    unquoted: &[],
};

fn schema() -> Value {
    schema_for!(Root).to_value()
}

fn findings(mut value: Value) -> Findings {
    strip_nulls(&mut value, &schema());
    check(&value, &schema(), &RULES)
}

/// Each problem as `path: what is wrong | hint`.
fn problems(value: Value) -> Vec<String> {
    let told = findings(value).problems.into_iter().map(|problem| {
        let hint = problem
            .hint
            .map(|hint| format!(" | {hint}"))
            .unwrap_or_default();
        format!("{}: {}{hint}", problem.path, problem.expected)
    });
    told.collect()
}

fn ignored(value: Value) -> Vec<String> {
    let findings = findings(value);
    assert_eq!(findings.problems, []);
    findings.ignored.iter().map(Path::to_string).collect()
}

#[test]
fn what_serde_takes_has_no_findings() {
    let value = json!({
        "gateway": { "port": 0, "bind": "loopback", "maxBodyBytes": u64::MAX, "auth": { "token": { "source": "env", "id": "T" }, "maxAttempts": 9 } },
        "models": { "any id": [{ "id": "m", "contextWindow": 1.5e5, "size": [1, null] }] },
        "env": { "vars": { "A": "a" }, "B": "b" },
        "anything": [{ "at": "all", "n": null }],
    });
    assert_eq!(findings(value.clone()), Findings::default());
    assert!(serde_json::from_value::<Root>(value).is_ok());
}

#[test]
fn a_wrong_type_says_what_is_expected_and_what_was_found() {
    assert_eq!(
        problems(json!({
            "gateway": { "port": "abc", "customBindHost": ["x"], "auth": { "exemptLoopback": 1, "allowUsers": "me" } },
            "models": { "p": [{ "id": {}, "contextWindow": true }] },
            "anything": 1,
        })),
        [
            "gateway.port: expected a whole number from 0 to 65535, found the string \"abc\"",
            "gateway.customBindHost: expected a string, found a list",
            "gateway.auth.exemptLoopback: expected true or false, found the number 1",
            "gateway.auth.allowUsers: expected a list, found the string \"me\"",
            "models.p[0].id: expected a string, found an object",
            "models.p[0].contextWindow: expected a number, found true",
        ]
    );
}

#[test]
fn a_number_out_of_its_range_says_the_range() {
    assert_eq!(
        problems(
            json!({ "gateway": { "port": 70000, "maxBodyBytes": -1, "auth": { "maxAttempts": 0 } } })
        ),
        [
            "gateway.port: expected a whole number from 0 to 65535, found the number 70000",
            "gateway.maxBodyBytes: expected a whole number of 0 or more, found the number -1",
            "gateway.auth.maxAttempts: expected a whole number from 1 to 4294967295, found the number 0",
        ]
    );
}

#[test]
fn a_value_that_is_only_written_wrong_comes_with_its_right_spelling() {
    assert_eq!(
        problems(
            json!({ "gateway": { "port": "8080", "maxBodyBytes": 2e7, "auth": { "exemptLoopback": "true" } } })
        ),
        [
            "gateway.port: expected a whole number from 0 to 65535, found the string \"8080\" | write it without quotes: 8080",
            "gateway.maxBodyBytes: expected a whole number of 0 or more, found the number 20000000.0 | write it as a whole number: 20000000",
            "gateway.auth.exemptLoopback: expected true or false, found the string \"true\" | write it without quotes: true",
        ]
    );
}

#[test]
fn an_unknown_word_comes_with_all_words_and_the_nearest() {
    assert_eq!(
        problems(json!({ "gateway": { "bind": "Lopback" } })),
        [
            "gateway.bind: expected one of \"auto\", \"lan\" or \"loopback\", found the string \"Lopback\" | did you mean \"loopback\"?"
        ]
    );
    assert_eq!(
        problems(json!({ "gateway": { "bind": 5 } })),
        ["gateway.bind: expected one of \"auto\", \"lan\" or \"loopback\", found the number 5"]
    );
}

#[test]
fn a_missing_key_is_told_at_the_path_it_should_have() {
    assert_eq!(
        problems(json!({ "models": { "p": [{}] } })),
        ["models.p[0].id: expected a string, but the key is missing"]
    );
}

#[test]
fn a_typo_of_a_required_key_is_one_problem_and_not_two() {
    assert_eq!(
        problems(json!({ "models": { "p": [{ "idd": "m", "context_window": 1 }] } })),
        [
            "models.p[0].idd: unknown key | did you mean `id`?",
            "models.p[0].context_window: unknown key | did you mean `contextWindow`?",
        ]
    );
    assert_eq!(
        problems(
            json!({ "gateway": { "auth": { "token": { "source": "file", "id": "x", "providr": "y" } } } })
        ),
        ["gateway.auth.token.providr: unknown key | did you mean `provider`?"]
    );
}

#[test]
fn a_string_or_an_object_is_checked_as_what_it_is() {
    let token = |token: Value| problems(json!({ "gateway": { "auth": { "token": token } } }));
    assert_eq!(token(json!("t")), Vec::<String>::new());
    assert_eq!(
        token(json!(12345)),
        ["gateway.auth.token: expected a string or an object, found a number"]
    );
    assert_eq!(
        token(json!({ "source": "evn", "id": "T" })),
        [
            "gateway.auth.token.source: expected one of \"env\" or \"file\", found a string | did you mean \"env\"?"
        ]
    );
    assert_eq!(
        token(json!({ "id": "T" })),
        ["gateway.auth.token.source: expected one of \"env\" or \"file\", but the key is missing"]
    );
    assert_eq!(
        token(json!({ "source": "file", "id": "T" })),
        ["gateway.auth.token.provider: expected a string, but the key is missing"]
    );
}

#[test]
fn an_unknown_key_is_ignored_once_unless_it_is_near_to_a_known_one() {
    let value = json!({
        "cron": { "jobs": [1] }, "ui": 1, "hooks": {}, "gateway": { "controlUi": { "port": "x" } },
        "models": { "p": [{ "id": "m", "cost": { "input": 1 } }] }, "weather": null,
    });
    assert_eq!(
        ignored(value),
        [
            "cron",
            "ui",
            "hooks",
            "gateway.controlUi",
            "models.p[0].cost",
            "weather"
        ]
    );
    assert_eq!(
        problems(json!({ "gatewya": {} })),
        ["gatewya: unknown key | did you mean `gateway`?"]
    );
}

#[test]
fn a_foreign_key_is_ignored_even_where_it_is_near_or_the_place_is_strict() {
    let near = json!({ "hooks": 1 });
    assert_eq!(
        check(
            &near,
            &schema(),
            &Rules {
                strict: &[],
                foreign: &[],
                unquoted: &[],
            }
        )
        .problems
        .len(),
        1
    );
    assert_eq!(ignored(near), ["hooks"]);
    assert_eq!(
        ignored(json!({ "gateway": { "auth": { "tokenn": 1 } } })),
        ["gateway.auth.tokenn"]
    );
}

#[test]
fn in_strict_and_closed_places_every_unknown_key_is_a_problem() {
    assert_eq!(
        problems(
            json!({ "gateway": { "auth": { "trust": 1, "token": { "source": "env", "id": "x", "y": 1 } } }, "tools": { "x": 1 } })
        ),
        [
            "gateway.auth.trust: unknown key | the keys here are `token`, `allowUsers`, `maxAttempts`, `exemptLoopback`",
            "gateway.auth.token.y: unknown key | the keys here are `source`, `id`",
            "tools.x: unknown key | the keys here are `profile`",
        ]
    );
}

#[test]
fn null_is_the_same_as_absent() {
    let mut value = json!({
        "gateway": { "port": null, "customBindHost": null, "auth": null },
        "models": { "p": [{ "id": null }], "q": null }, "env": { "A": null, "vars": { "B": null } },
        "anything": null, "tools": null, "other": null,
    });
    strip_nulls(&mut value, &schema());
    let stripped = json!({
        "gateway": { "customBindHost": null }, "models": { "p": [{}] }, "env": { "vars": {} },
        "anything": null, "tools": null, "other": null,
    });
    assert_eq!(value, stripped);
    assert_eq!(
        problems(json!({ "models": { "p": [null] } })),
        ["models.p[0]: expected an object, found null"]
    );
}

#[test]
fn a_long_text_is_cut_and_a_secret_is_not_quoted() {
    assert_eq!(
        problems(
            json!({ "gateway": { "port": "x".repeat(60), "bind": "db://u:p@h", "auth": "hunter2" } })
        ),
        [
            format!(
                "gateway.port: expected a whole number from 0 to 65535, found the string \"{}…\"",
                "x".repeat(40)
            ),
            "gateway.bind: expected one of \"auto\", \"lan\" or \"loopback\", found a string"
                .to_owned(),
            "gateway.auth: expected an object, found a string".to_owned(),
        ]
    );
}

#[test]
fn a_file_that_is_no_object_is_one_problem() {
    assert_eq!(problems(json!([1])), [": expected an object, found a list"]);
}
