//! Pictures that a request names by URL: fetched, where the configuration allows it, before the run begins.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::parts::Pictures;
use crate::chat::{ChatRequest, Image, ImageSource, Message, Part};
use crate::config::FetchConfig;
use crate::gateway::{FetchRules, Gateway};
use crate::server::error::ApiError;
use crate::server::media::{DataUrl, MAX_IMAGE_BYTES};

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

/// Fetches every picture and puts it in its place.
///
/// # Errors
/// 400, naming the URL's place: fetching is off, the address is refused, or what is there is no picture that can be used.
pub async fn fetch(
    gateway: &Gateway,
    config: &FetchConfig,
    links: Vec<Link>,
    chat: &mut ChatRequest,
) -> Result<(), ApiError> {
    let rules = rules(config);
    let mut pictures = Pictures::default();
    let mut places = chat
        .messages
        .iter_mut()
        .filter_map(user_parts)
        .flatten()
        .filter_map(place_of);
    for link in links {
        let refused = |what: String| {
            ApiError::invalid(link.param.clone(), format!("`{}` {what}", link.param))
        };
        if !config.allow_url {
            let what = "is a web address: only data URLs are accepted (`data:<type>;base64,…`), unless \
                `gateway.http.endpoints.chatCompletions.images.allowUrl` is set";
            return Err(refused(what.to_owned()));
        }
        let fetched = gateway.fetch(&link.url, &rules).await;
        let fetched = fetched.map_err(|error| refused(format!("cannot be fetched: {error}")))?;
        if !(200..300).contains(&fetched.status) {
            return Err(refused(format!(
                "cannot be fetched: HTTP {}",
                fetched.status
            )));
        }
        if fetched.is_cut {
            return Err(refused(format!("is larger than {} bytes", rules.max_bytes)));
        }
        let url = DataUrl {
            mime: fetched.mime,
            base64: STANDARD.encode(&fetched.body),
        };
        let source = pictures.admit(url, &refused)?;
        if !allows(config, &source) {
            return Err(refused(
                "is a picture of a type that is not allowed here".to_owned(),
            ));
        }
        if let Some(image) = places.next() {
            image.source = source;
        }
    }
    Ok(())
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
