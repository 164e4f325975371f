//! Reads inputs, one after the other, and passes them on in chunks. Blocking: runs on a thread of its own.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

use anyhow::anyhow;
use tokio::sync::mpsc::Sender;

use super::record::{InputFormat, Parser, Place, Record};
use super::source::Source;
use crate::cli::CliError;

/// Inputs that go on together.
pub type Chunk = Vec<Record>;

/// The most bytes of one read.
const READ_BYTES: usize = 64 * 1024;

/// The most bytes of one input, JSON around its text included.
const MAX_RECORD_BYTES: usize = 8 * 1024 * 1024;

/// A chunk with more bytes of text than this is full.
const CHUNK_BYTES: usize = 1024 * 1024;

/// The inputs of the command line, in order.
pub struct Reader {
    pub sources: Vec<Source>,
    pub format: InputFormat,
    pub parser: Parser,
    /// The most inputs of a chunk.
    pub chunk_size: usize,
}

impl Reader {
    /// Sends every input, in chunks; an error comes last, behind what was read before it. Ends early when nobody
    /// receives any more.
    pub fn run(&self, sender: &Sender<anyhow::Result<Chunk>>) {
        let mut chunks = Chunks {
            reader: self,
            sender,
            chunk: Vec::new(),
            text_bytes: 0,
            passed: 0,
        };
        let read = self
            .sources
            .iter()
            .enumerate()
            .try_for_each(|(index, source)| match source {
                // A text of the command line is one input, whatever the input format is.
                Source::Text(text) => chunks.take(
                    text.as_bytes(),
                    InputFormat::Whole,
                    &Place {
                        source: format!("--text {}", index + 1).into(),
                        number: None,
                    },
                ),
                Source::File(path) => {
                    let file = File::open(path).map_err(CliError::unreadable(path))?;
                    chunks.read(file, &path.display().to_string(), source.bytes().is_none())
                }
                Source::Stdin => chunks.read(io::stdin().lock(), "stdin", source.bytes().is_none()),
            });
        let sent = chunks.send();
        if let Err(error) = read.and(sent) {
            // Where nobody receives, nobody misses the error either.
            let _ = sender.blocking_send(Err(error));
        }
    }
}

/// Inputs on their way out, a chunk at a time.
struct Chunks<'a> {
    reader: &'a Reader,
    sender: &'a Sender<anyhow::Result<Chunk>>,
    chunk: Chunk,
    text_bytes: usize,
    /// Bytes of blank inputs that were passed over since the last record.
    passed: u64,
}

impl Chunks<'_> {
    /// Every input of a source. One that may wait passes on what it has before it does.
    fn read(&mut self, source: impl Read, name: &str, may_wait: bool) -> anyhow::Result<()> {
        let format = self.reader.format;
        let (delimiter, unit) = match format {
            InputFormat::Lines | InputFormat::Jsonl => (Some(b'\n'), Some("line")),
            InputFormat::Nul => (Some(0), Some("record")),
            InputFormat::Whole => (None, None),
        };
        let name: Arc<str> = name.into();
        let mut number = 0;
        let mut next_place = || {
            number += 1;
            Place {
                source: Arc::clone(&name),
                number: unit.map(|unit| (unit, number)),
            }
        };
        let mut source = source;
        let mut buffer = vec![0; READ_BYTES];
        let mut held = Vec::new();
        loop {
            if may_wait {
                self.send()?;
            }
            let mut bytes = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => &buffer[..count],
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(CliError::unreadable(&*name)(error).into()),
            };
            while let Some(end) = delimiter.and_then(|delimiter| memchr::memchr(delimiter, bytes)) {
                held.extend_from_slice(&bytes[..end]);
                self.take(&held, format, &next_place())?;
                held.clear();
                bytes = &bytes[end + 1..];
            }
            held.extend_from_slice(bytes);
            if held.len() > MAX_RECORD_BYTES {
                let place = next_place();
                return Err(CliError::BadInput(format!(
                    "{place}: longer than {MAX_RECORD_BYTES} bytes"
                ))
                .into());
            }
        }
        // An empty file is an input as well, and a blank one; nothing follows the last line.
        if held.is_empty() && format != InputFormat::Whole {
            return Ok(());
        }
        self.take(&held, format, &next_place())
    }

    fn take(&mut self, bytes: &[u8], format: InputFormat, place: &Place) -> anyhow::Result<()> {
        self.passed += bytes.len() as u64 + 1;
        let Some((text, id)) = self.reader.parser.parse(bytes, format, place)? else {
            return Ok(());
        };
        self.text_bytes += text.len();
        self.chunk.push(Record {
            text,
            id,
            place: place.clone(),
            bytes: std::mem::take(&mut self.passed),
        });
        if self.chunk.len() >= self.reader.chunk_size || self.text_bytes > CHUNK_BYTES {
            self.send()?;
        }
        Ok(())
    }

    /// Sends what there is. Waits for room.
    fn send(&mut self) -> anyhow::Result<()> {
        self.text_bytes = 0;
        match std::mem::take(&mut self.chunk) {
            chunk if chunk.is_empty() => Ok(()),
            chunk => self
                .sender
                .blocking_send(Ok(chunk))
                .map_err(|_| anyhow!("nobody receives any more")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::embed::record::Fields;
    use std::collections::VecDeque;

    fn reader(format: InputFormat, chunk_size: usize) -> Reader {
        Reader {
            sources: Vec::new(),
            format,
            parser: Parser {
                fields: Fields {
                    text: "text".to_owned(),
                    id: None,
                },
                skip_empty: true,
            },
            chunk_size,
        }
    }

    /// A source that gives its pieces one read at a time.
    struct Pieces(VecDeque<&'static [u8]>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let piece = self.0.pop_front().unwrap_or_default();
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    /// The texts of each chunk, and the error at the end.
    fn chunks(
        reader: &Reader,
        pieces: &[&'static [u8]],
        may_wait: bool,
    ) -> (Vec<Vec<String>>, Option<String>) {
        const ROOM: usize = 100;
        let (sender, mut receiver) = tokio::sync::mpsc::channel(ROOM);
        let mut chunks = Chunks {
            reader,
            sender: &sender,
            chunk: Vec::new(),
            text_bytes: 0,
            passed: 0,
        };
        let source = Pieces(pieces.iter().copied().collect());
        let error = chunks.read(source, "in.txt", may_wait).err();
        chunks.send().unwrap();
        drop(sender);
        let texts = |chunk: anyhow::Result<Chunk>| {
            chunk
                .unwrap()
                .into_iter()
                .map(|record| record.text)
                .collect()
        };
        let sent = std::iter::from_fn(|| receiver.blocking_recv())
            .map(texts)
            .collect();
        (sent, error.map(|error| error.to_string()))
    }

    fn texts(chunks: &[&[&str]]) -> Vec<Vec<String>> {
        chunks
            .iter()
            .map(|chunk| chunk.iter().map(|text| (*text).to_owned()).collect())
            .collect()
    }

    #[test]
    fn lines_are_whole_however_they_arrive() {
        let lines = reader(InputFormat::Lines, 100);
        assert_eq!(
            chunks(&lines, &[b"on", b"e\ntwo\r", b"\nthr", b"ee"], false),
            (texts(&[&["one", "two", "three"]]), None)
        );
    }

    #[test]
    fn what_has_come_goes_on_before_a_read_that_may_wait() {
        let lines = reader(InputFormat::Lines, 100);
        assert_eq!(
            chunks(&lines, &[b"1\n2\n", b"3\n4"], true),
            (texts(&[&["1", "2"], &["3"], &["4"]]), None)
        );
    }

    #[test]
    fn a_chunk_holds_as_many_as_it_may() {
        let lines = reader(InputFormat::Lines, 2);
        assert_eq!(
            chunks(&lines, &[b"1\n2\n\n3\n"], false),
            (texts(&[&["1", "2"], &["3"]]), None)
        );
    }

    #[test]
    fn other_formats_end_their_inputs_elsewhere() {
        assert_eq!(
            chunks(&reader(InputFormat::Nul, 9), &[b"a\nb\0c\0"], false),
            (texts(&[&["a\nb", "c"]]), None)
        );
        assert_eq!(
            chunks(&reader(InputFormat::Whole, 9), &[b"a\n", b"b\0c"], false),
            (texts(&[&["a\nb\0c"]]), None)
        );
    }

    #[test]
    fn what_was_read_before_an_error_is_kept() {
        let lines = reader(InputFormat::Lines, 100);
        assert_eq!(
            chunks(&lines, &[b"1\n2\n\xff\n3\n"], false),
            (
                texts(&[&["1", "2"]]),
                Some("in.txt, line 3: not UTF-8".to_owned())
            )
        );
    }

    #[test]
    fn a_line_without_an_end_is_an_error_and_not_a_memory_leak() {
        let lines = reader(InputFormat::Lines, 100);
        const PIECE: &[u8] = &[b'x'; READ_BYTES];
        let pieces = [PIECE; MAX_RECORD_BYTES / READ_BYTES + 1];
        assert_eq!(
            chunks(&lines, &pieces, false),
            (
                Vec::new(),
                Some("in.txt, line 1: longer than 8388608 bytes".to_owned())
            )
        );
    }
}
