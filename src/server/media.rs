//! Pictures, sound and files inside a request: data URLs, checked before anything is passed on. Pure; nothing is fetched.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::chat::picture_type;

/// The base64 characters that sniffing needs: 12 bytes.
const SNIFFED_CHARS: usize = 16;

/// A checked `data:` URL.
#[derive(Debug, PartialEq, Eq)]
pub struct DataUrl {
    /// What the sender says it is, in lower case, without parameters.
    pub mime: String,
    pub base64: String,
}

impl DataUrl {
    /// # Errors
    /// What is wrong, as the end of a sentence about the URL.
    pub fn parse(mut url: String) -> Result<Self, &'static str> {
        let (head, _) = url.split_once(',').unwrap_or((&url, ""));
        let is_data = head
            .get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
        if !is_data || head.len() == url.len() {
            return Err("must be a data URL (`data:<type>;base64,…`)");
        }
        let mut parameters = head[5..].split(';').map(str::trim);
        let mime = parameters.next().unwrap_or_default().to_ascii_lowercase();
        if !parameters.any(|parameter| parameter.eq_ignore_ascii_case("base64")) {
            return Err("must be a data URL in base64 (`data:<type>;base64,…`)");
        }
        url.drain(..=head.len());
        checked(&url)?;
        Ok(Self { mime, base64: url })
    }

    /// The length of what it decodes to, in bytes.
    pub fn decoded_len(&self) -> usize {
        let padding = self
            .base64
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'=')
            .count();
        self.base64.len() / 4 * 3 - padding
    }

    /// The MIME type of the picture, by its first bytes; `None` when it is none of jpeg, png, gif and webp.
    pub fn picture(&self) -> Option<&'static str> {
        let beginning = self.base64.get(..SNIFFED_CHARS).unwrap_or(&self.base64);
        let bytes = STANDARD.decode(beginning).ok()?;
        picture_type(&bytes)
    }
}

/// Base64 of the standard alphabet, padded, of at least one byte. Looked at, not decoded: it is passed on as it is.
///
/// # Errors
/// What is wrong, as the end of a sentence about the text.
pub fn checked(base64: &str) -> Result<(), &'static str> {
    let bytes = base64.as_bytes();
    let body = bytes
        .strip_suffix(b"==")
        .or_else(|| bytes.strip_suffix(b"="))
        .unwrap_or(bytes);
    let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if body.is_empty() {
        return Err("holds no data");
    }
    if !bytes.len().is_multiple_of(4) || !body.iter().all(in_alphabet) {
        return Err("is not valid base64 (standard alphabet, padded)");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(mime: &str, bytes: &[u8]) -> String {
        format!("data:{mime};base64,{}", STANDARD.encode(bytes))
    }

    #[test]
    fn a_picture_is_what_its_bytes_say_and_not_its_sender() {
        let picture = |bytes: &[u8]| DataUrl::parse(url("image/png", bytes)).unwrap().picture();
        assert_eq!(picture(b"RIFF\x10\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(picture(b"G"), None);
    }

    #[test]
    fn a_data_url_has_a_type_and_base64() {
        let parsed = DataUrl::parse("DATA:Text/Plain;charset=utf-8;BASE64,aGk=".to_owned());
        let expected = DataUrl {
            mime: "text/plain".to_owned(),
            base64: "aGk=".to_owned(),
        };
        assert_eq!(parsed, Ok(expected));
        for bad in [
            "https://example.com/a.png",
            "data:image/png;base64",
            "data:image/png,hi",
            "data:image/png;base64,",
            "data:image/png;base64,====",
            "data:image/png;base64,a",
            "data:image/png;base64,aGk_",
            "ä",
            "",
        ] {
            assert!(DataUrl::parse(bad.to_owned()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_decoded_length_is_known_without_decoding(bytes in prop::collection::vec(any::<u8>(), 1..64)) {
            let parsed = DataUrl::parse(url("a/b", &bytes)).unwrap();
            prop_assert_eq!(parsed.decoded_len(), bytes.len());
        }

        #[test]
        fn no_url_makes_it_panic(url: String, tail: String) {
            for url in [url, format!("data:{tail}"), format!("data:;base64,{tail}")] {
                if let Ok(parsed) = DataUrl::parse(url) {
                    let _ = (parsed.picture(), parsed.decoded_len());
                }
            }
        }
    }
}
