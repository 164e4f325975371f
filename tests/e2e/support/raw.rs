//! A client that speaks in bytes: whatever a real one would never send.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::http1::{self, Message};
use super::within;

pub struct Raw {
    stream: TcpStream,
    heard: Vec<u8>,
}

impl Raw {
    pub async fn to(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            heard: Vec::new(),
        }
    }

    /// Sends what it can: a server that has heard enough may have left.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = self.stream.write_all(bytes.as_ref());
        let _left = within(|| "a server that reads".to_owned(), sent).await;
    }

    /// Sends these bytes and says whether anyone is there to take them.
    pub async fn sends(&mut self, bytes: &str) -> bool {
        self.stream.write_all(bytes.as_bytes()).await.is_ok()
    }

    /// Sends these bytes over and over until there is an answer.
    pub async fn send_on(&mut self, bytes: &[u8]) -> Option<Message> {
        let (mut reader, mut writer) = self.stream.split();
        let heard = &mut self.heard;
        let sending = async { while writer.write_all(bytes).await.is_ok() {} };
        let answered = async {
            tokio::pin!(sending);
            let mut sending_on = true;
            loop {
                if let Some((answer, _)) = http1::first(heard) {
                    return Some(answer);
                }
                tokio::select! {
                    read = reader.read_buf(heard) => {
                        if matches!(read, Ok(0) | Err(_)) {
                            return None;
                        }
                    }
                    () = &mut sending, if sending_on => sending_on = false,
                }
            }
        };
        within(|| "an answer while sending".to_owned(), answered).await
    }

    /// Waits for the head of an answer, and reads no further than it came.
    pub async fn begin(&mut self) {
        let begun = async {
            while memchr::memmem::find(&self.heard, b"\r\n\r\n").is_none() {
                assert!(self.hear().await, "no answer");
            }
        };
        within(|| "the head of an answer".to_owned(), begun).await;
    }

    /// The next answer; `None` when the connection ended without one.
    pub async fn answer(&mut self) -> Option<Message> {
        let answered = async {
            loop {
                if let Some((answer, rest)) = http1::first(&self.heard) {
                    self.heard = rest.to_vec();
                    return Some(answer);
                }
                if !self.hear().await {
                    return None;
                }
            }
        };
        within(|| "an answer".to_owned(), answered).await
    }

    /// Everything up to the end of the connection, waiting for that.
    pub async fn rest(mut self) -> Vec<u8> {
        let ended = async {
            while self.hear().await {}
            self.heard
        };
        within(|| "the end of the connection".to_owned(), ended).await
    }

    /// Whether anything came; a reset is an end like another.
    async fn hear(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.heard).await, Ok(1..))
    }
}
