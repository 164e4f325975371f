//! The workspace files that an agent's prompt carries, read again when one of them changed.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use cap_std::fs::Dir;

use super::watched::Watched;
use crate::config::Bootstrap;
use crate::tools::{Workspace, open_regular};

/// The files, in the order in which they stand in the prompt.
const FILES: [&str; 6] = [
    "AGENTS.md",
    "SOUL.md",
    "TOOLS.md",
    "IDENTITY.md",
    "USER.md",
    "MEMORY.md",
];

/// The workspace files of one agent.
pub struct BootstrapFiles {
    workspace: Workspace,
    limits: Bootstrap,
    watched: Watched<Stamps>,
}

/// By what it is seen that a file changed; `None` where there is none.
type Stamps = [Option<(Option<SystemTime>, u64)>; FILES.len()];

impl BootstrapFiles {
    pub fn new(workspace: Workspace, limits: Bootstrap) -> Self {
        Self {
            workspace,
            limits,
            watched: Watched::default(),
        }
    }

    /// The part of the prompt that these files are; empty where there are none. The same `Arc` while no file changes.
    pub async fn text(&self) -> Arc<str> {
        let (workspace, limits) = (self.workspace.clone(), self.limits);
        let look = move |known| look(&workspace, limits, known);
        self.watched.text(look).await
    }
}

/// The files as they are now; `None` where nothing changed.
fn look(
    workspace: &Workspace,
    limits: Bootstrap,
    known: Option<Stamps>,
) -> Option<(Stamps, Arc<str>)> {
    let Ok(folder) = workspace.existing() else {
        let none = Stamps::default();
        return (known != Some(none)).then(|| (none, "".into()));
    };
    let stamps = FILES.map(|name| {
        let metadata = folder.metadata(name).ok().filter(|it| it.is_file())?;
        let modified = metadata.modified().ok().map(|time| time.into_std());
        Some((modified, metadata.len()))
    });
    (known != Some(stamps)).then(|| (stamps, text(&folder, limits).into()))
}

fn text(folder: &Dir, limits: Bootstrap) -> String {
    let mut text = String::new();
    let mut left = limits.total_max_chars;
    for name in FILES {
        let cap = limits.max_chars.min(left);
        let file = match read(folder, name, cap) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                tracing::warn!(name, %error, "a workspace file is not in the prompt");
                continue;
            }
        };
        if file.text.trim().is_empty() && !file.is_cut {
            continue;
        }
        left -= file.text.chars().count();
        let mut content = file.text.trim().to_owned();
        if file.is_cut {
            let bytes = file.bytes;
            content.push_str(&format!(
                "\n[cut: these are the first {cap} characters of {name}, which has {bytes} bytes]"
            ));
        }
        text.push_str(&format!("\n\n## {name}\n\n{}", content.trim_start()));
    }
    if !text.is_empty() {
        text.insert_str(0, "# Workspace files");
    }
    text
}

struct Beginning {
    text: String,
    is_cut: bool,
    /// The length of the whole file.
    bytes: u64,
}

/// The first `cap` characters of a file.
fn read(folder: &Dir, name: &str, cap: usize) -> io::Result<Beginning> {
    const MAX_CHAR_BYTES: u64 = 4;
    let (file, metadata) = open_regular(folder, Path::new(name))?;
    let mut bytes = Vec::new();
    file.take(cap as u64 * MAX_CHAR_BYTES + 1)
        .read_to_end(&mut bytes)?;
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    let end = text.char_indices().nth(cap);
    if let Some((end, _)) = end {
        text.truncate(end);
    }
    Ok(Beginning {
        text,
        is_cut: end.is_some(),
        bytes: metadata.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::watched::LOOK_EVERY;
    use std::fs;

    fn files(folder: &Path, max_chars: usize, total_max_chars: usize) -> BootstrapFiles {
        let workspace = Workspace::locate(folder.to_str().unwrap(), None);
        let limits = Bootstrap {
            max_chars,
            total_max_chars,
        };
        BootstrapFiles::new(workspace, limits)
    }

    #[tokio::test]
    async fn files_stand_in_their_order_and_empty_or_missing_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("USER.md"), "Ann\n").unwrap();
        fs::write(folder.path().join("AGENTS.md"), "\nBe brief.\n\n").unwrap();
        fs::write(folder.path().join("SOUL.md"), " \n").unwrap();
        fs::write(folder.path().join("OTHER.md"), "no").unwrap();
        assert_eq!(
            &*files(folder.path(), 100, 100).text().await,
            "# Workspace files\n\n## AGENTS.md\n\nBe brief.\n\n## USER.md\n\nAnn"
        );
    }

    #[tokio::test]
    async fn a_long_file_and_what_is_over_the_total_are_cut_and_say_so() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("AGENTS.md"), "üüüüüü").unwrap();
        fs::write(folder.path().join("SOUL.md"), "abcd").unwrap();
        fs::write(folder.path().join("USER.md"), "left out").unwrap();
        assert_eq!(
            &*files(folder.path(), 5, 8).text().await,
            "# Workspace files\
             \n\n## AGENTS.md\n\nüüüüü\n[cut: these are the first 5 characters of AGENTS.md, which has 12 bytes]\
             \n\n## SOUL.md\n\nabc\n[cut: these are the first 3 characters of SOUL.md, which has 4 bytes]\
             \n\n## USER.md\n\n[cut: these are the first 0 characters of USER.md, which has 8 bytes]"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_seen_after_a_second_and_without_one_nothing_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("AGENTS.md");
        fs::write(&file, "one").unwrap();
        let files = files(folder.path(), 100, 100);
        let first = files.text().await;
        fs::write(&file, "three").unwrap();
        assert!(Arc::ptr_eq(&files.text().await, &first));
        tokio::time::advance(LOOK_EVERY).await;
        let second = files.text().await;
        assert_eq!(&*second, "# Workspace files\n\n## AGENTS.md\n\nthree");
        tokio::time::advance(LOOK_EVERY).await;
        assert!(Arc::ptr_eq(&files.text().await, &second));
        fs::remove_dir_all(folder.path()).unwrap();
        tokio::time::advance(LOOK_EVERY).await;
        assert_eq!(&*files.text().await, "");
    }
}
