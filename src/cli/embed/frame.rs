//! Cuts the bytes of a source into inputs, however they arrive. Pure.

use super::record::{Fields, InputFormat};
use super::table::Table;

/// The most bytes of one input, what stands around its text included.
pub const MAX_RECORD_BYTES: usize = 8 * 1024 * 1024;

/// The mark that some programs put in front of a text in UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One input, as far as it has been understood.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Which one of its source, from 1, and what that is called; `None` for the only one.
    pub number: Option<(&'static str, u64)>,
    /// How many bytes further in its source it ends than the one before.
    pub bytes: u64,
    pub body: Body<'a>,
}

#[derive(Debug)]
pub enum Body<'a> {
    Bytes(&'a [u8]),
    /// The cells of the chosen columns.
    Row {
        text: &'a [u8],
        id: Option<&'a [u8]>,
    },
    /// What is wrong with this input; the next ones may be fine.
    Bad(String),
}

/// The rest of a source cannot be cut into inputs. Names the line, not the source.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// Takes the inputs of a source, one by one.
pub type Take<'a> = dyn FnMut(Frame<'_>) -> anyhow::Result<()> + 'a;

/// Cuts one source.
pub enum Framing {
    Delimited(Delimited),
    Table(Box<Table>),
    Whole { held: Vec<u8>, bytes: u64 },
}

impl Framing {
    pub fn new(format: InputFormat, fields: &Fields) -> Self {
        match format {
            InputFormat::Lines | InputFormat::Jsonl => {
                Self::Delimited(Delimited::new(b'\n', "line"))
            }
            InputFormat::Nul => Self::Delimited(Delimited::new(0, "record")),
            InputFormat::Csv => Self::Table(Box::new(Table::new(b',', fields.clone()))),
            InputFormat::Tsv => Self::Table(Box::new(Table::new(b'\t', fields.clone()))),
            InputFormat::Whole => Self::Whole {
                held: Vec::new(),
                bytes: 0,
            },
        }
    }

    /// Takes in the next bytes of the source, and hands out the inputs that end in them.
    ///
    /// # Errors
    /// Those of `take`, and [`Unreadable`].
    pub fn push(&mut self, bytes: &[u8], take: &mut Take<'_>) -> anyhow::Result<()> {
        match self {
            Self::Delimited(lines) => lines.push(bytes, take),
            Self::Table(table) => table.push(bytes, take),
            Self::Whole { held, bytes: count } => {
                *count += bytes.len() as u64;
                // What is beyond the limit is only counted.
                let room = (MAX_RECORD_BYTES + 1).saturating_sub(held.len());
                held.extend_from_slice(&bytes[..bytes.len().min(room)]);
                Ok(())
            }
        }
    }

    /// Hands out what stands behind the last delimiter.
    ///
    /// # Errors
    /// Those of [`push`](Self::push).
    pub fn finish(self, take: &mut Take<'_>) -> anyhow::Result<()> {
        match self {
            Self::Delimited(lines) => lines.finish(take),
            Self::Table(table) => table.finish(take),
            // An empty file is an input as well, and a blank one.
            Self::Whole { held, bytes } => take(Frame {
                number: None,
                bytes,
                body: body(&held),
            }),
        }
    }
}

fn body(bytes: &[u8]) -> Body<'_> {
    match bytes.len() > MAX_RECORD_BYTES {
        true => Body::Bad(too_long()),
        false => Body::Bytes(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)),
    }
}

pub fn too_long() -> String {
    format!("longer than {MAX_RECORD_BYTES} bytes")
}

/// Inputs with a byte between each two.
pub struct Delimited {
    delimiter: u8,
    unit: &'static str,
    number: u64,
    held: Vec<u8>,
    /// Bytes since the last input that was handed out.
    bytes: u64,
    /// The input that is being read was too long, and that has been said.
    given_up: bool,
}

impl Delimited {
    fn new(delimiter: u8, unit: &'static str) -> Self {
        Self {
            delimiter,
            unit,
            number: 1,
            held: Vec::new(),
            bytes: 0,
            given_up: false,
        }
    }

    fn push(&mut self, bytes: &[u8], take: &mut Take<'_>) -> anyhow::Result<()> {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(self.delimiter, rest) {
            self.bytes += end as u64 + 1;
            if !self.given_up && self.held.is_empty() {
                take(self.frame(&rest[..end]))?;
                self.bytes = 0;
            } else if !self.given_up {
                self.held.extend_from_slice(&rest[..end]);
                take(self.frame(&self.held))?;
                self.bytes = 0;
            }
            self.held.clear();
            self.given_up = false;
            self.number += 1;
            rest = &rest[end + 1..];
        }
        self.bytes += rest.len() as u64;
        if !self.given_up {
            self.held.extend_from_slice(rest);
        }
        // At once, not at an end that may never come.
        if self.held.len() > MAX_RECORD_BYTES {
            take(self.frame(&self.held))?;
            self.bytes = 0;
            self.held.clear();
            self.given_up = true;
        }
        Ok(())
    }

    /// Nothing follows the last delimiter: that is no input.
    fn finish(self, take: &mut Take<'_>) -> anyhow::Result<()> {
        match self.held.is_empty() {
            true => Ok(()),
            false => take(self.frame(&self.held)),
        }
    }

    fn frame<'a>(&self, bytes: &'a [u8]) -> Frame<'a> {
        let body = match (self.number, body(bytes)) {
            // The mark of a text stands at its very start.
            (2.., Body::Bytes(_)) => Body::Bytes(bytes),
            (_, body) => body,
        };
        Frame {
            number: Some((self.unit, self.number)),
            bytes: self.bytes,
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each input with its number, cut from pieces.
    pub fn cut(format: InputFormat, pieces: &[&[u8]]) -> Vec<(u64, String)> {
        let fields = Fields {
            text: "text".to_owned(),
            id: None,
        };
        let mut framing = Framing::new(format, &fields);
        let mut found = Vec::new();
        let mut take = |frame: Frame<'_>| {
            let shown = match frame.body {
                Body::Bytes(bytes) | Body::Row { text: bytes, .. } => {
                    String::from_utf8_lossy(bytes).into_owned()
                }
                Body::Bad(what) => format!("bad: {what}"),
            };
            found.push((frame.number.map_or(0, |(_, number)| number), shown));
            Ok(())
        };
        for piece in pieces {
            framing.push(piece, &mut take).unwrap();
        }
        framing.finish(&mut take).unwrap();
        found
    }

    fn numbered(texts: &[&str]) -> Vec<(u64, String)> {
        let texts = texts.iter().map(|text| (*text).to_owned());
        (1..).zip(texts).collect()
    }

    #[test]
    fn lines_are_whole_however_they_arrive() {
        let pieces: [&[u8]; 4] = [b"on", b"e\ntwo\r", b"\nthr", b"ee"];
        assert_eq!(
            cut(InputFormat::Lines, &pieces),
            numbered(&["one", "two\r", "three"])
        );
    }

    #[test]
    fn every_byte_is_counted_once_with_the_input_that_it_ends_in() {
        let counted = |format, text: &[u8], step| {
            let fields = Fields {
                text: "text".to_owned(),
                id: None,
            };
            let mut framing = Framing::new(format, &fields);
            let mut counts = Vec::new();
            let mut take = |frame: Frame<'_>| {
                counts.push(frame.bytes);
                Ok(())
            };
            for piece in text.chunks(step) {
                framing.push(piece, &mut take).unwrap();
            }
            framing.finish(&mut take).unwrap();
            counts
        };
        for step in [1, 3, 100] {
            let lines = counted(InputFormat::Lines, b"one\r\n\nlast", step);
            assert_eq!(lines, [5, 1, 4], "{step}");
            let whole = counted(InputFormat::Whole, b"one\ntwo", step);
            assert_eq!(whole, [7], "{step}");
            let rows = counted(InputFormat::Csv, b"text\na,1\n\n\"b\nc\"\nd", step);
            assert_eq!(rows, [9, 7, 1], "{step}");
        }
    }

    #[test]
    fn other_formats_end_their_inputs_elsewhere() {
        assert_eq!(
            cut(InputFormat::Nul, &[b"a\nb\0c\0"]),
            numbered(&["a\nb", "c"])
        );
        assert_eq!(
            cut(InputFormat::Whole, &[b"a\n", b"b\0c"]),
            [(0, "a\nb\0c".to_owned())]
        );
    }

    #[test]
    fn the_byte_order_mark_is_no_part_of_the_text() {
        let text: &[u8] = b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n";
        assert_eq!(
            cut(InputFormat::Lines, &[text]),
            numbered(&["a", "\u{feff}b"])
        );
    }

    #[test]
    fn a_line_without_an_end_is_bad_and_not_a_memory_leak() {
        const PIECE: &[u8] = &[b'x'; 1 << 20];
        let mut pieces = vec![PIECE; (MAX_RECORD_BYTES >> 20) * 2];
        pieces.push(b"y\nz");
        assert_eq!(
            cut(InputFormat::Lines, &pieces),
            numbered(&["bad: longer than 8388608 bytes", "z"])
        );
    }
}
