//! A connection whose peer must end each message in time. Of the frames (RFC 6455, 5.2) it knows where they begin and
//! end, nothing more: whether they are good is not for it to say.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// Reads and writes as the connection does, but that a read fails with `TimedOut` where the peer began a message, or any
/// frame, longer ago than `time`, and has not ended it.
pub struct Punctual<I> {
    io: I,
    time: Duration,
    frames: Frames,
    late: Option<Pin<Box<Sleep>>>,
}

impl<I> Punctual<I> {
    pub fn new(io: I, time: Duration) -> Self {
        Self {
            io,
            time,
            frames: Frames::default(),
            late: None,
        }
    }

    fn poll_late(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(begun) = self.frames.begun else {
            return Poll::Pending;
        };
        let due = begun + self.time;
        if Instant::now() >= due {
            return Poll::Ready(());
        }
        let late = self.late.get_or_insert_with(|| Box::pin(sleep_until(due)));
        late.as_mut().poll(context)
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Punctual<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.io).poll_read(context, buffer);
        if read.is_pending() {
            ready!(this.poll_late(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let begun = this.frames.begun;
        this.frames.read(&buffer.filled()[before..], Instant::now());
        if this.frames.begun != begun {
            this.late = None;
        }
        read
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Punctual<I> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }
}

/// The longest head of a frame: two bytes, a length of eight, a mask of four.
const MAX_HEAD_BYTES: usize = 14;

/// How far the peer has come.
#[derive(Default)]
struct Frames {
    /// The head of the frame that it is in, as far as it came.
    head: [u8; MAX_HEAD_BYTES],
    head_bytes: usize,
    /// What is to come of the frame, behind its head.
    rest: u64,
    /// A message has begun, and its last frame is still to come.
    is_open: bool,
    /// When what is unfinished began.
    begun: Option<Instant>,
}

impl Frames {
    fn read(&mut self, mut bytes: &[u8], now: Instant) {
        while let Some((first, others)) = bytes.split_first() {
            if self.rest > 0 {
                let taken =
                    usize::try_from(self.rest).map_or(bytes.len(), |rest| rest.min(bytes.len()));
                self.rest -= taken as u64;
                bytes = &bytes[taken..];
            } else {
                self.begun.get_or_insert(now);
                self.head[self.head_bytes] = *first;
                self.head_bytes += 1;
                bytes = others;
                if self.head_bytes < 2 || self.head_bytes < self.whole_head() {
                    continue;
                }
                self.rest = self.payload();
            }
            if self.rest == 0 {
                self.end();
            }
        }
    }

    fn end(&mut self) {
        self.head_bytes = 0;
        let is_control = self.head[0] & 0x08 != 0;
        if !is_control {
            self.is_open = self.head[0] & 0x80 == 0;
        }
        if !self.is_open {
            self.begun = None;
        }
    }

    /// Bytes of the head, by its first two.
    fn whole_head(&self) -> usize {
        let mask = if self.head[1] & 0x80 == 0 { 0 } else { 4 };
        2 + self.length().len() + mask
    }

    /// The length that follows the first two bytes, where they have no room for it.
    fn length(&self) -> &[u8] {
        match self.head[1] & 0x7f {
            126 => &self.head[2..4],
            127 => &self.head[2..10],
            _ => &[],
        }
    }

    fn payload(&self) -> u64 {
        match self.length() {
            [] => u64::from(self.head[1] & 0x7f),
            length => (length.iter()).fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A masked frame of so many bytes.
    fn frame(first: u8, bytes: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match bytes {
            0..126 => frame.push(0x80 | bytes as u8),
            126..0x1_0000 => {
                frame.push(0xfe);
                frame.extend((bytes as u16).to_be_bytes());
            }
            _ => {
                frame.push(0xff);
                frame.extend((bytes as u64).to_be_bytes());
            }
        }
        frame.extend(vec![0xa5; 4 + bytes]);
        frame
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_is_unfinished_from_its_first_byte_up_to_its_last() {
        let (text, part, last, ping) = (0x81, 0x01, 0x80, 0x89);
        for (frames, is_last_one_whole) in [
            (vec![frame(text, 0)], true),
            (vec![frame(text, 125)], true),
            (vec![frame(text, 126)], true),
            (vec![frame(text, 70_000), frame(ping, 0)], true),
            (vec![frame(part, 3), frame(ping, 9), frame(last, 300)], true),
            (vec![frame(part, 3), frame(ping, 9)], false),
            (vec![frame(text, 3), frame(part, 0)], false),
        ] {
            let bytes = frames.concat();
            for step in [1, 7, bytes.len()] {
                let mut read = Frames::default();
                let (end, start) = bytes.split_last().unwrap();
                for some in start.chunks(step) {
                    read.read(some, Instant::now());
                }
                assert!(read.begun.is_some());
                read.read(&[*end], Instant::now());
                assert_eq!(read.begun.is_none(), is_last_one_whole, "{step}");
            }
        }
    }
}
