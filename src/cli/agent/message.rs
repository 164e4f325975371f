//! The one message of a turn, put together from the arguments, piped input and files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::{AgentArgs, pictures};
use crate::chat::{Document, Message, Part};
use crate::cli::CliError;
use crate::cli::stdin::Stdin;

/// The most bytes of a message, of piped input, and of each file.
const MAX_BYTES: usize = 20_000_000;

/// The message that the arguments ask for.
///
/// # Errors
/// Nothing to say at all, a file that cannot be read, text that is no UTF-8, an image that is none.
pub fn assemble(args: &AgentArgs) -> Result<Message, CliError> {
    let mut texts = Vec::new();
    let mut parts = Vec::new();
    let from_stdin = args
        .message_file
        .as_deref()
        .is_some_and(|path| path == Path::new("-"));
    match (&args.message, &args.text, &args.message_file) {
        (Some(text), ..) | (None, Some(text), _) => texts.push(text.clone()),
        (None, None, Some(_)) if from_stdin => texts.push(text_of("stdin", read_stdin()?)?),
        (None, None, Some(path)) => texts.push(text_of(&name_of(path), read(path)?)?),
        (None, None, None) => {}
    }
    if !args.no_stdin && !from_stdin && matches!(Stdin::kind(), Stdin::Pipe | Stdin::File(_)) {
        texts.push(text_of("stdin", read_stdin()?)?);
    }
    for path in &args.file {
        match enclose(&name_of(path), read(path)?) {
            Enclosure::Text(text) => texts.push(text),
            Enclosure::Data(document) => parts.push(Part::Document(document)),
        }
    }
    parts.extend(pictures::read(&args.image)?.into_iter().map(Part::Image));
    let text = join(&texts);
    if !text.is_empty() {
        parts.insert(0, Part::Text(text));
    }
    if parts.is_empty() {
        let message = "nothing to say: give a MESSAGE, or pipe one in (see openclaw agent --help)";
        return Err(CliError::Usage(message.to_owned()));
    }
    Ok(Message::User { parts, name: None })
}

/// The texts that say something, an empty line between each two.
fn join(texts: &[String]) -> String {
    let texts = texts
        .iter()
        .map(|text| text.trim_end())
        .filter(|text| !text.trim().is_empty());
    texts.collect::<Vec<_>>().join("\n\n")
}

/// A file as it goes with a message.
#[derive(Debug, PartialEq, Eq)]
enum Enclosure {
    /// Between markers that name the file.
    Text(String),
    Data(Document),
}

fn enclose(name: &str, bytes: Vec<u8>) -> Enclosure {
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Enclosure::Text(format!(
            "--- {name} ---\n{}\n--- end of {name} ---",
            text.trim_end()
        )),
        Ok(text) => Enclosure::Data(document(name, text.as_bytes())),
        Err(error) => Enclosure::Data(document(name, error.as_bytes())),
    }
}

fn document(name: &str, bytes: &[u8]) -> Document {
    let mime = if bytes.starts_with(b"%PDF-") {
        "application/pdf"
    } else {
        "application/octet-stream"
    };
    Document {
        filename: Some(name.to_owned()),
        mime: mime.to_owned(),
        base64: BASE64_STANDARD.encode(bytes),
    }
}

pub fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    read_file(path, MAX_BYTES)
}

/// A file of at most `limit` bytes.
pub fn read_file(path: &Path, limit: usize) -> Result<Vec<u8>, CliError> {
    let file = File::open(path).map_err(CliError::unreadable(path))?;
    bounded(path, file, limit)
}

fn read_stdin() -> Result<Vec<u8>, CliError> {
    bounded(Path::new("stdin"), io::stdin().lock(), MAX_BYTES)
}

fn bounded(name: &Path, input: impl Read, limit: usize) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    input
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(CliError::unreadable(name))?;
    if bytes.len() > limit {
        return Err(CliError::BadInput(format!(
            "{} holds more than {limit} bytes",
            name.display()
        )));
    }
    Ok(bytes)
}

fn text_of(name: &str, bytes: Vec<u8>) -> Result<String, CliError> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = memchr::memchr_iter(b'\n', valid).count() + 1;
        CliError::BadInput(format!("{name}, line {line}: not UTF-8"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_stands_between_what_is_said_and_what_is_piped() {
        let texts = ["review this", "", "diff --git a b\n+x\n"].map(str::to_owned);
        assert_eq!(join(&texts), "review this\n\ndiff --git a b\n+x");
        assert_eq!(join(&["\n  \n".to_owned()]), "");
    }

    #[test]
    fn a_text_file_stands_between_markers_with_its_name() {
        assert_eq!(
            enclose("notes.txt", b"one\ntwo\n".to_vec()),
            Enclosure::Text("--- notes.txt ---\none\ntwo\n--- end of notes.txt ---".to_owned())
        );
    }

    #[test]
    fn a_file_that_is_no_text_goes_as_data() {
        let document = |mime: &str, base64: &str| {
            Enclosure::Data(Document {
                filename: Some("f".to_owned()),
                mime: mime.to_owned(),
                base64: base64.to_owned(),
            })
        };
        assert_eq!(
            enclose("f", b"%PDF-\xff".to_vec()),
            document("application/pdf", "JVBERi3/")
        );
        assert_eq!(
            enclose("f", b"a\0b".to_vec()),
            document("application/octet-stream", "YQBi")
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_their_line() {
        let error = text_of("stdin", b"one\ntwo\n\xff".to_vec()).unwrap_err();
        assert_eq!(error.to_string(), "stdin, line 3: not UTF-8");
    }

    #[test]
    fn a_message_has_a_greatest_size() {
        let endless = io::repeat(b'x');
        assert_eq!(
            bounded(Path::new("stdin"), endless, 1_000)
                .unwrap_err()
                .to_string(),
            "stdin holds more than 1000 bytes"
        );
    }
}
