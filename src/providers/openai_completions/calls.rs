//! The tool calls of one answer, put together from what servers make of ids and indexes. Pure.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::super::answer::new_call_id;
use crate::chat::ToolCallDelta;

/// A call, or a fragment of one.
#[derive(Deserialize)]
pub struct WireCall {
    index: Option<usize>,
    id: Option<String>,
    function: Option<WireFunction>,
}

#[derive(Default, Deserialize)]
struct WireFunction {
    name: Option<String>,
    arguments: Option<Arguments>,
}

/// JSON text, or from some servers the JSON itself.
#[derive(Deserialize)]
#[serde(untagged)]
enum Arguments {
    Text(String),
    Object(Map<String, Value>),
}

/// The tool calls of an answer so far: what a server calls an index or an id may be missing, or the same for all.
#[derive(Default)]
pub struct Calls {
    known: Vec<Known>,
    /// Every call comes in one piece.
    are_whole: bool,
}

struct Known {
    wire_index: Option<usize>,
    /// As the server has it.
    id: Option<String>,
    name: String,
    arguments: String,
}

/// A fragment, with what is empty taken for missing.
struct Fragment {
    wire_index: Option<usize>,
    id: Option<String>,
    name: Option<String>,
    arguments: String,
}

/// More calls in one answer are taken for nonsense and dropped.
const MAX_CALLS: usize = 256;

impl Calls {
    /// Of an answer that is not streamed.
    pub fn whole() -> Self {
        Self {
            are_whole: true,
            ..Self::default()
        }
    }

    pub fn any(&self) -> bool {
        !self.known.is_empty()
    }

    /// What the fragment comes to; nothing where it says nothing new.
    pub fn fragment(&mut self, wire: WireCall) -> Option<ToolCallDelta> {
        let fragment = Fragment::from(wire);
        match self.find(&fragment) {
            Some(index) if fragment.repeats(&self.known[index]) => None,
            Some(index) => self.go_on(index, fragment.arguments),
            None => self.begin(fragment),
        }
    }

    /// The call that the fragment belongs to; `None` where it begins one.
    fn find(&self, fragment: &Fragment) -> Option<usize> {
        if self.are_whole {
            return None;
        }
        let Fragment {
            wire_index,
            id,
            name,
            ..
        } = fragment;
        let of_index = |index: usize| {
            let is_same = |call: &Known| call.wire_index == Some(index);
            self.known.iter().rposition(is_same)
        };
        let found = match (id, wire_index) {
            (Some(id), index) => {
                let is_same =
                    |call: &Known| call.id.as_ref() == Some(id) && call.wire_index == *index;
                self.known.iter().rposition(is_same)
            }
            (None, Some(index)) => of_index(*index),
            (None, None) if name.is_none() => self.known.len().checked_sub(1),
            (None, None) => None,
        };
        // A call needs a name: a fragment without one belongs to the call of its index, whatever id it bears.
        let found = match (found, wire_index) {
            (None, Some(index)) if name.is_none() => of_index(*index),
            (found, _) => found,
        };
        found.filter(|&index| !fragment.is_another(&self.known[index]))
    }

    fn go_on(&mut self, index: usize, arguments: String) -> Option<ToolCallDelta> {
        let known = &mut self.known[index];
        known.arguments.push_str(&arguments);
        (!arguments.is_empty()).then_some(ToolCallDelta {
            index,
            id: None,
            name: None,
            arguments,
        })
    }

    fn begin(&mut self, fragment: Fragment) -> Option<ToolCallDelta> {
        let name = fragment.name?;
        if self.known.len() == MAX_CALLS {
            return None;
        }
        self.known.push(Known {
            wire_index: fragment.wire_index,
            id: fragment.id.clone(),
            name: name.clone(),
            arguments: fragment.arguments.clone(),
        });
        Some(ToolCallDelta {
            index: self.known.len() - 1,
            id: Some(fragment.id.unwrap_or_else(new_call_id)),
            name: Some(name),
            arguments: fragment.arguments,
        })
    }
}

impl Fragment {
    /// Whether it begins a call of its own, although its server numbers it like `known`: it names another function, or
    /// begins another object when the arguments so far are one.
    fn is_another(&self, known: &Known) -> bool {
        let begins_object = || self.arguments.trim_start().starts_with('{');
        match &self.name {
            Some(name) if *name != known.name => true,
            Some(_) => begins_object() && is_object(&known.arguments) && !self.repeats(known),
            None => false,
        }
    }

    /// Whether it tells all of `known` once more, as some servers do at the end.
    fn repeats(&self, known: &Known) -> bool {
        let is_named = self.id.is_some() && self.name.as_ref() == Some(&known.name);
        is_named && self.arguments == known.arguments && is_object(&known.arguments)
    }
}

impl From<WireCall> for Fragment {
    fn from(wire: WireCall) -> Self {
        let function = wire.function.unwrap_or_default();
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        Self {
            wire_index: wire.index,
            id: filled(wire.id),
            name: filled(function.name),
            arguments: match function.arguments {
                None => String::new(),
                Some(Arguments::Text(text)) => text,
                Some(Arguments::Object(object)) => Value::Object(object).to_string(),
            },
        }
    }
}

/// Whether the text is one whole JSON object. The ends are looked at first, as this is asked of texts that still grow.
fn is_object(text: &str) -> bool {
    let has_ends = text.trim_start().starts_with('{') && text.trim_end().ends_with('}');
    has_ends && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What these fragments come to, each in the form of the wire.
    fn read(mut calls: Calls, fragments: &[Value]) -> Vec<ToolCallDelta> {
        let wire = |fragment: &Value| serde_json::from_value(fragment.clone()).unwrap();
        fragments
            .iter()
            .filter_map(|fragment| calls.fragment(wire(fragment)))
            .collect()
    }

    fn fragment(index: Option<usize>, id: Option<&str>, function: (Option<&str>, &str)) -> Value {
        let (name, arguments) = function;
        json!({ "index": index, "id": id, "function": { "name": name, "arguments": arguments } })
    }

    fn delta(index: usize, id: Option<&str>, name: Option<&str>, arguments: &str) -> ToolCallDelta {
        ToolCallDelta {
            index,
            id: id.map(Into::into),
            name: name.map(Into::into),
            arguments: arguments.into(),
        }
    }

    /// The names and the arguments of calls that are told in one piece each.
    fn apart(deltas: &[ToolCallDelta]) -> Vec<(&str, &str)> {
        let call = |(index, delta): (usize, &'_ ToolCallDelta)| {
            assert_eq!(delta.index, index);
            assert!(delta.id.as_ref().is_some_and(|id| !id.is_empty()));
        };
        deltas.iter().enumerate().for_each(call);
        let parts = deltas
            .iter()
            .map(|delta| (delta.name.as_deref(), delta.arguments.as_str()));
        parts
            .map(|(name, arguments)| (name.unwrap(), arguments))
            .collect()
    }

    #[test]
    fn calls_with_the_same_index_and_different_ids_are_different_calls() {
        let deltas = read(
            Calls::default(),
            &[
                fragment(Some(0), Some("a"), (Some("f"), "{}")),
                fragment(Some(0), Some("b"), (Some("g"), "")),
                fragment(Some(0), None, (None, "{\"x\":1}")),
            ],
        );
        assert_eq!(
            deltas,
            [
                delta(0, Some("a"), Some("f"), "{}"),
                delta(1, Some("b"), Some("g"), ""),
                delta(1, None, None, "{\"x\":1}"),
            ]
        );
    }

    #[test]
    fn a_call_whose_server_repeats_id_and_name_stays_one_call() {
        let repeated = fragment(Some(0), Some("a"), (Some("f"), "{\"x\":1}"));
        let deltas = read(
            Calls::default(),
            &[
                fragment(Some(0), Some("a"), (Some("f"), "{\"x\":")),
                fragment(Some(0), Some("a"), (Some("f"), "1}")),
                fragment(Some(0), Some("a"), (Some("f"), "")),
                repeated,
            ],
        );
        assert_eq!(
            deltas,
            [
                delta(0, Some("a"), Some("f"), "{\"x\":"),
                delta(0, None, None, "1}")
            ]
        );
    }

    #[test]
    fn a_server_with_a_new_id_for_every_fragment_loses_no_arguments() {
        let deltas = read(
            Calls::default(),
            &[
                fragment(Some(0), Some("a"), (Some("f"), "{")),
                fragment(Some(0), Some("b"), (None, "}")),
            ],
        );
        assert_eq!(
            deltas,
            [
                delta(0, Some("a"), Some("f"), "{"),
                delta(0, None, None, "}")
            ]
        );
    }

    #[test]
    fn whole_calls_of_one_index_and_no_id_are_different_calls() {
        let one = fragment(Some(0), Some(""), (Some("f"), "{\"a\":1}"));
        let same = fragment(Some(0), Some(""), (Some("f"), "{\"a\":2}"));
        let other = fragment(Some(0), Some(""), (Some("g"), "{\"b\":2}"));
        for calls in [Calls::default(), Calls::whole()] {
            let deltas = read(calls, &[one.clone(), same.clone(), other.clone()]);
            let expected = [("f", "{\"a\":1}"), ("f", "{\"a\":2}"), ("g", "{\"b\":2}")];
            assert_eq!(apart(&deltas), expected);
        }
    }

    #[test]
    fn calls_of_one_id_and_different_names_are_different_calls() {
        let one = fragment(None, Some("c1"), (Some("f"), ""));
        let other = fragment(None, Some("c1"), (Some("g"), "{}"));
        for calls in [Calls::default(), Calls::whole()] {
            let deltas = read(calls, &[one.clone(), other.clone()]);
            assert_eq!(apart(&deltas), [("f", ""), ("g", "{}")]);
        }
    }
}
