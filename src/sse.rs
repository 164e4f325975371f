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
    Events::new(bytes)
}

/// A byte stream, cut into whole events of a bounded length: what cannot be used yet is neither searched nor copied.
struct Events<S> {
    source: S,
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

/// One whole event; `None` where it holds no data.
fn read<E>(event: &[u8], is_first: bool) -> Result<Option<Event>, ReadError<E>> {
    if event.len() > MAX_EVENT_BYTES {
        return Err(ReadError::TooLong);
    }
    let text = std::str::from_utf8(event).map_err(|_| ReadError::NotUtf8)?;
    Ok(parse(match text.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) if is_first => rest,
        _ => text,
    }))
}

fn parse(event: &str) -> Option<Event> {
    let (mut kind, mut data) = (MESSAGE, None::<String>);
    for line in lines(event) {
        // A comment is a field without a name.
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
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

impl<S> Events<S> {
    fn new(source: S) -> Self {
        Self {
            source,
            piece: Bytes::new(),
            begun: BytesMut::new(),
            line: Line::Empty,
            started: false,
            ended: false,
        }
    }

    /// What an event says that is whole. One that cannot be read ends the stream.
    fn whole<E>(&mut self, event: &[u8]) -> Option<Result<Event, ReadError<E>>> {
        let is_first = !std::mem::replace(&mut self.started, true);
        let read = read(event, is_first);
        self.ended |= read.is_err();
        read.transpose()
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

impl<S, E> Stream for Events<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    type Item = Result<Event, ReadError<E>>;

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
mod tests {
    use super::*;
    use futures_util::{FutureExt, stream};
    use proptest::prelude::*;

    type Read = Vec<Result<Event, ReadError<&'static str>>>;

    fn read(pieces: Vec<Vec<u8>>) -> Read {
        let pieces = pieces.into_iter().map(|piece| Ok(Bytes::from(piece)));
        let events = events(stream::iter(pieces)).collect::<Vec<_>>();
        events.now_or_never().expect("nothing to wait for")
    }

    fn data(texts: &[&str]) -> Read {
        let event = |text: &&str| Event {
            kind: "message".into(),
            data: (*text).into(),
        };
        texts.iter().map(event).map(Ok).collect()
    }

    #[test]
    fn line_ends_of_every_kind_and_comments_are_understood() {
        let stream = ": hello\n\ndata: a\n\ndata:b\r\n\r\n:x\r\ndata: c\r\rdata: d1\ndata: d2\n\n";
        assert_eq!(read(vec![stream.into()]), data(&["a", "b", "c", "d1\nd2"]));
    }

    #[test]
    fn an_event_without_its_blank_line_counts_at_the_end() {
        assert_eq!(
            read(vec![b"data: a\n\ndata: [DONE]".to_vec()]),
            data(&["a", "[DONE]"])
        );
    }

    #[test]
    fn a_byte_order_mark_at_the_beginning_means_nothing() {
        let stream = "\u{feff}data: \u{feff}a\n\n\u{feff}data: b\n\ndata: c\n\n";
        let wanted = data(&["\u{feff}a", "c"]);
        assert_eq!(read(vec![stream.into()]), wanted);
        let single = stream.bytes().map(|byte| vec![byte]).collect();
        assert_eq!(read(single), wanted);
        assert_eq!(read(vec!["\u{feff}\u{feff}data: a\n\n".into()]), []);
    }

    #[test]
    fn an_event_has_its_type() {
        let events = read(vec![b"event: ping\ndata: {}\n\n".to_vec()]);
        let ping = Event {
            kind: "ping".into(),
            data: "{}".into(),
        };
        assert_eq!(events, [Ok(ping)]);
    }

    #[test]
    fn fields_are_read_as_the_format_has_them() {
        let stream = "data\ndata:\ndata:  x\nid: 7\nretry: 1\nevent:\nnot data: y\n\n\nevent: e\n\ndata:\n\n";
        assert_eq!(read(vec![stream.into()]), data(&["\n\n x"]));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_an_error_at_their_event_and_the_last() {
        let events = read(vec![b"data: a\n\ndata: \xff\n\ndata: b\n\n".to_vec()]);
        assert_eq!(events[0], data(&["a"])[0]);
        assert_eq!(events[1..], [Err(ReadError::NotUtf8)]);
    }

    #[test]
    fn an_event_that_never_ends_is_refused_at_the_cap() {
        let piece = vec![b'x'; 1024 * 1024];
        let events = read(vec![piece; 10]);
        assert_eq!(events.last(), Some(&Err(ReadError::TooLong)));
    }

    proptest! {
        #[test]
        fn no_order_of_marks_line_ends_and_bytes_makes_it_panic(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "\u{feff}".as_bytes(), b"\n", b"\r", b"\r\n", b"data", b":", b" ", b"\xff", b"\0",
                ]),
                0..24,
            ),
        ) {
            fuzzing::stream(&pieces.concat());
        }

        #[test]
        fn events_do_not_depend_on_where_the_bytes_are_cut(
            texts in prop::collection::vec("[a-zäß€😀 :]{0,20}", 1..8),
            line_end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
            cuts in prop::collection::vec(1usize..9, 1..200),
        ) {
            let mut stream = Vec::new();
            for text in &texts {
                stream.extend_from_slice(format!("data: x{text}{line_end}{line_end}").as_bytes());
            }
            let mut pieces = Vec::new();
            let mut cuts = cuts.into_iter().cycle();
            while !stream.is_empty() {
                let cut = cuts.next().unwrap_or(1).min(stream.len());
                let rest = stream.split_off(cut);
                pieces.push(std::mem::replace(&mut stream, rest));
            }
            let wanted: Vec<String> = texts.iter().map(|text| format!("x{text}")).collect();
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            prop_assert_eq!(read(pieces), data(&wanted));
        }
    }
}
