//! The provider behind the gateway: what it answers depends on the model alone, and every request is counted.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

type Body = BoxBody<Bytes, io::Error>;

/// Requests by model.
pub type Seen = BTreeMap<String, u64>;

pub struct Provider {
    port: u16,
    ledger: Arc<Ledger>,
}

#[derive(Default)]
struct Ledger {
    seen: Mutex<Seen>,
    /// Who waits for the request in which this is said.
    awaited: Mutex<HashMap<String, oneshot::Sender<()>>>,
}

impl Provider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let ledger = Arc::<Ledger>::default();
        let shared = Arc::clone(&ledger);
        // Ends with the program, and so do its connections.
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let ledger = Arc::clone(&shared);
                let service = service_fn(move |request| answer(Arc::clone(&ledger), request));
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self { port, ledger }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn seen(&self) -> Seen {
        self.ledger.seen.lock().unwrap().clone()
    }

    pub fn seen_since(&self, before: &Seen) -> Seen {
        let mut seen = self.seen();
        for (model, count) in &mut seen {
            *count -= before.get(model).copied().unwrap_or(0);
        }
        seen
    }

    /// Resolves when a request is there in which this is said.
    pub fn hears(&self, words: &str) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        let mut awaited = self.ledger.awaited.lock().unwrap();
        awaited.insert(words.to_owned(), tell);
        told
    }
}

async fn answer(
    ledger: Arc<Ledger>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let Ok(body) = request.into_body().collect().await else {
        return Ok(Response::new(whole("")));
    };
    let body: Value = serde_json::from_slice(&body.to_bytes()).unwrap();
    let model = body["model"].as_str().unwrap().to_owned();
    *ledger
        .seen
        .lock()
        .unwrap()
        .entry(model.clone())
        .or_default() += 1;
    let said = body["messages"].as_array().and_then(|all| all.last());
    let said = said
        .and_then(|last| last["content"].as_str())
        .unwrap_or_default();
    if let Some(tell) = ledger.awaited.lock().unwrap().remove(said) {
        let _told = tell.send(());
    }
    Ok(match model.as_str() {
        "e" => json_of(
            200,
            &json!({
                "data": [{ "index": 0, "embedding": [0.5, 0.25] }], "usage": { "prompt_tokens": 1, "total_tokens": 1 },
            }),
        ),
        "fail" => json_of(500, &json!({ "error": { "message": "failed" } })),
        "limited" => json_of(429, &json!({ "error": { "message": "slow down" } })),
        "broken" => json_of(200, &json!("no answer")),
        "hang" => std::future::pending().await,
        "slow" => events(stream::iter([Ok(chunk("one"))]).chain(stream::pending())),
        "cut" => events(stream::iter([Ok(chunk("one"))]).chain(stream::once(async {
            // Long enough for the first event to be sent on its own.
            tokio::time::sleep(Duration::from_millis(5)).await;
            Err(io::Error::other("cut"))
        }))),
        _ if body["stream"] == true => {
            let pieces = (0..20).map(|_| Ok(chunk("word "))).chain([Ok(last())]);
            events(stream::iter(pieces))
        }
        _ => json_of(
            200,
            &json!({
                "choices": [{ "index": 0, "message": { "role": "assistant", "content": "hello" }, "finish_reason": "stop" }],
                "usage": { "prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4 },
            }),
        ),
    })
}

fn whole(text: impl Into<Bytes>) -> Body {
    Full::new(text.into())
        .map_err(|never| match never {})
        .boxed()
}

fn json_of(status: u16, document: &Value) -> Response<Body> {
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    response.body(whole(document.to_string())).unwrap()
}

fn events(
    pieces: impl futures_util::Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
) -> Response<Body> {
    let body = StreamBody::new(pieces.map(|piece| piece.map(Frame::data)));
    let response = Response::builder().header("content-type", "text/event-stream");
    response.body(BoxBody::new(body)).unwrap()
}

fn chunk(text: &str) -> Bytes {
    let chunk = json!({ "choices": [{ "index": 0, "delta": { "content": text } }] });
    format!("data: {chunk}\n\n").into()
}

fn last() -> Bytes {
    let last = json!({
        "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 3, "completion_tokens": 20, "total_tokens": 23 },
    });
    format!("data: {last}\n\ndata: [DONE]\n\n").into()
}
