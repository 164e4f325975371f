//! Patterns of files, as shells know them: `*`, `?`, `[…]`, and `**` for folders in folders.
//!
//! What a pattern means is finite and what its reader expects: `**` goes down no links, which may lead back up, and what is
//! hidden is meant only by a part that begins with a dot.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Component, Path, PathBuf};

use glob::{Pattern, PatternError};

/// Why a pattern does not lead to files.
#[derive(Debug)]
pub enum NoFiles {
    Pattern(PatternError),
    /// A folder that cannot be read.
    Folder(PathBuf, io::Error),
}

/// One part of a pattern, between two separators.
enum Part<'a> {
    /// A name as it is.
    Name(Component<'a>),
    /// The names that fit.
    Names(Pattern),
    /// The folder itself and all folders in it.
    Folders,
}

/// The files that a pattern means, each once, sorted. A `**` at its end means all files below.
///
/// # Errors
/// A pattern that is none, and a folder on the way that cannot be read.
pub fn files(pattern: &str) -> Result<Vec<PathBuf>, NoFiles> {
    let mut paths = vec![PathBuf::new()];
    for part in parts(pattern).map_err(NoFiles::Pattern)? {
        paths = match &part {
            Part::Name(name) => paths.iter().map(|path| path.join(name)).collect(),
            Part::Names(names) => each(&paths, |folder| fitting(folder, names))?,
            Part::Folders => each(&paths, folders_below)?,
        };
    }
    // With a separator at its end it means folders.
    let means_folders = pattern.ends_with(std::path::is_separator);
    let is_file = |path: &PathBuf| path.symlink_metadata().is_ok() && !path.is_dir();
    paths.retain(|path| !means_folders && is_file(path));
    paths.sort();
    // Two `**` lead to a file by several ways.
    paths.dedup();
    Ok(paths)
}

fn parts(pattern: &str) -> Result<Vec<Part<'_>>, PatternError> {
    let parts = Path::new(pattern).components().map(part);
    let mut parts: Vec<Part<'_>> = parts.collect::<Result<_, _>>()?;
    if matches!(parts.last(), Some(Part::Folders)) {
        parts.push(Part::Names(Pattern::new("*")?));
    }
    Ok(parts)
}

fn part(component: Component<'_>) -> Result<Part<'_>, PatternError> {
    match component.as_os_str().to_str() {
        Some("**") => Ok(Part::Folders),
        Some(names) if is_pattern(names) => Pattern::new(names).map(Part::Names),
        _ => Ok(Part::Name(component)),
    }
}

/// Whether the text holds anything that stands for something else.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn each(
    paths: &[PathBuf],
    step: impl Fn(&Path) -> Result<Vec<PathBuf>, NoFiles>,
) -> Result<Vec<PathBuf>, NoFiles> {
    let steps = paths.iter().map(|path| step(path));
    Ok(steps.collect::<Result<Vec<_>, _>>()?.concat())
}

/// What is in a folder under names that fit. Nothing is in what is no folder.
fn fitting(folder: &Path, names: &Pattern) -> Result<Vec<PathBuf>, NoFiles> {
    let is_meant = |entry: &DirEntry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        (names.as_str().starts_with('.') || !name.starts_with('.')) && names.matches(&name)
    };
    let mut found = entries(folder)?;
    found.retain(is_meant);
    Ok(found
        .iter()
        .map(|entry| folder.join(entry.file_name()))
        .collect())
}

/// A folder and all that are in it, hidden and linked ones left out.
fn folders_below(folder: &Path) -> Result<Vec<PathBuf>, NoFiles> {
    let mut found = vec![folder.to_owned()];
    let mut looked_at = 0;
    while let Some(folder) = found.get(looked_at).cloned() {
        for entry in entries(&folder)? {
            let name = entry.file_name();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && !name.to_string_lossy().starts_with('.') {
                found.push(folder.join(name));
            }
        }
        looked_at += 1;
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<DirEntry>, NoFiles> {
    // Where no folder is named, it is the one we are in.
    let place = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    if !place.is_dir() {
        return Ok(Vec::new());
    }
    let read = fs::read_dir(place).and_then(Iterator::collect);
    read.map_err(|error| NoFiles::Folder(place.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tree(tempfile::TempDir);

    impl Tree {
        fn of(files: &[&str]) -> Self {
            let tree = Self(tempfile::tempdir().unwrap());
            for file in files {
                let path = tree.0.path().join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
            tree
        }

        fn found(&self, pattern: &str) -> Vec<String> {
            let root = self.0.path();
            let pattern = format!("{}/{pattern}", root.display());
            let found = files(&pattern).unwrap();
            let inside = |path: &PathBuf| path.strip_prefix(root).unwrap().display().to_string();
            found.iter().map(inside).collect()
        }
    }

    #[test]
    fn each_file_is_found_once_and_in_order() {
        let tree = Tree::of(&["b.md", "a.md", "sub/c.md", "sub/x/d.md", "sub/x/e.txt"]);
        assert_eq!(tree.found("?.md"), ["a.md", "b.md"]);
        let all = ["a.md", "b.md", "sub/c.md", "sub/x/d.md"];
        assert_eq!(tree.found("**/*.md"), all);
        assert_eq!(tree.found("**/**/*.md"), all);
        assert_eq!(tree.found("*/*.md"), ["sub/c.md"]);
        assert_eq!(
            tree.found("sub/**"),
            ["sub/c.md", "sub/x/d.md", "sub/x/e.txt"]
        );
        assert_eq!(tree.found("s[tu]b/**/e.txt"), ["sub/x/e.txt"]);
        assert_eq!(tree.found("a.md/*"), [""; 0]);
        assert_eq!(tree.found("*/"), [""; 0]);
        assert_eq!(tree.found("none/**"), [""; 0]);
    }

    #[test]
    fn what_is_hidden_is_meant_only_where_it_is_named() {
        let tree = Tree::of(&["a.md", ".md", ".b.md", ".git/c.md", "sub/.d/e.md"]);
        assert_eq!(tree.found("**/*.md"), ["a.md"]);
        assert_eq!(tree.found("[.]*"), [""; 0]);
        assert_eq!(tree.found(".*.md"), [".b.md"]);
        assert_eq!(tree.found(".g*/**/*.md"), [".git/c.md"]);
        assert_eq!(tree.found("**/.d/*"), ["sub/.d/e.md"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_folders_are_not_gone_down_and_links_to_files_are_files() {
        use std::os::unix::fs::symlink;
        let tree = Tree::of(&["sub/a.md", "sub/deep/b.md"]);
        let at = |name: &str| tree.0.path().join(name);
        symlink(at("sub"), at("sub/deep/loop")).unwrap();
        symlink(at("sub"), at("sub/again")).unwrap();
        symlink(at("sub/a.md"), at("sub/link.md")).unwrap();
        assert_eq!(
            tree.found("**/*.md"),
            ["sub/a.md", "sub/deep/b.md", "sub/link.md"]
        );
        // Named, it is a folder like others.
        assert_eq!(tree.found("sub/again/*.md").len(), 2);
    }

    #[test]
    fn a_pattern_that_is_none_is_refused() {
        assert!(matches!(files("a[/b"), Err(NoFiles::Pattern(_))));
        assert!(matches!(files("a**"), Err(NoFiles::Pattern(_))));
    }
}
