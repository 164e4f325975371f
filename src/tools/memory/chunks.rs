//! A Markdown file in pieces: a heading begins a new one, and none is long. Pure.

use sha2::{Digest as _, Sha256};

use crate::tools::result::cut;

/// The longest piece, in bytes, save for one long line.
const MAX_BYTES: usize = 1600;

/// The longest line that is kept whole, in bytes.
const MAX_LINE_BYTES: usize = 4 * MAX_BYTES;

/// By what a text is known again.
pub type Digest = [u8; 32];

/// Lines that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// From 1.
    pub first_line: usize,
    pub last_line: usize,
    pub text: String,
    pub digest: Digest,
}

/// The pieces of a text that hold anything, in order.
pub fn of(text: &str) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut open = String::new();
    let mut first = 1;
    for (line, number) in text.lines().zip(1..) {
        let mut line = line.to_owned();
        cut(&mut line, MAX_LINE_BYTES);
        if line.starts_with('#') || open.len() + line.len() > MAX_BYTES {
            close(&mut chunks, &mut open, first);
        }
        if open.is_empty() {
            first = number;
        }
        open.push_str(&line);
        open.push('\n');
    }
    close(&mut chunks, &mut open, first);
    chunks
}

fn close(chunks: &mut Vec<Chunk>, open: &mut String, first_line: usize) {
    let text = std::mem::take(open);
    if !text.trim().is_empty() {
        chunks.push(Chunk {
            first_line,
            last_line: first_line + text.lines().count() - 1,
            digest: Sha256::digest(text.as_bytes()).into(),
            text,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<(usize, usize, String)> {
        let piece = |chunk: Chunk| (chunk.first_line, chunk.last_line, chunk.text);
        of(text).into_iter().map(piece).collect()
    }

    #[test]
    fn a_heading_begins_a_piece_and_empty_pieces_are_none() {
        assert_eq!(
            pieces("\n\n# One\na\n\n## Two\nb"),
            [
                (3, 5, "# One\na\n\n".to_owned()),
                (6, 7, "## Two\nb\n".to_owned()),
            ]
        );
        assert_eq!(pieces(""), []);
    }

    #[test]
    fn no_piece_is_long() {
        let line = "x".repeat(MAX_BYTES / 2 - 1);
        let long = "y".repeat(MAX_LINE_BYTES + 1);
        let kept = &long[1..];
        assert_eq!(
            pieces(&format!("{line}\n{line}\n{line}\n{long}\nend")),
            [
                (1, 2, format!("{line}\n{line}\n")),
                (3, 3, format!("{line}\n")),
                (4, 4, format!("{kept}\n")),
                (5, 5, "end\n".to_owned()),
            ]
        );
    }
}
