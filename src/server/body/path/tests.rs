use std::fmt;

use proptest::prelude::*;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

use super::*;

/// How one value of a document is refused.
#[derive(Debug, Clone, Copy)]
enum Refusal {
    /// Something of another kind should stand there.
    Kind,
    /// It was read, and something in it is wrong or missing.
    Whole,
    /// The name of its first member should not be there.
    Name,
}

/// Reads a document down to one value, and refuses that.
struct Down<'a> {
    /// Names and indices to go.
    steps: &'a [Value],
    here: &'a Value,
    refusal: Refusal,
}

impl<'de> DeserializeSeed<'de> for Down<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match (self.here, self.steps, self.refusal) {
            (Value::String(_), [], Refusal::Kind) => deserializer.deserialize_bool(self),
            (_, [], Refusal::Kind) => deserializer.deserialize_str(self),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Down<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("something else")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let wanted = self.steps.first().and_then(Value::as_u64);
        for index in 0.. {
            if wanted == Some(index) {
                items.next_element_seed(self.inner())?;
            } else if items.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
        }
        Err(A::Error::custom("no list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let wanted = self.steps.first().and_then(Value::as_str);
        while let Some(name) = members.next_key::<String>()? {
            if wanted.is_none() && matches!(self.refusal, Refusal::Name) {
                break;
            } else if wanted == Some(&name) {
                members.next_value_seed(self.inner())?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Err(A::Error::custom("no object"))
    }
}

impl Down<'_> {
    fn inner(&self) -> Down<'_> {
        let (step, steps) = self.steps.split_first().unwrap();
        let here = match step {
            Value::String(name) => &self.here[name],
            index => &self.here[index.as_u64().unwrap() as usize],
        };
        let refusal = self.refusal;
        Down {
            steps,
            here,
            refusal,
        }
    }
}

/// The steps to every value in a document, the document among them.
fn places(value: &Value) -> Vec<Vec<Value>> {
    let inner: Vec<(Value, &Value)> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| (json!(at), item))
            .collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (json!(name), member))
            .collect(),
        _ => Vec::new(),
    };
    let below = inner.into_iter().flat_map(|(step, value)| {
        let further = move |steps: Vec<Value>| [vec![step.clone()], steps].concat();
        places(value).into_iter().map(further).collect::<Vec<_>>()
    });
    std::iter::once(Vec::new()).chain(below).collect()
}

fn spelled(steps: &[Value]) -> String {
    let spelled = steps.iter().map(|step| match step {
        Value::String(name) => format!(".{name}"),
        index => format!("[{index}]"),
    });
    spelled
        .collect::<String>()
        .trim_start_matches('.')
        .to_owned()
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        "[a-zé\"\\\\\n{}\\[\\],: ]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let name = "[a-zé\"\\\\\n{},:]{1,4}";
        let members = prop::collection::vec((name, inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            members.prop_map(|members| Value::from(Map::from_iter(members))),
        ]
    })
}

proptest! {
    #[test]
    fn wherever_serde_json_gives_up_the_path_is_that_of_the_value_at_fault(document in document(), spacious: bool) {
        let text = match spacious {
            true => serde_json::to_string_pretty(&document).unwrap().replace('\n', " \r\n\t"),
            false => document.to_string(),
        };
        for steps in places(&document) {
            for refusal in [Refusal::Kind, Refusal::Whole, Refusal::Name] {
                let down = Down { steps: &steps, here: &document, refusal };
                let error = down.deserialize(&mut serde_json::Deserializer::from_str(&text)).unwrap_err();
                let path = at(&text, (error.line(), error.column())).unwrap_or_default();
                prop_assert_eq!(path, spelled(&steps), "{:?} {}: {}", refusal, error, text);
            }
        }
    }

    #[test]
    fn no_text_and_no_place_make_it_panic(text in "\\PC{0,40}", brackets in "[\\[\\]{}\",:\\\\a\né ]{0,60}", line: u8, column: u8, far: usize) {
        for text in [text, brackets] {
            at(&text, (usize::from(line), usize::from(column)));
            at(&text, (usize::from(line % 4), usize::from(column % 64)));
            at(&text, (far, far));
            at(&text, (usize::from(line % 4), usize::MAX));
        }
    }
}

#[test]
fn a_path_is_spelled_with_points_and_indices() {
    let text = "{\"a\": [\n {\"b\\u0063\": [[1, 2], 3]}]}";
    let at = |column| at(text, (2, column));
    assert_eq!(at(11), Some("a[0]".to_owned()));
    assert_eq!(at(14), Some("a[0].bc[0]".to_owned()));
    assert_eq!(at(16), Some("a[0].bc[0][0]".to_owned()));
    assert_eq!(at(20), Some("a[0].bc[0]".to_owned()));
    assert_eq!(at(24), Some("a[0].bc".to_owned()));
    assert_eq!(at(27), None);
}
