//! Patterns in which `*` stands for any characters.

/// Whether `text` is what `pattern` means. Without a `*` that is the pattern itself.
pub fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    // The first place that fits is as good as any later one: what follows has the more room.
    for piece in middle.split('*') {
        let Some(at) = text.find(piece) else {
            return false;
        };
        text = &text[at + piece.len()..];
    }
    text.ends_with(end)
}

/// Whether `pattern` can mean any text that begins with `prefix`.
pub fn may_match(pattern: &str, prefix: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern.starts_with(prefix),
        // Whatever the rest wants can stand after the prefix.
        Some((start, _)) => start.starts_with(prefix) || prefix.starts_with(start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text) in [
            ("read", "read"),
            ("*", ""),
            ("*", "anything"),
            ("memory_*", "memory_get"),
            ("*_get", "memory_get"),
            ("m*_*t", "memory_get"),
            ("**", "x"),
            ("*.rs", "a.rs"),
            ("a*b*a", "aba"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("read", "reads"),
            ("", "x"),
            ("memory_*", "memory"),
            ("a*a", "a"),
            ("a*b*b", "ab"),
            ("*x*", "y"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
