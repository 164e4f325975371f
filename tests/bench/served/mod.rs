//! The real server and a provider of prepared bytes, all on the thread that asks, so that everything a request costs
//! can be counted.

use std::net::SocketAddr;

use openclaw::auth::{AuthMode, Authenticator};
use openclaw::config::{Config, Environment};
use openclaw::gateway::Gateway;
use openclaw::server::{self, State};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Says one piece at a time: the next when the last has come through.
pub struct Served {
    client: TcpStream,
    upstream: TcpListener,
    provider: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// More than any head or piece here.
const BUFFER_BYTES: usize = 256 << 10;

impl Served {
    pub async fn start() -> Self {
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(serve(upstream.local_addr().unwrap()).await)
            .await
            .unwrap();
        client.set_nodelay(true).unwrap();
        Self {
            client,
            upstream,
            provider: None,
            buffer: vec![0; BUFFER_BYTES],
        }
    }

    /// Sends a request to the server, and waits until its own has reached the provider.
    pub async fn ask(&mut self, path: &str, body: &str) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.client.write_all(head.as_bytes()).await.unwrap();
        self.client.write_all(body.as_bytes()).await.unwrap();
        let provider = match &mut self.provider {
            Some(provider) => provider,
            none => {
                let (stream, _) = self.upstream.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                none.insert(stream)
            }
        };
        let mut filled = 0;
        loop {
            let read = provider.read(&mut self.buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server hung up on its provider");
            filled += read;
            if is_whole(&self.buffer[..filled]) {
                return;
            }
        }
    }

    /// The provider says this.
    pub async fn answer(&mut self, bytes: &[u8]) {
        let provider = self.provider.as_mut().expect("somebody has asked");
        provider.write_all(bytes).await.unwrap();
    }

    /// Reads what the server answers, up to and with `end`.
    pub async fn read_to(&mut self, end: &[u8]) -> &[u8] {
        let mut filled = 0;
        loop {
            let read = self.client.read(&mut self.buffer[filled..]).await.unwrap();
            assert!(read > 0, "the server hung up");
            filled += read;
            if self.buffer[..filled].ends_with(end) {
                return &self.buffer[..filled];
            }
        }
    }
}

/// Whether these are all bytes of a request.
fn is_whole(request: &[u8]) -> bool {
    let Some(end) = memchr::memmem::find(request, b"\r\n\r\n") else {
        return false;
    };
    let head = std::str::from_utf8(&request[..end]).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    request.len() == end + 4 + length
}

/// A server in front of the provider at `upstream`; it ends with the runtime.
async fn serve(upstream: SocketAddr) -> SocketAddr {
    let config = json!({
        "gateway": {
            "auth": { "mode": "token", "token": "t" },
            "http": { "endpoints": { "chatCompletions": { "enabled": true } } },
        },
        "models": { "mode": "replace", "providers": { "mock": {
            "baseUrl": format!("http://{upstream}/v1"),
            "apiKey": "k",
            "models": [{ "id": "m1" }, { "id": "e1", "kind": "embedding" }],
        } } },
        "agents": { "defaults": { "model": "mock/m1", "context": "none" } },
    });
    let config: Config = serde_json::from_value(config).unwrap();
    let gateway = Gateway::new(&config, &Environment::default(), None).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mode = AuthMode::choose(&config.gateway, address.ip()).unwrap();
    let http = config.gateway.http.clone();
    let authenticator = Authenticator::new(mode.unwrap(), &config.gateway, Default::default());
    let state = State::new(gateway, authenticator, http);
    let (stop, now) = (std::future::pending(), std::future::pending());
    // Nobody awaits it: it ends with the runtime of the measurement.
    tokio::spawn(server::run(state, listener, stop, now));
    address
}
