//! The description against the routes that there are, and against the rules that it keeps to.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::House;
use crate::server::openapi::DOCUMENT;
use crate::server::path::Path;
use crate::server::route_table;

/// What one method of one path does.
struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    told: &'a Value,
}

impl Operation<'_> {
    /// Whether it is described at this place of the route table.
    fn is_at(&self, place: Path) -> bool {
        match place {
            Path::At(path) => self.path == path,
            Path::Below(path) => self.path == format!("{path}{{id}}"),
            Path::Between(prefix, suffix) => self.path == format!("{prefix}{{id}}{suffix}"),
        }
    }

    fn id(&self) -> &str {
        self.told["operationId"].as_str().unwrap()
    }

    fn is_guarded(&self) -> bool {
        self.told["security"] != json!([])
    }

    fn takes_a_body(&self) -> bool {
        self.told.get("requestBody").is_some()
    }
}

fn document() -> Value {
    serde_json::from_str(DOCUMENT).unwrap()
}

fn members(value: &Value) -> &Map<String, Value> {
    value.as_object().unwrap()
}

fn names(value: &Value) -> Vec<&str> {
    members(value).keys().map(String::as_str).collect()
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = members(&document["paths"]).iter();
    let operations = paths.flat_map(|(path, methods)| {
        let methods = members(methods).iter();
        methods.map(move |(method, told)| Operation { path, method, told })
    });
    operations.collect()
}

/// Every value of the document.
fn values(document: &Value) -> Vec<&Value> {
    let mut all = vec![document];
    let mut next = 0;
    while let Some(value) = all.get(next).copied() {
        match value {
            Value::Object(members) => all.extend(members.values()),
            Value::Array(items) => all.extend(items),
            _ => {}
        }
        next += 1;
    }
    all
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let house = House::open();
    let document = document();
    let operations = operations(&document);
    let mut seen = BTreeSet::new();
    for route in route_table(&house.state) {
        for method in route.methods {
            let method = method.as_str().to_ascii_lowercase();
            let fits =
                |operation: &&Operation| operation.method == method && operation.is_at(route.path);
            let operations: Vec<&Operation> = operations.iter().filter(fits).collect();
            assert!(
                !operations.is_empty(),
                "{method} {:?} is not described",
                route.path
            );
            for operation in operations {
                let scope = route.gate.as_ref().map(|gate| gate.scope);
                let description = scope.map(|scope| json!(format!("Needs the scope `{scope}`.")));
                let security = scope.map_or(json!([]), |_| json!([{ "bearer": [] }]));
                assert_eq!(
                    operation.told.get("description"),
                    description.as_ref(),
                    "{}",
                    operation.id()
                );
                assert_eq!(operation.told["security"], security, "{}", operation.id());
                seen.insert(operation.id());
            }
        }
    }
    let described: BTreeSet<&str> = operations.iter().map(Operation::id).collect();
    assert_eq!(seen, described);
    assert_eq!(described.len(), operations.len(), "an id is there twice");
}

#[test]
fn the_version_is_that_of_the_program() {
    assert_eq!(document()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_reference_and_every_link_leads_somewhere() {
    let document = document();
    let ids: Vec<&str> = operations(&document)
        .iter()
        .map(|operation| operation.told["operationId"].as_str().unwrap())
        .collect();
    let (mut followed, mut linked) = (0, 0);
    for value in values(&document) {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
            followed += 1;
        }
        for (id, link) in value
            .get("links")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            assert!(
                ids.contains(&id.as_str()) && link["operationId"] == json!(id),
                "{id}"
            );
            linked += 1;
        }
    }
    assert!(followed > 100 && linked > 3, "{followed}, {linked}");
}

#[test]
fn routes_of_a_kind_answer_the_same_errors_and_the_same_headers() {
    const OPEN: &[&str] = &["400", "414", "431", "500"];
    const GUARDED: &[&str] = &[
        "400", "401", "403", "404", "414", "429", "431", "500", "503",
    ];
    const RUN: &[&str] = &[
        "400", "401", "403", "404", "408", "413", "414", "415", "429", "431", "500", "502", "503",
        "504",
    ];
    const EVERY: &[&str] = &["x-request-id", "openai-processing-ms", "Server-Timing"];
    const OF_RUNS: &[&str] = &[
        "x-openclaw-agent-id",
        "x-openclaw-model",
        "x-openclaw-session-key",
    ];
    let document = document();
    let reference =
        |kind: &str, name: &str| json!({ "$ref": format!("#/components/{kind}/{name}") });
    for operation in operations(&document) {
        let (errors, headers) = match (operation.is_guarded(), operation.takes_a_body()) {
            (false, _) => (OPEN, EVERY.to_vec()),
            (true, false) => (GUARDED, EVERY.to_vec()),
            (true, true) => (RUN, [OF_RUNS, EVERY].concat()),
        };
        let headers: Map<_, _> = headers
            .iter()
            .map(|name| ((*name).to_owned(), reference("headers", name)))
            .collect();
        let mut told = Vec::new();
        for (status, answer) in members(&operation.told["responses"]) {
            if answer.get("$ref").is_some() {
                assert_eq!(
                    *answer,
                    reference("responses", status),
                    "{}",
                    operation.id()
                );
                told.push(status.as_str());
            } else {
                assert_eq!(
                    members(&answer["headers"]),
                    &headers,
                    "{} {status}",
                    operation.id()
                );
            }
        }
        assert_eq!(told, errors, "{}", operation.id());
        assert!(
            operation.told["responses"].get("200").is_some(),
            "{}",
            operation.id()
        );
        if operation.takes_a_body() {
            let body = &operation.told["requestBody"];
            assert_eq!(
                (&body["required"], names(&body["content"])),
                (&json!(true), vec!["application/json"])
            );
        }
    }
}

#[test]
fn every_error_has_the_one_shape_of_errors() {
    let document = document();
    for (status, answer) in members(&document["components"]["responses"]) {
        let own: &[&str] = match status.as_str() {
            "401" => &["WWW-Authenticate"],
            "405" => &["Allow"],
            "429" | "503" => &["Retry-After"],
            _ => &[],
        };
        assert_eq!(
            names(&answer["headers"]),
            [&["x-request-id", "x-should-retry"], own].concat(),
            "{status}"
        );
        let shape =
            json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } });
        assert_eq!(answer["content"], shape, "{status}");
    }
}

fn is_object(schema: &Value) -> bool {
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.contains(&json!("object")),
        kind => kind.is_some_and(|kind| kind == "object"),
    }
}

/// Whether null fits the schema.
fn takes_null(schema: &Value) -> bool {
    let in_type = match &schema["type"] {
        Value::Array(kinds) => kinds.contains(&json!("null")),
        kind => kind == "null",
    };
    let listed = schema.get("enum").and_then(Value::as_array);
    let choices = schema["anyOf"].as_array();
    in_type && listed.is_none_or(|words| words.contains(&Value::Null))
        || choices.is_some_and(|choices| choices.iter().any(takes_null))
}

#[test]
fn null_equals_absent_for_every_member_that_is_not_required() {
    let document = document();
    let mut optional = 0;
    for (name, schema) in members(&document["components"]["schemas"]) {
        // An event is no JSON, but lines of a stream.
        if name.ends_with("Event") {
            continue;
        }
        for object in values(schema).into_iter().filter(|value| is_object(value)) {
            let required = object.get("required").and_then(Value::as_array);
            let Some(properties) = object.get("properties") else {
                continue;
            };
            let required: Vec<&str> = required
                .unwrap()
                .iter()
                .map(|name| name.as_str().unwrap())
                .collect();
            assert!(
                required.iter().all(|name| properties.get(name).is_some()),
                "{name}: {required:?}"
            );
            for (member, schema) in members(properties) {
                if !required.contains(&member.as_str()) {
                    assert!(takes_null(schema), "{name}: {member}");
                    optional += 1;
                }
            }
        }
    }
    assert!(optional > 80, "{optional}");
}

#[tokio::test]
async fn anyone_may_read_the_description() {
    let house = House::new(|_| {});
    let answer = house.get("/openapi.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.body, DOCUMENT);
}
