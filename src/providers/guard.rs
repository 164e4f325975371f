//! The guarded fetcher: reads what a request, or a model, names by URL, and reaches nothing but the public internet.
//!
//! A name is looked up once and connected to at the addresses that were checked. Every redirect is checked again. No
//! proxy, no credential, no cookie.

mod address;
mod gate;

use std::error::Error as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, Response, Url};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::address::is_public;
use self::gate::{Guard, NOT_PUBLIC, NotPublic};
pub use self::gate::{Lookup, SystemLookup};

/// The longest URL, in bytes.
const MAX_URL_BYTES: usize = 4096;

/// Redirects that are followed, whatever the rules say.
const MAX_REDIRECTS: u32 = 3;

/// Fetches under way at a time, whoever asked for them: one holds up to a whole body, and a look-up that hangs a thread.
const MAX_FETCHES: usize = 64;

/// What bounds a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRules {
    /// Hosts that may be fetched from: exact names, or `*.example.com` for everything below. Empty: any public host.
    pub allow: Vec<String>,
    /// Of a longer body only so much is read.
    pub max_bytes: usize,
    /// At most 3 are followed.
    pub max_redirects: u32,
    /// For everything, redirects included.
    pub timeout: Duration,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where it was in the end.
    pub url: String,
    pub status: u16,
    /// In lower case, without parameters; empty where the server does not say.
    pub mime: String,
    pub body: Bytes,
    /// Whether the body is longer.
    pub is_cut: bool,
}

/// Why nothing was read. Says nothing of what lies behind a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("this is not a URL that can be fetched: {0}")]
    Invalid(String),
    #[error("`{host}` may not be fetched from: {reason}")]
    Refused { host: String, reason: &'static str },
    #[error("`{host}` cannot be reached")]
    Unreachable { host: String },
    #[error("more than {0} redirects")]
    Redirects(u32),
    #[error("not done within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    #[error("the answer broke off")]
    Broken,
}

/// A way to the public internet and to nowhere else.
pub struct Fetcher {
    guard: Guard,
    /// Made at the first fetch: reading the machine's certificates takes longer than everything else at start-up.
    client: OnceLock<Client>,
    places: Semaphore,
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new(Arc::new(SystemLookup))
    }
}

impl Fetcher {
    pub fn new(lookup: Arc<dyn Lookup>) -> Self {
        Self::with_guard(Guard { lookup, is_public })
    }

    fn with_guard(guard: Guard) -> Self {
        Self {
            guard,
            client: OnceLock::new(),
            places: Semaphore::new(MAX_FETCHES),
        }
    }

    /// Reads what is at `url`, whatever the status.
    ///
    /// # Errors
    /// A URL, a redirect or an address that the rules or the guard refuse, and every failure on the way.
    pub async fn fetch(&self, url: &str, rules: &FetchRules) -> Result<Fetched, FetchError> {
        let work = async {
            let _place = self.places.acquire().await;
            self.follow(url, rules).await
        };
        let limit = rules.timeout;
        timeout(limit, work)
            .await
            .unwrap_or(Err(FetchError::TimedOut(limit)))
    }

    async fn follow(&self, url: &str, rules: &FetchRules) -> Result<Fetched, FetchError> {
        let most = rules.max_redirects.min(MAX_REDIRECTS);
        let mut url = parse(url)?;
        for _ in 0..=most {
            let host = self.guard.check(&url, rules)?;
            let answer = self.client()?.get(url.clone()).send().await;
            let answer = answer.map_err(|error| unsent(&error, host))?;
            match next(&url, &answer)? {
                Some(to) => url = to,
                None => return read(url, answer, rules.max_bytes).await,
            }
        }
        Err(FetchError::Redirects(most))
    }

    fn client(&self) -> Result<&Client, FetchError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // The process-wide choice of rustls: set once, and the same each time.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("openclaw/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .dns_resolver(self.guard.clone())
            // What was checked for one fetch is checked again for the next.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|_| FetchError::Broken)?;
        Ok(self.client.get_or_init(|| client))
    }
}

fn parse(text: &str) -> Result<Url, FetchError> {
    let invalid = |reason: &str| FetchError::Invalid(reason.to_owned());
    if text.len() > MAX_URL_BYTES {
        return Err(invalid("it is too long"));
    }
    let url = Url::parse(text.trim()).map_err(|error| invalid(&error.to_string()))?;
    web(url)
}

fn web(url: Url) -> Result<Url, FetchError> {
    match matches!(url.scheme(), "http" | "https") && url.has_host() {
        true => Ok(url),
        false => Err(FetchError::Invalid(
            "it must begin with http:// or https://".to_owned(),
        )),
    }
}

/// Where a redirect leads; `None` for every other answer.
fn next(url: &Url, answer: &Response) -> Result<Option<Url>, FetchError> {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = answer.headers().get(LOCATION) else {
        return Ok(None);
    };
    let to = location
        .to_str()
        .ok()
        .filter(|to| to.len() <= MAX_URL_BYTES);
    let to = to.and_then(|to| url.join(to).ok());
    let to = to.ok_or_else(|| FetchError::Invalid("it redirects to what is no URL".to_owned()))?;
    web(to).map(Some)
}

async fn read(url: Url, answer: Response, cap: usize) -> Result<Fetched, FetchError> {
    let status = answer.status().as_u16();
    let mime = answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let mime = mime
        .and_then(|mime| mime.split(';').next())
        .unwrap_or_default();
    let mime = mime.trim().to_ascii_lowercase();
    let mut pieces = answer.bytes_stream();
    let mut body = BytesMut::new();
    let mut is_cut = false;
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| FetchError::Broken)?;
        let room = cap - body.len();
        body.extend_from_slice(&piece[..piece.len().min(room)]);
        if piece.len() > room {
            is_cut = true;
            break;
        }
    }
    Ok(Fetched {
        url: url.into(),
        status,
        mime,
        body: body.freeze(),
        is_cut,
    })
}

fn unsent(error: &reqwest::Error, host: String) -> FetchError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<NotPublic>() {
            let reason = NOT_PUBLIC;
            return FetchError::Refused { host, reason };
        }
        cause = inner.source();
    }
    FetchError::Unreachable { host }
}

#[cfg(test)]
mod tests;
