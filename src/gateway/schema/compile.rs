//! A schema to rules. Every schema within it becomes a node, once, wherever it is referred to from; none of this calls
//! itself, however the schema is nested or refers.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use regex::Regex;
use serde_json::{Map, Value};

use super::keywords::{Keywords, texts, under};
use super::{Id, Members, Node, Rule, Unusable, pattern, shown};

/// The most patterns of a schema: each may take a megabyte.
const MAX_PATTERNS: usize = 32;

/// The drafts in which what stands beside a `$ref` counts for nothing.
const REFERENCES_ALONE: [&str; 3] = ["/draft-04/", "/draft-06/", "/draft-07/"];

pub struct Compiler<'a> {
    root: &'a Value,
    /// The address that the whole schema gives itself.
    address: Option<&'a str>,
    references_alone: bool,
    nodes: Vec<Node>,
    /// The nodes by their pointers.
    known: HashMap<String, Id>,
    /// Those that are yet to be read.
    queue: Vec<(Id, &'a Value, String)>,
    patterns: usize,
}

impl<'a> Compiler<'a> {
    pub fn new(root: &'a Value) -> Self {
        let word = |key| root.get(key).and_then(Value::as_str);
        let draft = word("$schema").unwrap_or_default();
        Self {
            root,
            address: word("$id").or_else(|| word("id")),
            references_alone: REFERENCES_ALONE.iter().any(|old| draft.contains(old)),
            nodes: Vec::new(),
            known: HashMap::new(),
            queue: Vec::new(),
            patterns: 0,
        }
    }

    pub fn run(mut self) -> Result<Vec<Node>, Unusable> {
        self.node(self.root, String::new());
        while let Some((id, schema, at)) = self.queue.pop() {
            self.nodes[id] = self.rules(schema, &at)?;
        }
        Ok(self.nodes)
    }

    fn node(&mut self, schema: &'a Value, at: String) -> Id {
        if let Some(known) = self.known.get(&at) {
            return *known;
        }
        let id = self.nodes.len();
        self.nodes.push(Node::new());
        self.known.insert(at.clone(), id);
        self.queue.push((id, schema, at));
        id
    }

    fn rules(&mut self, schema: &'a Value, at: &str) -> Result<Node, Unusable> {
        let members = match schema {
            Value::Bool(true) => return Ok(Node::new()),
            Value::Bool(false) => return Ok(vec![Rule::Nothing]),
            Value::Object(members) => members,
            _ => {
                let place = if at.is_empty() { "the top" } else { at };
                let message = format!("at {place}: a schema is an object, or true or false");
                return Err(Unusable::Wrong(shown(message)));
            }
        };
        let keywords = Keywords { members, at };
        for key in ["$dynamicRef", "$recursiveRef"] {
            if members.contains_key(key) {
                return Err(keywords.beyond(key, "it cannot be checked by this server"));
            }
        }
        let is_named = |key: &&str| keywords.get(key).is_some_and(Value::is_string);
        if let Some(key) = ["$id", "id"]
            .iter()
            .find(|key| !at.is_empty() && is_named(key))
        {
            return Err(keywords.beyond(key, "only the whole schema may have one for this server"));
        }
        let mut rules = Node::new();
        if let Some(reference) = keywords.text("$ref")? {
            rules.push(Rule::All(vec![self.referred(keywords, reference)?]));
            if self.references_alone {
                return Ok(rules);
            }
        }
        rules.append(&mut keywords.plain()?);
        if let Some(text) = keywords.text("pattern")? {
            let pattern = self.pattern(keywords, "pattern", text)?;
            rules.push(Rule::Pattern(text.to_owned(), pattern));
        }
        self.of_objects(keywords, &mut rules)?;
        self.of_lists(keywords, &mut rules)?;
        self.of_schemas(keywords, &mut rules)?;
        if let Some(rest) = self.one(keywords, "unevaluatedProperties") {
            rules.push(Rule::UnseenMembers(rest));
        }
        if let Some(rest) = self.one(keywords, "unevaluatedItems") {
            rules.push(Rule::UnseenItems(rest));
        }
        Ok(rules)
    }

    fn of_objects(&mut self, keywords: Keywords<'a, '_>, rules: &mut Node) -> Result<(), Unusable> {
        let mut members = Members {
            named: self.each(keywords, "properties")?.into_iter().collect(),
            rest: self.one(keywords, "additionalProperties"),
            ..Members::default()
        };
        for (text, node) in self.each(keywords, "patternProperties")? {
            let pattern = self.pattern(keywords, "patternProperties", &text)?;
            members.patterns.push((pattern, node));
        }
        let Members {
            named,
            patterns,
            rest,
        } = &members;
        if !named.is_empty() || !patterns.is_empty() || rest.is_some() {
            rules.push(Rule::Members(Box::new(members)));
        }
        rules.extend(self.one(keywords, "propertyNames").map(Rule::Names));
        for (member, node) in self.each(keywords, "dependentSchemas")? {
            rules.push(Rule::With(member, node));
        }
        for key in ["dependentRequired", "dependencies"] {
            for (member, value) in keywords.map(key)?.into_iter().flatten() {
                rules.push(match (texts(value), key) {
                    (Some(others), _) => Rule::RequiredWith(member.clone(), others),
                    (None, "dependencies") => {
                        let at = under(&under(keywords.at, key), member);
                        Rule::With(member.clone(), self.node(value, at))
                    }
                    (None, _) => return Err(keywords.wrong(key, "it must hold lists of strings")),
                });
            }
        }
        Ok(())
    }

    fn of_lists(&mut self, keywords: Keywords<'a, '_>, rules: &mut Node) -> Result<(), Unusable> {
        // Before 2020-12 `items` could be a list, and `additionalItems` was what it is now.
        let (first, rest) = match keywords.get("items") {
            Some(Value::Array(_)) => ("items", "additionalItems"),
            _ => ("prefixItems", "items"),
        };
        let first = self.list(keywords, first)?.unwrap_or_default();
        let rest = self.one(keywords, rest);
        if !first.is_empty() || rest.is_some() {
            rules.push(Rule::Items { first, rest });
        }
        if let Some(node) = self.one(keywords, "contains") {
            rules.push(Rule::Contains {
                node,
                least: keywords.count("minContains")?.unwrap_or(1),
                most: keywords.count("maxContains")?,
            });
        }
        Ok(())
    }

    fn of_schemas(&mut self, keywords: Keywords<'a, '_>, rules: &mut Node) -> Result<(), Unusable> {
        rules.extend(self.list(keywords, "allOf")?.map(Rule::All));
        rules.extend(self.list(keywords, "anyOf")?.map(Rule::Any));
        rules.extend(self.list(keywords, "oneOf")?.map(Rule::One));
        rules.extend(self.one(keywords, "not").map(Rule::Not));
        if let Some(condition) = self.one(keywords, "if") {
            rules.push(Rule::If {
                condition,
                then: self.one(keywords, "then"),
                otherwise: self.one(keywords, "else"),
            });
        }
        Ok(())
    }

    fn one(&mut self, keywords: Keywords<'a, '_>, key: &str) -> Option<Id> {
        let schema = keywords.get(key)?;
        Some(self.node(schema, under(keywords.at, key)))
    }

    fn list(&mut self, keywords: Keywords<'a, '_>, key: &str) -> Result<Option<Vec<Id>>, Unusable> {
        let Some(schemas) = keywords.list(key)? else {
            return Ok(None);
        };
        let at = under(keywords.at, key);
        let node = |(index, schema)| self.node(schema, format!("{at}/{index}"));
        Ok(Some(schemas.iter().enumerate().map(node).collect()))
    }

    fn each(
        &mut self,
        keywords: Keywords<'a, '_>,
        key: &str,
    ) -> Result<Vec<(String, Id)>, Unusable> {
        let Some(schemas) = keywords.map(key)? else {
            return Ok(Vec::new());
        };
        let at = under(keywords.at, key);
        let node =
            |(name, schema): (&String, _)| (name.clone(), self.node(schema, under(&at, name)));
        Ok(schemas.iter().map(node).collect())
    }

    fn pattern(&mut self, keywords: Keywords, key: &str, text: &str) -> Result<Regex, Unusable> {
        self.patterns += 1;
        if self.patterns > MAX_PATTERNS {
            let message = format!("there are more than {MAX_PATTERNS} patterns");
            return Err(keywords.beyond(key, &message));
        }
        let beyond = || {
            let message = format!(
                "`{text}` is no pattern of this server, which knows no look-around and no back-references"
            );
            keywords.beyond(key, &message)
        };
        pattern::compile(text).ok_or_else(beyond)
    }

    fn referred(&mut self, keywords: Keywords, reference: &str) -> Result<Id, Unusable> {
        let absent = || keywords.wrong("$ref", &format!("`{reference}` is not in the schema"));
        let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let own = self.address.map(|own| own.trim_end_matches('#'));
        if !address.is_empty() && own != Some(address) {
            return Err(absent());
        }
        let fragment = percent_decode_str(fragment)
            .decode_utf8()
            .map_err(|_| absent())?;
        let is_pointer = fragment.is_empty() || fragment.starts_with('/');
        let (schema, at) = match is_pointer {
            true => (self.root.pointer(&fragment), fragment.into_owned()),
            false => {
                let at = anchored(self.root, &fragment).ok_or_else(absent)?;
                (self.root.pointer(&at), at)
            }
        };
        Ok(self.node(schema.ok_or_else(absent)?, at))
    }
}

/// The pointer to the schema of this name.
fn anchored(root: &Value, name: &str) -> Option<String> {
    let mut queue = vec![(root, String::new())];
    while let Some((value, at)) = queue.pop() {
        match value {
            Value::Object(members) if is_anchor(members, name) => return Some(at),
            Value::Object(members) => {
                queue.extend(members.iter().map(|(key, value)| (value, under(&at, key))));
            }
            Value::Array(items) => {
                let item = |(index, value)| (value, format!("{at}/{index}"));
                queue.extend(items.iter().enumerate().map(item));
            }
            _ => {}
        }
    }
    None
}

fn is_anchor(members: &Map<String, Value>, name: &str) -> bool {
    ["$anchor", "$dynamicAnchor"]
        .iter()
        .any(|key| members.get(*key).is_some_and(|anchor| anchor == name))
}
