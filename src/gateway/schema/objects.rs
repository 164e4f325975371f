//! The members of an object against the rules that are about them.

use serde_json::{Map, Value};

use super::check::{Check, Fault, Outcome};
use super::words::{Place, brief, quoted};
use super::{Id, Members, Rule};

impl Check<'_> {
    pub fn of_object(
        &mut self,
        id: Id,
        rule: &Rule,
        (value, members): (&Value, &Map<String, Value>),
        place: &Place,
    ) -> Outcome {
        match rule {
            Rule::Required(names) => self.required(place, members, names),
            Rule::RequiredWith(name, others) if self.has(members, name)? => {
                self.required(place, members, others)
            }
            Rule::With(name, node) if self.has(members, name)? => self.node(*node, value, place),
            Rule::Names(node) => members.keys().try_for_each(|name| {
                self.step_text(name.len())?;
                let name = Value::String(name.clone());
                match self.fits(*node, &name)? {
                    true => Ok(()),
                    false => self.unmet(place, || {
                        format!("a member may not be called {}", brief(&name))
                    }),
                }
            }),
            Rule::Members(rules) => {
                self.step_names(members, rules)?;
                let mut members = members.iter();
                members.try_for_each(|(name, value)| self.member(rules, name, value, place))
            }
            Rule::UnseenMembers(node) => {
                let seen = self.seen(id, value)?;
                members.iter().try_for_each(|(name, value)| {
                    self.step_text(name.len())?;
                    match seen.has_member(name) {
                        true => Ok(()),
                        false => self.further(*node, name, value, place),
                    }
                })
            }
            _ => Ok(()),
        }
    }

    fn member(&mut self, rules: &Members, name: &str, value: &Value, place: &Place) -> Outcome {
        let at = Place::Member(place, name);
        let mut is_known = false;
        if let Some(node) = rules.named.get(name) {
            is_known = true;
            self.node(*node, value, &at)?;
        }
        for (_, node) in rules
            .patterns
            .iter()
            .filter(|(pattern, _)| pattern.fits(name))
        {
            is_known = true;
            self.node(*node, value, &at)?;
        }
        match rules.rest {
            Some(rest) if !is_known => self.further(rest, name, value, place),
            _ => Ok(()),
        }
    }

    /// What it takes to find the rules of each member.
    pub fn step_names(&mut self, members: &Map<String, Value>, rules: &Members) -> Outcome {
        let weights = rules.patterns.iter().map(|(pattern, _)| pattern.weight);
        let weight: usize = weights.sum();
        members.keys().try_for_each(|name| {
            self.step(weight * name.len())?;
            self.step_text(name.len())
        })
    }

    pub fn has(&mut self, members: &Map<String, Value>, name: &str) -> Result<bool, Fault> {
        self.step_text(name.len())?;
        Ok(members.contains_key(name))
    }

    /// A member that no other rule is about.
    fn further(&mut self, node: Id, name: &str, value: &Value, place: &Place) -> Outcome {
        match self.rules(node) {
            [Rule::Nothing] => {
                self.unmet(place, || format!("no member {} may be there", quoted(name)))
            }
            _ => self.node(node, value, &Place::Member(place, name)),
        }
    }

    fn required(
        &mut self,
        place: &Place,
        members: &Map<String, Value>,
        names: &[String],
    ) -> Outcome {
        for name in names {
            if !self.has(members, name)? {
                return self.unmet(place, || format!("the member {} is missing", quoted(name)));
            }
        }
        Ok(())
    }
}
