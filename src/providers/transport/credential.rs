//! What a request to a provider carries: its credential, and the headers that the configuration adds. All of it is
//! marked as sensitive, so that no log shows it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::super::known::Known;
use crate::config::ApiKind;

pub(super) type HeaderFault = (String, String);

/// What every request to this provider carries, its credential among it.
///
/// # Errors
/// The key of the setting that no header can carry, and what is wrong with it.
pub(super) fn headers(known: &Known) -> Result<HeaderMap, HeaderFault> {
    let mut headers = HeaderMap::new();
    if let Some(key) = &known.config.api_key
        && let Some((name, value)) = credential(known, key.expose().trim())
    {
        let value = HeaderValue::try_from(value);
        let value = value.map_err(|_| {
            (
                "apiKey".to_owned(),
                "holds characters that no header can carry".to_owned(),
            )
        })?;
        headers.insert(name, value);
    }
    for (name, value) in &known.config.headers {
        let fault = |message: &str| (format!("headers.{name}"), message.to_owned());
        let header = HeaderName::try_from(name).map_err(|_| fault("is no header name"))?;
        let value = HeaderValue::try_from(value.expose());
        let value = value.map_err(|_| fault("holds characters that no header can carry"))?;
        headers.insert(header, value);
    }
    for value in headers.values_mut() {
        value.set_sensitive(true);
    }
    Ok(headers)
}

/// The header that carries the key: the dialect's own, or `Authorization: Bearer` where it has none or `authHeader`
/// says so.
fn credential(known: &Known, key: &str) -> Option<(HeaderName, String)> {
    let own = match known.api {
        ApiKind::AnthropicMessages => Some(HeaderName::from_static("x-api-key")),
        ApiKind::GoogleGenerativeAi => Some(HeaderName::from_static("x-goog-api-key")),
        ApiKind::OpenaiCompletions
        | ApiKind::OpenaiResponses
        | ApiKind::Ollama
        | ApiKind::Offline
        | ApiKind::Foreign => None,
    };
    match (known.config.auth_header, own) {
        (None | Some(false), Some(name)) => Some((name, key.to_owned())),
        (Some(false), None) => None,
        (None, None) | (Some(true), _) => Some((AUTHORIZATION, format!("Bearer {key}"))),
    }
}

/// Takes the name and the password out of a URL (RFC 3986, §3.2.1), as the header that carries them (RFC 7617).
pub(super) fn login(url: &mut Url) -> Option<HeaderValue> {
    let decoded = |text: &str| percent_decode_str(text).collect::<Vec<u8>>();
    let (name, password) = (
        decoded(url.username()),
        decoded(url.password().unwrap_or_default()),
    );
    if name.is_empty() && password.is_empty() {
        return None;
    }
    let pair = [&name[..], b":", &password].concat();
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    // They fail for URLs without a host, which this one has.
    let _ = (url.set_username(""), url.set_password(None));
    Some(value)
}
