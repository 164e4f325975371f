//! What an agent has written down (`MEMORY.md` and the Markdown files of `memory/`), in pieces that can be searched by
//! meaning. A file is read again when it changed, and a piece is embedded again when its text did; what was embedded is
//! kept from process to process by the [`Index`].

mod chunks;
mod index;

use std::collections::{HashMap, HashSet};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use cap_std::fs::Dir;
use tokio::sync::Semaphore;

use super::Workspace;
use super::blocking::{Stop, blocking};
use super::workbench::Embedder;
use super::workspace::open_regular;
use crate::chat::AgentId;
use chunks::{Chunk, Digest};
pub use index::Index;
use index::{Entry, Owner};

/// The most files that are searched.
const MAX_FILES: usize = 1000;

/// How much of a file is searched, in bytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// The most pieces of all files together.
const MAX_CHUNKS: usize = 10_000;

/// Pieces that are embedded at once.
const BATCH: usize = 256;

/// Whether a file may be read as memory.
pub fn is_memory(path: &Path) -> bool {
    let is_markdown = path.extension().is_some_and(|end| end == "md");
    path == Path::new("MEMORY.md") || (is_markdown && path.starts_with("memory"))
}

/// A piece that was found, the best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub path: PathBuf,
    pub chunk: Arc<Chunk>,
    /// Cosine of the angle between the question and the piece: 1 is the same.
    pub score: f32,
}

/// The memory of one agent.
pub struct Memory {
    agent: AgentId,
    index: Option<Index>,
    files: Mutex<HashMap<PathBuf, Remembered>>,
    /// One refresh at a time: a second one would have the same pieces embedded again.
    refresh: Semaphore,
}

#[derive(Clone)]
struct Remembered {
    stamp: Stamp,
    pieces: Vec<Piece>,
}

/// By what it is seen that a file changed.
type Stamp = (Option<SystemTime>, u64);

/// What a look at the files needs to know of those that are remembered.
struct Known {
    stamp: Stamp,
    pieces: usize,
}

#[derive(Clone)]
struct Piece {
    chunk: Arc<Chunk>,
    vector: Arc<[f32]>,
}

/// A file as it is now: unchanged, or in pieces that may be new.
enum Current {
    Same,
    Changed(Stamp, Vec<Chunk>),
}

impl Memory {
    /// Without an index it lasts no longer than the process.
    pub fn new(agent: AgentId, index: Option<Index>) -> Self {
        Self {
            agent,
            index,
            files: Mutex::default(),
            refresh: Semaphore::new(1),
        }
    }

    /// The pieces that are nearest to `query` in meaning, at most `limit`.
    ///
    /// # Errors
    /// A sentence for the model: the embedding failed, or the workspace cannot be read.
    pub async fn search(
        &self,
        workspace: &Workspace,
        embed: &Embedder,
        query: &str,
        limit: usize,
    ) -> Result<Vec<Found>, String> {
        self.refresh(workspace, embed).await?;
        if self.lock().is_empty() {
            return Ok(Vec::new());
        }
        let vectors = (embed.embed)(vec![query.to_owned()]).await?;
        let query = vectors.first().ok_or("the question was not embedded")?;
        let mut found = self.scored(query);
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(limit);
        Ok(found)
    }

    fn scored(&self, query: &[f32]) -> Vec<Found> {
        let files = self.lock();
        let pieces = files
            .iter()
            .flat_map(|(path, file)| file.pieces.iter().map(move |piece| (path, piece)));
        pieces
            .map(|(path, piece)| Found {
                path: path.clone(),
                chunk: Arc::clone(&piece.chunk),
                score: cosine(query, &piece.vector),
            })
            .collect()
    }

    async fn refresh(&self, workspace: &Workspace, embed: &Embedder) -> Result<(), String> {
        let _turn = self.refresh.acquire().await.expect("it is never closed");
        let known = self.known_files();
        let workspace = workspace.clone();
        let (current, is_changed) = blocking(move |stop| {
            let current = current(&workspace, &known, stop)?;
            let is_same = |(_, now): &(PathBuf, Current)| matches!(now, Current::Same);
            let is_changed = current.len() != known.len() || !current.iter().all(is_same);
            Ok((current, is_changed))
        })
        .await?;
        if !is_changed {
            return Ok(());
        }

        let mut vectors = self.known_vectors();
        vectors.extend(self.stored(embed, missing(&current, &vectors)).await);
        let new = missing(&current, &vectors);
        for batch in new.chunks(BATCH) {
            let texts = batch.iter().map(|chunk| chunk.text.clone()).collect();
            let embedded = (embed.embed)(texts).await?;
            if embedded.len() != batch.len() {
                return Err("not every piece was embedded".to_owned());
            }
            let embedded = embedded.into_iter().map(Arc::<[f32]>::from);
            vectors.extend(batch.iter().map(|chunk| chunk.digest).zip(embedded));
        }
        self.put(current, &vectors);
        self.store(embed).await;
        Ok(())
    }

    /// The vectors that the index has of these pieces. One that cannot be read has none.
    async fn stored(&self, embed: &Embedder, wanted: Vec<Chunk>) -> HashMap<Digest, Arc<[f32]>> {
        let Some(index) = self.index.clone().filter(|_| !wanted.is_empty()) else {
            return HashMap::new();
        };
        let owner = self.owner(embed);
        let wanted: HashSet<Digest> = wanted.iter().map(|chunk| chunk.digest).collect();
        let read = blocking(move |_| {
            index
                .read(&owner, &wanted)
                .map_err(|error| error.to_string())
        });
        read.await.unwrap_or_else(|error| {
            tracing::warn!(agent = %self.agent, error, "the index of the memory cannot be read");
            HashMap::new()
        })
    }

    /// Brings the index up to what is remembered now. Where it cannot be written, the next process embeds again.
    async fn store(&self, embed: &Embedder) {
        let Some(index) = self.index.clone() else {
            return;
        };
        let (owner, entries) = (self.owner(embed), self.entries());
        let write = blocking(move |_| {
            let written = index.write(&owner, &entries);
            written.map_err(|error| error.to_string())
        });
        if let Err(error) = write.await {
            tracing::warn!(agent = %self.agent, error, "the index of the memory cannot be written");
        }
    }

    fn owner(&self, embed: &Embedder) -> Owner {
        Owner {
            agent: self.agent.to_string(),
            model: embed.model.clone(),
        }
    }

    fn entries(&self) -> Vec<Entry> {
        let files = self.lock();
        let of_file = |(path, file): (&PathBuf, &Remembered)| {
            let file_name = path.to_string_lossy().into_owned();
            let entry = move |piece: &Piece| Entry {
                file: file_name.clone(),
                digest: piece.chunk.digest,
                vector: Arc::clone(&piece.vector),
            };
            file.pieces.iter().map(entry).collect::<Vec<_>>()
        };
        files.iter().flat_map(of_file).collect()
    }

    fn known_files(&self) -> HashMap<PathBuf, Known> {
        let known = |(path, file): (&PathBuf, &Remembered)| {
            let (stamp, pieces) = (file.stamp, file.pieces.len());
            (path.clone(), Known { stamp, pieces })
        };
        self.lock().iter().map(known).collect()
    }

    fn known_vectors(&self) -> HashMap<Digest, Arc<[f32]>> {
        let files = self.lock();
        let pieces = files.values().flat_map(|file| &file.pieces);
        pieces
            .map(|piece| (piece.chunk.digest, Arc::clone(&piece.vector)))
            .collect()
    }

    fn put(&self, current: Vec<(PathBuf, Current)>, vectors: &HashMap<Digest, Arc<[f32]>>) {
        let mut files = self.lock();
        let mut next = HashMap::new();
        for (path, now) in current {
            let file = match now {
                Current::Same => files.remove(&path),
                Current::Changed(stamp, chunks) => {
                    let piece = |chunk: Chunk| {
                        let vector = Arc::clone(vectors.get(&chunk.digest)?);
                        let chunk = Arc::new(chunk);
                        Some(Piece { chunk, vector })
                    };
                    let pieces = chunks.into_iter().filter_map(piece).collect();
                    Some(Remembered { stamp, pieces })
                }
            };
            next.extend(file.map(|file| (path, file)));
        }
        *files = next;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Remembered>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pieces that were never embedded, each text once.
fn missing(current: &[(PathBuf, Current)], vectors: &HashMap<Digest, Arc<[f32]>>) -> Vec<Chunk> {
    let mut new: HashMap<Digest, Chunk> = HashMap::new();
    for (_, now) in current {
        if let Current::Changed(_, chunks) = now {
            let unknown = chunks
                .iter()
                .filter(|chunk| !vectors.contains_key(&chunk.digest));
            new.extend(unknown.map(|chunk| (chunk.digest, chunk.clone())));
        }
    }
    new.into_values().collect()
}

fn current(
    workspace: &Workspace,
    known: &HashMap<PathBuf, Known>,
    stop: &Stop,
) -> Result<Vec<(PathBuf, Current)>, String> {
    let folder = workspace.folder()?;
    let mut paths = vec![PathBuf::from("MEMORY.md")];
    if let Ok(files) = workspace.files("memory", stop) {
        paths.extend(files.paths.into_iter().filter(|path| is_memory(path)));
    }
    let mut left = MAX_CHUNKS;
    let mut current = Vec::new();
    for path in paths.into_iter().take(MAX_FILES) {
        let known = known.get(&path);
        // One that is gone, or cannot be read, is no memory.
        let Ok(mut now) = look(&folder, &path, known) else {
            continue;
        };
        left -= match &mut now {
            Current::Same => known.map_or(0, |known| known.pieces).min(left),
            Current::Changed(_, chunks) => {
                chunks.truncate(left);
                chunks.len()
            }
        };
        current.push((path, now));
        if stop.is_set() {
            break;
        }
    }
    Ok(current)
}

fn look(folder: &Dir, path: &Path, known: Option<&Known>) -> io::Result<Current> {
    let (file, metadata) = open_regular(folder, path)?;
    let modified = metadata.modified().ok().map(|time| time.into_std());
    let stamp = (modified, metadata.len());
    if known.is_some_and(|known| known.stamp == stamp) {
        return Ok(Current::Same);
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    let chunks = chunks::of(&String::from_utf8_lossy(&bytes));
    Ok(Current::Changed(stamp, chunks))
}

/// 0 where the two cannot be compared.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if a.len() != b.len() || lengths == 0.0 {
        return 0.0;
    }
    dot(a, b) / lengths
}

#[cfg(test)]
mod tests;
