//! Writes a file whole, or not at all: as a draft beside it, which then takes its place.

use std::io::{self, Write};
use std::path::Path;

use cap_std::fs::{Dir, OpenOptions, Permissions};
use uuid::Uuid;

use super::regular;

/// Puts a file there; see [`super::Workspace::replace`].
pub fn replace(folder: &Dir, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = match folder.canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        target => target?,
    };
    let permissions = match folder.symlink_metadata(&target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        metadata => {
            let metadata = metadata?;
            regular(metadata.file_type())?;
            Some(metadata.permissions())
        }
    };
    let name = target.file_name().ok_or(io::ErrorKind::IsADirectory)?;
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => {
            folder.create_dir_all(parent)?;
            folder.open_dir(parent)?
        }
        _ => folder.try_clone()?,
    };
    let draft = format!(".{}.draft", Uuid::new_v4());
    let written = write_draft(&parent, &draft, bytes, permissions)
        .and_then(|()| parent.rename(&draft, &parent, name));
    if written.is_err() {
        // It may never have come to be.
        let _ = parent.remove_file(&draft);
    }
    written
}

fn write_draft(
    folder: &Dir,
    name: &str,
    bytes: &[u8],
    permissions: Option<Permissions>,
) -> io::Result<()> {
    let mut file = folder.open_with(name, OpenOptions::new().write(true).create_new(true))?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    file.write_all(bytes)
}
