//! The lines of a program's output, one message each: bounded, however they are cut on their way.

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use super::skim::Skim;

/// How much room a line that was read leaves for the next one, in bytes.
const KEPT_BYTES: usize = 64 * 1024;

#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Without its end.
    Whole(&'a [u8]),
    /// Not kept; the request of ours that it answers, where that can be seen.
    TooLong(Option<u64>),
}

pub struct Lines<R> {
    source: R,
    /// The longest line that is kept, in bytes.
    limit: usize,
    line: Vec<u8>,
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    pub fn new(source: R, limit: usize) -> Self {
        Self {
            source,
            limit,
            line: Vec::new(),
        }
    }

    /// The next line; `None` at the end, and where it cannot be read on. A last line without its end is none. Not to be
    /// dropped before it is done: the beginning of a line would be lost.
    pub async fn next(&mut self) -> Option<Line<'_>> {
        self.line.clear();
        self.line.shrink_to(KEPT_BYTES);
        let mut skim: Option<Skim> = None;
        loop {
            let piece = self.source.fill_buf().await.ok()?;
            if piece.is_empty() {
                return None;
            }
            let end = memchr::memchr(b'\n', piece);
            let part = &piece[..end.unwrap_or(piece.len())];
            match &mut skim {
                Some(skim) => skim.read(part),
                None if part.len() > self.limit - self.line.len() => {
                    let begun = skim.insert(Skim::default());
                    begun.read(&self.line);
                    begun.read(part);
                    self.line = Vec::new();
                }
                None => self.line.extend_from_slice(part),
            }
            let used = part.len() + usize::from(end.is_some());
            self.source.consume(used);
            if end.is_some() {
                return Some(match skim {
                    Some(skim) => Line::TooLong(skim.answers()),
                    None => Line::Whole(&self.line),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use proptest::prelude::*;
    use tokio::io::BufReader;

    use super::*;

    const LIMIT: usize = 30;

    /// The lines of `bytes` that comes in pieces of this size; a number for one that was too long.
    fn lines(bytes: &[u8], size: usize) -> Vec<Result<Vec<u8>, Option<u64>>> {
        let mut lines = Lines::new(BufReader::with_capacity(size, bytes), LIMIT);
        let mut read = Vec::new();
        while let Some(line) = lines.next().now_or_never().expect("nothing to wait for") {
            read.push(match line {
                Line::Whole(line) => Ok(line.to_vec()),
                Line::TooLong(id) => Err(id),
            });
        }
        read
    }

    #[test]
    fn a_line_that_is_too_long_is_told_by_its_id_and_costs_no_other() {
        let long = r#"{"id":7,"result":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}"#;
        let fits = "x".repeat(LIMIT);
        let text = format!("a\r\n\n{fits}\n{fits}x\n{long}\nb\nunfinished");
        for size in 1..text.len() {
            assert_eq!(
                lines(text.as_bytes(), size),
                [
                    Ok(b"a\r".to_vec()),
                    Ok(Vec::new()),
                    Ok(fits.clone().into_bytes()),
                    Err(None),
                    Err(Some(7)),
                    Ok(b"b".to_vec()),
                ]
            );
        }
    }

    proptest! {
        #[test]
        fn lines_are_the_same_wherever_they_are_cut(
            pieces in prop::collection::vec(
                prop_oneof![Just(b"\n".to_vec()), Just(b"{\"id\":1,".to_vec()), prop::collection::vec(any::<u8>(), 0..20)],
                0..20,
            ),
            size in 1_usize..50,
        ) {
            let bytes = pieces.concat();
            let read = lines(&bytes, size);
            prop_assert_eq!(&read, &lines(&bytes, bytes.len() + 1));
            let ended = bytes.iter().filter(|byte| **byte == b'\n').count();
            prop_assert_eq!(read.len(), ended);
            let mut split = bytes.split(|byte| *byte == b'\n');
            for line in read {
                let wanted = split.next().expect("as many lines");
                match line {
                    Ok(line) => prop_assert_eq!(line, wanted),
                    Err(_) => prop_assert!(wanted.len() > LIMIT),
                }
            }
        }
    }
}
