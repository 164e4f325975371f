//! The rest of a large answer, read from the socket into the buffer that all of it goes to. Through hyper it would come in
//! thousands of small pieces, each copied twice. Whoever reads it has the socket for as long as that takes; a new
//! connection is made of it afterwards.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::{BufMut, Bytes, BytesMut};
use http_body::Body;
use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Response, Version};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::super::Failure;
use super::super::connection::Connection;
use super::PlainBody;

/// From how many bytes on that is worth it.
const MIN_BYTES: u64 = 64 << 10;

/// Whether an answer is large, its length is known, and nothing is left to do on its connection but to read it and to
/// ask again: all of the request, with the body `sent`, is written, and the other end means to keep the connection.
pub fn is_bulk(response: &Response<Incoming>, sent: &Bytes) -> bool {
    let length = response.body().size_hint().exact();
    length.is_some_and(|bytes| bytes >= MIN_BYTES) && sent.is_unique() && stays_open(response)
}

fn stays_open(response: &Response<Incoming>) -> bool {
    let is_close = |value: &HeaderValue| {
        let options = value.as_bytes().split(|byte| *byte == b',');
        let mut options = options.map(<[u8]>::trim_ascii);
        options.any(|option| option.eq_ignore_ascii_case(b"close"))
    };
    let mut options = response.headers().get_all(CONNECTION).iter();
    response.version() == Version::HTTP_11 && !options.any(is_close)
}

impl PlainBody {
    /// Appends all that is left, if this is bulk. What is left afterwards comes in pieces.
    ///
    /// # Errors
    /// The connection was cut.
    pub async fn fill(&mut self, whole: &mut BytesMut) -> Result<(), Failure> {
        if !self.is_bulk {
            return Ok(());
        }
        let Some((mut incoming, connection)) = self.rest.take() else {
            return Ok(());
        };
        take_read(&mut incoming, whole)?;
        let left = incoming.size_hint().lower();
        if left == 0 {
            return Ok(());
        }
        let (mut socket, read) = connection.into_socket().ok_or(Failure::Cut)?;
        let own = read.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        whole.extend_from_slice(&read[..own]);
        let cut = |_| Failure::Cut;
        read_exactly(&mut socket, left - own as u64, whole)
            .await
            .map_err(cut)?;
        // What says more than it announced is not asked again.
        if own == read.len()
            && let Some(idle) = self.idle.upgrade()
            && let Ok(connection) = Connection::new(socket).await
        {
            idle.keep(Box::new(connection));
        }
        Ok(())
    }
}

/// Appends what is on its way from the connection to the body.
fn take_read(incoming: &mut Incoming, whole: &mut BytesMut) -> Result<(), Failure> {
    let cx = &mut Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(frame)) = Pin::new(&mut *incoming).poll_frame(cx) {
        let data = frame.map_err(|_| Failure::Cut)?.into_data();
        whole.extend_from_slice(&data.unwrap_or_default());
    }
    Ok(())
}

async fn read_exactly(socket: &mut TcpStream, bytes: u64, whole: &mut BytesMut) -> io::Result<()> {
    let end = whole.len() as u64 + bytes;
    loop {
        let left = end - whole.len() as u64;
        if left == 0 {
            return Ok(());
        }
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        if socket.read_buf(&mut whole.limit(left)).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
