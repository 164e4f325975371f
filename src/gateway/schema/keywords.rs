//! What the keywords of one schema hold, each of the kind that it must be.

use serde_json::{Map, Number, Value};

use super::number::is_whole;
use super::{Counted, Kind, Rule, Side, Unusable, shown};

/// The members of a schema, and where it is: a JSON pointer.
#[derive(Clone, Copy)]
pub struct Keywords<'a, 'p> {
    pub members: &'a Map<String, Value>,
    pub at: &'p str,
}

impl<'a> Keywords<'a, '_> {
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.members.get(key)
    }

    pub fn text(&self, key: &str) -> Result<Option<&'a str>, Unusable> {
        self.read(key, "a string", Value::as_str)
    }

    pub fn list(&self, key: &str) -> Result<Option<&'a Vec<Value>>, Unusable> {
        self.read(key, "a list", Value::as_array)
    }

    pub fn map(&self, key: &str) -> Result<Option<&'a Map<String, Value>>, Unusable> {
        self.read(key, "an object", Value::as_object)
    }

    pub fn flag(&self, key: &str) -> Result<bool, Unusable> {
        Ok(self.read(key, "true or false", Value::as_bool)? == Some(true))
    }

    pub fn texts(&self, key: &str) -> Result<Option<Vec<String>>, Unusable> {
        self.read(key, "a list of strings", texts)
    }

    pub fn number(&self, key: &str) -> Result<Option<Number>, Unusable> {
        self.read(key, "a number", |value| value.as_number().cloned())
    }

    pub fn count(&self, key: &str) -> Result<Option<u64>, Unusable> {
        self.read(key, "a whole number that is not negative", count)
    }

    fn read<T>(
        &self,
        key: &str,
        must: &str,
        of: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Unusable> {
        match self.get(key) {
            None => Ok(None),
            Some(value) => match of(value) {
                None => Err(self.wrong(key, &format!("it must be {must}"))),
                read => Ok(read),
            },
        }
    }

    pub fn wrong(&self, key: &str, what: &str) -> Unusable {
        Unusable::Wrong(self.told(key, what))
    }

    pub fn beyond(&self, key: &str, what: &str) -> Unusable {
        Unusable::Beyond(self.told(key, what))
    }

    fn told(&self, key: &str, what: &str) -> String {
        shown(format!("at {}: {what}", under(self.at, key)))
    }

    /// The rules of the keywords that hold no schemas.
    pub fn plain(&self) -> Result<Vec<Rule>, Unusable> {
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

    fn kinds(&self) -> Result<Option<Vec<Kind>>, Unusable> {
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
        names.iter().map(kind).collect::<Result<_, _>>().map(Some)
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

/// The pointer to what `key` holds in what is at `at`.
pub fn under(at: &str, key: &str) -> String {
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
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
