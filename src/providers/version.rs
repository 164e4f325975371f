//! The version in a model's id: vendors change what a dialect's models take from one to the next. Pure.

/// Major and minor version.
pub type Version = (u32, u32);

/// Of a model that is none of the family.
const NONE: Version = (0, 0);

/// Of a model of the family whose id names no version: taken for the newest.
const NEWEST: Version = (u32::MAX, 0);

/// The version that follows `family` in the id of a model: `claude-opus-4-1-20250805` is (4, 1) of `claude-`, and
/// `gemini-3-flash` (3, 0) of `gemini-`, also behind a prefix (`anthropic/claude-…`). Longer numbers are dates.
pub fn version(model: &str, family: &str) -> Version {
    let Some(start) = model.find(family) else {
        return NONE;
    };
    let mut words = model[start + family.len()..].split(['-', '.', '@', '_', ':']);
    match words.by_ref().find_map(number) {
        Some(major) => (major, words.next().and_then(number).unwrap_or(0)),
        None => NEWEST,
    }
}

fn number(word: &str) -> Option<u32> {
    const MAX_DIGITS: usize = 2;
    let digits = word.len() <= MAX_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| word.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_wherever_it_stands_in_the_id() {
        let claude = |model| version(model, "claude-");
        assert_eq!(claude("claude-opus-4-1-20250805"), (4, 1));
        assert_eq!(claude("claude-sonnet-4-20250514"), (4, 0));
        assert_eq!(claude("claude-3-7-sonnet-latest"), (3, 7));
        assert_eq!(claude("claude-sonnet-4-5@20250929"), (4, 5));
        assert_eq!(claude("anthropic/claude-opus-4.7"), (4, 7));
        assert_eq!(version("gemini-2.5-flash-lite", "gemini-"), (2, 5));
        assert_eq!(version("gemini-3-flash-preview", "gemini-"), (3, 0));
    }

    #[test]
    fn an_id_of_the_family_without_a_version_is_its_newest_and_any_other_id_is_none() {
        assert_eq!(version("gemini-flash-latest", "gemini-"), NEWEST);
        assert_eq!(version("MiniMax-M2", "claude-"), NONE);
    }
}
