//! One embedding: numbers, or the JSON that they came in. What a provider wrote is checked, and then copied as it is:
//! reading numbers and writing them again costs more than everything else that is done with them.

mod block;
mod number;
mod scan;

use bytes::Bytes;

use scan::{blank, scan};

/// A vector. Compared as numbers.
#[derive(Debug, Clone)]
pub enum Vector {
    Numbers(Vec<f32>),
    Json(NumberList),
}

/// A JSON list of numbers that are all finite as 32-bit floats.
#[derive(Debug, Clone)]
pub struct NumberList {
    json: Bytes,
    count: usize,
}

impl Vector {
    /// How many numbers there are: the dimension.
    pub fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Json(list) => list.count,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn is_finite(&self) -> bool {
        match self {
            Self::Numbers(numbers) => numbers.iter().all(|number| number.is_finite()),
            Self::Json(_) => true,
        }
    }

    pub fn into_numbers(self) -> Vec<f32> {
        match self {
            Self::Numbers(numbers) => numbers,
            Self::Json(list) => list.numbers(),
        }
    }
}

impl From<Vec<f32>> for Vector {
    fn from(numbers: Vec<f32>) -> Self {
        Self::Numbers(numbers)
    }
}

impl PartialEq for Vector {
    fn eq(&self, other: &Self) -> bool {
        self.clone().into_numbers() == other.clone().into_numbers()
    }
}

impl NumberList {
    /// The list that `json` begins with, and where it ends. `None` where there is no list of finite numbers.
    pub fn at_start(json: &Bytes) -> Option<(Self, usize)> {
        let (end, count) = scan(json)?;
        let json = json.slice(..end);
        Some((Self { json, count }, end))
    }

    /// As it was written.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    fn numbers(&self) -> Vec<f32> {
        let mut at = 1;
        let next = || {
            let start = blank(&self.json, at);
            let (value, end) = number::value(&self.json, start)?;
            // Behind the comma.
            at = blank(&self.json, end) + 1;
            Some(value)
        };
        let mut numbers = Vec::with_capacity(self.count);
        numbers.extend(std::iter::from_fn(next).take(self.count));
        numbers
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(json: &str) -> Option<(Vec<f32>, usize)> {
        let (list, end) = NumberList::at_start(&Bytes::copy_from_slice(json.as_bytes()))?;
        let vector = Vector::Json(list);
        let count = vector.len();
        let numbers = vector.into_numbers();
        assert_eq!(numbers.len(), count);
        Some((numbers, end))
    }

    #[test]
    fn a_list_is_found_with_its_end_and_its_numbers() {
        assert_eq!(list("[]"), Some((vec![], 2)));
        assert_eq!(list("[ ]x"), Some((vec![], 3)));
        assert_eq!(
            list("[0,-1, 2.5 ,\n-0.0123456789012345678,1e-3,3E+2],7"),
            Some((vec![0.0, -1.0, 2.5, -0.012_345_679, 0.001, 300.0], 46))
        );
    }

    #[test]
    fn what_json_does_not_allow_and_what_is_not_finite_is_no_number() {
        for bad in [
            "", "[", "[1", "[1,", "[1,]", "[,1]", "[01]", "[-]", "[1.]", "[.5]", "[+1]", "[1e]",
            "[1e+]", "[1 2]", "[null]", "[\"1\"]", "[[1]]", "[NaN]", "[1e39]", "[-1e400]", "[0x1]",
            "[1_0]", "{}",
        ] {
            assert_eq!(list(bad), None, "{bad}");
        }
        let most = format!("[{}]", "9".repeat(39));
        assert_eq!(list(&most), None);
        let nearly = format!("[{}]", "9".repeat(38));
        assert_eq!(list(&nearly), Some((vec![1e38], 40)));
    }

    proptest! {
        #[test]
        fn a_list_is_one_exactly_where_serde_json_says_so(
            json in prop_oneof!["\\[[0-9eE.,+\\- ]{0,24}\\]", "\\[(-?[01][0-9]{0,2}\\.?[0-9]{0,14}(e1)?,){0,6}1\\]"],
        ) {
            let wanted: Option<Vec<f32>> = serde_json::from_str(&json).ok();
            let wanted = wanted.filter(|numbers| numbers.iter().all(|number| number.is_finite()));
            let found = list(&json).filter(|(_, end)| *end == json.len());
            prop_assert_eq!(found.map(|(numbers, _)| numbers), wanted);
        }

        #[test]
        fn numbers_survive(numbers in prop::collection::vec(-1e6_f32..1e6, 0..40)) {
            let json = serde_json::to_string(&numbers).unwrap();
            prop_assert_eq!(list(&json), Some((numbers, json.len())));
        }
    }
}
