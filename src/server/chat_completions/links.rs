//! Pictures that a request names by URL: fetched into their places, before the run begins.

use std::time::Duration;

use crate::chat::{ChatRequest, Image, ImageSource, Message, Part, Routing};
use crate::server::error::ApiError;
use crate::server::pictures::{Fetching, Pictures, in_time_of_run};

/// The setting that allows them.
pub const SWITCH: &str = "gateway.http.endpoints.chatCompletions.images.allowUrl";

/// Whether an image is the place of a link whose picture has not been fetched.
fn is_place(image: &Image) -> bool {
    let ImageSource::Inline { base64, .. } = &image.source;
    base64.is_empty()
}

/// The place of a link among the parts of a message: a picture without a byte, which no data URL makes.
pub fn place() -> ImageSource {
    ImageSource::Inline {
        mime: "image/png",
        base64: String::new(),
    }
}

/// Fetches every picture and puts it in its place, within the time of the run that they are for. Returns what is left of
/// that time; `None` where nothing had to be fetched.
///
/// # Errors
/// What keeps the run itself from being: then nothing is fetched. Else as [`Fetching::fetch`].
pub async fn settle(
    (fetching, routing): (&Fetching<'_>, &Routing),
    pictures: Pictures,
    chat: &mut ChatRequest,
) -> Result<Option<Duration>, ApiError> {
    if pictures.links.is_empty() {
        return Ok(None);
    }
    let fetch = fetching.fetch(pictures);
    let (sources, left) = in_time_of_run((fetching.gateway, routing), fetch).await?;
    let places = chat
        .messages
        .iter_mut()
        .filter_map(user_parts)
        .flatten()
        .filter_map(place_of);
    for (image, source) in places.zip(sources) {
        image.source = source;
    }
    Ok(Some(left))
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
