//! A page of a server's list of tools, read entry by entry: one that is no tool does not cost the others.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A tool of the list, or the name of an entry that is none.
pub type Entry = Result<Told, String>;

/// What an entry without a name is called.
const NAMELESS: &str = "(no name)";

/// What a server tells of a tool.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    pub name: String,
    pub description: Option<String>,
    pub input_schema: Map<String, Value>,
    annotations: Option<Hints>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hints {
    read_only_hint: Option<bool>,
}

impl Told {
    /// Whether the server says that the tool changes nothing.
    pub fn is_read_only(&self) -> bool {
        let hints = self.annotations.as_ref();
        hints.and_then(|hints| hints.read_only_hint) == Some(true)
    }
}

pub struct Page<'a> {
    entries: Vec<&'a RawValue>,
    /// Where the next one begins.
    pub next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    #[serde(borrow)]
    tools: Vec<&'a RawValue>,
    #[serde(borrow)]
    next_cursor: Option<&'a RawValue>,
}

impl<'a> Page<'a> {
    /// `None` where the answer is no list of tools.
    pub fn read(answer: &'a RawValue) -> Option<Self> {
        let list: List = serde_json::from_str(answer.get()).ok()?;
        let next = list.next_cursor.map(RawValue::get);
        Some(Self {
            entries: list.tools,
            // One that is no text leads nowhere.
            next: next.and_then(|next| serde_json::from_str(next).ok()),
        })
    }

    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.entries.iter().map(|told| entry(told.get()))
    }
}

fn entry(told: &str) -> Entry {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    serde_json::from_str(told).map_err(|_| {
        let named = serde_json::from_str::<Named>(told);
        named.map_or_else(|_| NAMELESS.to_owned(), |named| named.name)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(told: &Value) -> Box<RawValue> {
        RawValue::from_string(told.to_string()).unwrap()
    }

    #[test]
    fn an_entry_that_is_no_tool_is_named_and_the_others_are_there() {
        let told = answer(&json!({ "tools": [
            { "name": "good", "title": 7, "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true } },
            { "name": "bare" },
            { "name": 7, "inputSchema": {} },
            "text",
        ], "nextCursor": "more" }));
        let page = Page::read(&told).unwrap();
        let entries: Vec<Result<(String, bool), String>> = page
            .entries()
            .map(|entry| entry.map(|tool| (tool.name.clone(), tool.is_read_only())))
            .collect();
        let nameless = || Err(NAMELESS.to_owned());
        assert_eq!(
            entries,
            [
                Ok(("good".to_owned(), true)),
                Err("bare".to_owned()),
                nameless(),
                nameless()
            ]
        );
        assert_eq!(page.next.as_deref(), Some("more"));
    }

    #[test]
    fn what_is_no_list_is_none() {
        for told in [
            json!({ "tools": 7 }),
            json!({}),
            json!({ "other": [] }),
            json!([]),
        ] {
            assert!(Page::read(&answer(&told)).is_none(), "{told}");
        }
        for next in [json!(null), json!(7)] {
            let told = answer(&json!({ "tools": [], "nextCursor": next }));
            assert_eq!(Page::read(&told).unwrap().next, None);
        }
    }
}
