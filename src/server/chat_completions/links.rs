//! Pictures that a request names by URL: fetched, where the configuration allows it, before the run begins.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use tokio::time::{Instant, timeout};

use super::parts::Pictures;
use crate::chat::{ChatRequest, Image, ImageSource, MAX_IMAGE_BYTES, Message, Part, Routing};
use crate::config::FetchConfig;
use crate::gateway::{FetchRules, Gateway, RunError};
use crate::server::error::ApiError;
use crate::server::media::DataUrl;

/// A picture that stands somewhere in the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where in the request its URL is.
    pub param: String,
    pub url: String,
}

/// Pictures of one request that may be named by URL.
pub const MAX_LINKS: usize = 16;

/// Redirects that are followed where the configuration does not say.
const REDIRECTS: u32 = 3;

/// Pictures of one request that are fetched at a time.
const AT_ONCE: usize = 4;

/// The limit for one picture where the configuration does not say.
const LIMIT: Duration = Duration::from_secs(10);

/// Whether an image is the place of a [`Link`] whose picture has not been fetched.
fn is_place(image: &Image) -> bool {
    let ImageSource::Inline { base64, .. } = &image.source;
    base64.is_empty()
}

/// The place of a link among the parts of a message: a picture without a byte, which no data URL makes.
pub fn place(detail: Option<String>) -> Part {
    Part::Image(Image {
        source: ImageSource::Inline {
            mime: "image/png",
            base64: String::new(),
        },
        detail,
    })
}

/// Fetches every picture and puts it in its place, within the time of the run that they are for. Returns what is left of
/// that time; `None` where nothing had to be fetched.
///
/// # Errors
/// What keeps the run itself from being: then nothing is fetched. 400, naming the URL's place: fetching is off, the
/// address is refused, or what is there is no picture that can be used.
pub async fn settle(
    (gateway, routing): (&Gateway, &Routing),
    config: &FetchConfig,
    pictures: Pictures,
    chat: &mut ChatRequest,
) -> Result<Option<Duration>, ApiError> {
    if pictures.links.is_empty() {
        return Ok(None);
    }
    let limit = gateway.time_limit(routing)?;
    let begun = Instant::now();
    let fetched = timeout(limit, fetch(gateway, config, pictures, chat)).await;
    fetched.map_err(|_| RunError::Deadline { limit })??;
    Ok(Some(limit.saturating_sub(begun.elapsed())))
}

async fn fetch(
    gateway: &Gateway,
    config: &FetchConfig,
    mut pictures: Pictures,
    chat: &mut ChatRequest,
) -> Result<(), ApiError> {
    let rules = rules(config);
    let links = std::mem::take(&mut pictures.links);
    if let (false, Some(link)) = (config.allow_url, links.first()) {
        let what = "is a web address: only data URLs are accepted (`data:<type>;base64,…`), unless \
            `gateway.http.endpoints.chatCompletions.images.allowUrl` is set";
        return Err(link.refused(what));
    }
    let fetches = links.into_iter().map({
        let gateway = gateway.clone();
        move |link| fetch_one(gateway.clone(), rules.clone(), link).boxed()
    });
    // In the order of the request, so that the first picture that is one too many is always the same.
    let fetches = stream::iter(fetches).buffered(AT_ONCE);
    put(fetches, config, pictures, chat).await
}

/// Puts each picture into the next place, as long as all of them together are not too large.
async fn put(
    mut fetches: impl Stream<Item = (Link, Result<DataUrl, ApiError>)> + Unpin,
    config: &FetchConfig,
    mut pictures: Pictures,
    chat: &mut ChatRequest,
) -> Result<(), ApiError> {
    let mut places = chat
        .messages
        .iter_mut()
        .filter_map(user_parts)
        .flatten()
        .filter_map(place_of);
    while let Some((link, url)) = fetches.next().await {
        let source = pictures.admit(url?, &|what| link.refused(&what))?;
        if !allows(config, &source) {
            return Err(link.refused("is a picture of a type that is not allowed here"));
        }
        if let Some(image) = places.next() {
            image.source = source;
        }
    }
    Ok(())
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

fn rules(config: &FetchConfig) -> FetchRules {
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

fn allows(config: &FetchConfig, source: &ImageSource) -> bool {
    let ImageSource::Inline { mime, .. } = source;
    let allowed = config.allowed_mimes.as_ref();
    allowed.is_none_or(|allowed| allowed.iter().any(|one| one.eq_ignore_ascii_case(mime)))
}

fn user_parts(message: &mut Message) -> Option<&mut Vec<Part>> {
    match message {
        Message::User { parts, .. } => Some(parts),
        Message::Assistant { .. } | Message::Tool { .. } => None,
    }
}

fn place_of(part: &mut Part) -> Option<&mut Image> {
    match part {
        Part::Image(image) if is_place(image) => Some(image),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
