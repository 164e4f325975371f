//! Where inputs come from: texts of the command line, files, stdin.

use std::path::{Path, PathBuf};

use crate::cli::CliError;
use crate::cli::stdin::Stdin;

/// Where inputs come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Text(String),
    File(PathBuf),
    Stdin,
}

impl Source {
    /// A file of the command line.
    ///
    /// # Errors
    /// One that is not there.
    pub fn of(path: &Path) -> Result<Self, CliError> {
        if path == Path::new("-") {
            return Ok(Self::Stdin);
        }
        path.metadata().map_err(CliError::unreadable(path))?;
        Ok(Self::File(path.to_owned()))
    }

    /// How many bytes it holds, where that is known. What holds no known number may make its reader wait.
    pub fn bytes(&self) -> Option<u64> {
        match self {
            Self::Text(_) => Some(0),
            Self::File(path) => path
                .metadata()
                .ok()
                .filter(|file| file.is_file())
                .map(|file| file.len()),
            Self::Stdin => match Stdin::kind() {
                Stdin::File(bytes) => Some(bytes),
                Stdin::Terminal | Stdin::Pipe | Stdin::Other => None,
            },
        }
    }
}
