//! The event-stream format (WHATWG HTML, "Server-sent events"): frames out, events in.

use std::borrow::Cow;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

/// The last frame of an OpenAI stream.
pub const DONE: &[u8] = b"data: [DONE]\n\n";

/// A comment: readers ignore it, and the connection stays alive.
pub const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";

/// The longest event that is read, in bytes.
pub const MAX_EVENT_BYTES: usize = 8 * 1024 * 1024;

/// Appends one event. `data` holds no line feed (compact JSON never does).
pub fn frame(out: &mut Vec<u8>, data: &[u8]) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

/// Why an event stream cannot be read on.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum ReadError<E> {
    #[error("an event of more than {MAX_EVENT_BYTES} bytes")]
    TooLong,
    #[error("an event that is not UTF-8")]
    NotUtf8,
    #[error(transparent)]
    Source(E),
}

/// An event: its type (`message` where none is given) and its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub kind: Cow<'static, str>,
    pub data: String,
}

/// The type of an event that does not say its own.
const MESSAGE: Cow<'static, str> = Cow::Borrowed("message");

/// The events of a byte stream, however it is cut into pieces. An event that the end of the stream leaves without its
/// blank line counts as well.
pub fn events<S, E>(bytes: S) -> impl Stream<Item = Result<Event, ReadError<E>>> + Unpin
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    read_as(bytes, parse)
}

/// The events of a byte stream as `parse` sees each one's text, which ends with its blank line; `None` leaves it out.
pub fn read_as<S, T, E>(
    bytes: S,
    parse: fn(&str) -> Option<T>,
) -> impl Stream<Item = Result<T, ReadError<E>>> + Unpin
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    Events::new(bytes, parse)
}

/// A byte stream, cut into whole events of a bounded length: what cannot be used yet is neither searched nor copied.
struct Events<S, T> {
    source: S,
    parse: fn(&str) -> Option<T>,
    /// The part of the last piece that has not been cut yet.
    piece: Bytes,
    /// The beginning of an event whose end has not come.
    begun: BytesMut,
    line: Line,
    started: bool,
    ended: bool,
}

/// What may stand at the beginning of a stream, and means nothing.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text of one whole event.
fn text<E>(event: &[u8], is_first: bool) -> Result<&str, ReadError<E>> {
    if event.len() > MAX_EVENT_BYTES {
        return Err(ReadError::TooLong);
    }
    let text = std::str::from_utf8(event).map_err(|_| ReadError::NotUtf8)?;
    Ok(match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) if is_first => rest,
        _ => text,
    })
}

/// The fields of an event's text, each with its value. A comment is a field without a name.
pub fn fields(event: &str) -> impl Iterator<Item = (&str, &str)> {
    lines(event).map(|line| {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        (field, value.strip_prefix(' ').unwrap_or(value))
    })
}

/// One whole event; `None` where it holds no data.
fn parse(event: &str) -> Option<Event> {
    let (mut kind, mut data) = (MESSAGE, None::<String>);
    for (field, value) in fields(event) {
        match (field, &mut data) {
            ("data", None) => data = Some(value.to_owned()),
            ("data", Some(data)) => {
                data.push('\n');
                data.push_str(value);
            }
            ("event", _) => kind = Cow::Owned(value.to_owned()),
            _ => {}
        }
    }
    let data = data.filter(|data| !data.is_empty())?;
    let kind = if kind.is_empty() { MESSAGE } else { kind };
    Some(Event { kind, data })
}

/// Lines, whatever ends them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = memchr::memchr2(b'\n', b'\r', rest.as_bytes())?;
        let (line, next) = rest.split_at(end);
        let ending = if next.starts_with("\r\n") { 2 } else { 1 };
        rest = &next[ending..];
        Some(line)
    })
}

/// Where in a line the reader is: a blank line ends an event.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    Empty,
    Begun,
    /// After a carriage return: a line feed that follows belongs to it.
    Returned {
        blank: bool,
    },
}

impl<S, T> Events<S, T> {
    fn new(source: S, parse: fn(&str) -> Option<T>) -> Self {
        Self {
            source,
            parse,
            piece: Bytes::new(),
            begun: BytesMut::new(),
            line: Line::Empty,
            started: false,
            ended: false,
        }
    }

    /// What an event says that is whole. One that cannot be read ends the stream.
    fn whole<E>(&mut self, event: &[u8]) -> Option<Result<T, ReadError<E>>> {
        let is_first = !std::mem::replace(&mut self.started, true);
        let text = text(event, is_first);
        self.ended |= text.is_err();
        text.map(self.parse).transpose()
    }

    /// The next whole event of the piece at hand; what is left of the piece is kept as begun.
    fn cut(&mut self) -> Option<Bytes> {
        let end = self.end_of_event();
        let head = self.piece.split_to(end.unwrap_or(self.piece.len()));
        if end.is_some() && self.begun.is_empty() {
            return Some(head);
        }
        self.begun.extend_from_slice(&head);
        end.map(|_| self.begun.split().freeze())
    }

    /// Reads on to the blank line that ends the event, and says where in the piece that is.
    fn end_of_event(&mut self) -> Option<usize> {
        let piece = &self.piece[..];
        let mut at = 0;
        while at < piece.len() {
            match piece[at] {
                b'\n' => {
                    let blank = match self.line {
                        Line::Empty => true,
                        Line::Begun => false,
                        Line::Returned { blank } => blank,
                    };
                    self.line = Line::Empty;
                    at += 1;
                    if blank {
                        return Some(at);
                    }
                }
                b'\r' => {
                    let blank = matches!(self.line, Line::Empty | Line::Returned { .. });
                    self.line = Line::Returned { blank };
                    at += 1;
                    // Whether a line feed follows is seen with the next byte; without one the event ends here too.
                    if blank && piece.get(at) != Some(&b'\n') {
                        self.line = Line::Empty;
                        return Some(at);
                    }
                }
                _ => {
                    self.line = Line::Begun;
                    let rest = memchr::memchr2(b'\n', b'\r', &piece[at..]);
                    at = rest.map_or(piece.len(), |rest| at + rest);
                }
            }
        }
        None
    }
}

impl<S, T, E> Stream for Events<S, T>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    type Item = Result<T, ReadError<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            if !self.piece.is_empty()
                && let Some(event) = self.cut()
            {
                match self.whole(&event) {
                    Some(event) => return Poll::Ready(Some(event)),
                    None => continue,
                }
            }
            if self.begun.len() > MAX_EVENT_BYTES {
                self.ended = true;
                return Poll::Ready(Some(Err(ReadError::TooLong)));
            }
            match self.source.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(piece))) => self.piece = piece,
                Poll::Ready(Some(Err(error))) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(ReadError::Source(error))));
                }
                Poll::Ready(None) => {
                    self.ended = true;
                    if self.begun.is_empty() {
                        return Poll::Ready(None);
                    }
                    self.begun.extend_from_slice(b"\n\n");
                    let event = self.begun.split().freeze();
                    return Poll::Ready(self.whole(&event));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// A byte stream, for the fuzz targets.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing {
    use futures_util::{FutureExt, stream};

    use super::*;

    type Read = Vec<Result<Event, ReadError<()>>>;

    /// Events do not depend on where the bytes are cut, and none is longer than the cap.
    pub fn stream(input: &[u8]) {
        let events = read(input, input.len());
        assert_eq!(events, read(input, 1 + input.len() % 7));
        assert_eq!(events, read(input, 1));
        let whole = events.iter().flatten();
        assert!(whole.map(|event| event.data.len()).sum::<usize>() <= input.len());
    }

    fn read(input: &[u8], size: usize) -> Read {
        let pieces = input.chunks(size.max(1)).map(Bytes::copy_from_slice);
        let events = events(stream::iter(pieces.map(Ok).collect::<Vec<_>>()));
        let events = events.collect::<Vec<_>>().now_or_never();
        events.expect("nothing to wait for")
    }
}

#[cfg(test)]
mod tests;
