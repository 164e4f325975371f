//! Writes vectors, each format in a room of its own, and finds what an earlier run has written.

mod done;
mod npy;
mod sqlite;
mod stream;

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;

use super::record::Record;
use crate::chat::{EmbedUsage, ModelRef};
use crate::cli::CliError;
pub use done::{Done, Last};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// An object a line: index, id where there is one, text, embedding
    Jsonl,
    /// One list object, as the OpenAI API answers
    Json,
    /// A row an input, after a header: index, id where there is one, text, and a column for each number
    Csv,
    /// One array of 32-bit floats, a row an input, for numpy.load
    Npy,
    /// The numbers alone, as little-endian 32-bit floats
    F32,
    /// A line of base64 an input, of little-endian 32-bit floats
    Base64,
    /// A database with a table `embeddings`, its vectors as little-endian 32-bit floats; needs -o
    Sqlite,
}

/// What is to be written, and where.
#[derive(Debug, Clone)]
pub struct Target {
    /// Stdout where there is none.
    pub file: Option<PathBuf>,
    pub format: OutputFormat,
    pub with_text: bool,
    pub with_id: bool,
}

/// What stands at the end of an output that sums up.
#[derive(Debug, Default)]
pub struct Totals {
    pub model: Option<ModelRef>,
    pub usage: Option<EmbedUsage>,
}

/// One format at work.
trait Sink: Send {
    /// Takes in a vector; all of them have the same length.
    fn write(&mut self, record: &Record, vector: &[f32]) -> anyhow::Result<()>;

    /// Passes on what was taken in. What is there by then survives the end of the program.
    fn flush(&mut self) -> anyhow::Result<()>;

    /// Writes the end of the format.
    fn finish(&mut self, totals: &Totals) -> anyhow::Result<()>;
}

pub struct Output {
    sink: Box<dyn Sink>,
    name: String,
    dimension: Option<usize>,
    /// Vectors of this run.
    count: u64,
}

impl Target {
    /// # Errors
    /// What cannot be written there, before anything is read or asked.
    pub fn check(&self) -> Result<(), CliError> {
        let shown = self.file.is_none() && io::stdout().is_terminal();
        let message = match self.format {
            OutputFormat::Sqlite if self.file.is_none() => {
                "--format sqlite writes a file: name it with -o"
            }
            OutputFormat::Npy | OutputFormat::F32 if shown => {
                "this format is not for a terminal: write it to a file with -o, or pipe it on"
            }
            _ => return Ok(()),
        };
        Err(CliError::Usage(message.to_owned()))
    }

    /// What an earlier run has left there; `None` where that is nothing. A file of bare numbers does not tell how
    /// many belong together: `dimension` does.
    ///
    /// # Errors
    /// A file that is not of this format, or was written with other options.
    pub fn done(&self, dimension: Option<usize>) -> anyhow::Result<Option<Done>> {
        match &self.file {
            Some(file) if self.holds_something() => done::read(self, file, dimension),
            _ => Ok(None),
        }
    }

    /// Whether a later run can find out what has been written.
    pub fn can_go_on(&self) -> bool {
        let is_file = |file: &PathBuf| file.metadata().is_ok_and(|file| file.is_file());
        self.format != OutputFormat::Json && self.file.as_ref().is_some_and(is_file)
    }

    pub fn holds_something(&self) -> bool {
        let size = |file: &PathBuf| file.metadata().map_or(0, |file| file.len());
        self.file.as_ref().is_some_and(|file| size(file) > 0)
    }

    /// Opens it behind what is done, or empties it.
    ///
    /// # Errors
    /// A file that cannot be written, and a database that has such a table already.
    pub fn open(&self, model: &ModelRef, done: Option<&Done>) -> anyhow::Result<Output> {
        let sink: Box<dyn Sink> = match (self.format, &self.file) {
            (OutputFormat::Sqlite, Some(file)) => {
                Box::new(sqlite::Sqlite::open(self, file, model, done)?)
            }
            (OutputFormat::Npy, file) => Box::new(npy::Npy::open(file.as_deref(), done)?),
            (_, Some(file)) => {
                let out = continued(file, done.map_or(0, |done| done.bytes))?;
                Box::new(stream::Stream::new(self, Box::new(out), done.is_some()))
            }
            (_, None) => Box::new(stream::Stream::new(self, Box::new(io::stdout()), false)),
        };
        let name = self.file.as_ref();
        Ok(Output {
            sink,
            name: name.map_or_else(|| "stdout".to_owned(), |file| file.display().to_string()),
            dimension: done.and_then(|done| done.dimension),
            count: 0,
        })
    }
}

/// The file, cut off behind so many bytes, to be written from there.
fn continued(file: &Path, bytes: u64) -> anyhow::Result<File> {
    let opened = || -> io::Result<File> {
        let mut options = OpenOptions::new();
        let mut out = options
            .write(true)
            .create(true)
            .truncate(bytes == 0)
            .open(file)?;
        if bytes > 0 {
            out.set_len(bytes)?;
            out.seek(SeekFrom::End(0))?;
        }
        Ok(out)
    };
    opened().with_context(|| format!("cannot write `{}`", file.display()))
}

impl Output {
    /// # Errors
    /// A vector of another length than those before, and what the place of writing says.
    pub fn write(&mut self, record: &Record, vector: &[f32]) -> anyhow::Result<()> {
        let expected = *self.dimension.get_or_insert(vector.len());
        if vector.len() != expected {
            let (place, count) = (&record.place, vector.len());
            anyhow::bail!("{place}: a vector of {count} numbers, after vectors of {expected}");
        }
        self.count += 1;
        let written = self.sink.write(record, vector);
        written.with_context(|| format!("cannot write to {}", self.name))
    }

    /// Vectors of this run.
    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn flush(&mut self) -> anyhow::Result<()> {
        let flushed = self.sink.flush();
        flushed.with_context(|| format!("cannot write to {}", self.name))
    }

    /// Writes the end of the format.
    pub fn finish(&mut self, totals: &Totals) -> anyhow::Result<()> {
        let finished = self.sink.finish(totals);
        finished.with_context(|| format!("cannot write to {}", self.name))
    }
}

/// Adds numbers as little-endian 32-bit floats.
fn put_floats(buffer: &mut Vec<u8>, vector: &[f32]) {
    buffer.extend(vector.iter().flat_map(|number| number.to_le_bytes()));
}

/// Writes a buffer out, and empties it.
fn drain(buffer: &mut Vec<u8>, out: &mut impl Write) -> io::Result<()> {
    out.write_all(buffer)?;
    buffer.clear();
    out.flush()
}

/// A buffer that holds more than this is written out.
const BUFFER_BYTES: usize = 256 * 1024;

#[cfg(test)]
mod tests;
