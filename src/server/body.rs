//! A request body: its declared type, its size, its time, and its JSON. What a member means is the endpoint's business.

mod checks;
#[cfg(test)]
pub(in crate::server) mod faults;
mod forms;
mod members;
mod path;

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::{Stream, StreamExt, TryStreamExt};
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use memchr::{memchr_iter, memchr2, memchr2_iter};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::error::ApiError;
pub use checks::{object_of, one_of, within};
pub(in crate::server) use forms::string_or;
pub use forms::{Object, objects};
use members::Distinct;

/// Arrays and objects inside each other, at most.
const MAX_DEPTH: usize = 128;

/// The most that is said of what serde found, in characters: it repeats what was sent.
const MAX_FINDING_CHARS: usize = 200;

/// What is reserved on a caller's word alone, in bytes.
const MAX_RESERVED: usize = 64 << 10;

/// What can be made of a request body.
pub trait FromBody: Sized {
    /// # Errors
    /// 400, with the path of the member that is at fault.
    fn from_body(json: &str) -> Result<Self, ApiError>;
}

impl<T: FromBody> FromBody for Box<T> {
    fn from_body(json: &str) -> Result<Self, ApiError> {
        T::from_body(json).map(Box::new)
    }
}

/// How large a body may be, in bytes, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub bytes: u64,
    pub time: Duration,
}

/// # Errors
/// 415 unless the body is declared to be JSON, as it is: not compressed.
pub fn check_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let coded = |coding: &HeaderValue| !coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().any(coded) {
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be sent as it is: without `Content-Encoding`",
        ));
    }
    let declared = headers.get(CONTENT_TYPE);
    // As nearly everybody sends it.
    if declared.is_some_and(|value| value == "application/json") {
        return Ok(());
    }
    let essence = declared
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim();
    let suffix = essence.rsplit_once('+').map(|(_, suffix)| suffix);
    if essence.eq_ignore_ascii_case("application/json")
        || suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("json"))
    {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "the body must be JSON: send `Content-Type: application/json`",
    ))
}

/// Reads the whole body.
///
/// # Errors
/// 413 for one that is too large, 408 for one that is too slow; the connection ends with both.
pub async fn collect<E>(
    headers: &HeaderMap,
    body: impl Stream<Item = Result<impl Buf, E>>,
    limits: Limits,
) -> Result<Bytes, ApiError> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limits.bytes) {
        return Err(too_large(limits.bytes));
    }
    let reserve = declared
        .map_or(0, |length| length as usize)
        .min(MAX_RESERVED);
    match timeout(limits.time, gather(body, limits.bytes, reserve)).await {
        Ok(gathered) => gathered,
        Err(_) => Err(ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            format!(
                "the body was not there within {} s",
                limits.time.as_secs_f64()
            ),
        )
        .closing()),
    }
}

async fn gather<E>(
    body: impl Stream<Item = Result<impl Buf, E>>,
    limit: u64,
    reserve: usize,
) -> Result<Bytes, ApiError> {
    let mut left = limit;
    let checked = body.map(|piece| {
        let piece = piece.map_err(|_| broken_off())?;
        let rest = left.checked_sub(piece.remaining() as u64);
        left = rest.ok_or_else(|| too_large(limit))?;
        Ok::<_, ApiError>(piece)
    });
    let mut pieces = std::pin::pin!(checked);
    let Some(mut first) = pieces.try_next().await? else {
        return Ok(Bytes::new());
    };
    // Most bodies are one piece, which is not copied.
    let Some(second) = pieces.try_next().await? else {
        return Ok(first.copy_to_bytes(first.remaining()));
    };
    let mut whole = BytesMut::with_capacity(reserve);
    whole.put(first);
    whole.put(second);
    while let Some(piece) = pieces.try_next().await? {
        whole.put(piece);
    }
    Ok(whole.freeze())
}

fn broken_off() -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        "the body broke off, or its chunks are none",
    )
    .closing()
}

fn too_large(limit: u64) -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is larger than {limit} bytes"),
    )
    .closing()
}

/// # Errors
/// 400 for a body that is not UTF-8, or nested too deep.
pub fn text(body: &[u8]) -> Result<&str, ApiError> {
    let text = std::str::from_utf8(body).map_err(|error| {
        not_json(&format!(
            "not UTF-8 at {}",
            place(body, error.valid_up_to())
        ))
    })?;
    match too_deep(body) {
        Some(offset) => {
            let place = place(body, offset);
            Err(not_json(&format!(
                "nested deeper than {MAX_DEPTH} levels at {place}"
            )))
        }
        None => Ok(text),
    }
}

/// One JSON object whose members are there once each.
///
/// # Errors
/// 400 with line and column, and the path of the member whose value is at fault.
pub fn parse<T: DeserializeOwned>(json: &str) -> Result<T, ApiError> {
    match serde_json::from_str(json) {
        Ok(Distinct(value)) => Ok(value),
        Err(error) => Err(unfit(json, &error)),
    }
}

fn unfit(json: &str, error: &serde_json::Error) -> ApiError {
    let finding = finding(error);
    if !error.is_data() {
        return not_json(&finding);
    }
    match path::at(json, (error.line(), error.column())) {
        Some(path) => ApiError::invalid(path.clone(), format!("`{path}`: {finding}")),
        None => unusable(&finding),
    }
}

/// What serde found, and where.
fn finding(error: &serde_json::Error) -> String {
    let place = format!("line {} column {}", error.line(), error.column());
    let finding = error.to_string();
    let finding = finding
        .strip_suffix(&format!(" at {place}"))
        .unwrap_or(&finding);
    format!("{} at {place}", shown(finding))
}

fn unusable(finding: &str) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        format!("the body cannot be used: {finding}"),
    )
}

fn not_json(finding: &str) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        format!("the body is not valid JSON: {finding}"),
    )
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_FINDING_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Where a byte is, both counted from 1 as serde_json does.
fn place(body: &[u8], offset: usize) -> String {
    let before = &body[..offset];
    let line = memchr_iter(b'\n', before).count() + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
    format!("line {line} column {}", offset - start + 1)
}

/// Where the nesting gets too deep. serde_json's own limit does not cover members that are skipped.
fn too_deep(body: &[u8]) -> Option<usize> {
    // Most bodies have too few brackets to be deep, and brackets are fast to count.
    memchr2_iter(b'{', b'[', body).nth(MAX_DEPTH)?;
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = body.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = end_of_string(body, at + 1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The closing quote of the string that begins at `at`, or the end of the body.
fn end_of_string(body: &[u8], mut at: usize) -> usize {
    while let Some(rest) = body.get(at..) {
        match memchr2(b'"', b'\\', rest) {
            Some(found) if rest[found] == b'"' => return at + found,
            Some(found) => at += found + 2,
            None => break,
        }
    }
    body.len()
}

#[cfg(test)]
mod tests;
