//! The description against the routes that there are.

use std::collections::BTreeSet;

use serde_json::Value;

use super::House;
use crate::server::openapi::document;
use crate::server::openapi::operations::{OPERATIONS, Operation};
use crate::server::path::Path;
use crate::server::route_table;

/// What is described at a place of the route table.
fn is_at(operation: &Operation, place: Path) -> bool {
    match place {
        Path::At(path) => operation.path == path,
        Path::Below(path) => operation.path == format!("{path}{{id}}"),
        Path::Between(prefix, suffix) => operation.path == format!("{prefix}{{id}}{suffix}"),
    }
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let house = House::open();
    let mut seen = BTreeSet::new();
    for route in route_table(&house.state) {
        for method in route.methods {
            let method = method.as_str().to_ascii_lowercase();
            let fits =
                |operation: &&Operation| operation.method == method && is_at(operation, route.path);
            let operations: Vec<&Operation> = OPERATIONS.iter().filter(fits).collect();
            assert!(
                !operations.is_empty(),
                "{method} {:?} is not described",
                route.path
            );
            for operation in operations {
                let scope = route.gate.as_ref().map(|gate| gate.scope);
                assert_eq!(operation.scope, scope, "{}", operation.id);
                seen.insert(operation.id);
            }
        }
    }
    let described: BTreeSet<&str> = OPERATIONS.iter().map(|operation| operation.id).collect();
    assert_eq!(seen, described);
    assert_eq!(described.len(), OPERATIONS.len(), "an id is there twice");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut open = vec![&document];
    let mut followed = 0;
    while let Some(value) = open.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
            followed += 1;
        }
        match value {
            Value::Object(members) => open.extend(members.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(followed > 100, "{followed}");
}

#[tokio::test]
async fn anyone_may_read_the_description() {
    let house = House::new(|_| {});
    let answer = house.get("/openapi.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json(), document());
}
