//! The callers: each does one thing after the other, in an order of its own that is the same in every run, and writes
//! down what it saw.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::books::Tally;
use super::gateway::{Gateway, TOKEN};
use super::provider::Provider;

const CHAT: &str = "/v1/chat/completions";

/// The turns of a session before another one is begun.
const TURNS: u64 = 20;

pub struct Caller {
    number: u64,
    gateway: Arc<Gateway>,
    provider: Arc<Provider>,
    client: Client,
    dice: u64,
    calls: u64,
    tally: Tally,
}

impl Caller {
    pub fn new(number: u64, gateway: Arc<Gateway>, provider: Arc<Provider>) -> Self {
        Self {
            number,
            gateway,
            provider,
            client: Client::builder().no_proxy().build().unwrap(),
            dice: number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            calls: 0,
            tally: Tally::default(),
        }
    }

    pub async fn call_until(mut self, over: Arc<AtomicBool>) -> Tally {
        while !over.load(Ordering::Relaxed) {
            self.calls += 1;
            self.call().await;
        }
        self.tally
    }

    async fn call(&mut self) {
        match self.roll(20) {
            0..4 => self.chat("p/m", false, 200, "ok").await,
            4..8 => self.chat("p/m", true, 200, "ok").await,
            8 => self.chat("openclaw/chain", true, 200, "ok").await,
            9 => self.chat("p/fail", false, 502, "upstream").await,
            10 => self.chat("p/limited", false, 429, "busy").await,
            11 => self.chat("p/broken", false, 502, "upstream").await,
            12 => self.chat("p/cut", true, 200, "upstream").await,
            13 => self.chat("p/unknown", false, 404, "not_found").await,
            14 => self.hang_up_on_a_stream().await,
            15 => self.hang_up_on_silence().await,
            16 => self.turn_of_a_session().await,
            17 => self.embed().await,
            18 => self.look_around().await,
            _ => self.misbehave().await,
        }
    }

    /// A number below `sides` (xorshift64).
    fn roll(&mut self, sides: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % sides
    }

    fn post(&self, path: &str, body: String) -> RequestBuilder {
        let request = self.client.post(self.gateway.url(path)).bearer_auth(TOKEN);
        request
            .header("content-type", "application/json")
            .body(body)
    }

    fn body(&self, model: &str, stream: bool) -> Value {
        let words = format!("call {} of caller {}", self.calls, self.number);
        json!({ "model": model, "stream": stream, "messages": [{ "role": "user", "content": words }] })
    }

    /// A chat that is read to its end.
    async fn chat(&mut self, model: &str, stream: bool, status: u16, outcome: &str) {
        let request = self.post(CHAT, self.body(model, stream).to_string());
        self.see(CHAT, request, status).await;
        self.tally.run(outcome);
    }

    async fn see(&mut self, route: &str, request: RequestBuilder, status: u16) {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), status, "{route}: {response:?}");
        drop(response.bytes().await.unwrap());
        self.tally.request(route, &status.to_string());
    }

    async fn hang_up_on_a_stream(&mut self) {
        let response = self.post(CHAT, self.body("p/slow", true).to_string());
        let response: Response = response.send().await.unwrap();
        let mut pieces = response.bytes_stream();
        assert!(pieces.next().await.unwrap().is_ok());
        drop(pieces);
        self.tally.request(CHAT, "200");
        self.tally.cut(CHAT);
        self.tally.run("cancelled");
    }

    async fn hang_up_on_silence(&mut self) {
        let body = self.body("p/hang", false);
        let heard = self
            .provider
            .hears(body["messages"][0]["content"].as_str().unwrap());
        let sent = self.post(CHAT, body.to_string()).send();
        tokio::select! {
            answered = sent => panic!("an answer to silence: {answered:?}"),
            heard = heard => heard.unwrap(),
        }
        self.tally.request(CHAT, "none");
        self.tally.cut(CHAT);
        self.tally.run("cancelled");
    }

    async fn turn_of_a_session(&mut self) {
        let session = self.tally.turns / TURNS;
        let mut body = self.body("p/m", false);
        body["user"] = json!(format!("caller {} {session}", self.number));
        let request = self.post(CHAT, body.to_string());
        self.see(CHAT, request, 200).await;
        self.tally.turns += 1;
        self.tally.run("ok");
    }

    async fn embed(&mut self) {
        let body = json!({ "model": "p/e", "input": "a text" });
        let request = self.post("/v1/embeddings", body.to_string());
        self.see("/v1/embeddings", request, 200).await;
    }

    async fn look_around(&mut self) {
        for path in ["/v1/models", "/healthz"] {
            let request = self.client.get(self.gateway.url(path)).bearer_auth(TOKEN);
            self.see(path, request, 200).await;
        }
    }

    async fn misbehave(&mut self) {
        match self.roll(4) {
            0 => {
                let request = self.post(CHAT, "{ no json".to_owned());
                self.see(CHAT, request, 400).await;
            }
            1 => {
                let request = self.client.get(self.gateway.url("/v1/models"));
                let request = request.bearer_auth("a guess");
                self.see("/v1/models", request, 401).await;
            }
            2 => {
                let request = self.client.get(self.gateway.url("/nowhere"));
                self.see("other", request, 404).await;
            }
            _ => {
                let mut socket = TcpStream::connect(self.gateway.address()).await.unwrap();
                socket
                    .write_all(b"this is no request\r\n\r\n")
                    .await
                    .unwrap();
                let mut answer = Vec::new();
                socket.read_to_end(&mut answer).await.unwrap();
                assert!(answer.starts_with(b"HTTP/1.1 400 "));
                self.tally.request("other", "400");
            }
        }
    }
}
