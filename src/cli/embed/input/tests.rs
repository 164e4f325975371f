use std::collections::VecDeque;
use std::time::Duration;

use super::*;
use crate::cli::Printer;
use crate::cli::embed::output::Last;
use crate::cli::embed::pace::Limits;
use crate::cli::embed::record::Fields;
use crate::cli::embed::report::Mode;

fn reader(chunk_size: usize) -> Reader {
    Reader {
        sources: Vec::new(),
        parser: Parser {
            format: InputFormat::Lines,
            fields: Fields {
                text: "text".to_owned(),
                id: None,
            },
            skip_empty: true,
        },
        on_error: OnError::Fail,
        done: None,
        pace: Arc::new(Pace::new(Limits {
            batch: chunk_size,
            concurrency: 1,
            patience: Duration::ZERO,
        })),
        report: Arc::new(Report::new(&[], Mode::Quiet, Printer::plain())),
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

/// Each chunk as `index text, …`, and the error at the end.
fn chunks(
    reader: &Reader,
    pieces: &[&'static [u8]],
    may_wait: bool,
) -> (Vec<String>, Option<String>) {
    const ROOM: usize = 100;
    let (sender, mut receiver) = tokio::sync::mpsc::channel(ROOM);
    let mut chunks = Chunks {
        reader,
        sender: &sender,
        chunk: Vec::new(),
        text_bytes: 0,
        passed_bytes: 0,
        index: 0,
    };
    let source = Pieces(pieces.iter().copied().collect());
    let read = chunks.read(source, "in.txt", may_wait);
    let error = read.and_then(|()| chunks.all_done()).err();
    chunks.send().unwrap();
    drop(sender);
    let show = |chunk: anyhow::Result<Chunk>| {
        let records = chunk.unwrap().into_iter();
        let records = records.map(|record| format!("{} {}", record.index, record.text));
        records.collect::<Vec<_>>().join(", ")
    };
    let sent = std::iter::from_fn(|| receiver.blocking_recv())
        .map(show)
        .collect();
    (sent, error.map(|error| error.to_string()))
}

fn sent(chunks: &[&str]) -> Vec<String> {
    chunks.iter().map(|chunk| (*chunk).to_owned()).collect()
}

#[test]
fn what_has_come_goes_on_before_a_read_that_may_wait() {
    assert_eq!(
        chunks(&reader(60), &[b"1\n2\n", b"3\n4"], true),
        (sent(&["0 1, 1 2", "2 3", "3 4"]), None)
    );
}

#[test]
fn a_chunk_holds_as_many_as_it_may_and_blank_ones_do_not_count() {
    assert_eq!(
        chunks(&reader(2), &[b"1\n2\n\n3\n"], false),
        (sent(&["0 1, 1 2", "2 3"]), None)
    );
}

#[test]
fn an_input_counts_the_bytes_from_the_last_one_to_its_end() {
    const ROOM: usize = 100;
    let (sender, mut receiver) = tokio::sync::mpsc::channel(ROOM);
    let reader = reader(60);
    let mut chunks = Chunks {
        reader: &reader,
        sender: &sender,
        chunk: Vec::new(),
        text_bytes: 0,
        passed_bytes: 0,
        index: 0,
    };
    let source = Pieces([&b"1\n\n2"[..], b"2\n3"].into());
    chunks.read(source, "in.txt", false).unwrap();
    chunks.send().unwrap();
    let records = receiver.blocking_recv().unwrap().unwrap();
    let bytes: Vec<u64> = records.iter().map(|record| record.bytes).collect();
    assert_eq!(bytes, [2, 4, 1]);
}

#[test]
fn what_was_read_before_an_error_is_kept() {
    assert_eq!(
        chunks(&reader(60), &[b"1\n2\n\xff\n3\n"], false),
        (
            sent(&["0 1, 1 2"]),
            Some("in.txt, line 3: not UTF-8".to_owned())
        )
    );
}

#[test]
fn a_bad_input_that_is_skipped_leaves_a_gap_in_the_count() {
    let reader = Reader {
        on_error: OnError::Skip,
        ..reader(60)
    };
    assert_eq!(
        chunks(&reader, &[b"1\n\xff\n3\n"], false),
        (sent(&["0 1, 2 3"]), None)
    );
}

#[test]
fn what_was_done_before_is_passed_over() {
    let resumed = |inputs, last: &str| Reader {
        done: Some(Done {
            inputs,
            last: Last::Text(last.to_owned()),
            ..Done::default()
        }),
        ..reader(60)
    };
    let input: &[&[u8]] = &[b"1\n2\n3\n"];
    assert_eq!(
        chunks(&resumed(2, "2"), input, false),
        (sent(&["2 3"]), None)
    );
    assert_eq!(chunks(&resumed(3, "3"), input, false), (sent(&[]), None));
    let other = "in.txt, line 2: not the input that the output ends with; \
                 --resume goes on with the same inputs";
    assert_eq!(
        chunks(&resumed(2, "x"), input, false),
        (sent(&[]), Some(other.to_owned()))
    );
    let fewer = "3 inputs, and the output has 4 of them; --resume goes on with the same inputs";
    assert_eq!(
        chunks(&resumed(4, "x"), input, false),
        (sent(&[]), Some(fewer.to_owned()))
    );
}
