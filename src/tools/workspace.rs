//! The folder of an agent's files. Nothing that is named through it lies outside of it: names are resolved by the
//! operating system step by step from an open handle of the folder, so that neither `..` nor a link, nor one that is put
//! in the way meanwhile, leads out.

mod draft;
mod listing;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, FileType, Metadata, OpenOptions};

use super::blocking::Stop;
pub use listing::{Entry, Files, Kind};

/// An agent's folder. It need not be there yet: it is made when something is first done in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The folder that a configuration names; `~/` is the person's home.
    pub fn locate(text: &str, home: Option<&str>) -> Self {
        let below_home = text.strip_prefix('~').filter(|rest| {
            // `~name` is another person's home, which is not looked up.
            rest.is_empty() || rest.starts_with('/')
        });
        let path = match (below_home, home) {
            (Some(rest), Some(home)) => Path::new(home).join(rest.trim_start_matches('/')),
            _ => PathBuf::from(text),
        };
        Self {
            root: std::path::absolute(&path).unwrap_or(path),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder, if it is there.
    pub fn existing(&self) -> io::Result<Dir> {
        Dir::open_ambient_dir(&self.root, ambient_authority())
    }

    /// The folder, made if need be.
    pub fn folder(&self) -> Result<Dir, String> {
        let made = self.existing().or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Dir::create_ambient_dir_all(&self.root, ambient_authority())?;
                self.existing()
            }
            _ => Err(error),
        });
        made.map_err(|error| format!("the workspace cannot be used: {}", error.kind()))
    }

    /// A path as a model writes it, from the folder on. One that begins with the folder itself is fine too.
    pub fn relative(&self, path: &str) -> Result<PathBuf, String> {
        let path = Path::new(path.trim());
        let inner = if path.is_absolute() {
            let real = std::fs::canonicalize(&self.root).ok();
            let stripped = path.strip_prefix(&self.root).ok();
            stripped
                .or_else(|| path.strip_prefix(real.as_ref()?).ok())
                .ok_or_else(|| {
                    let path = path.display();
                    format!("`{path}` is outside of the workspace; paths begin at the workspace")
                })?
        } else {
            path.strip_prefix(".").unwrap_or(path)
        };
        Ok(match inner.as_os_str().is_empty() {
            true => PathBuf::from("."),
            false => inner.to_owned(),
        })
    }

    /// Opens a regular file. Nothing else is opened, and nothing is waited for.
    pub fn open(&self, path: &str) -> Result<(File, Metadata), String> {
        let folder = self.folder()?;
        let inner = self.relative(path)?;
        open_regular(&folder, &inner).map_err(|error| fault(path, &error))
    }

    /// The bytes of a regular file of at most `cap` bytes.
    pub fn read(&self, path: &str, cap: u64) -> Result<Vec<u8>, String> {
        let (file, metadata) = self.open(path)?;
        let too_large = || format!("`{path}` is larger than {cap} bytes");
        if metadata.len() > cap {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        let read = file.take(cap + 1).read_to_end(&mut bytes);
        read.map_err(|error| fault(path, &error))?;
        if bytes.len() as u64 > cap {
            return Err(too_large());
        }
        Ok(bytes)
    }

    /// Puts a file there whole, or not at all. Folders on the way are made; permissions of a file that was there stay;
    /// a link inside of the workspace stays a link.
    pub fn replace(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        let folder = self.folder()?;
        let inner = self.relative(path)?;
        draft::replace(&folder, &inner, bytes).map_err(|error| fault(path, &error))
    }

    /// What is in a folder, by name.
    pub fn entries(&self, path: &str) -> Result<Vec<Entry>, String> {
        let folder = self.folder()?;
        let inner = self.relative(path)?;
        listing::entries(&folder, &inner).map_err(|error| fault(path, &error))
    }

    /// The regular files below a folder, or the file itself. Hidden folders and linked ones are not entered, and those
    /// that cannot be read are passed over.
    pub fn files(&self, path: &str, stop: &Stop) -> Result<Files, String> {
        let folder = self.folder()?;
        let start = self.relative(path)?;
        let metadata = folder.metadata(&start);
        let metadata = metadata.map_err(|error| fault(path, &error))?;
        if !metadata.is_dir() {
            return Ok(Files {
                paths: vec![start],
                cut: false,
            });
        }
        Ok(listing::walk(&folder, start, stop))
    }
}

/// Opens a regular file of the folder.
pub fn open_regular(folder: &Dir, path: &Path) -> io::Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe without a writer would be waited for.
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = folder.open_with(path, &options)?;
    let metadata = file.metadata()?;
    regular(metadata.file_type())?;
    Ok((file, metadata))
}

fn regular(kind: FileType) -> io::Result<()> {
    if kind.is_file() {
        return Ok(());
    }
    let kind = match kind.is_dir() {
        true => io::ErrorKind::IsADirectory,
        false => io::ErrorKind::InvalidInput,
    };
    Err(kind.into())
}

/// Why nothing could be done with `path`, for the model. Says nothing of where the workspace is.
fn fault(path: &str, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!("there is no `{path}` in the workspace"),
        io::ErrorKind::IsADirectory => format!("`{path}` is a folder"),
        io::ErrorKind::NotADirectory => {
            format!("`{path}` leads through something that is no folder")
        }
        io::ErrorKind::PermissionDenied => {
            format!("`{path}` leads out of the workspace, or may not be used")
        }
        io::ErrorKind::InvalidInput => format!("`{path}` is not a regular file"),
        kind => format!("`{path}` cannot be used: {kind}"),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
