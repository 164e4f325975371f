//! What is in a folder, and what files are below it.

use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, FileType};

use crate::tools::blocking::Stop;

/// The most files that one walk lists.
const MAX_FILES: usize = 20_000;

/// The most folders in folders that a walk goes down.
const MAX_DEPTH: usize = 32;

/// The most entries of one folder that are listed.
const MAX_ENTRIES: usize = 100_000;

/// Something in a folder of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    Link,
    Other,
}

/// Files below a folder, by path.
#[derive(Debug, Default)]
pub struct Files {
    pub paths: Vec<PathBuf>,
    /// Whether there are more than a walk lists.
    pub cut: bool,
}

/// What is in a folder, by name.
pub fn entries(folder: &Dir, path: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in folder.read_dir(path)?.take(MAX_ENTRIES) {
        let entry = entry?;
        entries.push(Entry {
            name: entry.file_name().to_string_lossy().into_owned(),
            kind: kind(entry.file_type()?),
        });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn kind(kind: FileType) -> Kind {
    if kind.is_file() {
        Kind::File
    } else if kind.is_dir() {
        Kind::Folder
    } else if kind.is_symlink() {
        Kind::Link
    } else {
        Kind::Other
    }
}

/// The regular files below a folder. Folders that cannot be read are passed over.
pub fn walk(folder: &Dir, start: PathBuf, stop: &Stop) -> Files {
    let mut files = Files::default();
    let mut pending = vec![(start, 0)];
    while let Some((at, depth)) = pending.pop() {
        let Ok(entries) = entries(folder, &at) else {
            continue;
        };
        let mut folders = Vec::new();
        for entry in entries {
            let path = match at.as_os_str() == "." {
                true => PathBuf::from(&entry.name),
                false => at.join(&entry.name),
            };
            match entry.kind {
                Kind::File => files.paths.push(path),
                Kind::Folder if !entry.name.starts_with('.') && depth < MAX_DEPTH => {
                    folders.push((path, depth + 1));
                }
                Kind::Folder | Kind::Link | Kind::Other => {}
            }
            if files.paths.len() == MAX_FILES || stop.is_set() {
                files.cut = true;
                return files;
            }
        }
        pending.extend(folders.into_iter().rev());
    }
    files
}
