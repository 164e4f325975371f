//! A running gateway: the real server on a free port, and one method per thing that a caller does.

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use futures_util::StreamExt;
use openclaw::auth::{AuthMode, Authenticator};
use openclaw::config::{Config, Environment};
use openclaw::gateway::Gateway;
use openclaw::server::{self, Ended, State};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Scripted, within};

/// The bearer token of every house.
pub const TOKEN: &str = "house-token";

pub struct House {
    pub address: SocketAddr,
    pub client: Client,
    stop: Option<oneshot::Sender<()>>,
    now: Option<oneshot::Sender<()>>,
    server: JoinHandle<Ended>,
    /// What a reload replaces.
    served: (State, Gateway),
    state: TempDir,
}

/// A configuration in OpenClaw's schema: one provider `mock` with a chat model `m1`, another `m2`, and an embedding
/// model `e1`; one agent, without a prompt of its own.
pub fn config_for(provider: &Scripted) -> Value {
    json!({
        "gateway": {
            "auth": { "mode": "token", "token": TOKEN },
            "http": { "endpoints": { "chatCompletions": { "enabled": true } }, "sse": { "heartbeatMs": 0 } },
        },
        "models": {
            "mode": "replace",
            "providers": { "mock": {
                "baseUrl": provider.base_url(),
                "apiKey": "provider-key",
                "models": [{ "id": "m1" }, { "id": "m2" }, { "id": "e1", "kind": "embedding" }],
            } },
        },
        "agents": { "defaults": {
            "model": "mock/m1",
            "context": "none",
            "memorySearch": { "provider": "mock", "model": "e1" },
        } },
    })
}

/// `base` with the members of `changes` put over its own, object by object.
pub fn merged(mut base: Value, changes: Value) -> Value {
    match (&mut base, changes) {
        (Value::Object(members), Value::Object(changes)) => {
            for (key, change) in changes {
                let old = members.remove(&key).unwrap_or(Value::Null);
                members.insert(key, merged(old, change));
            }
            base
        }
        (_, change) => change,
    }
}

impl House {
    pub async fn before(provider: &Scripted) -> Self {
        Self::start(config_for(provider)).await
    }

    /// The usual configuration with some changes.
    pub async fn changed(provider: &Scripted, changes: Value) -> Self {
        Self::start(merged(config_for(provider), changes)).await
    }

    pub async fn start(config: Value) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), config).await
    }

    /// The usual configuration, over a folder for state that something was done to.
    pub async fn unready(provider: &Scripted, harm: impl FnOnce(&Path)) -> Self {
        let state = tempfile::tempdir().unwrap();
        harm(state.path());
        Self::start_in(state, config_for(provider)).await
    }

    async fn start_in(state: TempDir, config: Value) -> Self {
        let config: Config = serde_json::from_value(config).unwrap();
        let gateway = Gateway::new(&config, &Environment::default(), Some(state.path())).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mode = AuthMode::choose(&config.gateway, address.ip()).unwrap();
        let http = config.gateway.http.clone();
        let authenticator = Authenticator::new(mode.unwrap(), &config.gateway, Default::default());
        let served = (State::new(gateway.clone(), authenticator, http), gateway);
        let (stop, stopped) = oneshot::channel();
        let (now, at_once) = oneshot::channel();
        let server = tokio::spawn(server::run(
            served.0.clone(),
            listener,
            told(stopped),
            told(at_once),
        ));
        Self {
            address,
            client: self::http(),
            stop: Some(stop),
            now: Some(now),
            server,
            served,
            state,
        }
    }

    /// Puts another configuration in force, as a reload does.
    pub fn reconfigure(&mut self, config: Value) {
        let config: Config = serde_json::from_value(config).unwrap();
        let (state, gateway) = &mut self.served;
        *gateway = gateway
            .reconfigured(&config, &Environment::default())
            .unwrap();
        let mode = AuthMode::choose(&config.gateway, self.address.ip()).unwrap();
        let http = config.gateway.http.clone();
        let authenticator = Authenticator::new(mode.unwrap(), &config.gateway, Default::default());
        state.replace(gateway.clone(), authenticator, http);
    }

    /// The folder of its state.
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request with the right token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, self.url(path))
            .bearer_auth(TOKEN)
    }

    pub fn posting(&self, path: &str, body: &Value) -> RequestBuilder {
        let request = self.request(Method::POST, path);
        request
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        reply(self.posting(path, &body)).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        reply(self.request(Method::GET, path)).await
    }

    pub async fn chat(&self, body: Value) -> Reply {
        self.post("/v1/chat/completions", body).await
    }

    /// A streamed chat of which the headers are there.
    pub async fn streaming(&self, body: Value) -> reqwest::Response {
        let sent = self.posting("/v1/chat/completions", &body).send();
        within(|| "the headers of a stream".to_owned(), sent)
            .await
            .unwrap()
    }

    /// Tells the server to stop, as a first signal does.
    pub fn stop(&mut self) {
        let _told = self.stop.take().unwrap().send(());
    }

    /// Tells the server to end at once, as a second signal does.
    pub fn end_now(&mut self) {
        let _told = self.now.take().unwrap().send(());
    }

    /// Its end, and that of its store; the folder of its state goes with the last handle.
    pub async fn ended_and_closed(self) -> TempDir {
        let (_, gateway) = self.served;
        let ended = within(|| "the end of the server".to_owned(), self.server).await;
        assert!(ended.is_ok());
        gateway.close().await;
        self.state
    }

    pub async fn ended(self) -> Ended {
        within(|| "the end of the server".to_owned(), self.server)
            .await
            .unwrap()
    }
}

/// Resolves when told; a sender that is dropped tells nothing.
async fn told(receiver: oneshot::Receiver<()>) {
    if receiver.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A whole answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

pub async fn reply(request: RequestBuilder) -> Reply {
    let answered = async {
        let response = request.send().await.unwrap();
        Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap(),
        }
    };
    within(|| "an answer".to_owned(), answered).await
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The payloads of an event stream, `[DONE]` among them as a string; comments left out.
    pub fn events(&self) -> Vec<Value> {
        self.text().split("\n\n").filter_map(payload).collect()
    }

    /// `error.code` and the status, for short.
    pub fn fault(&self) -> (u16, String) {
        let code = self.json()["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        (self.status, code)
    }

    /// The text of a whole chat completion.
    pub fn said(&self) -> String {
        self.json()["choices"][0]["message"]["content"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

fn payload(frame: &str) -> Option<Value> {
    let data = frame.lines().find_map(|line| line.strip_prefix("data: "))?;
    Some(serde_json::from_str(data).unwrap_or_else(|_| Value::from(data)))
}

/// The next payload of a stream that is still open; `None` at its end.
pub struct Frames {
    bytes: futures_util::stream::BoxStream<'static, reqwest::Result<Bytes>>,
    read: String,
}

impl Frames {
    pub fn of(response: reqwest::Response) -> Self {
        Self {
            bytes: response.bytes_stream().boxed(),
            read: String::new(),
        }
    }

    /// The next frame, comments and all.
    pub async fn next(&mut self) -> Option<String> {
        within(|| "the next frame".to_owned(), async {
            loop {
                if let Some(end) = self.read.find("\n\n") {
                    let rest = self.read.split_off(end + 2);
                    let frame = std::mem::replace(&mut self.read, rest);
                    return Some(frame.trim_end().to_owned());
                }
                let piece = self.bytes.next().await?.ok()?;
                self.read.push_str(std::str::from_utf8(&piece).unwrap());
            }
        })
        .await
    }
}

/// A client that goes through no proxy, for one test.
pub fn http() -> Client {
    // Another test of the process may have installed it before.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}
