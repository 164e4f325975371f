//! Secrets in a file that only its owner can read.

use std::fs::Metadata;
use std::io::Read;

use serde_json::Value;

use super::provider::{FileMode, FileProvider};
use super::{Outcome, secret};
use crate::config::Paths;
use crate::config::include::open;

/// The id of the one secret of a file that holds nothing else.
const SINGLE: &str = "value";

/// What a file keeps.
pub enum Kept {
    Single(String),
    Object(Value),
}

impl Kept {
    pub fn get(&self, id: &str) -> Outcome {
        match self {
            Self::Single(text) if id == SINGLE => secret(&Value::from(text.as_str())),
            Self::Single(_) => Err(format!("the file holds one secret, whose id is `{SINGLE}`")),
            Self::Object(_) if !id.starts_with('/') => Err(format!(
                "`{id}` is no JSON pointer such as `/openai/apiKey`"
            )),
            Self::Object(object) => match object.pointer(id) {
                Some(value) => secret(value),
                None => Err(format!("the file has nothing at `{id}`")),
            },
        }
    }
}

/// # Errors
/// A file that is not there, or that others can read, or that does not hold what it should; in words.
pub fn read(provider: &FileProvider, paths: &Paths) -> Result<Kept, String> {
    let path = paths.expand(&provider.path);
    let shown = path.display();
    let failed = |error: std::io::Error| format!("{shown} cannot be read: {}", error.kind());
    let file = open(&path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(format!("{shown} is no regular file"));
    }
    if !provider.allow_insecure_path {
        private(&metadata).map_err(|reason| format!("{shown} {reason}"))?;
    }
    let mut text = String::new();
    let read = file.take(provider.max_bytes + 1).read_to_string(&mut text);
    read.map_err(failed)?;
    if text.len() as u64 > provider.max_bytes {
        return Err(format!(
            "{shown} is larger than {} bytes",
            provider.max_bytes
        ));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match provider.mode {
        FileMode::SingleValue => Ok(Kept::Single(without_line_end(text).to_owned())),
        FileMode::Json => match serde_json::from_str(text) {
            Ok(object @ Value::Object(_)) => Ok(Kept::Object(object)),
            // Not in the error's own words: what stands there is a secret.
            _ => Err(format!("{shown} is no JSON object")),
        },
    }
}

pub fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(unix)]
fn private(metadata: &Metadata) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    const OTHERS: u32 = 0o077;
    if metadata.mode() & OTHERS != 0 {
        return Err("can be read by others: chmod 600, or set `allowInsecurePath`".to_owned());
    }
    owned(metadata)
}

#[cfg(not(unix))]
fn private(_: &Metadata) -> Result<(), String> {
    Ok(())
}

/// Whoever owns a file can change what is in it.
#[cfg(unix)]
pub fn owned(metadata: &Metadata) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    const ROOT: u32 = 0;
    let own = rustix::process::geteuid().as_raw();
    if metadata.uid() == own || metadata.uid() == ROOT {
        return Ok(());
    }
    Err("is owned by another user: chown it, or set `allowInsecurePath`".to_owned())
}
