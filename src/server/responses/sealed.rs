//! `encrypted_content` of reasoning and compaction items: what a client that keeps its own conversation carries for us. Here it holds no
//! more than the summary beside it does, in a form that only this program reads, so that it comes back unchanged when a
//! client drops the summary. What other servers sealed is carried along, and not understood. Pure.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Says that it is ours, and in which version.
const MARK: &str = "oc1.";

/// Seals a text that is there as a JSON string.
pub fn seal(json: &str) -> String {
    let mut sealed = MARK.to_owned();
    URL_SAFE_NO_PAD.encode_string(json, &mut sealed);
    sealed
}

/// Seals a text.
pub fn seal_text(text: &str) -> String {
    seal(&serde_json::to_string(text).expect("a string is written to memory"))
}

/// The text, if we sealed it.
pub fn open(sealed: &str) -> Option<String> {
    let json = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(MARK)?).ok()?;
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_and_nothing_else_does() {
        assert_eq!(open(&seal("\"hm\\n\\u00e4\"")), Some("hm\nä".to_owned()));
        for foreign in ["", "oc1.", "oc1.!", "gAAAAAB", &seal("{}")] {
            assert_eq!(open(foreign), None, "{foreign}");
        }
    }
}
