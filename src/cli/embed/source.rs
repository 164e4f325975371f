//! Where inputs come from: texts of the command line, files, patterns of files, stdin.

use std::path::{Path, PathBuf};

use super::pattern::{self, NoFiles};
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
    /// What an argument of the command line means: `-` is stdin, a file is itself, and what is no file may be a pattern
    /// of files (`*`, `?`, `[…]`, `**`), which come sorted.
    ///
    /// # Errors
    /// A file that is not there, a folder, a pattern of nothing.
    pub fn of(path: &Path) -> Result<Vec<Self>, CliError> {
        if path == Path::new("-") {
            return Ok(vec![Self::Stdin]);
        }
        let missing = match path.metadata() {
            Ok(file) if file.is_dir() => {
                let path = path.display();
                let message = format!("`{path}` is a folder; for the files in it write '{path}/*'");
                return Err(CliError::Usage(message));
            }
            Ok(_) => return Ok(vec![Self::File(path.to_owned())]),
            Err(error) => error,
        };
        match path.to_str() {
            Some(pattern) if pattern::is_pattern(pattern) => matching(pattern),
            _ => Err(CliError::unreadable(path)(missing)),
        }
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

fn matching(pattern: &str) -> Result<Vec<Source>, CliError> {
    let files = pattern::files(pattern).map_err(|reason| match reason {
        NoFiles::Pattern(error) => {
            CliError::Usage(format!("`{pattern}` is no pattern of files: {error}"))
        }
        NoFiles::Folder(folder, error) => CliError::unreadable(folder)(error),
    })?;
    match files.is_empty() {
        true => Err(CliError::Usage(format!("no file matches `{pattern}`"))),
        false => Ok(files.into_iter().map(Source::File).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_means_its_files_in_order_and_a_name_means_itself() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("sub/x.md")).unwrap();
        for name in ["b.md", "a.md", "sub/c.md", "d.txt", "[x].md"] {
            std::fs::write(at(name), name).unwrap();
        }
        let of = |name: &str| Source::of(&at(name)).map_err(|error| error.to_string());
        let files = |names: &[&str]| Ok(names.iter().map(|name| Source::File(at(name))).collect());
        assert_eq!(of("?.md"), files(&["a.md", "b.md"]));
        assert_eq!(of("[x].md"), files(&["[x].md"]));
        assert_eq!(
            of("**/*.md"),
            files(&["[x].md", "a.md", "b.md", "sub/c.md"])
        );
        let nothing = format!("no file matches `{}`", at("*.rst").display());
        assert_eq!(of("*.rst"), Err(nothing));
        assert!(of("none.md").unwrap_err().contains("cannot read"));
        assert!(of("sub").unwrap_err().contains("is a folder"));
    }
}
