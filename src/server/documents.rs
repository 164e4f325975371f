//! Files inside a request, read: what kind one is, its text, and how it is handed to a model as something that was
//! attached, not said. [`given`] is how a request brings a file here; everything else is pure.

mod given;
mod html;
mod kind;
mod markers;
mod pdf;
mod text;

use std::time::Duration;

use hyper::StatusCode;

use super::error::ApiError;
use crate::config::FetchConfig;
pub use given::{Given, InputFile, InputSource, Reader};
use kind::{Kind, MIMES};
use pdf::{PdfError, PdfLimits};

/// The largest file where the configuration does not say, in bytes.
const MAX_BYTES: u64 = 5_000_000;

/// The longest text where the configuration does not say, in characters.
const MAX_CHARS: u64 = 60_000;

/// Pages of a PDF that are read where the configuration does not say.
const MAX_PAGES: u32 = 100;

/// Reading one file may take so long.
const READ_TIME: Duration = Duration::from_secs(5);

/// What is accepted as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    pub bytes: usize,
    /// Of a longer text the beginning is kept.
    pub chars: usize,
    /// Of a longer PDF the first pages are kept.
    pub pages: usize,
    pub time: Duration,
    /// MIME types, in lower case.
    pub mimes: Vec<String>,
}

impl Limits {
    pub fn of(config: &FetchConfig) -> Self {
        let count = |asked: u64| usize::try_from(asked).unwrap_or(usize::MAX);
        let mimes = config.allowed_mimes.clone();
        let mimes = mimes.unwrap_or_else(|| MIMES.map(str::to_owned).to_vec());
        Self {
            bytes: count(config.max_bytes.unwrap_or(MAX_BYTES)),
            chars: count(config.max_chars.unwrap_or(MAX_CHARS)),
            pages: count(config.pdf.max_pages.unwrap_or(MAX_PAGES).into()).max(1),
            time: READ_TIME,
            mimes: mimes.iter().map(|mime| mime.to_ascii_lowercase()).collect(),
        }
    }
}

/// A file that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// As the sender named it.
    pub filename: Option<String>,
    /// In lower case, without parameters.
    pub mime: String,
    /// At most [`Limits::chars`] characters, never blank.
    pub text: String,
    /// Whether the file goes on.
    pub is_cut: bool,
}

impl Document {
    /// The text for a model, between marks that only this text has: whatever is written in it, it cannot leave them.
    pub fn enclosed(&self) -> String {
        markers::enclosed(self)
    }
}

/// Why a file cannot be used; each the end of a sentence about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    #[error("{0}")]
    NotGiven(String),
    #[error("is larger than {0} bytes")]
    TooLarge(usize),
    #[error("is empty")]
    Empty,
    #[error("is of type `{mime}`; accepted here: {}", .allowed.join(", "))]
    NotAllowed { mime: String, allowed: Vec<String> },
    #[error(
        "is not text in {0}; name its charset (`data:text/plain;charset=windows-1252;base64,…`)"
    )]
    NotText(&'static str),
    #[error("is text in `{0}`; utf-8, utf-16, iso-8859-1 and windows-1252 are read")]
    UnknownCharset(String),
    #[error(transparent)]
    Pdf(#[from] PdfError),
    #[error("cannot be fetched: {0}")]
    NotFetched(String),
    #[error("cannot be read now: too many files are being read; try again")]
    Busy,
    #[error("cannot be read: reading it broke")]
    Broken,
}

impl DocumentError {
    /// The failure of a request that has this file at `at`.
    pub fn at(&self, at: &str) -> ApiError {
        let message = format!("`{at}` {self}");
        match self {
            Self::Busy => ApiError::new(StatusCode::TOO_MANY_REQUESTS, message).with_param(at),
            _ => ApiError::invalid(at, message),
        }
    }
}

/// Reads a file. `declared` is a MIME type, with or without parameters; where it says nothing, the file's name does, and
/// where that says nothing, its bytes.
///
/// Takes up to [`Limits::time`] of a thread: not for one that drives others.
///
/// # Errors
/// A file that is too large, empty, of a type that is not allowed, or not what it is said to be.
pub fn read(
    bytes: &[u8],
    declared: Option<&str>,
    filename: Option<&str>,
    limits: &Limits,
) -> Result<Document, DocumentError> {
    if bytes.len() > limits.bytes {
        return Err(DocumentError::TooLarge(limits.bytes));
    }
    if bytes.is_empty() {
        return Err(DocumentError::Empty);
    }
    let mime = kind::mime(bytes, declared, filename);
    let not_allowed = || DocumentError::NotAllowed {
        mime: mime.clone(),
        allowed: limits.mimes.clone(),
    };
    if !limits.mimes.contains(&mime) {
        return Err(not_allowed());
    }
    let charset = text::charset(declared);
    let (text, is_cut) = match Kind::of(&mime).ok_or_else(not_allowed)? {
        Kind::Pdf => {
            let limits = PdfLimits {
                pages: limits.pages,
                chars: limits.chars,
                time: limits.time,
            };
            let read = pdf::text(bytes, limits)?;
            (read.text, read.is_cut)
        }
        Kind::Html => text::bounded(html::text(bytes, charset)?, limits.chars),
        Kind::Text => text::bounded(text::decode(bytes, charset)?, limits.chars),
    };
    if text.trim().is_empty() {
        return Err(DocumentError::Empty);
    }
    Ok(Document {
        filename: filename.map(str::to_owned),
        mime,
        text,
        is_cut,
    })
}

#[cfg(test)]
mod tests;
