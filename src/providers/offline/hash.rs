//! `offline/hash-384`: a lexical embedding by signed feature hashing. It sees spelling, never
//! meaning. Pure.
//!
//! The features of a text are its words, its pairs of neighbouring words, and the character n-grams
//! of each word, which alone relate texts that are written without spaces. Every occurrence of a
//! feature weighs what its word weighs; the square root of their sum is added to one bucket of the
//! vector, or taken from it, as the hash of the feature says. Words are runs of alphanumeric
//! characters in lower case; the rest only separates them.
//!
//! Frozen: a text keeps its vector in every version and on every platform (only characters that
//! Unicode has yet to assign may move). So all arithmetic is on integers, or is what IEEE 754
//! rounds correctly (`+ * / sqrt`) in a fixed order; never `ln`, whose last bit is the platform's.

/// The length of a full vector.
pub const DIMENSIONS: usize = 384;

/// The lengths of the character n-grams, counting the two marks around a word.
const SHORTEST_GRAM: usize = 3;
const LONGEST_GRAM: usize = 5;

/// The marks around a word: a prefix or a suffix is another feature than the same letters inside a
/// word.
const WORD_START: char = '\u{2}';
const WORD_END: char = '\u{3}';

/// A word weighs its length in bytes, up to this: the shortest words of a language are mostly its
/// grammar, which unrelated texts share.
const HEAVIEST_WORD: u64 = 6;
const _: () = assert!(HEAVIEST_WORD <= Occurrence::WEIGHT_MASK);

/// Where the hash of each kind of feature starts, so that a word, a pair and an n-gram never share
/// one.
const WORD_SEED: u64 = 0xcbf2_9ce4_8422_2325;
const PAIR_SEED: u64 = 0x9e37_79b9_7f4a_7c15;
const GRAM_SEED: u64 = 0xd1b5_4a32_d192_ed03;

/// The vector of a text: [`DIMENSIONS`] finite numbers, of Euclidean length 1.
///
/// Case and punctuation make no difference; in a sentence of ten words, another word or a plural
/// leaves the cosine above 0.7. Unrelated texts have one near 0: chance spreads it by 0.05, and
/// what a language's words share adds as much. A text without words is told by its punctuation. An
/// empty one, which is the caller's to refuse, is the first axis.
#[cfg(test)]
pub fn embed(text: &str) -> Vec<f32> {
    vector(text, DIMENSIONS)
}

/// The vector of a text in fewer dimensions, of length 1 too; `None` unless `dimensions` is 1 to
/// [`DIMENSIONS`].
///
/// The features are hashed straight into that many buckets, so each still counts; to cut the full
/// vector short would lose all those in the rest. It is therefore no prefix of the full vector:
/// compare vectors of one size only.
pub fn embed_to(text: &str, dimensions: usize) -> Option<Vec<f32>> {
    (1..=DIMENSIONS)
        .contains(&dimensions)
        .then(|| vector(text, dimensions))
}

/// One occurrence of a feature: the upper bits of its hash, and the weight in the lowest. They
/// share one integer because sorting them is most of the work.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Occurrence(u64);

impl Occurrence {
    const WEIGHT_BITS: u32 = 3;
    const WEIGHT_MASK: u64 = (1 << Self::WEIGHT_BITS) - 1;

    fn new(hash: u64, weight: u64) -> Self {
        Self(hash & !Self::WEIGHT_MASK | weight)
    }

    fn feature(self) -> u64 {
        self.0 >> Self::WEIGHT_BITS
    }

    fn weight(self) -> u64 {
        self.0 & Self::WEIGHT_MASK
    }
}

/// Every word, pair of words and n-gram of a text, as often as it occurs.
fn occurrences(text: &str) -> Vec<Occurrence> {
    let mut found = Vec::new();
    let mut marked = Vec::new();
    let mut previous = None;
    for word in text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        mark(word, &mut marked);
        let letters = marked.iter().map(|&c| u64::from(c));
        let hash = finish(letters.fold(WORD_SEED, mix));
        let weight = weight(&marked);
        found.push(Occurrence::new(hash, weight));
        if let Some((before, its_weight)) = previous.replace((hash, weight)) {
            let pair = finish(mix(mix(PAIR_SEED, before), hash));
            found.push(Occurrence::new(pair, weight.min(its_weight)));
        }
        push_grams(&marked, weight, &mut found);
    }
    if found.is_empty() {
        // Only punctuation or white space: its own spelling is all there is to tell it by.
        mark(text, &mut marked);
        push_grams(&marked, weight(&marked), &mut found);
    }
    found
}

/// Fills `marked` with the lower case of a word between its marks.
fn mark(word: &str, marked: &mut Vec<char>) {
    marked.clear();
    marked.push(WORD_START);
    marked.extend(word.chars().flat_map(char::to_lowercase));
    marked.push(WORD_END);
}

/// What the word between the marks weighs.
fn weight(marked: &[char]) -> u64 {
    let bytes: u64 = marked[1..marked.len() - 1]
        .iter()
        .map(|c| c.len_utf8() as u64)
        .sum();
    bytes.min(HEAVIEST_WORD)
}

/// Pushes each n-gram; those that start at one character share the work of their common prefix.
fn push_grams(marked: &[char], weight: u64, found: &mut Vec<Occurrence>) {
    for start in 0..marked.len() {
        let mut state = GRAM_SEED;
        for (&c, length) in marked[start..].iter().zip(1..=LONGEST_GRAM) {
            state = mix(state, c.into());
            if length >= SHORTEST_GRAM {
                found.push(Occurrence::new(finish(state), weight));
            }
        }
    }
}

/// Sums the features of a text into buckets and scales the sums to length 1.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let mut occurrences = occurrences(text);
    occurrences.sort_unstable();
    let mut sums = vec![0.0_f64; dimensions];
    for same in occurrences.chunk_by(|a, b| a.feature() == b.feature()) {
        let weight: u64 = same.iter().map(|occurrence| occurrence.weight()).sum();
        let (bucket, sign) = place(same[0].feature(), dimensions);
        sums[bucket] += sign * (weight as f64).sqrt();
    }
    let length = sums.iter().map(|sum| sum * sum).sum::<f64>().sqrt();
    if length == 0.0 {
        // No feature, or opposite ones that cancel, as they may in few dimensions.
        let mut axis = vec![0.0; dimensions];
        axis[0] = 1.0;
        return axis;
    }
    sums.iter().map(|sum| (sum / length) as f32).collect()
}

/// The bucket of a feature, from its 32 highest bits, and its sign, from the lowest.
fn place(feature: u64, dimensions: usize) -> (usize, f64) {
    let bucket = ((feature >> (32 - Occurrence::WEIGHT_BITS)) * dimensions as u64) >> 32;
    (bucket as usize, if feature & 1 == 0 { 1.0 } else { -1.0 })
}

/// One step of FNV-1a, by whole items instead of bytes.
fn mix(state: u64, item: u64) -> u64 {
    (state ^ item).wrapping_mul(0x0000_0100_0000_01b3)
}

/// The avalanche of SplitMix64: every bit of the state decides over the sign and over the bucket.
fn finish(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNRELATED: &[&str] = &[
        "The chef simmered the onions in butter until they were golden.",
        "Quantum computers rely on fragile states called qubits.",
        "Our football team lost the final match on penalties.",
        "The central bank raised interest rates to fight inflation.",
        "She planted tulips and roses along the garden fence.",
        "The orchestra rehearsed a symphony by Mahler last night.",
        "Dentists recommend brushing your teeth twice a day.",
        "A volcano erupted on the island and closed the airport.",
        "The judge dismissed the lawsuit for lack of evidence.",
        "My laptop battery drains quickly when I compile Rust code.",
        "Migrating geese crossed the valley before the first snow.",
        "He repaired the leaking tap with a new rubber washer.",
        "The museum displays pottery from ancient Mesopotamia.",
        "Passengers must fasten seat belts during takeoff.",
        "The novel follows three sisters through wartime Lisbon.",
        "Solar panels convert sunlight directly into electricity.",
        "Our accountant files the tax return every April.",
        "The puppy chewed my favourite slippers again.",
        "Archaeologists decoded an inscription on the tomb wall.",
        "Traffic on the motorway was delayed by roadworks.",
        "Knitting a sweater takes patience and plenty of wool.",
        "The baker kneads sourdough before dawn.",
        "Please reset my password, I am locked out of my account.",
        "The mechanic replaced both brake pads and the clutch.",
    ];

    fn cosine(a: &str, b: &str) -> f64 {
        embed(a)
            .into_iter()
            .zip(embed(b))
            .map(|(a, b)| f64::from(a) * f64::from(b))
            .sum()
    }

    fn length(vector: &[f32]) -> f64 {
        vector
            .iter()
            .map(|&x| f64::from(x).powi(2))
            .sum::<f64>()
            .sqrt()
    }

    /// FNV-1a over the bits of every number, in order.
    fn checksum(vector: &[f32]) -> u64 {
        vector
            .iter()
            .fold(WORD_SEED, |state, x| mix(state, x.to_bits().into()))
    }

    #[test]
    fn vectors_never_change() {
        let text = "The quick brown fox jumps over the lazy dog, the end.";
        let eight = [
            -0.5676182,
            -0.16484351,
            0.4507432,
            0.48709583,
            -0.3521542,
            -0.08165711,
            -0.0715705,
            0.27276665,
        ];
        assert_eq!(embed_to(text, 8).unwrap(), eight);
        for (text, golden) in [
            (text, 0x25c3_0fed_5ba4_20d3),
            (
                "Grüße aus ÅRHUS, 東京の天気は今日とても良いです 🎉 x86_64",
                0x8274_c607_4a01_4a8b,
            ),
            (" ?! … 🎉\n", 0xbbdc_e7ef_ece2_cc48),
        ] {
            assert_eq!(checksum(&embed(text)), golden, "{text}");
        }
    }

    #[test]
    fn case_and_punctuation_do_not_matter() {
        let plain = embed("the parcel from århus arrived on monday 14 may");
        assert_eq!(
            embed("  The PARCEL -- from \"ÅRHUS\" -- arrived,\n\ton Monday (14 May)!"),
            plain
        );
    }

    #[test]
    fn a_changed_word_in_ten_or_a_plural_stays_near() {
        for (text, from, to) in [
            (
                "we will review the quarterly report on monday in london",
                "monday",
                "thursday",
            ),
            (
                "please restart the database server before the nightly backup",
                "database",
                "mail",
            ),
            (
                "students learn about photosynthesis in class this week",
                "students",
                "they all",
            ),
            ("we met at the inn to eat an egg and ham", "inn", "bar"),
            ("The cat sat on the mat", "cat", "cats"),
            ("How do I reset my password?", "do", "can"),
            (
                "我们明天上午在北京的办公室开会讨论新的项目计划",
                "北京",
                "上海",
            ),
            ("東京の天気は今日とても良いです", "東京", "大阪"),
            (
                "내일 오전 서울 사무실에서 새 프로젝트 계획을 논의합니다",
                "서울",
                "부산",
            ),
        ] {
            let cosine = cosine(text, &text.replacen(from, to, 1));
            assert!((0.7..0.99).contains(&cosine), "{cosine}: {text}");
        }
    }

    #[test]
    fn unrelated_sentences_are_near_zero() {
        let neighbours: Vec<f64> = UNRELATED
            .windows(2)
            .map(|pair| cosine(pair[0], pair[1]))
            .collect();
        for (cosine, pair) in neighbours.iter().zip(UNRELATED.windows(2)) {
            assert!(cosine.abs() < 0.2, "{cosine}: {pair:?}");
        }
        let all: Vec<f64> = UNRELATED
            .iter()
            .enumerate()
            .flat_map(|(i, a)| UNRELATED[..i].iter().map(move |b| cosine(a, b)))
            .collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        assert!(mean.abs() < 0.06, "{mean}");
        let far = all.iter().filter(|cosine| cosine.abs() < 0.2).count();
        assert!(far * 100 >= all.len() * 98, "{far} of {}", all.len());
        assert!(all.iter().all(|cosine| cosine.abs() < 0.3));
    }

    #[test]
    fn the_order_of_words_matters_a_little() {
        let cosine = cosine("the dog bit the postman", "the postman bit the dog");
        assert!((0.8..0.99).contains(&cosine), "{cosine}");
    }

    #[test]
    fn a_repetition_counts_by_its_square_root() {
        // `z` has two features, the word and its one n-gram; `z z z` has both thrice, and the pair
        // twice.
        let expected = (3.0_f64.sqrt() + 3.0_f64.sqrt()) / (2.0_f64.sqrt() * 8.0_f64.sqrt());
        assert!((cosine("z", "z z z") - expected).abs() < 1e-6);
    }

    #[test]
    fn punctuation_alone_is_told_apart_by_its_spelling() {
        assert!(cosine("?!?!", "?!?!?!") > 0.7);
        assert!(cosine("----", "🎉🎉").abs() < 0.3);
        assert_ne!(embed(" "), embed("\n"));
    }

    #[test]
    fn an_empty_text_is_the_first_axis() {
        let mut axis = vec![0.0; DIMENSIONS];
        axis[0] = 1.0;
        assert_eq!(embed(""), axis);
    }

    #[test]
    fn features_that_cancel_still_leave_a_vector() {
        // A letter has two features of one weight: in one dimension about half of them cancel.
        for letter in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
            assert_eq!(embed_to(letter, 1).unwrap()[0].abs(), 1.0, "{letter}");
        }
    }

    #[test]
    fn dimensions_out_of_range_are_refused() {
        assert_eq!(embed_to("a text", 0), None);
        assert_eq!(embed_to("a text", DIMENSIONS + 1), None);
        assert_eq!(embed_to("a text", DIMENSIONS), Some(embed("a text")));
    }

    proptest! {
        #[test]
        fn any_text_has_a_vector_of_length_one(text: String, dimensions in 1..=DIMENSIONS) {
            let full = embed(&text);
            prop_assert_eq!(full.len(), DIMENSIONS);
            prop_assert!((length(&full) - 1.0).abs() < 1e-6);
            let short = embed_to(&text, dimensions).expect("in range");
            prop_assert_eq!(short.len(), dimensions);
            prop_assert!((length(&short) - 1.0).abs() < 1e-6);
            prop_assert_eq!(embed(&text), full);
        }
    }
}
