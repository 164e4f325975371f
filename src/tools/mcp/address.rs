//! The address of a server: how it is asked over streamable HTTP, and with which credential. It is led nowhere else.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Method, Response, StatusCode, Url};

use super::fault::Fault;
use super::{message, stream};
use crate::config::{McpServerConfig, Secret};

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long a connection is kept that nothing goes over. Servers close one after five seconds and more; a request that is
/// on its way just then would be lost.
const IDLE_LIMIT: Duration = Duration::from_secs(4);

/// The most redirects that are followed for one request.
const MAX_REDIRECTS: usize = 3;

/// The longest answer of a status that is a failure, in bytes.
const MAX_FAILURE_BYTES: usize = 64 * 1024;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

pub struct Address {
    client: Client,
    url: Url,
    /// Of every request.
    headers: HeaderMap,
    /// What the server calls the conversation, if anything.
    session: OnceLock<HeaderValue>,
    version: OnceLock<HeaderValue>,
}

/// What a server answers, and has only begun to say.
pub enum Reply {
    /// One JSON text.
    Json(Response),
    /// An event stream.
    Events(Response),
    Nothing,
}

impl Address {
    /// The address `url`, to which nothing was sent yet.
    ///
    /// # Errors
    /// A sentence on why it is none.
    pub fn new(url: &str, config: &McpServerConfig) -> Result<Self, String> {
        let headers = config.headers.iter().map(header);
        let headers = headers.collect::<Result<_, String>>()?;
        let url = Url::parse(url).map_err(|_| "its `url` cannot be one".to_owned())?;
        // The process-wide choice of rustls: set once, and the same each time.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .redirect(Policy::custom(redirected))
            .referer(false)
            .connect_timeout(CONNECT_LIMIT)
            .pool_idle_timeout(IDLE_LIMIT);
        if is_local(&url) {
            client = client.no_proxy();
        }
        let client = client
            .build()
            .map_err(|_| "no HTTP client can be made".to_owned())?;
        Ok(Self {
            client,
            url,
            headers,
            session: OnceLock::new(),
            version: OnceLock::new(),
        })
    }

    /// The version of the protocol, which is named from now on.
    pub fn agree(&self, version: &str) {
        if let Ok(version) = HeaderValue::from_str(version) {
            // It is agreed once.
            let _ = self.version.set(version);
        }
    }

    pub fn has_session(&self) -> bool {
        self.session.get().is_some()
    }

    /// Sends a message.
    pub async fn post(&self, message: String) -> Result<Reply, Fault> {
        let mut headers = self.headers();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        let accept = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(ACCEPT, accept);
        let answer = self.send(Method::POST, headers, message).await?;
        if !answer.status().is_success() {
            return Err(self.failure(answer).await);
        }
        if let Some(session) = answer.headers().get(SESSION) {
            // The first one counts, which comes with the greeting.
            let _ = self.session.set(session.clone());
        }
        Ok(Reply::of(answer))
    }

    /// The stream of what the server says of its own accord, or the one that broke off after this event.
    pub async fn get(&self, last: Option<&HeaderValue>) -> Result<Response, Fault> {
        let mut headers = self.headers();
        headers.insert(ACCEPT, HeaderValue::from_static(EVENTS));
        if let Some(last) = last {
            headers.insert(LAST_EVENT, last.clone());
        }
        let answer = self.send(Method::GET, headers, String::new()).await?;
        if !answer.status().is_success() {
            return Err(self.failure(answer).await);
        }
        match Reply::of(answer) {
            Reply::Events(answer) => Ok(answer),
            Reply::Json(_) | Reply::Nothing => Err(Fault::Unusable),
        }
    }

    /// Ends the session, where there is one.
    pub async fn leave(&self) {
        if self.has_session() {
            let left = self.send(Method::DELETE, self.headers(), String::new());
            // A server need not know how; it is left all the same.
            let _ = left.await;
        }
    }

    async fn send(
        &self,
        method: Method,
        headers: HeaderMap,
        body: String,
    ) -> Result<Response, Fault> {
        let request = self.client.request(method, self.url.clone());
        let answer = request.headers(headers).body(body).send().await;
        answer.map_err(|error| match error.is_connect() {
            true => Fault::Unreached,
            false => Fault::Broken,
        })
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        for (name, value) in [(SESSION, &self.session), (VERSION, &self.version)] {
            if let Some(value) = value.get() {
                headers.insert(name, value.clone());
            }
        }
        headers
    }

    /// What an answer means whose status is a failure.
    async fn failure(&self, answer: Response) -> Fault {
        let status = answer.status();
        if status == StatusCode::NOT_FOUND && self.has_session() {
            return Fault::SessionOver;
        }
        let said = match Reply::of(answer) {
            Reply::Json(answer) if !matches!(status.as_u16(), 401 | 403 | 429) => {
                let bytes = answer.bytes_stream().map(|piece| piece.map_err(drop));
                stream::whole(Box::pin(bytes), MAX_FAILURE_BYTES).await.ok()
            }
            Reply::Json(_) | Reply::Events(_) | Reply::Nothing => None,
        };
        let refusal = said.and_then(|said| message::refusal(&said));
        Fault::Status(status.as_u16(), refusal)
    }
}

impl Reply {
    fn of(answer: Response) -> Self {
        let kind = answer.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        match kind {
            kind if kind.eq_ignore_ascii_case(JSON) => Self::Json(answer),
            kind if kind.eq_ignore_ascii_case(EVENTS) => Self::Events(answer),
            _ => Self::Nothing,
        }
    }
}

fn header((name, value): (&String, &Secret)) -> Result<(HeaderName, HeaderValue), String> {
    let fault = || format!("its header `{name}` cannot be one");
    let header = HeaderName::try_from(name).map_err(|_| fault())?;
    let mut value = HeaderValue::try_from(value.expose()).map_err(|_| fault())?;
    value.set_sensitive(true);
    Ok((header, value))
}

/// A redirect is followed where it keeps the request as it is and leads to the same server: anywhere else it would carry
/// the credential to a place that nobody configured.
fn redirected(attempt: Attempt) -> reqwest::redirect::Action {
    let before = attempt.previous();
    let stays = before
        .first()
        .is_some_and(|first| first.origin() == attempt.url().origin());
    let keeps = matches!(
        attempt.status(),
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
    );
    match stays && keeps && before.len() <= MAX_REDIRECTS {
        true => attempt.follow(),
        false => attempt.stop(),
    }
}

/// Whether it is on this machine, which no proxy reaches.
fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    ip.map_or(host == "localhost", |ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_this_machine_is_told_from_others() {
        let local = |url: &str| is_local(&Url::parse(url).unwrap());
        for url in [
            "http://127.0.0.1:8/mcp",
            "http://[::1]/mcp",
            "https://localhost/mcp",
        ] {
            assert!(local(url), "{url}");
        }
        for url in [
            "http://10.0.0.1/mcp",
            "https://mcp.example.com",
            "http://localhost.example.com",
        ] {
            assert!(!local(url), "{url}");
        }
    }
}
