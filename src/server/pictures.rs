//! The pictures of one request: how many, how large, of which kind, and those that are named by URL, which are fetched
//! where the configuration allows it, before the run begins.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use tokio::time::{Instant, timeout};

use super::error::ApiError;
use super::media::DataUrl;
use crate::chat::{ImageSource, MAX_IMAGE_BYTES, MAX_IMAGES, MAX_IMAGES_BYTES, Routing};
use crate::config::FetchConfig;
use crate::gateway::{FetchRules, Gateway, RunError};

/// Pictures of one request that may be named by URL.
const MAX_LINKS: usize = 16;

/// Redirects that are followed where the configuration does not say.
const REDIRECTS: u32 = 3;

/// Pictures of one request that are fetched at a time.
pub const AT_ONCE: usize = 4;

/// The limit for one picture where the configuration does not say.
const LIMIT: Duration = Duration::from_secs(10);

/// What the pictures of a request come to so far: those that it brings and those that are fetched for it together.
#[derive(Debug, Default, PartialEq)]
pub struct Pictures {
    /// Decoded bytes, of all messages.
    bytes: usize,
    /// How many, of the last user message.
    count: usize,
    /// Whether the message at hand is the last one of the user.
    pub is_last_user: bool,
    /// Those that are still to be fetched, in order.
    pub links: Vec<Link>,
}

/// A picture that may come in.
pub enum Picture {
    Inline(ImageSource),
    /// It is among the links now.
    Linked,
}

/// A picture that stands somewhere in the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where in the request its URL is.
    pub param: String,
    pub url: String,
}

/// What an endpoint fetches for its callers.
pub struct Fetching<'a> {
    pub gateway: &'a Gateway,
    pub config: &'a FetchConfig,
    /// The setting that allows it, as a person would write it.
    pub switch: &'static str,
}

impl Pictures {
    /// One more picture, by its URL, which is at `param`.
    ///
    /// # Errors
    /// 400 for what is no picture, and for one too many.
    pub fn take(&mut self, url: String, param: String) -> Result<Picture, ApiError> {
        let refused = |what: String| ApiError::invalid(param.clone(), format!("`{param}` {what}"));
        if is_web(&url) {
            if self.links.len() == MAX_LINKS {
                return Err(refused(format!(
                    "is one too many: {MAX_LINKS} pictures may be named by URL"
                )));
            }
            self.count().map_err(&refused)?;
            self.links.push(Link { param, url });
            return Ok(Picture::Linked);
        }
        let url = DataUrl::parse(url).map_err(|what| refused(what.to_owned()))?;
        self.count().map_err(&refused)?;
        self.admit(url, &refused).map(Picture::Inline)
    }

    /// Counts one more picture.
    fn count(&mut self) -> Result<(), String> {
        self.count += usize::from(self.is_last_user);
        if self.count > MAX_IMAGES {
            return Err(format!(
                "is one too many: the last `user` message may have {MAX_IMAGES} pictures"
            ));
        }
        Ok(())
    }

    /// A picture whose bytes are there, if it may come in.
    fn admit(
        &mut self,
        url: DataUrl,
        refused: &dyn Fn(String) -> ApiError,
    ) -> Result<ImageSource, ApiError> {
        let size = url.decoded_len();
        self.bytes += size;
        if size > MAX_IMAGE_BYTES {
            return Err(refused(format!(
                "is a picture of {size} bytes; at most {MAX_IMAGE_BYTES} are accepted"
            )));
        }
        if self.bytes > MAX_IMAGES_BYTES {
            return Err(refused(format!(
                "is one too many: all pictures together may have {MAX_IMAGES_BYTES} bytes"
            )));
        }
        let mime = url
            .picture()
            .ok_or_else(|| refused("is no jpeg, png, gif or webp picture".to_owned()))?;
        Ok(ImageSource::Inline {
            mime,
            base64: url.base64,
        })
    }
}

impl Fetching<'_> {
    /// The pictures behind the links, in order; counted together with those that are there.
    ///
    /// # Errors
    /// 400, naming the URL's place: fetching is off, the address is refused, or what is there is no picture that can be
    /// used.
    pub async fn fetch(&self, mut pictures: Pictures) -> Result<Vec<ImageSource>, ApiError> {
        let rules = self.rules();
        let links = std::mem::take(&mut pictures.links);
        if let (false, Some(link)) = (self.config.allow_url, links.first()) {
            return Err(link.refused(&format!(
                "is a web address: only data URLs are accepted (`data:<type>;base64,…`), unless `{}` is set",
                self.switch
            )));
        }
        let fetches = links.into_iter().map({
            let gateway = self.gateway.clone();
            move |link| fetch_one(gateway.clone(), rules.clone(), link).boxed()
        });
        // In the order of the request, so that the first picture that is one too many is always the same.
        let fetches = stream::iter(fetches).buffered(AT_ONCE);
        admitted(fetches, self.config, pictures).await
    }

    fn rules(&self) -> FetchRules {
        let config = self.config;
        let asked = config.max_bytes.map_or(MAX_IMAGE_BYTES, |bytes| {
            usize::try_from(bytes).unwrap_or(usize::MAX)
        });
        FetchRules {
            allow: config.url_allowlist.clone(),
            max_bytes: asked.min(MAX_IMAGE_BYTES),
            max_redirects: config.max_redirects.unwrap_or(REDIRECTS),
            timeout: config.timeout_ms.map_or(LIMIT, Duration::from_millis),
        }
    }
}

/// The pictures, as long as all of them together are not too large.
///
/// # Errors
/// 400 for the first that cannot be had, or used.
pub async fn admitted(
    mut fetches: impl Stream<Item = (Link, Result<DataUrl, ApiError>)> + Unpin,
    config: &FetchConfig,
    mut pictures: Pictures,
) -> Result<Vec<ImageSource>, ApiError> {
    let mut sources = Vec::new();
    while let Some((link, url)) = fetches.next().await {
        let source = pictures.admit(url?, &|what| link.refused(&what))?;
        if !allows(config, &source) {
            return Err(link.refused("is a picture of a type that is not allowed here"));
        }
        sources.push(source);
    }
    Ok(sources)
}

/// The link, and what is there.
async fn fetch_one(
    gateway: Gateway,
    rules: FetchRules,
    link: Link,
) -> (Link, Result<DataUrl, ApiError>) {
    let fetched = gateway.fetch(&link.url, &rules).await;
    let picture = match fetched {
        Err(error) => Err(format!("cannot be fetched: {error}")),
        Ok(page) if !(200..300).contains(&page.status) => {
            Err(format!("cannot be fetched: HTTP {}", page.status))
        }
        Ok(page) if page.is_cut => Err(format!("is larger than {} bytes", rules.max_bytes)),
        Ok(page) => Ok(DataUrl {
            mime: page.mime,
            base64: STANDARD.encode(&page.body),
        }),
    };
    let picture = picture.map_err(|what| link.refused(&what));
    (link, picture)
}

impl Link {
    fn refused(&self, what: &str) -> ApiError {
        ApiError::invalid(self.param.clone(), format!("`{}` {what}", self.param))
    }
}

fn allows(config: &FetchConfig, source: &ImageSource) -> bool {
    let ImageSource::Inline { mime, .. } = source;
    let allowed = config.allowed_mimes.as_ref();
    allowed.is_none_or(|allowed| allowed.iter().any(|one| one.eq_ignore_ascii_case(mime)))
}

/// What has to be done before a run can begin, within the time of that run; and what is left of it.
///
/// # Errors
/// What keeps the run itself from being: then nothing is done. The end of its time, and whatever `work` comes to.
pub async fn in_time_of_run<T>(
    (gateway, routing): (&Gateway, &Routing),
    work: impl Future<Output = Result<T, ApiError>>,
) -> Result<(T, Duration), ApiError> {
    let limit = gateway.time_limit(routing)?;
    let begun = Instant::now();
    let done = timeout(limit, work).await;
    let done = done.map_err(|_| RunError::Deadline { limit })??;
    Ok((done, limit.saturating_sub(begun.elapsed())))
}

/// Whether the URL is one of the web.
pub fn is_web(url: &str) -> bool {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}
