//! What a file is: by what its sender says, by its name, by its bytes. Pure.

use super::pdf::is_pdf;

/// What is accepted where the configuration does not say.
pub const MIMES: [&str; 6] = [
    "text/plain",
    "text/markdown",
    "text/html",
    "text/csv",
    "application/json",
    "application/pdf",
];

/// The types that say nothing of what is inside.
const SILENT: [&str; 3] = ["", "application/octet-stream", "binary/octet-stream"];

/// What files are called, and what they are.
const ENDINGS: [(&str, &str); 11] = [
    ("csv", "text/csv"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("json", "application/json"),
    ("log", "text/plain"),
    ("markdown", "text/markdown"),
    ("md", "text/markdown"),
    ("pdf", "application/pdf"),
    ("text", "text/plain"),
    ("txt", "text/plain"),
    ("xhtml", "application/xhtml+xml"),
];

/// The longest type that is looked at, in characters.
const MAX_MIME_CHARS: usize = 100;

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Html,
    Pdf,
    Text,
}

impl Kind {
    /// `None` for a type that is not read, whatever the configuration allows.
    pub fn of(mime: &str) -> Option<Self> {
        match mime {
            "application/pdf" => Some(Self::Pdf),
            "text/html" | "application/xhtml+xml" => Some(Self::Html),
            "application/json" | "application/xml" | "application/yaml" => Some(Self::Text),
            mime if mime.starts_with("text/") => Some(Self::Text),
            mime if mime.ends_with("+json") || mime.ends_with("+xml") => Some(Self::Text),
            _ => None,
        }
    }
}

/// The MIME type of a file, in lower case, without parameters.
pub fn mime(bytes: &[u8], declared: Option<&str>, filename: Option<&str>) -> String {
    let declared = declared.and_then(|declared| declared.split(';').next());
    let declared = declared.unwrap_or_default().trim().chars();
    let declared: String = declared.take(MAX_MIME_CHARS).collect();
    let declared = declared.to_ascii_lowercase();
    if !SILENT.contains(&declared.as_str()) {
        return match declared.as_str() {
            "application/x-pdf" => "application/pdf".to_owned(),
            "text/x-markdown" => "text/markdown".to_owned(),
            _ => declared,
        };
    }
    let ending = filename.and_then(|name| name.rsplit_once('.'));
    let ending = ending.map(|(_, ending)| ending.to_ascii_lowercase());
    let known = ENDINGS
        .iter()
        .find(|(known, _)| ending.as_deref() == Some(known));
    let found = match known {
        Some((_, mime)) => mime,
        None if is_pdf(bytes) => "application/pdf",
        None if !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok() => "text/plain",
        None => "application/octet-stream",
    };
    found.to_owned()
}
