//! The content of one message: texts, and in a user's message pictures, sound and files.

use std::fmt::{self, Display};

use super::links;
use super::request::{Content, Part as WirePart};
use crate::chat::{Audio, Document, Image, Part};
use crate::server::body::Object;
use crate::server::error::ApiError;
use crate::server::media::{self, DataUrl};
use crate::server::pictures::{Picture, Pictures};

/// Content of words alone: what is said by anyone but the user.
///
/// # Errors
/// 400 for a part that is no text and no refusal.
pub fn spoken(content: Option<Content>, at: &dyn Display) -> Result<Vec<Part>, ApiError> {
    each(content, at, |part, at| match part.kind.as_str() {
        "text" => text(part, at),
        "refusal" => part
            .refusal
            .map(Part::Refusal)
            .ok_or_else(|| required(at, "refusal")),
        _ => Err(wrong_type(at, "`text` here")),
    })
}

/// Content of a user's message.
///
/// # Errors
/// 400 for a part of an unknown type, and for a picture, a sound or a file that cannot be used.
pub fn user(
    content: Option<Content>,
    at: &dyn Display,
    pictures: &mut Pictures,
) -> Result<Vec<Part>, ApiError> {
    each(content, at, |part, at| match part.kind.as_str() {
        "text" => text(part, at),
        "image_url" => image(part, at, pictures),
        "input_audio" => audio(part, at),
        "file" => file(part, at),
        _ => Err(wrong_type(
            at,
            "`text`, `image_url`, `input_audio` or `file`",
        )),
    })
}

/// The path of a part, which is made where something is wrong.
struct PartOf<'a>(&'a dyn Display, usize);

impl Display for PartOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.content[{}]", self.0, self.1)
    }
}

fn each(
    content: Option<Content>,
    at: &dyn Display,
    mut read: impl FnMut(WirePart, &dyn Display) -> Result<Part, ApiError>,
) -> Result<Vec<Part>, ApiError> {
    match content {
        None => Ok(Vec::new()),
        Some(Content::Text(text)) if text.is_empty() => Ok(Vec::new()),
        Some(Content::Text(text)) => Ok(vec![Part::Text(text)]),
        Some(Content::Parts(parts)) => {
            let parts = parts.into_iter().enumerate();
            parts
                .map(|(index, Object(part))| read(part, &PartOf(at, index)))
                .collect()
        }
    }
}

fn text(part: WirePart, at: &dyn Display) -> Result<Part, ApiError> {
    part.text
        .map(Part::Text)
        .ok_or_else(|| required(at, "text"))
}

fn image(part: WirePart, at: &dyn Display, pictures: &mut Pictures) -> Result<Part, ApiError> {
    let image = part.image_url.ok_or_else(|| required(at, "image_url"))?;
    let param = format!("{at}.image_url.url");
    if !matches!(
        image.detail.as_deref(),
        None | Some("auto" | "low" | "high")
    ) {
        let param = format!("{at}.image_url.detail");
        return Err(ApiError::invalid(
            param.clone(),
            format!("`{param}` must be `auto`, `low` or `high`"),
        ));
    }
    let source = match pictures.take(image.url, param)? {
        Picture::Inline(source) => source,
        Picture::Linked => links::place(),
    };
    Ok(Part::Image(Image {
        source,
        detail: image.detail,
    }))
}

fn audio(part: WirePart, at: &dyn Display) -> Result<Part, ApiError> {
    let audio = part
        .input_audio
        .ok_or_else(|| required(at, "input_audio"))?;
    if !matches!(audio.format.as_str(), "wav" | "mp3") {
        let param = format!("{at}.input_audio.format");
        return Err(ApiError::invalid(
            param.clone(),
            format!("`{param}` must be `wav` or `mp3`"),
        ));
    }
    if let Err(what) = media::checked(&audio.data) {
        let param = format!("{at}.input_audio.data");
        return Err(ApiError::invalid(
            param.clone(),
            format!("`{param}` {what}"),
        ));
    }
    Ok(Part::Audio(Audio {
        base64: audio.data,
        format: audio.format,
    }))
}

fn file(part: WirePart, at: &dyn Display) -> Result<Part, ApiError> {
    let file = part.file.ok_or_else(|| required(at, "file"))?;
    if file.file_id.is_some() {
        let param = format!("{at}.file.file_id");
        return Err(ApiError::invalid(
            param.clone(),
            format!("`{param}`: no files are stored here; send `file_data`"),
        ));
    }
    let data = file
        .file_data
        .ok_or_else(|| required(at, "file.file_data"))?;
    let url = DataUrl::parse(data).map_err(|what| {
        let param = format!("{at}.file.file_data");
        ApiError::invalid(param.clone(), format!("`{param}` {what}"))
    })?;
    Ok(Part::Document(Document {
        filename: file.filename,
        mime: url.mime,
        base64: url.base64,
    }))
}

fn wrong_type(at: &dyn Display, allowed: &str) -> ApiError {
    ApiError::invalid(
        format!("{at}.type"),
        format!("`{at}.type` must be {allowed}"),
    )
}

fn required(at: &dyn Display, member: &str) -> ApiError {
    ApiError::invalid(
        format!("{at}.{member}"),
        format!("`{at}.{member}` is required"),
    )
}
