//! HTTP/1.1 byte by byte on one connection: reads requests, plays steps. Knows nothing of scripts.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};

use super::recorded::{Headers, Recorded};
use super::steps::Step;

/// Most bytes of a request that are held; more is a fault of the client under test.
const MAX_REQUEST_BYTES: usize = 256 * 1024 * 1024;

/// Why there is no request to answer.
pub enum NoRequest {
    /// The client closed the connection.
    Left,
    /// What came is not HTTP/1.1, and this is why.
    Malformed(String),
}

/// How playing an answer ended.
#[derive(Debug, PartialEq)]
pub enum Played {
    /// To its end; the connection serves the next request.
    KeepAlive,
    /// To its end, which was the connection's too.
    Closed,
    /// The client left before the end.
    HungUp,
}

/// A client's connection and what it sent ahead.
pub struct Connection {
    number: usize,
    stream: TcpStream,
    ahead: BytesMut,
}

impl Connection {
    pub fn new(number: usize, stream: TcpStream) -> Self {
        // It fails when the client has left already, which the first read tells.
        let _nodelay = stream.set_nodelay(true);
        let ahead = BytesMut::new();
        Self {
            number,
            stream,
            ahead,
        }
    }

    /// Reads one request, its body by `content-length` or in chunks.
    pub async fn read_request(&mut self) -> Result<Recorded, NoRequest> {
        let request_line = self.line().await?;
        let [method, target, "HTTP/1.1"] = request_line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(NoRequest::Malformed(format!(
                "the request line {request_line:?}"
            )));
        };
        let headers = self.header_lines().await?;
        let body = self.body(&headers).await?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (method, path, query) = (method.to_owned(), path.to_owned(), query.to_owned());
        Ok(Recorded {
            method,
            path,
            query,
            headers,
            body,
            connection: self.number,
        })
    }

    /// Plays the steps, watching whether the client is still there.
    pub async fn play(&mut self, steps: Vec<Step>) -> Played {
        let (mut reader, mut writer) = self.stream.split();
        let played = tokio::select! {
            biased;
            played = perform(&mut writer, steps) => played,
            () = client_leaves(&mut reader, &mut self.ahead) => Ok(Played::HungUp),
        };
        played.unwrap_or(Played::HungUp)
    }

    async fn header_lines(&mut self) -> Result<Headers, NoRequest> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(lines.into_iter().collect());
            }
            let Some((name, value)) = line.split_once(':') else {
                return Err(NoRequest::Malformed(format!("the header line {line:?}")));
            };
            lines.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    async fn body(&mut self, headers: &Headers) -> Result<Bytes, NoRequest> {
        match (
            headers.get("transfer-encoding"),
            headers.get("content-length"),
        ) {
            (None, None) => Ok(Bytes::new()),
            (None, Some(length)) => self.exactly(number(length, 10)?).await,
            (Some("chunked"), None) => self.chunks().await,
            (encoding, length) => Err(NoRequest::Malformed(format!(
                "a body of {length:?} bytes, encoded as {encoding:?}"
            ))),
        }
    }

    async fn chunks(&mut self) -> Result<Bytes, NoRequest> {
        let mut body = BytesMut::new();
        loop {
            let size = number(&self.line().await?, 16)?;
            body.extend_from_slice(&self.exactly(size).await?);
            let end = self.line().await?;
            if !end.is_empty() {
                return Err(NoRequest::Malformed(format!(
                    "{end:?} after a chunk of {size} bytes"
                )));
            }
            if size == 0 {
                return Ok(body.freeze());
            }
        }
    }

    async fn line(&mut self) -> Result<String, NoRequest> {
        loop {
            if let Some(end) = memchr::memmem::find(&self.ahead, b"\r\n") {
                let line = self.ahead.split_to(end + 2);
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            self.receive().await?;
        }
    }

    async fn exactly(&mut self, bytes: usize) -> Result<Bytes, NoRequest> {
        while self.ahead.len() < bytes {
            self.receive().await?;
        }
        Ok(self.ahead.split_to(bytes).freeze())
    }

    async fn receive(&mut self) -> Result<(), NoRequest> {
        if self.ahead.len() > MAX_REQUEST_BYTES {
            return Err(NoRequest::Malformed(format!(
                "more than {MAX_REQUEST_BYTES} bytes"
            )));
        }
        match self.stream.read_buf(&mut self.ahead).await {
            Ok(0) | Err(_) => Err(NoRequest::Left),
            Ok(_) => Ok(()),
        }
    }
}

fn number(text: &str, radix: u32) -> Result<usize, NoRequest> {
    usize::from_str_radix(text.trim(), radix)
        .map_err(|_| NoRequest::Malformed(format!("the length {text:?}")))
}

async fn perform(writer: &mut WriteHalf<'_>, steps: Vec<Step>) -> io::Result<Played> {
    for step in steps {
        match step {
            Step::Sleep(delay) => tokio::time::sleep(delay).await,
            Step::Wait(gate) => gate.pass().await,
            Step::Write(bytes) => writer.write_all(&bytes).await?,
            Step::Hang => std::future::pending().await,
            Step::Close => return Ok(Played::Closed),
            Step::Reset => {
                writer.as_ref().set_zero_linger()?;
                return Ok(Played::Closed);
            }
        }
    }
    Ok(Played::KeepAlive)
}

/// What arrives meanwhile is the next request, sent ahead.
async fn client_leaves(reader: &mut ReadHalf<'_>, ahead: &mut BytesMut) {
    while ahead.len() <= MAX_REQUEST_BYTES {
        if let Ok(0) | Err(_) = reader.read_buf(ahead).await {
            return;
        }
    }
    std::future::pending().await
}
