//! The content of one item: texts, and from the user's side pictures and files.

use super::attachments::Attachments;
use super::item::{File, OutputText, Part, Text};
use super::request::{Content, ImageUrl, Part as WirePart, Source};
use crate::chat::ImageSource;
use crate::server::body::Object;
use crate::server::documents::{Given, InputFile, InputSource};
use crate::server::error::ApiError;
use crate::server::pictures::Picture;

/// Content of the assistant: what a model has said.
///
/// # Errors
/// 400 for a part that is no text and no refusal.
pub fn said(content: Option<Content>, at: &str) -> Result<Vec<Part>, ApiError> {
    each(content, at, output_text, |part, at| {
        match part.kind.as_str() {
            "output_text" | "text" => text(part.text, at).map(output_text),
            "refusal" => {
                let refusal = part.refusal.ok_or_else(|| required(at, "refusal"))?;
                Ok(Part::Refusal {
                    refusal: Text::Plain(refusal),
                })
            }
            _ => Err(wrong_type(at, "`output_text` or `refusal` here")),
        }
    })
}

/// Content of words alone: of a system or developer message.
///
/// # Errors
/// 400 for a part that is no text.
pub fn words(content: Option<Content>, at: &str) -> Result<Vec<Part>, ApiError> {
    each(content, at, input_text, |part, at| {
        match part.kind.as_str() {
            "input_text" | "output_text" | "text" => text(part.text, at).map(input_text),
            _ => Err(wrong_type(at, "`input_text` here")),
        }
    })
}

/// Content of the user's side: of a user's message, and of what a tool put out.
///
/// # Errors
/// 400 for a part of an unknown type, and for a picture or a file that cannot be used.
pub fn brought(
    content: Option<Content>,
    at: &str,
    attachments: &mut Attachments,
) -> Result<Vec<Part>, ApiError> {
    each(content, at, input_text, |part, at| {
        match part.kind.as_str() {
            "input_text" | "output_text" | "text" => text(part.text, at).map(input_text),
            "input_image" => image(part, at, attachments),
            "input_file" => file(part, at, attachments),
            _ => Err(wrong_type(
                at,
                "`input_text`, `input_image` or `input_file`",
            )),
        }
    })
}

fn each(
    content: Option<Content>,
    at: &str,
    whole: fn(String) -> Part,
    mut read: impl FnMut(WirePart, &str) -> Result<Part, ApiError>,
) -> Result<Vec<Part>, ApiError> {
    match content {
        None => Ok(Vec::new()),
        Some(Content::Text(text)) if text.is_empty() => Ok(Vec::new()),
        Some(Content::Text(text)) => Ok(vec![whole(text)]),
        Some(Content::Parts(parts)) => {
            let parts = parts.into_iter().enumerate();
            parts
                .map(|(index, Object(part))| read(part, &format!("{at}[{index}]")))
                .collect()
        }
    }
}

fn input_text(text: String) -> Part {
    Part::InputText { text }
}

fn output_text(text: String) -> Part {
    Part::OutputText(OutputText {
        text: Text::Plain(text),
        annotations: [],
        logprobs: Vec::new(),
    })
}

fn text(text: Option<String>, at: &str) -> Result<String, ApiError> {
    text.ok_or_else(|| required(at, "text"))
}

fn image(part: WirePart, at: &str, attachments: &mut Attachments) -> Result<Part, ApiError> {
    if part.file_id.is_some() {
        let param = format!("{at}.file_id");
        let message = format!("`{param}`: no files are stored here; send `image_url`");
        return Err(ApiError::invalid(param, message));
    }
    let (url, own_detail, member) = match (part.image_url, part.source) {
        (Some(ImageUrl::Url(url)), _) => (url, None, "image_url"),
        (Some(ImageUrl::Object(named)), _) => (named.url, named.detail, "image_url.url"),
        (None, Some(source)) => (url_of(source, at)?, None, "source"),
        (None, None) => return Err(required(at, "image_url")),
    };
    let detail = part.detail.or(own_detail);
    if !matches!(detail.as_deref(), None | Some("auto" | "low" | "high")) {
        let param = format!("{at}.detail");
        let message = format!("`{param}` must be `auto`, `low` or `high`");
        return Err(ApiError::invalid(param, message));
    }
    let image_url = match attachments
        .pictures
        .take(url.clone(), format!("{at}.{member}"))?
    {
        // What the sender says it is may be wrong; what is kept is what it is.
        Picture::Inline(source) => data_url(&source),
        Picture::Linked => url,
    };
    Ok(Part::InputImage {
        image_url,
        detail: detail.unwrap_or_else(|| "auto".to_owned()),
    })
}

/// A picture as a URL.
pub fn data_url(source: &ImageSource) -> String {
    let ImageSource::Inline { mime, base64 } = source;
    format!("data:{mime};base64,{base64}")
}

/// OpenClaw's own form of a picture, as a URL.
fn url_of(source: Source, at: &str) -> Result<String, ApiError> {
    match (source.kind.as_str(), source.data, source.url) {
        ("base64", Some(data), _) if data.starts_with("data:") => Ok(data),
        ("base64", Some(data), _) => {
            let mime = source.media_type.unwrap_or_default();
            Ok(format!("data:{mime};base64,{data}"))
        }
        ("base64", None, _) => Err(required(at, "source.data")),
        ("url", _, Some(url)) => Ok(url),
        ("url", _, None) => Err(required(at, "source.url")),
        _ => {
            let param = format!("{at}.source.type");
            let message = format!("`{param}` must be `base64` or `url`");
            Err(ApiError::invalid(param, message))
        }
    }
}

fn file(part: WirePart, at: &str, attachments: &mut Attachments) -> Result<Part, ApiError> {
    if let Some(text) = attachments.next_kept() {
        return Ok(Part::InputFile(File {
            filename: part.filename,
            file_url: part.file_url,
            text,
        }));
    }
    let source = part.source.map(|source| InputSource {
        kind: Some(source.kind),
        media_type: source.media_type,
        data: source.data,
        url: source.url,
        filename: source.filename,
    });
    let file_url = part.file_url.clone();
    let given = Given::try_from(InputFile {
        file_data: part.file_data,
        file_url: part.file_url,
        file_id: part.file_id,
        filename: part.filename,
        source,
    });
    let given = given.map_err(|what| ApiError::invalid(at, format!("`{at}` {what}")))?;
    let filename = given.filename.clone();
    attachments.file(given, at)?;
    Ok(Part::InputFile(File {
        filename,
        file_url,
        text: String::new(),
    }))
}

fn wrong_type(at: &str, allowed: &str) -> ApiError {
    let param = format!("{at}.type");
    let message = format!("`{param}` must be {allowed}");
    ApiError::invalid(param, message)
}

fn required(at: &str, member: &str) -> ApiError {
    let param = format!("{at}.{member}");
    let message = format!("`{param}` is required");
    ApiError::invalid(param, message)
}
