//! The content of one message: texts, and in a user's message pictures, sound and files.

use super::links::{self, Link, MAX_LINKS};
use super::request::{Content, Object, Part as WirePart};
use crate::chat::{
    Audio, Document, Image, ImageSource, MAX_IMAGE_BYTES, MAX_IMAGES, MAX_IMAGES_BYTES, Part,
};
use crate::server::error::ApiError;
use crate::server::media::{self, DataUrl};

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

/// Content of words alone: what is said by anyone but the user.
///
/// # Errors
/// 400 for a part that is no text and no refusal.
pub fn spoken(content: Option<Content>, at: &str) -> Result<Vec<Part>, ApiError> {
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
    at: &str,
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

fn each(
    content: Option<Content>,
    at: &str,
    mut read: impl FnMut(WirePart, &str) -> Result<Part, ApiError>,
) -> Result<Vec<Part>, ApiError> {
    match content {
        None => Ok(Vec::new()),
        Some(Content::Text(text)) if text.is_empty() => Ok(Vec::new()),
        Some(Content::Text(text)) => Ok(vec![Part::Text(text)]),
        Some(Content::Parts(parts)) => {
            let parts = parts.into_iter().enumerate();
            parts
                .map(|(index, Object(part))| read(part, &format!("{at}.content[{index}]")))
                .collect()
        }
    }
}

fn text(part: WirePart, at: &str) -> Result<Part, ApiError> {
    part.text
        .map(Part::Text)
        .ok_or_else(|| required(at, "text"))
}

fn image(part: WirePart, at: &str, pictures: &mut Pictures) -> Result<Part, ApiError> {
    let image = part.image_url.ok_or_else(|| required(at, "image_url"))?;
    let param = format!("{at}.image_url.url");
    let refused = |what: String| ApiError::invalid(param.clone(), format!("`{param}` {what}"));
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
    if is_web(&image.url) {
        if pictures.links.len() == MAX_LINKS {
            return Err(refused(format!(
                "is one too many: {MAX_LINKS} pictures may be named by URL"
            )));
        }
        pictures.count().map_err(&refused)?;
        pictures.links.push(Link {
            param,
            url: image.url,
        });
        return Ok(links::place(image.detail));
    }
    let url = DataUrl::parse(image.url).map_err(|what| refused(what.to_owned()))?;
    if url.base64.is_empty() {
        return Err(refused("holds no picture".to_owned()));
    }
    pictures.count().map_err(&refused)?;
    Ok(Part::Image(Image {
        source: pictures.admit(url, &refused)?,
        detail: image.detail,
    }))
}

impl Pictures {
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
    pub fn admit(
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

fn is_web(url: &str) -> bool {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

fn audio(part: WirePart, at: &str) -> Result<Part, ApiError> {
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

fn file(part: WirePart, at: &str) -> Result<Part, ApiError> {
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

fn wrong_type(at: &str, allowed: &str) -> ApiError {
    ApiError::invalid(
        format!("{at}.type"),
        format!("`{at}.type` must be {allowed}"),
    )
}

fn required(at: &str, member: &str) -> ApiError {
    ApiError::invalid(
        format!("{at}.{member}"),
        format!("`{at}.{member}` is required"),
    )
}
