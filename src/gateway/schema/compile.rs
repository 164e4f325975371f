//! A schema to rules. Every schema within it becomes a node, once, wherever it is referred to from; none of this calls
//! itself, however the schema is nested or refers.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::keywords::{Finding, Keywords, texts};
use super::origin::{Origin, Step, pointer};
use super::pattern::{Pattern, Patterns};
use super::{Id, Members, Node, Rule, Unusable, shown};

/// The most schemas within one.
const MAX_SCHEMAS: usize = 20_000;

/// The drafts in which what stands beside a `$ref` counts for nothing.
const REFERENCES_ALONE: [&str; 3] = ["/draft-04/", "/draft-06/", "/draft-07/"];

pub struct Compiler<'a> {
    root: &'a Value,
    /// What a schema calls itself by.
    identifier: &'static str,
    references_alone: bool,
    nodes: Vec<Node>,
    /// Where each node is.
    origins: Vec<Origin<'a>>,
    /// The nodes by where their schemas are in memory, which is where they are in the whole.
    known: HashMap<*const Value, Id>,
    /// Those that are yet to be read.
    queue: Vec<(Id, &'a Value)>,
    /// The schemas that have names, once they were looked for.
    anchors: Option<HashMap<&'a str, &'a Value>>,
    patterns: Patterns,
}

type Found<T> = Result<T, Finding>;

impl<'a> Compiler<'a> {
    pub fn new(root: &'a Value) -> Self {
        let draft = root.get("$schema").and_then(Value::as_str);
        let draft = draft.unwrap_or_default();
        Self {
            root,
            identifier: if draft.contains("/draft-04/") {
                "id"
            } else {
                "$id"
            },
            references_alone: REFERENCES_ALONE.iter().any(|old| draft.contains(old)),
            nodes: Vec::new(),
            origins: Vec::new(),
            known: HashMap::new(),
            queue: Vec::new(),
            anchors: None,
            patterns: Patterns::default(),
        }
    }

    pub fn run(mut self) -> Result<Vec<Node>, Unusable> {
        self.node(self.root, Origin::Top);
        while let Some((id, schema)) = self.queue.pop() {
            let rules = self.rules(id, schema);
            self.nodes[id] = rules.map_err(|finding| self.unusable(id, finding))?;
        }
        Ok(self.nodes)
    }

    fn unusable(&self, id: Id, finding: Finding) -> Unusable {
        let mut place = pointer(&self.origins, id);
        if let Some(keyword) = &finding.keyword {
            place = format!("{place}/{keyword}");
        }
        let place = if place.is_empty() { "the top" } else { &place };
        let message = shown(format!("at {place}: {}", finding.what));
        match finding.is_beyond {
            true => Unusable::Beyond(message),
            false => Unusable::Wrong(message),
        }
    }

    fn node(&mut self, schema: &'a Value, origin: Origin<'a>) -> Id {
        if let Some(known) = self.known.get(&std::ptr::from_ref(schema)) {
            return *known;
        }
        let id = self.nodes.len();
        // The one that is too many ends all when it is read: those behind it need no room.
        if id <= MAX_SCHEMAS {
            self.known.insert(schema, id);
            self.nodes.push(Node::new());
            self.origins.push(origin);
            self.queue.push((id, schema));
        }
        id
    }

    fn rules(&mut self, id: Id, schema: &'a Value) -> Found<Node> {
        let about = |what: &str, is_beyond| Finding {
            keyword: None,
            what: what.to_owned(),
            is_beyond,
        };
        if self.nodes.len() > MAX_SCHEMAS {
            let what = format!("there are more than {MAX_SCHEMAS} schemas in it");
            return Err(about(&what, true));
        }
        let keywords = match schema {
            Value::Bool(true) => return Ok(Node::new()),
            Value::Bool(false) => return Ok(vec![Rule::Nothing]),
            Value::Object(members) => Keywords(members),
            _ => return Err(about("a schema is an object, or true or false", false)),
        };
        for key in ["$dynamicRef", "$recursiveRef"] {
            if keywords.get(key).is_some() {
                return Err(keywords.beyond(key, "this server cannot check it"));
            }
        }
        if id != 0 && keywords.get(self.identifier).is_some_and(Value::is_string) {
            let what = "only the whole schema may have one for this server";
            return Err(keywords.beyond(self.identifier, what));
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
        self.of_objects((id, keywords), &mut rules)?;
        self.of_lists((id, keywords), &mut rules)?;
        self.of_schemas((id, keywords), &mut rules)?;
        let unseen = self.one((id, keywords), "unevaluatedProperties");
        rules.extend(unseen.map(Rule::UnseenMembers));
        let unseen = self.one((id, keywords), "unevaluatedItems");
        rules.extend(unseen.map(Rule::UnseenItems));
        Ok(rules)
    }

    fn of_objects(&mut self, of: (Id, Keywords<'a>), rules: &mut Node) -> Found<()> {
        let (id, keywords) = of;
        let named = self.each(of, "properties")?.into_iter();
        let mut members = Members {
            named: named.map(|(name, node)| (name.to_owned(), node)).collect(),
            rest: self.one(of, "additionalProperties"),
            ..Members::default()
        };
        for (text, node) in self.each(of, "patternProperties")? {
            let pattern = self.pattern(keywords, "patternProperties", text)?;
            members.patterns.push((pattern, node));
        }
        if !members.is_empty() {
            rules.push(Rule::Members(Box::new(members)));
        }
        rules.extend(self.one(of, "propertyNames").map(Rule::Names));
        for (member, node) in self.each(of, "dependentSchemas")? {
            rules.push(Rule::With(member.to_owned(), node));
        }
        for key in ["dependentRequired", "dependencies"] {
            for (member, value) in keywords.map(key)?.into_iter().flatten() {
                rules.push(match (texts(value), key) {
                    (Some(others), _) => Rule::RequiredWith(member.clone(), others),
                    (None, "dependencies") => {
                        let origin = Origin::Below(id, key, Some(Step::Name(member)));
                        Rule::With(member.clone(), self.node(value, origin))
                    }
                    (None, _) => return Err(keywords.wrong(key, "it must hold lists of strings")),
                });
            }
        }
        Ok(())
    }

    fn of_lists(&mut self, of: (Id, Keywords<'a>), rules: &mut Node) -> Found<()> {
        let (_, keywords) = of;
        // Before 2020-12 `items` could be a list, and `additionalItems` was what it is now.
        let (first, rest) = match keywords.get("items") {
            Some(Value::Array(_)) => ("items", "additionalItems"),
            _ => ("prefixItems", "items"),
        };
        let first = self.list(of, first)?.unwrap_or_default();
        let rest = self.one(of, rest);
        if !first.is_empty() || rest.is_some() {
            rules.push(Rule::Items { first, rest });
        }
        if let Some(node) = self.one(of, "contains") {
            rules.push(Rule::Contains {
                node,
                least: keywords.count("minContains")?.unwrap_or(1),
                most: keywords.count("maxContains")?,
            });
        }
        Ok(())
    }

    fn of_schemas(&mut self, of: (Id, Keywords<'a>), rules: &mut Node) -> Found<()> {
        rules.extend(self.list(of, "allOf")?.map(Rule::All));
        rules.extend(self.list(of, "anyOf")?.map(Rule::Any));
        rules.extend(self.list(of, "oneOf")?.map(Rule::One));
        rules.extend(self.one(of, "not").map(Rule::Not));
        if let Some(condition) = self.one(of, "if") {
            rules.push(Rule::If {
                condition,
                then: self.one(of, "then"),
                otherwise: self.one(of, "else"),
            });
        }
        Ok(())
    }

    fn one(&mut self, (id, keywords): (Id, Keywords<'a>), key: &'static str) -> Option<Id> {
        let schema = keywords.get(key)?;
        Some(self.node(schema, Origin::Below(id, key, None)))
    }

    fn list(&mut self, of: (Id, Keywords<'a>), key: &'static str) -> Found<Option<Vec<Id>>> {
        let (id, keywords) = of;
        let Some(schemas) = keywords.list(key)? else {
            return Ok(None);
        };
        let node =
            |(index, schema)| self.node(schema, Origin::Below(id, key, Some(Step::Index(index))));
        Ok(Some(schemas.iter().enumerate().map(node).collect()))
    }

    fn each(&mut self, of: (Id, Keywords<'a>), key: &'static str) -> Found<Vec<(&'a str, Id)>> {
        let (id, keywords) = of;
        let Some(schemas) = keywords.map(key)? else {
            return Ok(Vec::new());
        };
        let node = |(name, schema): (&'a String, _)| {
            let origin = Origin::Below(id, key, Some(Step::Name(name)));
            (name.as_str(), self.node(schema, origin))
        };
        Ok(schemas.iter().map(node).collect())
    }

    fn pattern(&mut self, keywords: Keywords, key: &str, text: &str) -> Found<Pattern> {
        let beyond = |why: &str| keywords.beyond(key, &format!("the pattern `{text}` {why}"));
        self.patterns.get(text).map_err(beyond)
    }

    fn referred(&mut self, keywords: Keywords, reference: &'a str) -> Found<Id> {
        let absent = || keywords.wrong("$ref", &format!("`{reference}` is not in the schema"));
        let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let own = self.root.get(self.identifier).and_then(Value::as_str);
        let own = own.map(|own| own.trim_end_matches('#'));
        if !address.is_empty() && own != Some(address) {
            return Err(absent());
        }
        let fragment = percent_decode_str(fragment).decode_utf8();
        let fragment = fragment.map_err(|_| absent())?;
        let schema = match fragment.is_empty() || fragment.starts_with('/') {
            true => self.root.pointer(&fragment),
            false => self.anchored(&fragment),
        };
        Ok(self.node(schema.ok_or_else(absent)?, Origin::Referred(reference)))
    }

    fn anchored(&mut self, name: &str) -> Option<&'a Value> {
        let anchors = self.anchors.get_or_insert_with(|| anchors(self.root));
        anchors.get(name).copied()
    }
}

/// The schemas that have names. Looks at everything, for schemas may be anywhere.
fn anchors(root: &Value) -> HashMap<&str, &Value> {
    let mut anchors = HashMap::new();
    let mut queue = vec![root];
    while let Some(value) = queue.pop() {
        match value {
            Value::Object(members) => {
                let names = ["$anchor", "$dynamicAnchor"].iter();
                let names = names.filter_map(|key| members.get(*key)?.as_str());
                anchors.extend(names.map(|name| (name, value)));
                queue.extend(members.values());
            }
            Value::Array(items) => queue.extend(items),
            _ => {}
        }
    }
    anchors
}
