//! Notices that files changed, by looking at them every second: that works for editors that put a new file in the place of
//! the old one, through links, over the network and for files that are not there yet. Reads nothing of what is in them.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks that files which change all the time are given to stand still.
const PATIENCE: u32 = 5;

/// Some files, and how they were when they were last taken note of.
pub struct Watch {
    files: Vec<PathBuf>,
    noted: Vec<Option<Stamp>>,
}

/// By what it is seen that a file changed. A write that keeps the length and the time of the last one (as some copying
/// programs do) still has a time of its own at which the file was touched.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    #[cfg(unix)]
    identity: (u64, u64),
    #[cfg(unix)]
    touched: (i64, i64),
}

impl Watch {
    /// Takes note of these files as they are now.
    pub fn over(files: Vec<PathBuf>) -> Self {
        let noted = stamps(&files);
        Self { files, noted }
    }

    /// Watches these files instead; of those that were watched before, the note stays.
    #[must_use]
    pub fn and_over(mut self, files: Vec<PathBuf>) -> Self {
        let before = |file: &PathBuf| self.files.iter().position(|known| known == file);
        let note = |file: &PathBuf| match before(file) {
            Some(place) => self.noted[place].clone(),
            None => stamp(file),
        };
        self.noted = files.iter().map(note).collect();
        self.files = files;
        self
    }

    /// Returns when the files are no longer as they were noted, and stand still: what is half written is not read.
    /// They are noted as they are then. A wait that is given up loses nothing.
    pub async fn changed(&mut self) {
        let mut last = self.noted.clone();
        let mut looks = 0;
        loop {
            sleep(PAUSE).await;
            let files = self.files.clone();
            let Ok(now) = spawn_blocking(move || stamps(&files)).await else {
                continue;
            };
            looks = if now == self.noted { 0 } else { looks + 1 };
            if looks > 0 && (now == last || looks == PATIENCE) {
                self.noted = now;
                return;
            }
            last = now;
        }
    }
}

/// How each file is; `None` for one that is not there, or is none that can be read twice.
fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| stamp(file)).collect()
}

fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = file.metadata().ok().filter(|metadata| metadata.is_file())?;
    #[cfg(unix)]
    use std::os::unix::fs::MetadataExt;
    Some(Stamp {
        bytes: metadata.len(),
        modified: metadata.modified().ok(),
        #[cfg(unix)]
        identity: (metadata.dev(), metadata.ino()),
        #[cfg(unix)]
        touched: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::fs;
    use tempfile::TempDir;
    use tokio::time::{Instant, timeout};

    fn watched(names: &[&str]) -> (TempDir, Watch) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config"), "a").unwrap();
        let files = names.iter().map(|name| dir.path().join(name)).collect();
        let watch = Watch::over(files);
        (dir, watch)
    }

    async fn is_noticed(watch: &mut Watch) -> bool {
        timeout(PAUSE * 10, watch.changed()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_that_stays_as_it_is_is_not_noticed() {
        let (_dir, mut watch) = watched(&["config", "missing"]);
        assert!(!is_noticed(&mut watch).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_a_rename_a_new_file_and_its_end_are_noticed_once_each() {
        let (dir, mut watch) = watched(&["config", ".env"]);
        let at = |name: &str| dir.path().join(name);
        let changes: [&dyn Fn(); 4] = [
            &|| fs::write(at("config"), "ab").unwrap(),
            &|| {
                fs::write(at("new"), "cd").unwrap();
                fs::rename(at("new"), at("config")).unwrap();
            },
            &|| fs::write(at(".env"), "X=1").unwrap(),
            &|| fs::remove_file(at(".env")).unwrap(),
        ];
        for (place, change) in changes.iter().enumerate() {
            change();
            assert!(is_noticed(&mut watch).await, "{place}");
            assert!(!is_noticed(&mut watch).await, "{place}");
        }
    }

    #[cfg(unix)]
    #[tokio::test(start_paused = true)]
    async fn a_link_that_leads_elsewhere_is_noticed() {
        use std::os::unix::fs::symlink;
        let (dir, _) = watched(&[]);
        let at = |name: &str| dir.path().join(name);
        fs::write(at("other"), "a").unwrap();
        symlink(at("config"), at("link")).unwrap();
        let mut watch = Watch::over(vec![at("link")]);
        symlink(at("other"), at("new")).unwrap();
        fs::rename(at("new"), at("link")).unwrap();
        assert!(is_noticed(&mut watch).await);
    }

    #[tokio::test(start_paused = true)]
    async fn what_never_stands_still_is_read_all_the_same() {
        let (dir, mut watch) = watched(&["config"]);
        let began = Instant::now();
        let writing = async {
            for length in 2.. {
                fs::write(dir.path().join("config"), "a".repeat(length)).unwrap();
                sleep(PAUSE / 2).await;
            }
        };
        tokio::select! {
            () = watch.changed() => {}
            () = writing => {}
        }
        assert_eq!(began.elapsed().as_secs(), u64::from(PATIENCE));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_given_up_loses_no_change() {
        let (dir, mut watch) = watched(&["config"]);
        fs::write(dir.path().join("config"), "ab").unwrap();
        assert!(watch.changed().now_or_never().is_none());
        assert!(timeout(PAUSE, watch.changed()).await.is_err());
        assert!(is_noticed(&mut watch).await);
    }
}
