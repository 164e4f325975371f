//! What a run that was cut off has left: how many inputs are done, and where the last whole record ends.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::Context as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::stream::{LINE_START, header};
use super::{OutputFormat, Target, npy, sqlite};
use crate::cli::CliError;

/// The longest line that is looked at: more than this program ever writes.
const MAX_LINE_BYTES: u64 = 64 * 1024 * 1024;

/// What is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Inputs, from the first on, that need not be looked at again.
    pub inputs: u64,
    pub rows: u64,
    /// Where the last whole record ends; what stands behind it is cut off.
    pub bytes: u64,
    /// The numbers of a vector, where the file tells.
    pub dimension: Option<usize>,
    pub last: Last,
    pub model: Option<String>,
}

/// What is known of the last input that is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Last {
    #[default]
    Unknown,
    Text(String),
    Hash(String),
}

impl Last {
    pub fn is_of(&self, text: &str) -> bool {
        match self {
            Self::Unknown => true,
            Self::Text(last) => last == text,
            Self::Hash(last) => *last == sqlite::hash(text),
        }
    }
}

/// Looks at a file that holds something.
pub fn read(
    target: &Target,
    path: &Path,
    dimension: Option<usize>,
) -> anyhow::Result<Option<Done>> {
    let open = || File::open(path).map_err(CliError::unreadable(path));
    let found = match target.format {
        OutputFormat::Jsonl => jsonl(target, path, open()?)?,
        OutputFormat::Csv => csv(target, path, open()?)?,
        OutputFormat::Base64 => base64(path, open()?)?,
        OutputFormat::Npy => npy(path, open()?)?,
        OutputFormat::F32 => {
            let numbers = dimension.context("the length of the vectors is not known")?;
            Some(rows_of(open()?.metadata()?.len(), 0, numbers))
        }
        OutputFormat::Sqlite => sqlite::done(target, path)
            .with_context(|| format!("cannot resume `{}`", path.display()))?,
        OutputFormat::Json => None,
    };
    Ok(found)
}

/// Rows of so many numbers, in a file of so many bytes, behind a header.
fn rows_of(size: u64, header: u64, dimension: usize) -> Done {
    let row = (dimension * size_of::<f32>()).max(1) as u64;
    let rows = size.saturating_sub(header) / row;
    Done {
        inputs: rows,
        rows,
        bytes: header + rows * row,
        dimension: Some(dimension),
        ..Done::default()
    }
}

fn not_ours(path: &Path) -> anyhow::Error {
    let path = path.display();
    let message = format!("cannot resume `{path}`: it is not what this format writes");
    CliError::BadInput(message).into()
}

/// A file without a whole record: nothing is done where it may be the start of ours, and else it is somebody's.
fn begun(is_ours: bool, path: &Path) -> anyhow::Result<Option<Done>> {
    match is_ours {
        true => Ok(None),
        false => Err(not_ours(path)),
    }
}

/// The file was written with other columns than are asked for now.
pub fn other_columns(path: &Path) -> anyhow::Error {
    let path = path.display();
    let message = format!(
        "cannot resume `{path}`: it was written with other columns (--no-text, --id-field)"
    );
    CliError::Usage(message).into()
}

fn jsonl(target: &Target, path: &Path, mut file: File) -> anyhow::Result<Option<Done>> {
    #[derive(Deserialize)]
    struct Line {
        index: u64,
        id: Option<serde::de::IgnoredAny>,
        text: Option<String>,
        embedding: Vec<f32>,
    }
    let Some((line, end)) = last_line(&mut file)? else {
        let mut start = [0; LINE_START.len()];
        file.rewind()?;
        let count = file.read(&mut start)?;
        return begun(LINE_START.starts_with(&start[..count]), path);
    };
    let line: Line = serde_json::from_slice(&line).map_err(|_| not_ours(path))?;
    if line.text.is_some() != target.with_text || (line.id.is_some() && !target.with_id) {
        return Err(other_columns(path));
    }
    Ok(Some(Done {
        inputs: line.index + 1,
        bytes: end,
        dimension: Some(line.embedding.len()),
        last: line.text.map_or(Last::Unknown, Last::Text),
        ..Done::default()
    }))
}

/// The last line that has an end, and where that is.
fn last_line(file: &mut File) -> io::Result<Option<(Vec<u8>, u64)>> {
    const FIRST_LOOK: u64 = 64 * 1024;
    let size = file.metadata()?.len();
    let mut look = FIRST_LOOK;
    loop {
        let start = size.saturating_sub(look);
        file.seek(SeekFrom::Start(start))?;
        let mut tail = Vec::new();
        Read::by_ref(file)
            .take(size - start)
            .read_to_end(&mut tail)?;
        if let Some(end) = memchr::memrchr(b'\n', &tail) {
            let before = memchr::memrchr(b'\n', &tail[..end]);
            if before.is_some() || start == 0 {
                let from = before.map_or(0, |before| before + 1);
                let line = tail[from..end].to_vec();
                return Ok(Some((line, start + end as u64 + 1)));
            }
        }
        if start == 0 {
            return Ok(None);
        }
        if look > MAX_LINE_BYTES {
            // Of no format of ours.
            return Ok(Some((Vec::new(), size)));
        }
        look *= 4;
    }
}

/// A text may hold line ends, so that only reading from the start tells which of them ends a row.
fn csv(target: &Target, path: &Path, file: File) -> anyhow::Result<Option<Done>> {
    let mut reader = BufReader::new(file);
    let mut first = String::new();
    let mut start = Read::by_ref(&mut reader).take(MAX_LINE_BYTES);
    start.read_line(&mut first).map_err(|_| not_ours(path))?;
    if !first.ends_with('\n') {
        let names = header(target.with_id, target.with_text, 0);
        let names = names.trim_end();
        return begun(names.starts_with(&first) || first.starts_with(names), path);
    }
    let numbers = first.trim_end().split(',').filter(|name| {
        let number = name.strip_prefix('e');
        number.is_some_and(|number| number.parse::<usize>().is_ok())
    });
    let dimension = numbers.count();
    if first != header(target.with_id, target.with_text, dimension) {
        let other = [(false, false), (false, true), (true, false), (true, true)]
            .map(|(id, text)| header(id, text, dimension));
        return Err(match other.contains(&first) {
            true => other_columns(path),
            false => not_ours(path),
        });
    }
    let Some((row, end)) = last_row(&mut reader, first.len() as u64)? else {
        return Ok(None);
    };
    let cells = cells(&row);
    let column = 1 + usize::from(target.with_id);
    let text = cells.get(column).filter(|_| target.with_text);
    let index = cells.first().and_then(|cell| cell.parse::<u64>().ok());
    Ok(Some(Done {
        inputs: index.ok_or_else(|| not_ours(path))? + 1,
        bytes: end,
        dimension: Some(dimension),
        last: text.cloned().map_or(Last::Unknown, Last::Text),
        ..Done::default()
    }))
}

/// The last row that has an end, and where that is; `start` is where the first begins.
fn last_row(reader: &mut impl BufRead, start: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
    let mut row = Vec::new();
    let mut last = None;
    let mut end = start;
    let mut is_quoted = false;
    loop {
        let before = row.len();
        let mut line = reader.by_ref().take(MAX_LINE_BYTES);
        let count = line.read_until(b'\n', &mut row)?;
        if count == 0 || !row.ends_with(b"\n") || row.len() as u64 > MAX_LINE_BYTES {
            return Ok(last);
        }
        end += count as u64;
        // A line end between quotes is part of a text.
        is_quoted ^= memchr::memchr_iter(b'"', &row[before..]).count() % 2 == 1;
        if !is_quoted {
            last = Some((std::mem::take(&mut row), end));
        }
    }
}

fn cells(row: &[u8]) -> Vec<String> {
    let mut reader = csv_core::Reader::new();
    let mut bytes = vec![0; row.len() + 1];
    let mut ends = vec![0; row.len() + 1];
    let (_, _, _, count) = reader.read_record(row, &mut bytes, &mut ends);
    let mut start = 0;
    let mut cell = |end: &usize| {
        let cell = String::from_utf8_lossy(&bytes[start..*end]).into_owned();
        start = *end;
        cell
    };
    ends[..count].iter().map(&mut cell).collect()
}

/// All lines have one length.
fn base64(path: &Path, file: File) -> anyhow::Result<Option<Done>> {
    let size = file.metadata()?.len();
    let mut line = Vec::new();
    let mut start = BufReader::new(file).take(MAX_LINE_BYTES);
    start.read_until(b'\n', &mut line)?;
    let Some(text) = line.strip_suffix(b"\n") else {
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        return begun(line.iter().all(is_base64), path);
    };
    let bytes = STANDARD.decode(text).map_err(|_| not_ours(path))?;
    let rows = size / line.len() as u64;
    Ok(Some(Done {
        inputs: rows,
        rows,
        bytes: rows * line.len() as u64,
        dimension: Some(bytes.len() / size_of::<f32>()),
        ..Done::default()
    }))
}

fn npy(path: &Path, mut file: File) -> anyhow::Result<Option<Done>> {
    let size = file.metadata()?.len();
    if size < npy::HEADER_BYTES as u64 {
        let mut start = Vec::new();
        file.take(size).read_to_end(&mut start)?;
        return begun(npy::may_begin(&start), path);
    }
    let mut header = [0; npy::HEADER_BYTES];
    file.read_exact(&mut header)?;
    match npy::dimension(&header) {
        None => Err(not_ours(path)),
        // A header alone was written before the first vector came.
        Some(0) => Ok(None),
        Some(dimension) => Ok(Some(rows_of(size, header.len() as u64, dimension))),
    }
}
