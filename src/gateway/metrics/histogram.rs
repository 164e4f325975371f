//! How often a value was how large: counts between fixed bounds, and the sum.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of bounds of every scale.
const BOUNDS: usize = 18;

/// The sum is kept in millionths, so that an addition is one atomic operation.
const PER_UNIT: f64 = 1e6;

/// The bounds of a histogram, rising.
#[derive(Debug)]
pub struct Scale([f64; BOUNDS]);

#[rustfmt::skip] // a scale is read as one line
impl Scale {
    pub const SECONDS: Self = Self([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0,
    ]);
    pub const TOKENS_PER_SECOND: Self = Self([
        1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1e3, 2e3, 5e3,
    ]);
}

#[derive(Debug)]
pub struct Histogram {
    scale: &'static Scale,
    /// Up to each bound, and over the last one.
    counts: [AtomicU64; BOUNDS + 1],
    sum: AtomicU64,
}

impl Histogram {
    pub fn new(scale: &'static Scale) -> Self {
        Self {
            scale,
            counts: Default::default(),
            sum: AtomicU64::new(0),
        }
    }

    pub fn observe(&self, value: f64) {
        let place = self.scale.0.partition_point(|bound| *bound < value);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.sum
            .fetch_add((value * PER_UNIT).round() as u64, Ordering::Relaxed);
    }

    /// How many values were up to each bound; the last bound is infinite, and has them all.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let bounds = self.scale.0.iter().copied().chain([f64::INFINITY]);
        let mut total = 0;
        bounds.zip(&self.counts).map(move |(bound, count)| {
            total += count.load(Ordering::Relaxed);
            (bound, total)
        })
    }

    pub fn sum(&self) -> f64 {
        self.sum.load(Ordering::Relaxed) as f64 / PER_UNIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_up_to_the_first_bound_that_holds_it() {
        let histogram = Histogram::new(&Scale::SECONDS);
        for value in [0.0, 0.001, 0.0011, 600.0, 601.0] {
            histogram.observe(value);
        }
        let counts: Vec<(f64, u64)> = histogram.cumulative().collect();
        assert_eq!(counts[..2], [(0.001, 2), (0.0025, 3)]);
        assert_eq!(
            counts[BOUNDS - 2..],
            [(300.0, 3), (600.0, 4), (f64::INFINITY, 5)]
        );
        assert_eq!(histogram.sum(), 1201.0021);
    }
}
