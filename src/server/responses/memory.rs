//! The last response of a socket, with all that it continues: in memory, so that it can be continued though it is not
//! stored. Whoever continues it takes it out; it is there again, longer, once that went well.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::value::RawValue;

use crate::gateway::{Place, StoredResponse};

/// What a socket remembers, at most, in bytes of JSON: as much as its peer could send again in one message.
const MAX_BYTES: usize = 20 << 20;

/// What all sockets of the server remember together, at most, in bytes of JSON.
const MAX_BYTES_OF_ALL: usize = 256 << 20;

/// What the sockets of a server remember together. A clone is another handle.
#[derive(Clone, Default)]
pub struct Budget(Arc<AtomicUsize>);

/// Bytes of a budget, until it is dropped.
struct Share {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    fn take(&self, bytes: usize) -> Option<Share> {
        let fits = |taken: usize| Some(taken + bytes).filter(|sum| *sum <= MAX_BYTES_OF_ALL);
        let taken = (self.0).fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.ok().map(|_| Share {
            budget: self.clone(),
            bytes,
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The items of one response, as they are stored.
pub struct Link {
    /// The id of the response, where it is stored as well. What it continues is then stored, too.
    pub stored: Option<String>,
    pub input: Vec<Box<RawValue>>,
    pub output: Vec<Box<RawValue>>,
}

/// A response and all that it continues, the oldest first. Those before it are shared.
pub type Chain = Vec<Arc<Link>>;

/// What one socket remembers. A clone is another handle.
#[derive(Clone, Default)]
pub struct Memory {
    remembered: Arc<Mutex<Option<Remembered>>>,
    budget: Budget,
}

struct Remembered {
    id: String,
    place: Place,
    chain: Chain,
    _share: Share,
}

impl Link {
    fn bytes(&self) -> usize {
        let items = self.input.iter().chain(&self.output);
        items.map(|item| item.get().len()).sum()
    }
}

impl From<StoredResponse> for Link {
    fn from(response: StoredResponse) -> Self {
        Self {
            stored: Some(response.id),
            input: response.input,
            output: response.output,
        }
    }
}

impl Memory {
    /// A memory that takes what it needs from this budget, and remembers nothing where that is used up.
    pub fn within(budget: Budget) -> Self {
        Self {
            budget,
            ..Self::default()
        }
    }

    /// What a turn has of it that continues the response with this id. If that is the one that is remembered, it is
    /// forgotten until the turn has gone well.
    pub fn recall(&self, previous: Option<&str>) -> Recall {
        let continued = |remembered: &mut Remembered| Some(remembered.id.as_str()) == previous;
        Recall {
            taken: self.remembered().take_if(continued),
            memory: self.clone(),
        }
    }

    fn remembered(&self) -> MutexGuard<'_, Option<Remembered>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one turn has of the memory.
pub struct Recall {
    memory: Memory,
    taken: Option<Remembered>,
}

impl Recall {
    /// The response that the turn continues and all before it, if it is the remembered one and belongs to this place.
    pub fn chain(&self, place: &Place) -> Option<Chain> {
        let taken = self.taken.as_ref()?;
        (taken.place == *place).then(|| taken.chain.clone())
    }

    /// Remembers the response of the turn, which continues this chain.
    pub fn keeper(self, earlier: Chain) -> Keeper {
        Keeper {
            memory: self.memory,
            earlier,
        }
    }
}

/// Where the response of a turn is to be remembered.
pub struct Keeper {
    memory: Memory,
    earlier: Chain,
}

impl Keeper {
    /// In the place of what was there. What is too large is not remembered.
    pub fn keep(self, id: String, place: Place, link: Link) {
        let mut chain = self.earlier;
        chain.push(Arc::new(link));
        let bytes: usize = chain.iter().map(|link| link.bytes()).sum();
        // What was there makes room for it, and is dropped when the lock is free.
        let before = self.memory.remembered().take();
        drop(before);
        let share = match bytes <= MAX_BYTES {
            true => self.memory.budget.take(bytes),
            false => None,
        };
        *self.memory.remembered() = share.map(|share| Remembered {
            id,
            place,
            chain,
            _share: share,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{AgentId, Principal};

    fn place() -> Place {
        Place {
            principal: Principal::Owner,
            agent: "main".parse::<AgentId>().unwrap(),
            session: None,
        }
    }

    fn link(bytes: usize) -> Link {
        let text = RawValue::from_string(format!("\"{}\"", "x".repeat(bytes - 2)));
        Link {
            stored: None,
            input: vec![text.unwrap()],
            output: Vec::new(),
        }
    }

    fn keep(memory: &Memory, previous: Option<&str>, (id, bytes): (&str, usize)) -> usize {
        let recall = memory.recall(previous);
        let earlier = recall.chain(&place()).unwrap_or_default();
        let length = earlier.len();
        recall
            .keeper(earlier)
            .keep(id.to_owned(), place(), link(bytes));
        length
    }

    #[test]
    fn a_response_that_is_continued_is_forgotten_until_that_went_well() {
        let memory = Memory::default();
        assert_eq!(keep(&memory, None, ("a", 10)), 0);
        assert_eq!(keep(&memory, Some("a"), ("b", 10)), 1);
        assert_eq!(keep(&memory, Some("b"), ("c", 10)), 2);
        assert!(memory.recall(Some("a")).chain(&place()).is_none());
        let failed = memory.recall(Some("c"));
        assert_eq!(failed.chain(&place()).map(|chain| chain.len()), Some(3));
        drop(failed);
        assert!(memory.recall(Some("c")).chain(&place()).is_none());
    }

    #[test]
    fn a_turn_that_continues_something_else_forgets_nothing_before_it_went_well() {
        let memory = Memory::default();
        keep(&memory, None, ("a", 10));
        drop(memory.recall(None));
        drop(memory.recall(Some("x")));
        assert_eq!(keep(&memory, Some("a"), ("b", 10)), 1);
        assert_eq!(keep(&memory, None, ("c", 10)), 0);
        assert!(memory.recall(Some("b")).chain(&place()).is_none());
    }

    #[test]
    fn what_belongs_to_another_place_is_not_there() {
        let memory = Memory::default();
        keep(&memory, None, ("a", 10));
        let elsewhere = Place {
            agent: "other".parse().unwrap(),
            ..place()
        };
        assert!(memory.recall(Some("a")).chain(&elsewhere).is_none());
    }

    #[test]
    fn what_all_remember_together_has_a_limit_and_what_is_forgotten_makes_room() {
        let budget = Budget::default();
        let full: Vec<Memory> = (0..MAX_BYTES_OF_ALL / MAX_BYTES)
            .map(|_| Memory::within(budget.clone()))
            .collect();
        for memory in &full {
            keep(memory, None, ("a", MAX_BYTES));
        }
        let one_more = Memory::within(budget);
        keep(&one_more, None, ("b", MAX_BYTES));
        assert!(one_more.recall(Some("b")).chain(&place()).is_none());
        drop(full);
        keep(&one_more, None, ("b", MAX_BYTES));
        assert!(one_more.recall(Some("b")).chain(&place()).is_some());
    }

    #[test]
    fn a_chain_that_grows_too_large_is_not_remembered() {
        let memory = Memory::default();
        keep(&memory, None, ("a", MAX_BYTES - 10));
        assert_eq!(keep(&memory, Some("a"), ("b", 11)), 1);
        assert!(memory.recall(Some("b")).chain(&place()).is_none());
    }
}
