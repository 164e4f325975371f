//! A WebSocket (RFC 6455), seen from the server: the handshake, messages in and out, the close. What is said over it is
//! the endpoint's business.
//!
//! The socket itself is tungstenite's. warp has a filter for the same, which leaves no choice of the buffers: 128 KiB of
//! them a socket, idle or not.

mod punctual;

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
};
use hyper::upgrade::Upgraded;
use hyper::{HeaderMap, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
pub use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Utf8Bytes};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::body::Limits;
use super::error::ApiError;
use super::reply::{self, Response};
use punctual::Punctual;

/// The only version that there is.
pub const VERSION: HeaderValue = HeaderValue::from_static("13");

/// What a socket reads at a time, and has in memory while it waits: bytes.
const READ_BYTES: usize = 4 << 10;

/// What is written together, at most, in bytes.
const WRITE_BYTES: usize = 16 << 10;

/// What a peer has for taking the close.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// 101, the answer to a request that asks for a WebSocket.
///
/// # Errors
/// 400 for what is no handshake, 426 for one of another version.
pub fn accept(headers: &HeaderMap) -> Result<Response, ApiError> {
    let bad = |what: &str| ApiError::new(StatusCode::BAD_REQUEST, what);
    let options = headers.get_all(CONNECTION).iter();
    let mut options = options.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    if !options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade")) {
        return Err(bad("a WebSocket begins with `Connection: Upgrade`"));
    }
    // It would be taken for the first message.
    let is_empty = headers
        .get(CONTENT_LENGTH)
        .is_none_or(|length| length == "0");
    if !is_empty || headers.contains_key(TRANSFER_ENCODING) {
        return Err(bad("a request for a WebSocket has no body"));
    }
    if headers.get(SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        let message = "`Sec-WebSocket-Version` must be 13";
        return Err(ApiError::new(StatusCode::UPGRADE_REQUIRED, message));
    }
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    let key = match (keys.next(), keys.next()) {
        (Some(key), None) if is_key(key.as_bytes()) => key,
        _ => return Err(bad("`Sec-WebSocket-Key` must be 16 bytes in base64")),
    };
    let accepted = HeaderValue::try_from(derive_accept_key(key.as_bytes()));
    let mut response = reply::empty();
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    answer.insert(UPGRADE, HeaderValue::from_static("websocket"));
    answer.insert(
        SEC_WEBSOCKET_ACCEPT,
        accepted.expect("base64 is a header value"),
    );
    Ok(response)
}

fn is_key(key: &[u8]) -> bool {
    use base64::Engine;
    let decoded = base64::engine::general_purpose::STANDARD.decode(key);
    decoded.is_ok_and(|bytes| bytes.len() == 16)
}

/// An open socket. Pings are answered while it is read; a peer that does not take the answers is not read any further.
pub struct WebSocket<I = TokioIo<Upgraded>> {
    stream: WebSocketStream<Punctual<I>>,
    /// A ping was heard, and its answer may not have left yet.
    owes_pong: bool,
    /// The peer did what it must not: what it sends on is not read as messages any more.
    is_deaf: bool,
}

/// What a socket hears.
#[derive(Debug)]
pub enum Received {
    Text(Utf8Bytes),
    /// The peer is there, and says nothing.
    Alive,
    /// The peer closes the socket, or is gone.
    Closed,
    /// The peer does what it must not, and is not listened to any further.
    Fault(CloseCode),
}

/// Nobody can be told anything any more.
#[derive(Debug)]
pub struct Gone;

impl WebSocket {
    /// Messages of the peer are limited as bodies are.
    pub async fn over(upgraded: Upgraded, limits: Limits) -> Self {
        Self::over_io(TokioIo::new(upgraded), limits).await
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> WebSocket<I> {
    async fn over_io(io: I, limits: Limits) -> Self {
        let max_message = usize::try_from(limits.bytes).ok();
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(WRITE_BYTES)
            .max_message_size(max_message)
            .max_frame_size(max_message);
        let io = Punctual::new(io, limits.time);
        Self {
            stream: WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await,
            owes_pong: false,
            is_deaf: false,
        }
    }

    /// What comes next. Nothing is lost when the future is dropped.
    pub async fn receive(&mut self) -> Received {
        if self.owes_pong {
            if self.stream.flush().await.is_err() {
                return Received::Closed;
            }
            self.owes_pong = false;
        }
        let error = match self.stream.next().await {
            Some(Ok(Message::Text(text))) => return Received::Text(text),
            Some(Ok(Message::Ping(_))) => {
                self.owes_pong = true;
                return Received::Alive;
            }
            Some(Ok(Message::Pong(_))) => return Received::Alive,
            Some(Ok(Message::Binary(_) | Message::Frame(_))) => {
                return Received::Fault(CloseCode::Unsupported);
            }
            Some(Ok(Message::Close(_))) | None => return Received::Closed,
            Some(Err(error)) => error,
        };
        self.is_deaf = true;
        match error {
            Error::Capacity(_) => Received::Fault(CloseCode::Size),
            Error::Utf8(_) => Received::Fault(CloseCode::Invalid),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Received::Closed,
            Error::Protocol(_) => Received::Fault(CloseCode::Protocol),
            // A message that was not whole in time.
            Error::Io(error) if error.kind() == io::ErrorKind::TimedOut => {
                Received::Fault(CloseCode::Policy)
            }
            _ => Received::Closed,
        }
    }

    /// Sends each line as a message, and returns when they have left. The lines are UTF-8 and each ends with a line feed.
    ///
    /// # Errors
    /// The peer is gone, or does not read.
    pub async fn send(&mut self, lines: Bytes) -> Result<(), Gone> {
        let mut begin = 0;
        for end in memchr::memchr_iter(b'\n', &lines) {
            let line = Utf8Bytes::try_from(lines.slice(begin..end));
            let line = line.expect("what is sent is UTF-8");
            self.stream
                .feed(Message::Text(line))
                .await
                .map_err(|_| Gone)?;
            begin = end + 1;
        }
        self.stream.flush().await.map_err(|_| Gone)
    }

    /// Asks the peer whether it is there.
    ///
    /// # Errors
    /// It is not, or does not read.
    pub async fn ping(&mut self) -> Result<(), Gone> {
        let ping = Message::Ping(Bytes::new());
        self.stream.send(ping).await.map_err(|_| Gone)
    }

    /// Says the last word, or answers the peer's, and closes. A peer that does not take it in time is left.
    pub async fn close(mut self, code: CloseCode, reason: &'static str) {
        let frame = CloseFrame {
            code,
            reason: Utf8Bytes::from_static(reason),
        };
        let closing = async {
            // Where the peer has said its last word already, there is none of ours, and the flush answers it.
            let _said = self.stream.close(Some(frame)).await;
            SinkExt::close(&mut self.stream).await?;
            // Up to its last word; what follows a fault is none.
            while let Some(Ok(_)) = self.stream.next().await {}
            match self.is_deaf {
                true => Ok(self.stream.get_mut().shutdown().await?),
                false => Ok::<_, Error>(()),
            }
        };
        let _late = timeout(CLOSE_TIME, closing).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        bytes: 1000,
        time: Duration::from_secs(30),
    };

    #[tokio::test(start_paused = true)]
    async fn pings_of_a_peer_that_does_not_read_are_not_read_any_further() {
        const PINGS: usize = 10_000;
        let (mut peer, own) = tokio::io::duplex(1 << 10);
        let mut socket = WebSocket::over_io(own, LIMITS).await;
        let ping = [&[0x89, 0x80 | 125, 0, 0, 0, 0][..], &[b'x'; 125]].concat();
        let mut heard = 0;
        let pinging = async {
            for _ in 0..PINGS {
                peer.write_all(&ping).await.unwrap();
            }
        };
        let hearing = async {
            while let Received::Alive = socket.receive().await {
                heard += 1;
            }
        };
        let both = async { tokio::join!(pinging, hearing) };
        // Nothing moves any more when the clock does.
        assert!(timeout(Duration::from_secs(1), both).await.is_err());
        assert!((8..20).contains(&heard), "{heard}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_is_not_whole_in_time_is_a_fault_though_the_peer_is_there() {
        for begun in [
            &[0x01, 0x81, 0, 0, 0, 0, b'x'][..],
            &[0x81, 0xfe, 0],
            &[0x81],
        ] {
            let (mut peer, own) = tokio::io::duplex(1 << 10);
            let mut socket = WebSocket::over_io(own, LIMITS).await;
            let whole = [0x81, 0x81, 0, 0, 0, 0, b'x'];
            peer.write_all(&[&whole[..], begun].concat()).await.unwrap();
            assert!(matches!(socket.receive().await, Received::Text(text) if text == "x"));
            let before = tokio::time::Instant::now();
            let heard = socket.receive().await;
            assert!(
                matches!(heard, Received::Fault(CloseCode::Policy)),
                "{heard:?}"
            );
            assert_eq!(before.elapsed(), LIMITS.time);
        }
    }
}
