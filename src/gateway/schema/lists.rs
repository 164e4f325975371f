//! The items of a list against the rules that are about them.

use std::collections::HashSet;

use serde_json::Value;

use super::check::{Check, Outcome};
use super::words::{Place, canonical};
use super::{Id, Rule};

impl Check<'_> {
    pub fn of_list(
        &mut self,
        id: Id,
        rule: &Rule,
        (value, items): (&Value, &[Value]),
        place: &Place,
    ) -> Outcome {
        match rule {
            Rule::Items { first, rest } => {
                let nodes = first
                    .iter()
                    .copied()
                    .map(Some)
                    .chain(std::iter::repeat(*rest));
                for (index, (item, node)) in items.iter().zip(nodes).enumerate() {
                    let Some(node) = node else { break };
                    self.node(node, item, &Place::Item(place, index))?;
                }
                Ok(())
            }
            Rule::Contains { node, least, most } => {
                let mut count = 0;
                for item in items {
                    count += u64::from(self.fits(*node, item)?);
                }
                match count < *least || most.is_some_and(|most| most < count) {
                    true => self.unmet(place, || {
                        format!("{count} items are of the kind that is counted")
                    }),
                    false => Ok(()),
                }
            }
            Rule::Unique => {
                let mut seen = HashSet::new();
                for (index, item) in items.iter().enumerate() {
                    let canonical = canonical(item);
                    self.step_text(canonical.len())?;
                    if !seen.insert(canonical) {
                        return self.unmet(&Place::Item(place, index), || {
                            "it is there already".to_owned()
                        });
                    }
                }
                Ok(())
            }
            Rule::UnseenItems(node) => {
                self.step(items.len())?;
                let seen = self.seen(id, value)?;
                let mut unseen = items
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| !seen.has_item(*index));
                unseen.try_for_each(|(index, item)| {
                    self.node(*node, item, &Place::Item(place, index))
                })
            }
            _ => Ok(()),
        }
    }
}
