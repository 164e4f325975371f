//! Finds the secrets of a configuration that are references, by the schema: wherever a secret may stand. Pure.

use serde_json::Value;

use super::expected::{Schema, item};
use crate::config::problem::Path;
use crate::config::secret::REFERENCE;

/// The places of all objects that stand for secrets.
pub fn references(value: &Value, schema: &Value) -> Vec<Path> {
    let mut found = Vec::new();
    let schema = Schema(schema);
    within(
        &Path::default(),
        value,
        &schema.alternatives(schema.0),
        schema,
        &mut found,
    );
    found
}

fn within(
    path: &Path,
    value: &Value,
    alternatives: &[&Value],
    schema: Schema<'_>,
    found: &mut Vec<Path>,
) {
    match value {
        Value::Object(_) if alternatives.iter().any(|node| is_reference(node)) => {
            found.push(path.clone());
        }
        Value::Object(members) => {
            for (key, member) in members {
                let shapes = alternatives.iter().map(|node| schema.shape(node));
                let nodes = shapes.filter_map(|shape| shape.member(key).or(shape.rest()));
                let inner: Vec<&Value> = nodes.flat_map(|node| schema.alternatives(node)).collect();
                within(&path.key(key), member, &inner, schema, found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                let nodes = alternatives.iter().filter_map(|node| item(node, index));
                let inner: Vec<&Value> = nodes.flat_map(|node| schema.alternatives(node)).collect();
                within(&path.index(index), value, &inner, schema, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_reference(node: &Value) -> bool {
    node.get("title").is_some_and(|title| title == REFERENCE)
}
