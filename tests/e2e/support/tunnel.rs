//! A tunnel between a client and a server: it keeps what goes through, and changes not a byte of it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::http1::{self, Message};
use super::waiting::REAL_TIME;

/// Listens on a port of its own, alive until it is dropped. It lives beside the test's runtime: a test may block its
/// thread.
pub struct Tunnel {
    address: SocketAddr,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    serving: JoinHandle<()>,
}

/// One request and its answer, as bytes.
#[derive(Default)]
struct Exchange {
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Tunnel {
    /// A tunnel to the server at this address.
    pub async fn to(server: SocketAddr) -> Self {
        let exchanges = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&exchanges);
        let (ready, listening) = tokio::sync::oneshot::channel();
        // Ended by `Drop`; its connections end with it.
        let serving = REAL_TIME.spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            let mut connections = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let exchanges = Arc::clone(&shared);
                // Ended with this set.
                connections.spawn(async move {
                    // It fails when one side leaves, which the other side notices.
                    let _left = carry(client, server, &exchanges).await;
                });
            }
        });
        Self {
            address: listening.await.unwrap(),
            exchanges,
            serving,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request and its answer, in the order of the requests.
    ///
    /// # Panics
    /// When one of them is no whole message of HTTP/1.1, or more than one.
    pub fn exchanges(&self) -> Vec<(Message, Message)> {
        let exchanges = self.exchanges.lock().unwrap();
        let pairs = exchanges
            .iter()
            .map(|exchange| (whole(&exchange.request), whole(&exchange.answer)));
        pairs.collect()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn whole(bytes: &[u8]) -> Message {
    match http1::first(bytes) {
        Some((message, [])) => message,
        _ => panic!("not one message: {}", String::from_utf8_lossy(bytes)),
    }
}

/// Carries bytes both ways until one side ends. A client that speaks after the server did begins the next exchange.
async fn carry(
    mut client: TcpStream,
    server: SocketAddr,
    exchanges: &Mutex<Vec<Exchange>>,
) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut asked, mut answered) = (BytesMut::new(), BytesMut::new());
    let mut at = None;
    loop {
        // Noted before it is passed on: whoever has an answer finds it here.
        tokio::select! {
            read = client.read_buf(&mut asked) => {
                if read? == 0 {
                    return Ok(());
                }
                note(exchanges, &mut at, |exchange| exchange.answer.is_empty(), |exchange| {
                    exchange.request.extend_from_slice(&asked);
                });
                server.write_all(&asked.split()).await?;
            }
            read = server.read_buf(&mut answered) => {
                if read? == 0 {
                    return Ok(());
                }
                note(exchanges, &mut at, |_| true, |exchange| exchange.answer.extend_from_slice(&answered));
                client.write_all(&answered.split()).await?;
            }
        }
    }
}

/// Writes into the connection's exchange at hand, or begins one.
fn note(
    exchanges: &Mutex<Vec<Exchange>>,
    at: &mut Option<usize>,
    goes_on: impl FnOnce(&Exchange) -> bool,
    write: impl FnOnce(&mut Exchange),
) {
    let mut exchanges = exchanges.lock().unwrap();
    let index = match *at {
        Some(index) if goes_on(&exchanges[index]) => index,
        _ => {
            exchanges.push(Exchange::default());
            exchanges.len() - 1
        }
    };
    *at = Some(index);
    write(&mut exchanges[index]);
}
