//! The format of numpy (NPY 1.0): a header that says how many rows there are, then the rows.
//!
//! The header has one size whatever it says, and is written anew with the rows: a file is whole after every flush. What
//! cannot be written anew, a pipe, gets all of it at the end, from a file that has no name.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use anyhow::Context as _;
use uuid::Uuid;

use super::{BUFFER_BYTES, Done, Sink, Totals, continued, put_floats};
use crate::cli::CliError;
use crate::cli::embed::record::Record;

/// The bytes of a header.
pub const HEADER_BYTES: usize = 128;

pub struct Npy {
    file: File,
    /// Where in the file the header stands.
    start: u64,
    /// Whether the file is but kept until the end, for stdout.
    kept: bool,
    rows: u64,
    dimension: usize,
    buffer: Vec<u8>,
}

impl Npy {
    pub fn open(file: Option<&Path>, done: Option<&Done>) -> anyhow::Result<Self> {
        let found = match file {
            Some(path) => {
                let file = continued(path, done.map_or(0, |done| done.bytes))?;
                file.metadata()?.is_file().then_some((file, 0))
            }
            None => stdout_file(),
        };
        let (file, start, kept) = match (found, file) {
            (Some((file, start)), _) => (file, start, false),
            (None, Some(path)) => {
                let path = path.display();
                let message = format!("--format npy writes a file, and `{path}` is none");
                return Err(CliError::Usage(message).into());
            }
            (None, None) => {
                let file = nameless().context("cannot keep the vectors in a temporary file")?;
                (file, 0, true)
            }
        };
        let mut npy = Self {
            file,
            start,
            kept,
            rows: done.map_or(0, |done| done.rows),
            dimension: done.and_then(|done| done.dimension).unwrap_or(0),
            buffer: Vec::new(),
        };
        npy.put_header()?;
        Ok(npy)
    }

    /// Leaves the file at its end.
    fn put_header(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.start))?;
        self.file.write_all(&header(self.rows, self.dimension))?;
        self.file.seek(SeekFrom::End(0))?;
        Ok(())
    }
}

/// Stdout where it is a file in which one can go back, and where in it we are.
#[cfg(unix)]
fn stdout_file() -> Option<(File, u64)> {
    use rustix::fs::{OFlags, fcntl_getfl};
    use std::os::fd::AsFd;

    let stdout = io::stdout();
    let mut file = File::from(stdout.as_fd().try_clone_to_owned().ok()?);
    let appends = fcntl_getfl(&file).ok()?.contains(OFlags::APPEND);
    let is_file = file.metadata().ok()?.is_file() && !appends;
    let start = file.stream_position().ok()?;
    // A header that is written anew must not leave an older text behind it.
    let at_end = file.metadata().ok()?.len() == start;
    (is_file && at_end).then_some((file, start))
}

#[cfg(not(unix))]
fn stdout_file() -> Option<(File, u64)> {
    None
}

/// A file that nobody else can open, and that is gone with the program.
fn nameless() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("openclaw-embed-{}", Uuid::new_v4()));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    // Where an open file keeps its name, the system tidies its temporary files.
    let _ = std::fs::remove_file(&path);
    Ok(file)
}

/// The header of so many rows.
pub fn header(rows: u64, dimension: usize) -> [u8; HEADER_BYTES] {
    const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
    const DICT_BYTES: u16 = HEADER_BYTES as u16 - MAGIC.len() as u16 - 2;
    let mut header = [b' '; HEADER_BYTES];
    let dict =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {dimension}), }}");
    let (magic, rest) = header.split_at_mut(MAGIC.len());
    magic.copy_from_slice(MAGIC);
    let (length, rest) = rest.split_at_mut(2);
    length.copy_from_slice(&DICT_BYTES.to_le_bytes());
    rest[..dict.len()].copy_from_slice(dict.as_bytes());
    rest[rest.len() - 1] = b'\n';
    header
}

/// Whether these may be the first bytes of one of ours.
pub fn may_begin(found: &[u8]) -> bool {
    let header = header(0, 0);
    let shape = header.iter().position(|byte| *byte == b'(');
    let (same, _) = header.split_at(shape.expect("every header tells its shape") + 1);
    found.starts_with(same) || same.starts_with(found)
}

/// How many numbers a row has, after this header; `None` where it is not one of ours.
pub fn dimension(found: &[u8; HEADER_BYTES]) -> Option<usize> {
    let text = std::str::from_utf8(found.get(10..)?).ok()?;
    let (_, shape) = text.split_once("'shape': (")?;
    let (rows, rest) = shape.split_once(", ")?;
    let dimension = rest.split_once(')')?.0.parse().ok()?;
    (header(rows.parse().ok()?, dimension) == *found).then_some(dimension)
}

impl Sink for Npy {
    fn write(&mut self, _: &Record, vector: &[f32]) -> anyhow::Result<()> {
        put_floats(&mut self.buffer, vector);
        self.dimension = vector.len();
        self.rows += 1;
        if self.buffer.len() > BUFFER_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> anyhow::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        // Behind the rows: it never speaks of more than there are.
        Ok(self.put_header()?)
    }

    fn finish(&mut self, _: &Totals) -> anyhow::Result<()> {
        self.flush()?;
        if self.kept {
            self.file.rewind()?;
            let mut stdout = io::stdout().lock();
            io::copy(&mut self.file, &mut stdout)?;
            stdout.flush()?;
        }
        Ok(())
    }
}
