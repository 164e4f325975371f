//! What the keywords of one schema hold, each of the kind that it must be.

use serde_json::{Map, Number, Value};

use super::number::is_whole;
use super::{Counted, Kind, Rule, Side};

/// The members of a schema.
#[derive(Clone, Copy)]
pub struct Keywords<'a>(pub &'a Map<String, Value>);

/// What stands against a schema, at one of its keywords or at itself.
pub struct Finding {
    pub keyword: Option<String>,
    pub what: String,
    /// Whether it may be right, and is beyond this server.
    pub is_beyond: bool,
}

impl<'a> Keywords<'a> {
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.0.get(key)
    }

    pub fn text(&self, key: &str) -> Result<Option<&'a str>, Finding> {
        self.read(key, "a string", Value::as_str)
    }

    pub fn list(&self, key: &str) -> Result<Option<&'a Vec<Value>>, Finding> {
        self.read(key, "a list", Value::as_array)
    }

    pub fn map(&self, key: &str) -> Result<Option<&'a Map<String, Value>>, Finding> {
        self.read(key, "an object", Value::as_object)
    }

    pub fn flag(&self, key: &str) -> Result<bool, Finding> {
        Ok(self.read(key, "true or false", Value::as_bool)? == Some(true))
    }

    pub fn texts(&self, key: &str) -> Result<Option<Vec<String>>, Finding> {
        self.read(key, "a list of strings", texts)
    }

    pub fn number(&self, key: &str) -> Result<Option<Number>, Finding> {
        self.read(key, "a number", |value| value.as_number().cloned())
    }

    pub fn count(&self, key: &str) -> Result<Option<u64>, Finding> {
        self.read(key, "a whole number that is not negative", count)
    }

    fn read<T>(
        &self,
        key: &str,
        must: &str,
        of: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Finding> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match of(value) {
                None => Err(self.wrong(key, &format!("it must be {must}"))),
                read => Ok(read),
            },
        }
    }

    pub fn wrong(&self, key: &str, what: &str) -> Finding {
        Finding {
            keyword: Some(key.to_owned()),
            what: what.to_owned(),
            is_beyond: false,
        }
    }

    pub fn beyond(&self, key: &str, what: &str) -> Finding {
        Finding {
            is_beyond: true,
            ..self.wrong(key, what)
        }
    }

    /// The rules of the keywords that hold no schemas.
    pub fn plain(&self) -> Result<Vec<Rule>, Finding> {
        let mut rules = Vec::new();
        rules.extend(self.kinds()?.map(Rule::Kinds));
        if let Some(values) = self.list("enum")? {
            rules.push(Rule::values(values));
        }
        if let Some(value) = self.get("const") {
            rules.push(Rule::values(std::slice::from_ref(value)));
        }
        for (side, limit, exclusive) in [
            (Side::Least, "minimum", "exclusiveMinimum"),
            (Side::Most, "maximum", "exclusiveMaximum"),
        ] {
            // Of draft 4: whether the other one is meant so.
            let is_exclusive = self.get(exclusive).and_then(Value::as_bool);
            let bound = |limit, exclusive| Rule::Bound {
                side,
                limit,
                exclusive,
            };
            if let Some(limit) = self.number(limit)? {
                rules.push(bound(limit, is_exclusive == Some(true)));
            }
            if is_exclusive.is_none()
                && let Some(limit) = self.number(exclusive)?
            {
                rules.push(bound(limit, true));
            }
        }
        if let Some(of) = self.number("multipleOf")? {
            if !of.as_f64().is_some_and(|of| of > 0.0) {
                return Err(self.wrong("multipleOf", "it must be above nought"));
            }
            rules.push(Rule::MultipleOf(of));
        }
        for (key, of, side) in [
            ("minLength", Counted::Chars, Side::Least),
            ("maxLength", Counted::Chars, Side::Most),
            ("minItems", Counted::Items, Side::Least),
            ("maxItems", Counted::Items, Side::Most),
            ("minProperties", Counted::Members, Side::Least),
            ("maxProperties", Counted::Members, Side::Most),
        ] {
            let count = |limit| Rule::Count { of, side, limit };
            rules.extend(self.count(key)?.map(count));
        }
        if self.flag("uniqueItems")? {
            rules.push(Rule::Unique);
        }
        rules.extend(self.texts("required")?.map(Rule::Required));
        Ok(rules)
    }

    fn kinds(&self) -> Result<Option<Vec<Kind>>, Finding> {
        let names = match self.get("type") {
            None => return Ok(None),
            Some(one @ Value::String(_)) => std::slice::from_ref(one),
            Some(Value::Array(names)) => names,
            Some(_) => return Err(self.wrong("type", "it must be a string, or a list of them")),
        };
        let kind = |name: &Value| {
            let unknown = || self.wrong("type", &format!("{name} is no type"));
            name.as_str().and_then(Kind::of).ok_or_else(unknown)
        };
        let mut kinds: Vec<Kind> = Vec::new();
        for name in names {
            let kind = kind(name)?;
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        Ok(Some(kinds))
    }
}

impl Kind {
    fn of(name: &str) -> Option<Self> {
        let all = [
            Self::Array,
            Self::Boolean,
            Self::Integer,
            Self::Null,
            Self::Number,
            Self::Object,
            Self::String,
        ];
        all.into_iter().find(|kind| kind.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Null => "null",
            Self::Number => "number",
            Self::Object => "object",
            Self::String => "string",
        }
    }
}

/// The strings of a list that has nothing else.
pub fn texts(value: &Value) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    value.as_array()?.iter().map(text).collect()
}

fn count(value: &Value) -> Option<u64> {
    let number = value.as_number().filter(|number| is_whole(number))?;
    // Above the largest whole number nothing is counted anyway.
    number.as_u64().or_else(|| {
        number
            .as_f64()
            .filter(|count| *count >= 0.0)
            .map(|count| count as u64)
    })
}
