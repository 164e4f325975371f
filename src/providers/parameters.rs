//! The schema of a function's parameters, for dialects that want one of every function. Pure.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::chat::Tool;

/// A function without parameters has an object without properties.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Parameters<'a> {
    Schema(&'a RawValue),
    None {
        r#type: &'static str,
        properties: Map<String, Value>,
    },
}

impl<'a> Parameters<'a> {
    pub fn of(tool: &'a Tool) -> Self {
        match tool.parameters.as_deref() {
            Some(schema) => Self::Schema(schema),
            None => Self::None {
                r#type: "object",
                properties: Map::new(),
            },
        }
    }
}
