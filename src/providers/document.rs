//! The text of a document, for dialects that take text and not files. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::chat::Document;

/// What the document says, where it is of a textual type and UTF-8.
pub fn text(document: &Document) -> Option<String> {
    let kind = document.mime.split(';').next().unwrap_or_default().trim();
    let textual = kind.starts_with("text/")
        || matches!(kind, "application/json" | "application/xml")
        || kind.ends_with("+json")
        || kind.ends_with("+xml");
    if !textual {
        return None;
    }
    String::from_utf8(STANDARD.decode(&document.base64).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(mime: &str, base64: &str) -> Option<String> {
        text(&Document {
            filename: None,
            mime: mime.into(),
            base64: base64.into(),
        })
    }

    #[test]
    fn only_textual_types_in_utf8_have_a_text() {
        assert_eq!(text_of("text/markdown", "w6Q="), Some("ä".into()));
        assert_eq!(
            text_of("application/json; charset=utf-8", "e30="),
            Some("{}".into())
        );
        assert_eq!(text_of("text/plain", "5A=="), None);
        assert_eq!(text_of("application/pdf", "w6Q="), None);
    }
}
