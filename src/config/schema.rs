//! The JSON Schema of a configuration file: what the types say, and for editors also what may stand anywhere beside it.
//! `schema.json` beside this file is made from the types, by the test that holds it against them.

use serde_json::{Map, Value, json};

use super::include::INCLUDE;

/// What the types say, as JSON Schema 2020-12.
pub(super) fn of_types() -> Value {
    serde_json::from_str(include_str!("schema.json")).expect("the tests hold it against the types")
}

/// What an editor needs to know: the schema of the types, and of files that include others.
pub fn schema() -> Value {
    let mut schema = of_types();
    including(&mut schema);
    let Some(root) = schema.as_object_mut() else {
        return schema;
    };
    root.insert("title".to_owned(), json!("openclaw configuration"));
    if let Some(definitions) = root.get_mut("$defs").and_then(Value::as_object_mut) {
        definitions.insert("Include".to_owned(), include());
    }
    schema
}

fn include() -> Value {
    json!({
        "description": "Other files, in this file's folder or below it, that are merged in order; what stands beside this wins.",
        "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" } },
        ],
    })
}

/// Lets every object of the schema include files: what it requires may then come from there.
fn including(node: &mut Value) {
    match node {
        Value::Object(members) => {
            members.values_mut().for_each(including);
            let is_object = members.get("type").is_some_and(|kind| kind == "object");
            let is_tagged = members.get("properties").is_some_and(tells_by_constant);
            if is_object && !is_tagged {
                let properties = members.entry("properties").or_insert_with(|| json!({}));
                if let Some(properties) = properties.as_object_mut() {
                    let reference = json!({ "$ref": "#/$defs/Include" });
                    properties.insert(INCLUDE.to_owned(), reference);
                }
                or_included(members);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(including),
        _ => {}
    }
}

/// Whether one of these properties says which of several shapes an object has.
fn tells_by_constant(properties: &Value) -> bool {
    let mut all = properties.as_object().into_iter().flat_map(Map::values);
    all.any(|property| property.get("const").is_some())
}

fn or_included(members: &mut Map<String, Value>) {
    if let Some(required) = members.remove("required") {
        let either = json!([{ "required": required }, { "required": [INCLUDE] }]);
        members.insert("anyOf".to_owned(), either);
    }
}

#[cfg(test)]
mod tests;
