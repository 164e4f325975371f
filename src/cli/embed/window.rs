//! Embeds nothing twice that was embedded a moment ago. Pure: what is the same, and which vector is whose.

use std::collections::{HashMap, VecDeque};

use sha2::{Digest, Sha256};

use super::calls::Outcome;
use super::input::Chunk;
use super::record::Record;
use crate::gateway::RunError;

/// How many different inputs, before the batch that is looked at, are remembered. Their vectors are kept: 48 MiB of
/// them where a vector has 1536 numbers.
pub const REMEMBERED: usize = 8192;

/// Finds inputs that are the same as an earlier one. Each different input gets a number, from 0.
#[derive(Default)]
pub struct Window {
    /// Digests instead of texts: their size does not depend on the input.
    numbers: HashMap<[u8; 32], u64>,
    order: VecDeque<[u8; 32]>,
    next: u64,
}

/// Inputs, and which number each has.
pub struct Batch {
    records: Chunk,
    numbers: Vec<u64>,
    /// The texts that have not been embedded yet, in the order of their numbers.
    fresh: Vec<String>,
}

impl Window {
    /// Numbers the inputs of a chunk. The chunk holds at least one.
    pub fn admit(&mut self, records: Chunk) -> Batch {
        while self.order.len() > REMEMBERED {
            let oldest = self.order.pop_front().expect("there are more than none");
            self.numbers.remove(&oldest);
        }
        let mut fresh = Vec::new();
        let number = |record: &Record| {
            let digest = Sha256::digest(&record.text).into();
            *self.numbers.entry(digest).or_insert_with(|| {
                self.order.push_back(digest);
                fresh.push(record.text.clone());
                self.next += 1;
                self.next - 1
            })
        };
        let numbers = records.iter().map(number).collect();
        Batch {
            records,
            numbers,
            fresh,
        }
    }
}

impl Batch {
    pub fn take_fresh(&mut self) -> Vec<String> {
        std::mem::take(&mut self.fresh)
    }

    /// Each input with the number of its vector.
    pub fn inputs(&self) -> impl Iterator<Item = (&Record, u64)> {
        self.records.iter().zip(self.numbers.iter().copied())
    }

    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// How many bytes of the input the batch is.
    pub fn bytes(&self) -> u64 {
        self.records.iter().map(|record| record.bytes).sum()
    }

    /// From where to where it reaches.
    pub fn place(&self) -> String {
        match self.records.as_slice() {
            [] => "nothing".to_owned(),
            [only] => only.place.to_string(),
            [first, .., last] => match (first.place.number, last.place.number) {
                (Some((unit, from)), Some((_, to))) if first.place.source == last.place.source => {
                    format!("{}, {unit}s {from} to {to}", first.place.source)
                }
                _ => format!("{} to {}", first.place, last.place),
            },
        }
    }
}

/// The vectors of the inputs that a [`Window`] remembers, batch by batch in the order in which it saw them.
#[derive(Default)]
pub struct Vectors {
    kept: VecDeque<Outcome>,
    /// The number of the first that is kept.
    first: u64,
}

impl Vectors {
    /// Takes in the vectors of the next batch, in the order of their numbers; forgets as the window does.
    pub fn extend(&mut self, outcomes: Vec<Outcome>) {
        let forgotten = self.kept.len().saturating_sub(REMEMBERED);
        self.kept.drain(..forgotten);
        self.first += forgotten as u64;
        self.kept.extend(outcomes);
    }

    /// The vector of an input of the last batch, or why it has none.
    pub fn get(&self, number: u64) -> Result<&[f32], &RunError> {
        let place =
            usize::try_from(number - self.first).expect("as many as are kept fit in memory");
        self.kept[place].as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::embed::record::Place;

    fn chunk(texts: impl IntoIterator<Item = impl Into<String>>) -> Chunk {
        let record = |(index, text): (usize, _)| Record {
            index: index as u64,
            text: Into::into(text),
            id: None,
            place: Place {
                source: "in.txt".into(),
                number: Some(("line", index as u64 + 1)),
            },
            bytes: 3,
        };
        texts.into_iter().enumerate().map(record).collect()
    }

    /// A vector that says which text it is of.
    fn vector(text: &str) -> Vec<f32> {
        text.bytes().map(f32::from).collect()
    }

    #[test]
    fn the_same_text_is_embedded_once_within_a_batch_and_across_batches() {
        let mut window = Window::default();
        let mut first = window.admit(chunk(["a", "b", "a"]));
        assert_eq!(first.take_fresh(), ["a", "b"]);
        assert_eq!(first.numbers, [0, 1, 0]);
        let mut second = window.admit(chunk(["b", "c"]));
        assert_eq!(second.take_fresh(), ["c"]);
        assert_eq!(second.numbers, [1, 2]);
    }

    #[test]
    fn every_input_gets_its_own_vector_while_the_window_moves() {
        let mut window = Window::default();
        let mut vectors = Vectors::default();
        for round in 0..40 {
            // New texts, one of the round before, and one of long ago.
            let fresh = (0..1000).map(|index| format!("{round}-{index}"));
            let old = [format!("{}-999", round - 1), "0-0".to_owned()];
            let texts: Vec<String> = fresh.chain(old).collect();
            let mut batch = window.admit(chunk(texts.clone()));
            let fresh = batch.take_fresh();
            vectors.extend(fresh.iter().map(|text| Ok(vector(text))).collect());
            for (record, number) in batch.inputs() {
                assert_eq!(vectors.get(number), Ok(&vector(&record.text)[..]));
            }
            assert!(window.numbers.len() <= REMEMBERED + batch.len());
            assert!(vectors.kept.len() <= REMEMBERED + batch.len());
        }
    }

    #[test]
    fn a_batch_says_where_it_is_from() {
        let place = |texts: &[&str]| {
            Window::default()
                .admit(chunk(texts.iter().copied()))
                .place()
        };
        assert_eq!(place(&["a"]), "in.txt, line 1");
        assert_eq!(place(&["a", "b", "c"]), "in.txt, lines 1 to 3");
    }
}
