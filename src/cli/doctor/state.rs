//! Whether state can be kept, and how much there is.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use super::finding::Finding;
use indicatif::HumanBytes;

const CHECK: &str = "state";

/// Folders in the folder of state whose files are counted.
const MAX_DEPTH: usize = 3;

/// More than this is worth a word, in bytes.
const MUCH_BYTES: u64 = 10 << 30;

pub fn check(folder: Option<&Path>) -> Finding {
    let Some(folder) = folder else {
        let message = "there is no folder for it: sessions and responses are not kept";
        return Finding::warning(CHECK, message).remedy("set OPENCLAW_STATE_DIR");
    };
    let shown = folder.display();
    if let Err(error) = writable(folder) {
        let message = format!("{shown} cannot be written: {error}");
        let remedy = "make room, give this user the folder, or set OPENCLAW_STATE_DIR";
        return Finding::failure(CHECK, message).remedy(remedy);
    }
    let bytes = bytes_in(folder, MAX_DEPTH);
    let message = format!("{shown}, {}, can be written", HumanBytes(bytes));
    if bytes > MUCH_BYTES {
        let remedy = "set `session.maintenance: { mode: \"enforce\" }`";
        return Finding::warning(CHECK, message).remedy(remedy);
    }
    Finding::ok(CHECK, message)
}

/// Writes a file and takes it away again; where there is no folder yet, looks at the place for it.
fn writable(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        let above = folder.ancestors().skip(1).find(|above| above.exists());
        return may_make_folders(above.unwrap_or(Path::new("/")));
    }
    let file = folder.join(format!("doctor.{}.draft", std::process::id()));
    let mut created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&file)?;
    let written = created.write_all(b"x").and_then(|()| created.sync_all());
    std::fs::remove_file(&file)?;
    written
}

#[cfg(unix)]
fn may_make_folders(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(not(unix))]
fn may_make_folders(_: &Path) -> io::Result<()> {
    Ok(())
}

fn bytes_in(folder: &Path, depth: usize) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() && depth > 1 => bytes_in(&entry.path(), depth - 1),
        Ok(metadata) if metadata.is_file() => metadata.len(),
        _ => 0,
    };
    entries.map(size).sum()
}
