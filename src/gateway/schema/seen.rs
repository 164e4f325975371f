//! Which members and items of a value the rules of a schema have looked at: what `unevaluatedProperties` and
//! `unevaluatedItems` leave alone.

use std::collections::HashSet;

use serde_json::Value;

use super::check::{Check, Fault};
use super::{Id, Rule};

/// What was looked at of one value.
#[derive(Default)]
pub struct Seen {
    members: HashSet<String>,
    all_members: bool,
    items: HashSet<usize>,
    /// All items before this one.
    items_to: usize,
}

impl Seen {
    pub fn has_member(&self, name: &str) -> bool {
        self.all_members || self.members.contains(name)
    }

    pub fn has_item(&self, index: usize) -> bool {
        index < self.items_to || self.items.contains(&index)
    }
}

impl Check<'_> {
    /// What the rules of a node, which the value fits but for what is said of the unseen, have looked at.
    fn look(&mut self, id: Id, value: &Value, seen: &mut Seen) -> Result<(), Fault> {
        self.deeper(id, |check, rules| {
            rules
                .iter()
                .try_for_each(|rule| check.look_by(rule, value, seen))
        })
    }

    /// What the other rules of a node have looked at, for its rule about what they have not.
    pub fn seen(&mut self, id: Id, value: &Value) -> Result<Seen, Fault> {
        let mut seen = Seen::default();
        let is_other =
            |rule: &&Rule| !matches!(rule, Rule::UnseenMembers(_) | Rule::UnseenItems(_));
        let mut rules = self.rules(id).iter().filter(is_other);
        rules.try_for_each(|rule| self.look_by(rule, value, &mut seen))?;
        Ok(seen)
    }

    fn look_by(&mut self, rule: &Rule, value: &Value, seen: &mut Seen) -> Result<(), Fault> {
        match (rule, value) {
            (Rule::All(nodes), _) => nodes
                .iter()
                .try_for_each(|node| self.look(*node, value, seen)),
            (Rule::Any(nodes) | Rule::One(nodes), _) => nodes
                .iter()
                .try_for_each(|node| self.try_look(*node, value, seen).map(drop)),
            (
                Rule::If {
                    condition,
                    then,
                    otherwise,
                },
                _,
            ) => {
                let branch = match self.try_look(*condition, value, seen)? {
                    true => then,
                    false => otherwise,
                };
                branch.map_or(Ok(()), |node| self.look(node, value, seen))
            }
            (Rule::With(name, node), Value::Object(members)) if self.has(members, name)? => {
                self.look(*node, value, seen)
            }
            (Rule::Members(rules), Value::Object(members)) => {
                seen.all_members |= rules.rest.is_some();
                self.step_names(members, rules)?;
                let is_known = |name: &&String| {
                    rules.named.contains_key(*name)
                        || rules.patterns.iter().any(|(pattern, _)| pattern.fits(name))
                };
                seen.members
                    .extend(members.keys().filter(is_known).cloned());
                Ok(())
            }
            (Rule::Items { first, rest }, Value::Array(items)) => {
                let to = rest.map_or(first.len(), |_| items.len());
                seen.items_to = seen.items_to.max(to);
                Ok(())
            }
            (Rule::Contains { node, .. }, Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    if self.fits(*node, item)? {
                        seen.items.insert(index);
                    }
                }
                Ok(())
            }
            // It has looked at what was left.
            (Rule::UnseenMembers(_), Value::Object(_)) => {
                seen.all_members = true;
                Ok(())
            }
            (Rule::UnseenItems(_), Value::Array(items)) => {
                seen.items_to = items.len();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Looks at what a node has looked at that the value may not fit. Whether it does.
    fn try_look(&mut self, id: Id, value: &Value, seen: &mut Seen) -> Result<bool, Fault> {
        let fits = self.fits(id, value)?;
        if fits {
            self.look(id, value, seen)?;
        }
        Ok(fits)
    }
}
