//! HTML: what a reader of the page would read. Pure.

use memchr::memmem;

use super::DocumentError;
use super::text;
use crate::gateway::html_text;

/// Where a page names its charset, if it does, in bytes.
const HEAD_BYTES: usize = 1024;

/// The text of a page, in the charset that its sender names, else in the one that it names itself.
pub fn text(bytes: &[u8], charset: Option<&str>) -> Result<String, DocumentError> {
    let own = own_charset(bytes);
    let page = text::decode(bytes, charset.or(own.as_deref()))?;
    Ok(html_text(&page))
}

/// `<meta charset="…">`, `<meta http-equiv=… content="text/html; charset=…">`
fn own_charset(bytes: &[u8]) -> Option<String> {
    let head = bytes[..bytes.len().min(HEAD_BYTES)].to_ascii_lowercase();
    let (_, named) = head.split_at(memmem::find(&head, b"charset=")? + b"charset=".len());
    let named = named.iter().map(|byte| char::from(*byte));
    let named = named.skip_while(|char| matches!(char, '"' | '\''));
    let is_name = |char: &char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
    Some(named.take_while(is_name).collect()).filter(|name: &String| !name.is_empty())
}
