//! One meter for each of a bounded number of labels. What finds no room is counted together, as `other`.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, OnceLock};

/// The most labels of one kind. A configuration has few; this bounds what many of them leave behind.
const MAX_LABELS: usize = 256;

/// Room for one label and its meter.
type Place<K, M> = OnceLock<(K, Arc<M>)>;

/// Meters by label. A label gets its place once and keeps it; finding it takes a hash and no lock.
pub struct Labelled<K, M> {
    hasher: RandomState,
    /// Open addressing: a label is at the place of its hash, or at the next ones that others took.
    places: Box<[Place<K, M>]>,
    other: Arc<M>,
}

impl<K, M: Default> Default for Labelled<K, M> {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            places: (0..MAX_LABELS).map(|_| OnceLock::new()).collect(),
            other: Arc::default(),
        }
    }
}

impl<K: Hash + Eq + Clone + Ord, M: Default> Labelled<K, M> {
    /// The meter of a label that is known to be one: it gets a place, where there is room.
    pub fn of(&self, label: &K) -> Arc<M> {
        for place in self.places_for(label) {
            let (there, meter) = place.get_or_init(|| (label.clone(), Arc::default()));
            if there == label {
                return Arc::clone(meter);
            }
        }
        self.other()
    }

    /// The meter of a label that has one; else that of all others.
    pub fn if_known(&self, label: &K) -> Arc<M> {
        for place in self.places_for(label) {
            match place.get() {
                Some((there, meter)) if there == label => return Arc::clone(meter),
                Some(_) => {}
                None => break,
            }
        }
        self.other()
    }

    /// The meter of what has none of its own.
    pub fn other(&self) -> Arc<M> {
        Arc::clone(&self.other)
    }

    /// Every label with its meter, in order; `None` is what has none of its own.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&K>, &M)> {
        let mut taken: Vec<&(K, Arc<M>)> = self.places.iter().filter_map(OnceLock::get).collect();
        taken.sort_by_key(|(label, _)| label);
        let taken = taken
            .into_iter()
            .map(|(label, meter)| (Some(label), meter.as_ref()));
        taken.chain([(None, self.other.as_ref())])
    }

    fn places_for(&self, label: &K) -> impl Iterator<Item = &Place<K, M>> {
        let first = self.hasher.hash_one(label) as usize % self.places.len();
        let (before, after) = self.places.split_at(first);
        after.iter().chain(before)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Counter;
    use super::*;

    #[test]
    fn a_label_keeps_its_meter_and_what_finds_no_room_is_counted_together() {
        let meters = Labelled::<usize, Counter>::default();
        for label in 0..MAX_LABELS + 2 {
            meters.of(&label).add(1);
            meters.of(&label).add(1);
        }
        let counts: Vec<u64> = meters.iter().map(|(_, meter)| meter.get()).collect();
        assert_eq!(counts[..MAX_LABELS], [2; MAX_LABELS]);
        assert_eq!(counts[MAX_LABELS..], [4]);
    }

    #[test]
    fn what_nobody_knows_gets_no_place() {
        let meters = Labelled::<&str, Counter>::default();
        meters.of(&"known").add(1);
        meters.if_known(&"known").add(1);
        meters.if_known(&"guessed").add(1);
        let counts: Vec<_> = meters
            .iter()
            .map(|(label, meter)| (label.copied(), meter.get()))
            .collect();
        assert_eq!(counts, [(Some("known"), 2), (None, 1)]);
    }

    #[test]
    fn many_that_begin_at_once_find_the_same_meter() {
        let meters = Labelled::<usize, Counter>::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|label| meters.of(&label).add(1)));
            }
        });
        assert!(meters.iter().take(100).all(|(_, meter)| meter.get() == 4));
        assert_eq!(meters.iter().count(), 101);
    }
}
