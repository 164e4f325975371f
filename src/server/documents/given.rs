//! How a request brings a file: in itself, as base64 or a data URL, or by a web address. Reading happens on threads of
//! its own, few at a time.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{Document, DocumentError, Limits, read};
use crate::config::FetchConfig;
use crate::gateway::{FetchRules, Gateway};
use crate::server::media;

/// Files that are read at the same time; further ones wait for their turn.
const AT_ONCE: usize = 2;

/// A file waits so long for its turn.
const TURN_WAIT: Duration = Duration::from_secs(20);

/// Redirects that are followed where the configuration does not say.
const REDIRECTS: u32 = 3;

/// The limit for fetching one file where the configuration does not say.
const FETCH_TIME: Duration = Duration::from_secs(10);

/// An `input_file` part, as OpenAI and as OpenClaw write it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct InputFile {
    /// A data URL, or base64.
    pub file_data: Option<String>,
    pub file_url: Option<String>,
    pub file_id: Option<String>,
    pub filename: Option<String>,
    pub source: Option<InputSource>,
}

/// OpenClaw's own way to say it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct InputSource {
    /// `base64` or `url`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub media_type: Option<String>,
    pub data: Option<String>,
    pub url: Option<String>,
    pub filename: Option<String>,
}

/// One file, where it is known to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub filename: Option<String>,
    /// A MIME type, with its parameters.
    declared: Option<String>,
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Base64(String),
    Url(String),
}

impl Given {
    /// Whether it has to be fetched.
    pub fn is_url(&self) -> bool {
        matches!(self.place, Place::Url(_))
    }
}

impl TryFrom<InputFile> for Given {
    type Error = DocumentError;

    fn try_from(file: InputFile) -> Result<Self, DocumentError> {
        if file.file_id.is_some() {
            return Err(refused(
                "names a `file_id`, but no files are stored here; send `file_data`",
            ));
        }
        let given = match (file.file_data, file.file_url, file.source) {
            (Some(data), None, None) => inline(data, None)?,
            (None, Some(url), None) => (None, Place::Url(url)),
            (None, None, Some(source)) => {
                let filename = file.filename.or_else(|| source.filename.clone());
                let (declared, place) = source.given()?;
                return Ok(Self {
                    filename,
                    declared,
                    place,
                });
            }
            _ => return Err(refused("needs one of `file_data`, `file_url` and `source`")),
        };
        let (declared, place) = given;
        Ok(Self {
            filename: file.filename,
            declared,
            place,
        })
    }
}

impl InputSource {
    fn given(self) -> Result<(Option<String>, Place), DocumentError> {
        match (self.kind.as_deref(), self.data, self.url) {
            (Some("base64"), Some(data), _) => inline(data, self.media_type),
            (Some("url"), _, Some(url)) => Ok((self.media_type, Place::Url(url))),
            _ => Err(refused(
                "has a `source` that is neither `{type: \"base64\", data}` nor `{type: \"url\", url}`",
            )),
        }
    }
}

fn inline(
    data: String,
    declared: Option<String>,
) -> Result<(Option<String>, Place), DocumentError> {
    let is_url = data
        .get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
    if !is_url {
        return Ok((declared, Place::Base64(data)));
    }
    let Some((head, base64)) = data.split_once(',') else {
        return Err(refused("is a data URL without a comma"));
    };
    let Some((mime, coding)) = head[5..].rsplit_once(';') else {
        return Err(refused(
            "must be a data URL in base64 (`data:<type>;base64,…`)",
        ));
    };
    if !coding.trim().eq_ignore_ascii_case("base64") {
        return Err(refused(
            "must be a data URL in base64 (`data:<type>;base64,…`)",
        ));
    }
    Ok((Some(mime.to_owned()), Place::Base64(base64.to_owned())))
}

fn refused(what: &str) -> DocumentError {
    DocumentError::NotGiven(what.to_owned())
}

/// Reads the files of requests. A clone is another handle to the same few threads.
#[derive(Clone)]
pub struct Reader(Arc<Semaphore>);

impl Default for Reader {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Reader {
    /// Fetches the file, where it has to be, and reads it. Whoever drops the future stops waiting for it; the thread
    /// itself ends within [`Limits::time`].
    ///
    /// # Errors
    /// Fetching is off or fails, and whatever [`read`] refuses.
    pub async fn document(
        &self,
        gateway: &Gateway,
        config: &FetchConfig,
        given: Given,
    ) -> Result<Document, DocumentError> {
        let limits = Limits::of(config);
        let (bytes, declared, filename) = match given.place {
            Place::Base64(data) => (decoded(&data, &limits)?, given.declared, given.filename),
            Place::Url(url) => {
                let (bytes, mime) = fetched(gateway, config, &url, &limits).await?;
                let filename = given.filename.or_else(|| last_segment(&url));
                (bytes, given.declared.or(mime), filename)
            }
        };
        let turn = timeout(TURN_WAIT, Arc::clone(&self.0).acquire_owned()).await;
        let turn = turn.map_err(|_| DocumentError::Busy)?;
        let turn = turn.map_err(|_| DocumentError::Broken)?;
        // Awaited here; where this future is dropped, the limit of time ends it, and the turn with it.
        let asked = tracing::Span::current();
        let reading = tokio::task::spawn_blocking(move || {
            let (_turn, _of_the_request) = (turn, asked.entered());
            read(&bytes, declared.as_deref(), filename.as_deref(), &limits)
        });
        reading.await.unwrap_or_else(|error| {
            tracing::error!(%error, "reading a file broke");
            Err(DocumentError::Broken)
        })
    }
}

/// What a file at this address is called.
fn last_segment(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?;
    let (_, name) = path.split_once("://")?.1.rsplit_once('/')?;
    (!name.is_empty()).then(|| name.to_owned())
}

fn decoded(data: &str, limits: &Limits) -> Result<Bytes, DocumentError> {
    if data.len() / 4 > limits.bytes / 3 + 1 {
        return Err(DocumentError::TooLarge(limits.bytes));
    }
    media::checked(data).map_err(refused)?;
    let bytes = STANDARD.decode(data);
    let bytes = bytes.map_err(|_| refused("is not valid base64 (standard alphabet, padded)"))?;
    Ok(bytes.into())
}

async fn fetched(
    gateway: &Gateway,
    config: &FetchConfig,
    url: &str,
    limits: &Limits,
) -> Result<(Bytes, Option<String>), DocumentError> {
    if !config.allow_url {
        return Err(refused(
            "is a web address: only `file_data` is accepted, unless `gateway.http.endpoints.responses.files.allowUrl` is set",
        ));
    }
    let rules = FetchRules {
        allow: config.url_allowlist.clone(),
        max_bytes: limits.bytes,
        max_redirects: config.max_redirects.unwrap_or(REDIRECTS),
        timeout: config.timeout_ms.map_or(FETCH_TIME, Duration::from_millis),
    };
    let not_fetched = |what: String| DocumentError::NotFetched(what);
    let fetched = gateway.fetch(url, &rules).await;
    let fetched = fetched.map_err(|error| not_fetched(error.to_string()))?;
    if !(200..300).contains(&fetched.status) {
        return Err(not_fetched(format!("HTTP {}", fetched.status)));
    }
    if fetched.is_cut {
        return Err(DocumentError::TooLarge(limits.bytes));
    }
    Ok((fetched.body, Some(fetched.mime)))
}
