//! `encrypted_content` of reasoning and compaction items: what a client that keeps its own conversation carries for us.
//! Of reasoning it holds the summary that stands beside it, so that it comes back unchanged when a client drops that, and
//! the token by which the reasoning's provider knows it again; of compaction the summary of what was said. None is a
//! secret from the client: the provider has made its token opaque, and takes back none that it did not make. So it is not
//! encrypted again; a digest tells a damaged one from a whole one. What other servers sealed is not understood. Pure.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::item::Text;
use crate::chat::ThoughtToken;

/// Says that it is ours, and in which version.
const MARK: &str = "oc2.";

/// The first version: the summary alone.
const OLD_MARK: &str = "oc1.";

/// Bytes of the digest that the contents begin with.
const DIGEST_BYTES: usize = 8;

/// What is sealed.
#[derive(Serialize)]
struct Contents<'a> {
    text: &'a Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a ThoughtToken>,
}

/// What was sealed.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Opened {
    pub text: String,
    pub token: Option<Box<ThoughtToken>>,
}

/// Why nothing can be taken from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unopened {
    /// Somebody else sealed it.
    Foreign,
    /// It is ours, and not as we made it.
    Damaged,
}

pub fn seal(text: &Text, token: Option<&ThoughtToken>) -> String {
    let json = serde_json::to_vec(&Contents { text, token }).expect("plain data serializes");
    let mut contents = digest(&json).to_vec();
    contents.extend(json);
    let mut sealed = MARK.to_owned();
    URL_SAFE_NO_PAD.encode_string(contents, &mut sealed);
    sealed
}

/// Seals a text alone.
pub fn seal_text(text: &str) -> String {
    seal(&Text::Plain(text.to_owned()), None)
}

/// # Errors
/// Whose fault it is that there is nothing in it.
pub fn open(sealed: &str) -> Result<Opened, Unopened> {
    if let Some(old) = sealed.strip_prefix(OLD_MARK) {
        let text = decoded(old).and_then(|json| serde_json::from_slice(&json).ok());
        let opened = |text| Opened { text, token: None };
        return text.map(opened).ok_or(Unopened::Damaged);
    }
    let sealed = sealed.strip_prefix(MARK).ok_or(Unopened::Foreign)?;
    let opened = decoded(sealed).and_then(|contents| {
        let (sum, json) = contents.split_at_checked(DIGEST_BYTES)?;
        serde_json::from_slice(json)
            .ok()
            .filter(|_| sum == digest(json))
    });
    opened.ok_or(Unopened::Damaged)
}

fn decoded(base64: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(base64).ok()
}

fn digest(json: &[u8]) -> [u8; DIGEST_BYTES] {
    let digest: [u8; 32] = Sha256::digest(json).into();
    let (short, _) = digest.split_first_chunk().expect("it is longer");
    *short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::TokenForm;

    fn token() -> ThoughtToken {
        ThoughtToken {
            form: TokenForm::AnthropicSignature,
            model: Some("anthropic/claude".parse().unwrap()),
            id: None,
            content: "sig".to_owned(),
        }
    }

    #[test]
    fn what_is_sealed_opens_as_it_was() {
        let text = Text::Plain("hm\n\u{e4}".to_owned());
        let opened = |token: Option<ThoughtToken>| Opened {
            text: "hm\nä".to_owned(),
            token: token.map(Box::new),
        };
        assert_eq!(open(&seal(&text, None)), Ok(opened(None)));
        assert_eq!(
            open(&seal(&text, Some(&token()))),
            Ok(opened(Some(token())))
        );
        let old = format!("oc1.{}", URL_SAFE_NO_PAD.encode("\"hm\\n\\u00e4\""));
        assert_eq!(open(&old), Ok(opened(None)));
    }

    #[test]
    fn what_somebody_else_sealed_is_foreign_and_what_was_changed_is_damaged() {
        for foreign in ["", "oc", "gAAAAAB", "oc3.aGk"] {
            assert_eq!(open(foreign), Err(Unopened::Foreign), "{foreign}");
        }
        let sealed = seal(&Text::Plain("hm".to_owned()), Some(&token()));
        for at in MARK.len()..sealed.len() {
            let other = if &sealed[at..=at] == "A" { "B" } else { "A" };
            let mut changed = sealed.clone();
            changed.replace_range(at..=at, other);
            assert_eq!(open(&changed), Err(Unopened::Damaged), "{changed}");
            assert_eq!(open(&sealed[..at]), Err(Unopened::Damaged), "cut at {at}");
        }
        for damaged in ["oc1.", "oc1.!", "oc2.!", "oc2.aGk"] {
            assert_eq!(open(damaged), Err(Unopened::Damaged), "{damaged}");
        }
    }
}
