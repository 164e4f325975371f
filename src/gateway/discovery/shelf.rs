//! The files in which discovered models are kept: one a provider, readable by their owner alone.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::fs::{self, DirBuilder, OpenOptions};
use tokio::io::AsyncWriteExt;

/// The largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// What a provider said that it has.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// In seconds since 1970.
    asked: u64,
    /// A digest of the place that was asked: an answer from elsewhere does not count.
    place: String,
    pub models: Vec<String>,
}

impl Answer {
    pub fn now(base_url: &str, models: Vec<String>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            asked: since.unwrap_or_default().as_secs(),
            place: place(base_url),
            models,
        }
    }

    pub fn asked_at(&self) -> SystemTime {
        UNIX_EPOCH
            .checked_add(Duration::from_secs(self.asked))
            .unwrap_or(UNIX_EPOCH)
    }
}

fn place(base_url: &str) -> String {
    let digest = Sha256::digest(base_url);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `provider` is a provider's id: letters, digits, `-`, `_` and `.`, which make a file name.
fn file(folder: &Path, provider: &str) -> PathBuf {
    folder.join(format!("{provider}.json"))
}

/// The answer that was kept; `None` where there is none that counts.
pub fn read(folder: &Path, provider: &str, base_url: &str) -> Option<Answer> {
    let file = file(folder, provider);
    if std::fs::metadata(&file).ok()?.len() > MAX_FILE_BYTES {
        return None;
    }
    let answer: Answer = serde_json::from_slice(&std::fs::read(&file).ok()?).ok()?;
    (answer.place == place(base_url)).then_some(answer)
}

/// Keeps an answer in the place of the last one, in one step.
pub async fn write(folder: &Path, provider: &str, answer: &Answer) -> io::Result<()> {
    let mut private_folder = DirBuilder::new();
    private_folder.recursive(true);
    let mut private_file = OpenOptions::new();
    private_file.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        private_folder.mode(0o700);
        private_file.mode(0o600);
    }
    private_folder.create(folder).await?;
    // Another process may be writing the same: each has a file of its own until it is whole.
    let draft = folder.join(format!("{provider}.{}.draft", std::process::id()));
    let mut out = private_file.open(&draft).await?;
    out.write_all(&serde_json::to_vec(answer)?).await?;
    out.flush().await?;
    drop(out);
    fs::rename(&draft, file(folder, provider)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_is_read_back_for_the_place_that_gave_it() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("models");
        let answer = Answer::now("http://a/v1", vec!["m".into()]);
        write(&folder, "p", &answer).await.unwrap();
        write(&folder, "p", &answer).await.unwrap();
        assert_eq!(read(&folder, "p", "http://a/v1"), Some(answer));
        assert_eq!(read(&folder, "p", "http://b/v1"), None);
        assert_eq!(read(&folder, "q", "http://a/v1"), None);
        std::fs::write(folder.join("p.json"), "{").unwrap();
        assert_eq!(read(&folder, "p", "http://a/v1"), None);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_can_read_what_is_kept() {
        use std::os::unix::fs::PermissionsExt;
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("models");
        let answer = Answer::now("http://a/v1", Vec::new());
        write(&folder, "p", &answer).await.unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(
            (mode(&folder), mode(&folder.join("p.json"))),
            (0o700, 0o600)
        );
    }
}
