//! JSON Schemas of callers: a schema compiled once, and what it finds wrong with a value, in words that a model can mend
//! it by. Pure and bounded: nothing is fetched, and a check that takes too many steps ends.
//!
//! The keywords of 2020-12 that validate, and those of the drafts before it that had other names; `format` and
//! `content…` describe and do not validate, as the standard has it. Beyond it are `$dynamicRef`, `$recursiveRef`,
//! identifiers within a schema, and patterns with look-around or back-references.
//!
//! A schema has at most so many schemas within it and patterns, and a check takes at most so many steps: callers write the
//! ones and have a say in the other.
//!
//! | file | what |
//! |---|---|
//! | `compile` | a schema's keywords to rules, with all references resolved |
//! | `origin` | where a schema is in the whole, for those that something is wrong with |
//! | `keywords` | what the keywords hold, read one by one |
//! | `check` | a value against the rules; `objects` and `lists` what is in it |
//! | `seen` | which members and items the rules have looked at, for `unevaluated…` |
//! | `words` | values and places in words, and values in one form where they are equal |
//! | `number` | numbers compared and divided as the decimals they are written as |
//! | `pattern` | regular expressions of ECMA 262 as those of this house |

#[cfg(test)]
mod agreement;
mod check;
mod compile;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod keywords;
mod lists;
mod number;
mod objects;
mod origin;
mod pattern;
mod seen;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{HashMap, HashSet};

use serde_json::{Number, Value};

use check::Check;
use compile::Compiler;
use pattern::Pattern;

/// The most that is told of a schema or a value, in characters: it repeats what is in them.
const MAX_TOLD_CHARS: usize = 500;

/// A schema, ready to be held against values.
#[derive(Debug)]
pub struct Schema {
    /// The first is the whole of it.
    nodes: Vec<Node>,
}

/// Why a schema cannot be held against values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// It is none, or refers to what is not in it.
    Wrong(String),
    /// It asks for what cannot be checked here.
    Beyond(String),
}

/// One schema within the whole: what must hold, each on its own.
type Node = Vec<Rule>;

/// The index of a node.
type Id = usize;

#[derive(Debug)]
enum Rule {
    /// Nothing fits.
    Nothing,
    Kinds(Vec<Kind>),
    /// One of these values, in their canonical form, and how they are told.
    Values {
        canonical: HashSet<String>,
        told: String,
    },
    Bound {
        side: Side,
        limit: Number,
        exclusive: bool,
    },
    MultipleOf(Number),
    Count {
        of: Counted,
        side: Side,
        limit: u64,
    },
    Pattern(String, Pattern),
    Unique,
    Required(Vec<String>),
    /// Where the first is a member the others are too.
    RequiredWith(String, Vec<String>),
    /// Where this is a member the node holds.
    With(String, Id),
    Members(Box<Members>),
    Names(Id),
    Items {
        first: Vec<Id>,
        rest: Option<Id>,
    },
    Contains {
        node: Id,
        least: u64,
        most: Option<u64>,
    },
    All(Vec<Id>),
    Any(Vec<Id>),
    One(Vec<Id>),
    Not(Id),
    If {
        condition: Id,
        then: Option<Id>,
        otherwise: Option<Id>,
    },
    /// After all others: what none of them has looked at.
    UnseenMembers(Id),
    UnseenItems(Id),
}

#[derive(Debug, Default)]
struct Members {
    named: HashMap<String, Id>,
    patterns: Vec<(Pattern, Id)>,
    rest: Option<Id>,
}

impl Members {
    fn is_empty(&self) -> bool {
        self.named.is_empty() && self.patterns.is_empty() && self.rest.is_none()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Array,
    Boolean,
    Integer,
    Null,
    Number,
    Object,
    String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Least,
    Most,
}

/// What is counted of a value: the characters of a string, the items of a list, the members of an object.
#[derive(Debug, Clone, Copy)]
enum Counted {
    Chars,
    Items,
    Members,
}

impl Schema {
    /// # Errors
    /// Why it cannot be used.
    pub fn of(schema: &Value) -> Result<Self, Unusable> {
        let nodes = Compiler::new(schema).run()?;
        Ok(Self { nodes })
    }

    /// # Errors
    /// The first fault that was found, and where it is.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        Check::new(&self.nodes).run(value)
    }
}

/// A text that is told to people or models, cut where it is long.
fn shown(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TOLD_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}
