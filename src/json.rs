//! JSON text, written straight into a buffer. serde_json writes strings a byte at a time; what passes through this
//! program is mostly long strings with little to escape, and is copied in runs here.

use serde::Serialize;

/// Bytes that are looked at together.
const RUN: usize = 32;

/// Appends a value.
pub fn value(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(out, value).expect("plain data is written to memory");
}

/// Appends the members of `object` to the object that `out` holds the beginning of, and closes it.
pub fn members(out: &mut Vec<u8>, object: &impl Serialize) {
    let start = out.len();
    value(out, object);
    match &out[start..] {
        b"{}" => drop(out.remove(start)),
        _ => out[start] = b',',
    }
}

/// Appends a string, in quotes. The same bytes as serde_json's.
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = first_escaped(rest) {
        out.extend_from_slice(&rest[..at]);
        escape(out, rest[at]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn is_escaped(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Where the first byte is that cannot stand in a string as it is.
fn first_escaped(bytes: &[u8]) -> Option<usize> {
    let clean = bytes.chunks_exact(RUN).take_while(|run| is_clean(run));
    let clean = clean.count() * RUN;
    let rest = &bytes[clean..];
    if rest.len() < RUN && (are_clean::<16>(rest) || are_clean::<8>(rest)) {
        return None;
    }
    let at = rest.iter().position(|byte| is_escaped(*byte));
    at.map(|at| clean + at)
}

/// Without an early end, so that the bytes are compared all at once.
fn is_clean(run: &[u8]) -> bool {
    !run.iter().fold(false, |any, byte| any | is_escaped(*byte))
}

/// Whether `N` to twice as many bytes are clean: those at the beginning and those at the end, some of them twice.
fn are_clean<const N: usize>(bytes: &[u8]) -> bool {
    let (first, last) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>());
    let both = first.zip(last);
    both.is_some_and(|(first, last)| bytes.len() <= 2 * N && is_clean(first) && is_clean(last))
}

fn escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            return out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> String {
        let mut out = b"x".to_vec();
        string(&mut out, text);
        String::from_utf8(out).unwrap()[1..].to_owned()
    }

    #[test]
    fn every_character_is_written_as_serde_json_writes_it() {
        let all: String = (0..0x300).filter_map(char::from_u32).collect();
        assert_eq!(written(&all), serde_json::to_string(&all).unwrap());
        for at in 0..100 {
            let text = format!("{}\n{}", "x".repeat(at), "\"y".repeat(at));
            assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn members_join_the_object_that_was_begun() {
        let joined = |object: serde_json::Value| {
            let mut out = b"{\"a\":1".to_vec();
            members(&mut out, &object);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(joined(serde_json::json!({})), r#"{"a":1}"#);
        assert_eq!(
            joined(serde_json::json!({ "b": [2] })),
            r#"{"a":1,"b":[2]}"#
        );
    }

    proptest! {
        #[test]
        fn any_text_is_written_as_serde_json_writes_it(text in "\\PC{0,40}[\\x00-\\x7f]{0,80}\\PC{0,40}") {
            prop_assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
        }
    }
}
