//! A value against the rules of a schema. It ends at the first fault, and where it takes too many steps or is nested too
//! deep: schemas may say the same of the same value more often than anyone can wait for.

use std::cmp::Ordering;

use serde_json::Value;

use super::words::{Place, brief, canonical, names};
use super::{Counted, Id, Node, Rule, Side, number, shown};

/// What one check may do: a step is a rule that is held against a value, or a member, an item or a name that it looks at.
const MAX_STEPS: usize = 1_000_000;

/// Schemas within each other, in one check.
const MAX_DEPTH: usize = 640;

/// The most faults that are put in words: where nothing fits, those of the alternatives.
const MAX_FAULTS: usize = 8;

/// Bytes of a text that are looked at in one step.
const STEP_BYTES: usize = 16;

pub struct Check<'s> {
    nodes: &'s [Node],
    steps_left: usize,
    depth: usize,
    /// In how many trials this is whose faults are told to nobody.
    trials: usize,
    /// How many more faults are put in words.
    faults_left: usize,
}

pub enum Fault {
    Unmet(String),
    TooMuch,
}

pub type Outcome = Result<(), Fault>;

impl<'s> Check<'s> {
    pub fn new(nodes: &'s [Node]) -> Self {
        Self {
            nodes,
            steps_left: MAX_STEPS,
            depth: 0,
            trials: 0,
            faults_left: MAX_FAULTS,
        }
    }

    pub fn run(mut self, value: &Value) -> Result<(), String> {
        self.node(0, value, &Place::Top)
            .map_err(|fault| match fault {
                Fault::Unmet(message) => shown(message),
                Fault::TooMuch => {
                    "it takes too long, or is nested too deep, to be held against the schema"
                        .to_owned()
                }
            })
    }

    pub fn rules(&self, id: Id) -> &'s [Rule] {
        &self.nodes[id]
    }

    pub fn step(&mut self, steps: usize) -> Outcome {
        self.steps_left = self.steps_left.checked_sub(steps).ok_or(Fault::TooMuch)?;
        Ok(())
    }

    /// What it takes to look at a text, or at a name that may be a member's.
    pub fn step_text(&mut self, bytes: usize) -> Outcome {
        self.step(1 + bytes / STEP_BYTES)
    }

    /// Whether the value fits the node.
    pub fn fits(&mut self, id: Id, value: &Value) -> Result<bool, Fault> {
        self.trials += 1;
        let outcome = self.node(id, value, &Place::Top);
        self.trials -= 1;
        match outcome {
            Ok(()) => Ok(true),
            Err(Fault::Unmet(_)) => Ok(false),
            Err(Fault::TooMuch) => Err(Fault::TooMuch),
        }
    }

    pub fn node(&mut self, id: Id, value: &Value, place: &Place) -> Outcome {
        self.deeper(id, |check, rules| {
            rules
                .iter()
                .try_for_each(|rule| check.rule(id, rule, value, place))
        })
    }

    /// A schema within the one that is held against the value now.
    pub fn deeper(
        &mut self,
        id: Id,
        within: impl FnOnce(&mut Self, &'s [Rule]) -> Outcome,
    ) -> Outcome {
        let rules = self.rules(id);
        self.step(1 + rules.len())?;
        if self.depth == MAX_DEPTH {
            return Err(Fault::TooMuch);
        }
        self.depth += 1;
        let outcome = within(self, rules);
        self.depth -= 1;
        outcome
    }

    fn rule(&mut self, id: Id, rule: &Rule, value: &Value, place: &Place) -> Outcome {
        match (rule, value) {
            (Rule::Nothing, _) => self.unmet(place, || "nothing may be there".to_owned()),
            (Rule::Kinds(kinds), _) if !kinds.iter().any(|kind| kind.is_of(value)) => self
                .unmet(place, || {
                    format!("{} is not of type {}", brief(value), names(kinds))
                }),
            (
                Rule::Values {
                    canonical: values,
                    told,
                },
                _,
            ) => {
                let canonical = canonical(value);
                self.step_text(canonical.len())?;
                match values.contains(&canonical) {
                    true => Ok(()),
                    false => self.unmet(place, || format!("{} is not {told}", brief(value))),
                }
            }
            (
                Rule::Bound {
                    side,
                    limit,
                    exclusive,
                },
                Value::Number(number),
            ) => {
                let order = number::order(number, limit);
                let is_beyond = match side {
                    Side::Least => order == Ordering::Less,
                    Side::Most => order == Ordering::Greater,
                };
                match is_beyond || *exclusive && order == Ordering::Equal {
                    true => self.unmet(place, || match side {
                        Side::Least => format!("{number} is too small: the limit is {limit}"),
                        Side::Most => format!("{number} is too large: the limit is {limit}"),
                    }),
                    false => Ok(()),
                }
            }
            (Rule::MultipleOf(of), Value::Number(number)) if !number::is_multiple(number, of) => {
                self.unmet(place, || format!("{number} is no multiple of {of}"))
            }
            (Rule::Count { of, side, limit }, _) => match of.count(value) {
                Some(count) => {
                    self.step_text(count)?;
                    self.counted(place, (*of, *side, *limit), count as u64)
                }
                None => Ok(()),
            },
            (Rule::Pattern(text, pattern), Value::String(string)) => {
                self.step(string.len() * pattern.weight)?;
                match pattern.fits(string) {
                    true => Ok(()),
                    false => self.unmet(place, || {
                        format!("{} does not fit the pattern `{text}`", brief(value))
                    }),
                }
            }
            (Rule::All(nodes), _) => nodes
                .iter()
                .try_for_each(|node| self.node(*node, value, place)),
            (Rule::Any(nodes), _) => match self.fitting(nodes, value, 1)? {
                0 => self.none_fits(nodes, value, place),
                _ => Ok(()),
            },
            (Rule::One(nodes), _) => match self.fitting(nodes, value, 2)? {
                0 => self.none_fits(nodes, value, place),
                1 => Ok(()),
                _ => self.unmet(place, || {
                    "more than one of the alternatives fits".to_owned()
                }),
            },
            (Rule::Not(node), _) => match self.fits(*node, value)? {
                true => self.unmet(place, || "it is what it must not be".to_owned()),
                false => Ok(()),
            },
            (
                Rule::If {
                    condition,
                    then,
                    otherwise,
                },
                _,
            ) => {
                let branch = if self.fits(*condition, value)? {
                    then
                } else {
                    otherwise
                };
                branch.map_or(Ok(()), |node| self.node(node, value, place))
            }
            (_, Value::Object(members)) => self.of_object(id, rule, (value, members), place),
            (_, Value::Array(items)) => self.of_list(id, rule, (value, items), place),
            _ => Ok(()),
        }
    }

    /// How many of these nodes the value fits, up to `enough`.
    fn fitting(&mut self, nodes: &[Id], value: &Value, enough: usize) -> Result<usize, Fault> {
        let mut count = 0;
        for node in nodes {
            count += usize::from(self.fits(*node, value)?);
            if count == enough {
                break;
            }
        }
        Ok(count)
    }

    /// The fault of the one alternative that fits the value itself and not what is in it, or else those of them all.
    fn none_fits(&mut self, nodes: &[Id], value: &Value, place: &Place) -> Outcome {
        let mut faults = Vec::new();
        for node in nodes.iter().take(MAX_FAULTS) {
            if !self.tells() {
                break;
            }
            match self.node(*node, value, place) {
                Err(Fault::Unmet(fault)) if fault.is_empty() => {}
                Err(Fault::Unmet(fault)) => faults.push(shown(fault)),
                other => other?,
            }
        }
        if faults.is_empty() {
            return Err(Fault::Unmet(String::new()));
        }
        let here = format!("at {place}: ");
        let mut within = faults.iter().filter(|fault| !fault.starts_with(&here));
        if let (Some(only), None) = (within.next(), within.next()) {
            return Err(Fault::Unmet(only.clone()));
        }
        let faults = faults.iter();
        let faults = faults.map(|fault| fault.strip_prefix(&here).unwrap_or(fault));
        let faults: Vec<&str> = faults.collect();
        let faults = faults.join("; or ");
        Err(Fault::Unmet(format!(
            "{here}none of the alternatives fits: {faults}"
        )))
    }

    fn counted(
        &mut self,
        place: &Place,
        (of, side, limit): (Counted, Side, u64),
        count: u64,
    ) -> Outcome {
        let is_beyond = match side {
            Side::Least => count < limit,
            Side::Most => count > limit,
        };
        let most = if side == Side::Least { "least" } else { "most" };
        match is_beyond {
            true => self.unmet(place, || {
                format!(
                    "it has {count} {}, and may have at {most} {limit}",
                    of.name()
                )
            }),
            false => Ok(()),
        }
    }

    /// Whether anyone hears of a fault.
    fn tells(&self) -> bool {
        self.trials == 0 && self.faults_left > 0
    }

    pub fn unmet(&mut self, place: &Place, words: impl FnOnce() -> String) -> Outcome {
        if !self.tells() {
            return Err(Fault::Unmet(String::new()));
        }
        self.faults_left -= 1;
        Err(Fault::Unmet(format!("at {place}: {}", words())))
    }
}
