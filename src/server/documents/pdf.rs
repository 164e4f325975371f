//! The text of a PDF, in the order in which its pages draw it.
//!
//! Made for files that mean harm: it never calls what it cannot stop, keeps and decompresses no more than
//! [`MEMORY_BYTES`], and looks at the clock on the way. A picture of a page has no text; nothing is recognised.

mod budget;
mod cmap;
mod content;
mod encodings;
mod file;
mod filters;
mod font;
mod layout;
mod object;
mod pages;
mod parser;

use std::time::{Duration, Instant};

use budget::{Budget, Stop};
use content::Interpreter;
use file::File;
use layout::Layout;
use pages::Pages;

/// What one file may keep and decompress, all in all, in bytes.
const MEMORY_BYTES: usize = 64 << 20;

/// Where the mark of a PDF must stand, in bytes.
const HEADER_BYTES: usize = 1024;

/// What is read of a file at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PdfLimits {
    pub pages: usize,
    pub chars: usize,
    pub time: Duration,
}

#[derive(Debug, PartialEq, Eq)]
pub struct PdfText {
    /// Never empty.
    pub text: String,
    /// Whether there are more pages, or more characters.
    pub is_cut: bool,
}

/// Why a PDF has no text for us; each the end of a sentence about the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PdfError {
    #[error("is not a PDF")]
    NotPdf,
    #[error("is a damaged PDF: it has no catalog")]
    Damaged,
    #[error("is an encrypted PDF; send it without its password")]
    Encrypted,
    #[error("is a PDF without pages")]
    NoPages,
    #[error("is a PDF without text (pictures of pages are not read; send them as images)")]
    NoText,
    #[error("is a PDF that takes more than {} MiB to read", MEMORY_BYTES >> 20)]
    TooLarge,
    #[error("is a PDF that takes too long to read")]
    TooLong,
}

impl From<Stop> for PdfError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Memory => Self::TooLarge,
            Stop::Time => Self::TooLong,
        }
    }
}

/// Whether a PDF begins here.
pub fn is_pdf(bytes: &[u8]) -> bool {
    let beginning = &bytes[..bytes.len().min(HEADER_BYTES)];
    memchr::memmem::find(beginning, b"%PDF-").is_some()
}

/// The text of the first pages.
///
/// # Errors
/// What [`PdfError`] names; a file that is only partly broken gives what can be read of it.
pub fn text(bytes: &[u8], limits: PdfLimits) -> Result<PdfText, PdfError> {
    if !is_pdf(bytes) {
        return Err(PdfError::NotPdf);
    }
    let budget = Budget::new(MEMORY_BYTES, Instant::now() + limits.time);
    let file = File::open(bytes, &budget)?;
    let mut pages = Pages::of(&file);
    let mut interpreter = Interpreter::new(&file, Layout::new(limits.chars));
    let mut count = 0;
    let mut is_cut = false;
    while let Some(page) = pages.next()? {
        is_cut = count == limits.pages || interpreter.layout.is_full();
        if is_cut {
            break;
        }
        interpreter.page(&page.contents, &page.resources)?;
        count += 1;
    }
    is_cut |= interpreter.layout.is_full();
    let text = interpreter.layout.into_text();
    match (count, text.is_empty()) {
        (0, _) => Err(PdfError::NoPages),
        (_, true) => Err(PdfError::NoText),
        (_, false) => Ok(PdfText { text, is_cut }),
    }
}

#[cfg(test)]
mod tests;
