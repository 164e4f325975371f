//! What a command puts out, as much of it as is kept: the beginning and the end. Pure.

use std::collections::VecDeque;

/// How much of the beginning is kept, in bytes.
const HEAD_BYTES: usize = 16_000;

/// How much of the end is kept, in bytes: errors stand there.
const TAIL_BYTES: usize = 32_000;

/// Output as it comes, bounded.
#[derive(Debug, Default)]
pub struct Output {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    bytes: u64,
}

impl Output {
    pub fn push(&mut self, mut piece: &[u8]) {
        self.bytes += piece.len() as u64;
        let room = HEAD_BYTES - self.head.len();
        let (head, rest) = piece.split_at(piece.len().min(room));
        self.head.extend_from_slice(head);
        piece = &rest[rest.len().saturating_sub(TAIL_BYTES)..];
        let over = (self.tail.len() + piece.len()).saturating_sub(TAIL_BYTES);
        self.tail.drain(..over);
        self.tail.extend(piece);
    }

    /// All that was put out, in bytes, kept or not.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What was kept; between beginning and end it says how much is left out.
    pub fn text(&self) -> String {
        let kept = (self.head.len() + self.tail.len()) as u64;
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if kept == self.bytes {
            let whole = [self.head.as_slice(), &tail].concat();
            return String::from_utf8_lossy(&whole).into_owned();
        }
        format!(
            "{}\n[{} bytes of output left out]\n{}",
            String::from_utf8_lossy(&self.head),
            self.bytes - kept,
            String::from_utf8_lossy(&tail)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_kept_whole_while_it_is_short() {
        let mut output = Output::default();
        let half = "ü".repeat(HEAD_BYTES / 2 - 1);
        // A character that lies on the border of beginning and end is whole all the same.
        output.push(b"x");
        output.push(half.as_bytes());
        output.push("ü".as_bytes());
        assert_eq!(output.text(), format!("x{half}ü"));
    }

    #[test]
    fn of_much_output_the_beginning_and_the_end_are_kept() {
        let mut output = Output::default();
        output.push(&[b'a'; HEAD_BYTES]);
        for _ in 0..10 {
            output.push(&[b'b'; 10_000]);
        }
        output.push(&[b'c'; TAIL_BYTES - 1]);
        assert_eq!(
            output.text(),
            format!(
                "{}\n[{} bytes of output left out]\nb{}",
                "a".repeat(HEAD_BYTES),
                100_000 - 1,
                "c".repeat(TAIL_BYTES - 1)
            )
        );
    }
}
