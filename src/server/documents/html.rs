//! HTML: what a reader of the page would read. Pure.

use super::DocumentError;
use super::text;
use crate::gateway::html_text;

pub fn text(bytes: &[u8], charset: Option<&str>) -> Result<String, DocumentError> {
    text::decode(bytes, charset).map(|page| html_text(&page))
}
