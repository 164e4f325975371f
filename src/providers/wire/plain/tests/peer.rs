//! The other end of the connections, by hand: every byte of it is the test's.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// A server that does nothing of its own accord.
pub struct Server {
    listener: TcpListener,
    pub address: String,
}

/// A connection that it has accepted.
pub struct Peer(TcpStream);

impl Server {
    pub async fn start() -> (Self, Plain) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let place = Uri::try_from(format!("http://{address}/v1")).unwrap();
        let plain = Plain::new(&place, CONNECT_LIMIT).unwrap();
        (Self { listener, address }, plain)
    }

    pub fn request(&self, path: &str) -> Request<Bytes> {
        self.post(path, "hi")
    }

    pub fn post(&self, path: &str, body: impl Into<Bytes>) -> Request<Bytes> {
        let request = Request::post(format!("http://{}{path}", self.address));
        request.body(body.into()).unwrap()
    }

    pub async fn accept(&self) -> Peer {
        Peer(self.listener.accept().await.unwrap().0)
    }
}

impl Peer {
    /// All of the next request; nothing if the connection is over.
    pub async fn read(&mut self) -> String {
        let mut read = self.read_head().await;
        let length = read
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.unwrap();
        read.push_str(&String::from_utf8(body).unwrap());
        read
    }

    pub async fn read_head(&mut self) -> String {
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") {
            match self.0.read_u8().await {
                Ok(byte) => read.push(byte),
                Err(_) => break,
            }
        }
        String::from_utf8(read).unwrap()
    }

    pub async fn write(&mut self, answer: &str) {
        self.0.write_all(answer.as_bytes()).await.unwrap();
    }

    /// Reads the next request and answers it. Its path.
    pub async fn serve(&mut self, answer: &str) -> String {
        let request = self.read().await;
        self.write(answer).await;
        request.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    /// Returns when the client has closed it.
    pub async fn closed(&mut self) {
        let mut rest = Vec::new();
        // A reset is as good as an orderly end.
        let _ = self.0.read_to_end(&mut rest).await;
    }
}

/// All pieces of a body.
pub async fn whole(mut body: PlainBody) -> Result<String, ()> {
    let mut read = Vec::new();
    while let Some(frame) = poll_fn(|cx| body.poll_frame(cx)).await {
        read.extend_from_slice(&frame.map_err(drop)?.into_data().unwrap_or_default());
    }
    Ok(String::from_utf8(read).unwrap())
}

/// Asks, and reads all of the answer.
pub async fn ask(plain: &Plain, request: Request<Bytes>) -> Result<String, Failure> {
    let response = plain.send(request).await?;
    Ok(whole(response.into_body()).await.unwrap())
}
