//! Values and places in words, and values in one form where they are equal.

use std::fmt::{self, Write};

use serde_json::{Number, Value};

use super::number::is_whole;
use super::{Counted, Kind, Rule};

/// The most that is shown of a value, in characters.
const MAX_VALUE_CHARS: usize = 80;

/// The most values that are told where one of them has to be there.
const MAX_VALUES: usize = 20;

/// Where a value is in the whole.
#[derive(Clone, Copy)]
pub enum Place<'p> {
    Top,
    Member(&'p Place<'p>, &'p str),
    Item(&'p Place<'p>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        // The top has a name only where nothing is below it.
        let above = |place: &Place, out: &mut fmt::Formatter| match place {
            Place::Top => Ok(()),
            place => write!(out, "{place}"),
        };
        match self {
            Self::Top => out.write_str("the top"),
            Self::Member(place, name) => {
                above(place, out)?;
                write!(out, "/{}", name.replace('~', "~0").replace('/', "~1"))
            }
            Self::Item(place, index) => {
                above(place, out)?;
                write!(out, "/{index}")
            }
        }
    }
}

impl Rule {
    /// One of these values.
    pub fn values(values: &[Value]) -> Self {
        let mut told: Vec<String> = values.iter().take(MAX_VALUES).map(brief).collect();
        if values.len() > MAX_VALUES {
            told.push("…".to_owned());
        }
        Self::Values {
            canonical: values.iter().map(canonical).collect(),
            told: told.join(" or "),
        }
    }
}

impl Kind {
    pub fn is_of(self, value: &Value) -> bool {
        match value {
            Value::Array(_) => self == Self::Array,
            Value::Bool(_) => self == Self::Boolean,
            Value::Null => self == Self::Null,
            Value::Number(number) => {
                self == Self::Number || self == Self::Integer && is_whole(number)
            }
            Value::Object(_) => self == Self::Object,
            Value::String(_) => self == Self::String,
        }
    }
}

/// The kinds as a list of alternatives.
pub fn names(kinds: &[Kind]) -> String {
    let names: Vec<String> = kinds
        .iter()
        .map(|kind| format!("\"{}\"", kind.name()))
        .collect();
    names.join(" or ")
}

impl Counted {
    /// `None` for a value that has none of them.
    pub fn count(self, value: &Value) -> Option<usize> {
        match (self, value) {
            (Self::Chars, Value::String(text)) => Some(text.chars().count()),
            (Self::Items, Value::Array(items)) => Some(items.len()),
            (Self::Members, Value::Object(members)) => Some(members.len()),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Chars => "characters",
            Self::Items => "items",
            Self::Members => "members",
        }
    }
}

/// A value as JSON, cut where it is long; what is cut is not written first.
pub fn brief(value: &Value) -> String {
    let mut brief = Brief::default();
    if write!(brief, "{value}").is_err() {
        brief.text.push('…');
    }
    brief.text
}

/// A name as JSON, cut where it is long.
pub fn quoted(name: &str) -> String {
    let end = name.char_indices().nth(MAX_VALUE_CHARS);
    brief(&Value::from(
        &name[..end.map_or(name.len(), |(end, _)| end)],
    ))
}

/// Takes so many characters, and no more.
#[derive(Default)]
struct Brief {
    text: String,
    chars: usize,
}

impl fmt::Write for Brief {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        for char in piece.chars() {
            if self.chars == MAX_VALUE_CHARS {
                return Err(fmt::Error);
            }
            self.text.push(char);
            self.chars += 1;
        }
        Ok(())
    }
}

/// The same text for all values that are equal by the standard: members have no order, and `1.0` is `1`.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Number(number) => out.push_str(&canonical_number(number)),
        Value::Array(items) => {
            out.push('[');
            for item in items {
                write_canonical(item, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort_unstable();
            out.push('{');
            for name in names {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write_canonical(&members[name], out);
                out.push(',');
            }
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

fn canonical_number(number: &Number) -> String {
    /// Below it a float says all digits of a whole number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < EXACT => {
            (float as i64).to_string()
        }
        _ => number.to_string(),
    }
}
