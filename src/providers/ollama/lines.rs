//! Lines of JSON (NDJSON) as the events that every reader takes. Pure: the bytes are somebody else's.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use crate::sse::{Event, MAX_EVENT_BYTES, ReadError};

/// The lines of a byte stream, however it is cut into pieces: each an event of the type `message`, at most
/// [`MAX_EVENT_BYTES`] long. Blank lines are left out; a last line without its line feed counts.
pub fn lines<S, E>(bytes: S) -> impl Stream<Item = Result<Event, ReadError<E>>> + Unpin
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    Lines {
        source: bytes,
        piece: Bytes::new(),
        begun: BytesMut::new(),
        ended: false,
    }
}

struct Lines<S> {
    source: S,
    /// The part of the last piece that has not been cut yet.
    piece: Bytes,
    /// The beginning of a line whose end has not come.
    begun: BytesMut,
    ended: bool,
}

impl<S> Lines<S> {
    /// The next whole line of the piece at hand; what is left of the piece is kept as begun.
    fn cut(&mut self) -> Option<Bytes> {
        let end = memchr::memchr(b'\n', &self.piece);
        let head = self
            .piece
            .split_to(end.map_or(self.piece.len(), |at| at + 1));
        if end.is_some() && self.begun.is_empty() {
            return Some(head);
        }
        self.begun.extend_from_slice(&head);
        end.map(|_| self.begun.split().freeze())
    }
}

impl<S, E> Stream for Lines<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    type Item = Result<Event, ReadError<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(line) = self.cut() {
                match event(&line) {
                    Ok(Some(event)) => return Poll::Ready(Some(Ok(event))),
                    Ok(None) => continue,
                    Err(error) => return self.fail(error),
                }
            }
            if self.begun.len() > MAX_EVENT_BYTES {
                return self.fail(ReadError::TooLong);
            }
            if self.ended {
                return Poll::Ready(None);
            }
            match ready!(self.source.poll_next_unpin(cx)) {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => return self.fail(ReadError::Source(error)),
                None => {
                    self.ended = true;
                    self.piece = Bytes::from_static(b"\n");
                }
            }
        }
    }
}

impl<S> Lines<S> {
    /// Ends the stream with an error.
    fn fail<E>(&mut self, error: ReadError<E>) -> Poll<Option<Result<Event, ReadError<E>>>> {
        self.piece.clear();
        self.begun.clear();
        self.ended = true;
        Poll::Ready(Some(Err(error)))
    }
}

/// What a line says; nothing when it is blank.
fn event<E>(line: &[u8]) -> Result<Option<Event>, ReadError<E>> {
    if line.len() > MAX_EVENT_BYTES {
        return Err(ReadError::TooLong);
    }
    let line = std::str::from_utf8(line).map_err(|_| ReadError::NotUtf8)?;
    let data = line.trim();
    Ok((!data.is_empty()).then(|| Event {
        kind: "message".into(),
        data: data.to_owned(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, stream};
    use proptest::prelude::*;

    type Read = Vec<Result<Event, ReadError<&'static str>>>;

    fn read(pieces: Vec<Result<Vec<u8>, &'static str>>) -> Read {
        let pieces = pieces.into_iter().map(|piece| piece.map(Bytes::from));
        let lines = lines(stream::iter(pieces)).collect::<Vec<_>>();
        lines.now_or_never().expect("nothing to wait for")
    }

    fn line(text: &str) -> Result<Event, ReadError<&'static str>> {
        Ok(Event {
            kind: "message".into(),
            data: text.into(),
        })
    }

    #[test]
    fn blank_lines_are_left_out_and_the_last_line_needs_no_line_feed() {
        let bytes = b"{\"a\":1}\n\n \r\n{\"b\":2}\r\n{\"c\":3}".to_vec();
        assert_eq!(
            read(vec![Ok(bytes)]),
            [line(r#"{"a":1}"#), line(r#"{"b":2}"#), line(r#"{"c":3}"#)]
        );
    }

    #[test]
    fn a_line_that_never_ends_is_refused_at_the_cap() {
        let lines = read(vec![Ok(vec![b'x'; 1024 * 1024]); 10]);
        assert_eq!(lines, [Err(ReadError::TooLong)]);
    }

    #[test]
    fn a_long_line_in_one_piece_is_refused_as_well() {
        let mut bytes = vec![b'x'; MAX_EVENT_BYTES];
        bytes.extend_from_slice(b"\nnext\n");
        assert_eq!(read(vec![Ok(bytes)]), [Err(ReadError::TooLong)]);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_an_error_at_their_line() {
        let lines = read(vec![Ok(b"a\n\xff\nb\n".to_vec())]);
        assert_eq!(lines, [line("a"), Err(ReadError::NotUtf8)]);
    }

    #[test]
    fn a_cut_connection_is_the_last_item() {
        let lines = read(vec![Ok(b"a\nb".to_vec()), Err("cut")]);
        assert_eq!(lines, [line("a"), Err(ReadError::Source("cut"))]);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_where_the_bytes_are_cut(
            texts in prop::collection::vec("[a-zäß€😀 :]{0,20}", 1..8),
            line_end in prop::sample::select(vec!["\n", "\r\n"]),
            cuts in prop::collection::vec(1usize..9, 1..200),
        ) {
            let mut rest: Vec<u8> = Vec::new();
            for text in &texts {
                rest.extend_from_slice(format!("x{text}x{line_end}").as_bytes());
            }
            let mut pieces = Vec::new();
            for cut in cuts.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let tail = rest.split_off(cut.min(rest.len()));
                pieces.push(Ok(std::mem::replace(&mut rest, tail)));
            }
            let wanted: Read = texts.iter().map(|text| line(&format!("x{text}x"))).collect();
            prop_assert_eq!(read(pieces), wanted);
        }
    }
}
