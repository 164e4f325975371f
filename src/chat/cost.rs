//! Money.

use std::ops::AddAssign;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What something costs, in US dollars. Whole picodollars inside, so that sums are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost {
    picodollars: u64,
}

const PICODOLLARS_PER_DOLLAR: f64 = 1e12;

impl Cost {
    /// So many tokens, at a price in US dollars for a million.
    pub fn of_tokens(tokens: u64, usd_per_million: f64) -> Self {
        const PICODOLLARS_PER_MICRODOLLAR: f64 = 1e6;
        // A dollar for a million is a microdollar for one. What is no price, or beyond all money, is cut to the range.
        let each = (usd_per_million * PICODOLLARS_PER_MICRODOLLAR).round() as u64;
        Self {
            picodollars: tokens.saturating_mul(each),
        }
    }

    pub fn of_picodollars(picodollars: u64) -> Self {
        Self { picodollars }
    }

    pub fn picodollars(self) -> u64 {
        self.picodollars
    }

    pub fn usd(self) -> f64 {
        self.picodollars as f64 / PICODOLLARS_PER_DOLLAR
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.picodollars = self.picodollars.saturating_add(other.picodollars);
    }
}

impl Serialize for Cost {
    /// As a number of dollars.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.usd())
    }
}

impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let usd = f64::deserialize(deserializer)?;
        Ok(Self {
            picodollars: (usd * PICODOLLARS_PER_DOLLAR).round() as u64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_prices_add_up_exactly() {
        let mut cost = Cost::of_tokens(3, 0.0028);
        let written = serde_json::to_string(&cost).unwrap();
        assert_eq!(written, "8.4e-9");
        assert_eq!(serde_json::from_str::<Cost>(&written).unwrap(), cost);
        for _ in 0..9 {
            cost += Cost::of_tokens(3, 0.0028);
        }
        assert_eq!(cost.usd(), 0.000_000_084);
        assert_eq!(Cost::of_tokens(1_000_000, 2.5).usd(), 2.5);
        assert_eq!(Cost::of_tokens(7, -1.0), Cost::default());
    }
}
