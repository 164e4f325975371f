//! A page of a server's list of tools, read entry by entry: one that is no tool does not cost the others.

use rmcp::model::{ListToolsResult, ServerResult, Tool};
use serde_json::Value;

/// A tool of the list, or the name of an entry that is none.
pub type Entry = Result<Tool, String>;

/// What an entry without a name is called.
const NAMELESS: &str = "(no name)";

pub struct Page {
    pub entries: Vec<Entry>,
    /// Where the next one begins.
    pub next: Option<String>,
}

impl Page {
    /// `None` where the answer is no list of tools.
    pub fn of(answer: ServerResult) -> Option<Self> {
        match answer {
            ServerResult::ListToolsResult(ListToolsResult {
                tools, next_cursor, ..
            }) => Some(Self {
                entries: tools.into_iter().map(Ok).collect(),
                next: next_cursor,
            }),
            ServerResult::CustomResult(told) => Self::read(told.0),
            _ => None,
        }
    }

    fn read(mut told: Value) -> Option<Self> {
        let Value::Array(entries) = told.get_mut("tools")?.take() else {
            return None;
        };
        let next = told.get("nextCursor").and_then(Value::as_str);
        Some(Self {
            entries: entries.into_iter().map(entry).collect(),
            next: next.map(str::to_owned),
        })
    }
}

fn entry(told: Value) -> Entry {
    let name = told.get("name").and_then(Value::as_str);
    let name = name.unwrap_or(NAMELESS).to_owned();
    serde_json::from_value(told).map_err(|_| name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_that_is_no_tool_is_named_and_the_others_are_there() {
        let told = json!({ "tools": [
            { "name": "good", "inputSchema": { "type": "object" } },
            { "name": "bare" },
            { "name": 7, "inputSchema": {} },
            "text",
        ], "nextCursor": "more" });
        let page = Page::of(serde_json::from_value(told).unwrap()).unwrap();
        let entries: Vec<Result<String, String>> = page
            .entries
            .into_iter()
            .map(|entry| entry.map(|tool| tool.name.into_owned()))
            .collect();
        let nameless = || Err(NAMELESS.to_owned());
        assert_eq!(
            entries,
            [
                Ok("good".to_owned()),
                Err("bare".to_owned()),
                nameless(),
                nameless()
            ]
        );
        assert_eq!(page.next.as_deref(), Some("more"));
    }

    #[test]
    fn what_is_no_list_is_none() {
        for told in [json!({ "tools": 7 }), json!({}), json!({ "other": [] })] {
            assert!(Page::of(serde_json::from_value(told).unwrap()).is_none());
        }
    }
}
