//! A model's text for a terminal: Markdown styled as it streams, code highlighted, control characters left out.
//!
//! Nothing that was written is ever drawn again, so nothing flickers. Every mark is kept, faintly, so that what is
//! copied from the terminal is still Markdown.

mod highlight;
mod languages;
mod markdown;
mod pen;

pub use markdown::TerminalText;
