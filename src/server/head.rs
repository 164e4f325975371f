//! What every request head must be, whatever it asks for, and what is answered to one that cannot be read at all. Pure.

use std::str::FromStr;

use hyper::header::{HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Request, StatusCode, Version};

use super::error::ApiError;

/// # Errors
/// 404 for a target that is no path: this is no proxy. 400, closing, for a host that is missing, doubled or none
/// (RFC 9112 §3.2), and for a transfer coding that is not understood (§6.1).
pub fn check<B>(request: &Request<B>) -> Result<(), ApiError> {
    let (method, target) = (request.method(), request.uri());
    if !matches!(target.path().as_bytes().first(), Some(b'/' | b'*')) {
        return Err(ApiError::new(
            StatusCode::NOT_FOUND,
            format!("unknown request URL: {method} takes no target like this here"),
        )
        .with_code("unknown_url"));
    }
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() == Version::HTTP_11 => {
            return Err(bad("there is no `Host` header"));
        }
        (Some(_), Some(_)) => return Err(bad("there is more than one `Host` header")),
        (Some(host), None) if !is_host(host) => {
            return Err(bad("the `Host` header names no host"));
        }
        (_, None) | (None, Some(_)) => {}
    }
    let codings = request.headers().get_all(TRANSFER_ENCODING);
    let understood = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if !codings.iter().all(understood) {
        return Err(bad("the only `Transfer-Encoding` is `chunked`"));
    }
    Ok(())
}

fn is_host(value: &HeaderValue) -> bool {
    let is_authority = |text: &str| Authority::from_str(text).is_ok() && !text.contains('@');
    value.is_empty() || value.to_str().is_ok_and(is_authority)
}

fn bad(what: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, what).closing()
}

/// What hyper's own answer begins with. It answers by itself only what it cannot read.
const OWN_WORDS: &[u8] = b"HTTP/1.1 4";
/// No other answer of that kind goes without a document.
const NO_DOCUMENT: &[u8] = b"\r\ncontent-length: 0\r\n";

/// The status of hyper's own answer, if that is what these bytes are: a head, and no word of explanation.
pub fn unexplained(answer: &[u8]) -> Option<StatusCode> {
    if !answer.starts_with(OWN_WORDS) || memchr::memmem::find(answer, NO_DOCUMENT).is_none() {
        return None;
    }
    let digits = answer.get(OWN_WORDS.len() - 1..OWN_WORDS.len() + 2)?;
    StatusCode::from_bytes(digits).ok()
}

/// The error for a head that cannot be read, after which the connection ends.
pub fn unreadable(status: StatusCode) -> ApiError {
    let message = match status {
        StatusCode::URI_TOO_LONG => "the target of the request is too long",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "the head of the request is too large: at most 100 headers, and 64 KiB in all"
        }
        _ => "this is no HTTP request that can be read",
    };
    ApiError::new(status, message).closing()
}

/// A response in the bytes of HTTP/1.1.
pub fn to_bytes(status: StatusCode, headers: &HeaderMap, document: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let length = document.len();
    bytes.extend_from_slice(format!("content-length: {length}\r\n\r\n").as_bytes());
    bytes.extend_from_slice(document);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(version: Version, headers: &[(&str, &str)]) -> Result<(), u16> {
        let mut request = Request::get("/health").version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        check(&request).map_err(|error| error.status().as_u16())
    }

    #[test]
    fn a_request_names_one_host() {
        for host in ["gw.example", "gw:80", "127.0.0.1:18789", "[::1]:18789", ""] {
            assert_eq!(
                checked(Version::HTTP_11, &[("host", host)]),
                Ok(()),
                "{host}"
            );
        }
        for host in ["a b", "a/b", "me@gw", "gw:1:2"] {
            assert_eq!(
                checked(Version::HTTP_11, &[("host", host)]),
                Err(400),
                "{host}"
            );
        }
        let twice = [("host", "a"), ("host", "a")];
        assert_eq!(checked(Version::HTTP_11, &twice), Err(400));
        assert_eq!(checked(Version::HTTP_10, &twice), Err(400));
        assert_eq!(checked(Version::HTTP_11, &[]), Err(400));
        assert_eq!(checked(Version::HTTP_10, &[]), Ok(()));
        assert_eq!(checked(Version::HTTP_2, &[]), Ok(()));
    }

    #[test]
    fn chunked_is_the_only_coding() {
        let coded = |coding| {
            checked(
                Version::HTTP_11,
                &[("host", "a"), ("transfer-encoding", coding)],
            )
        };
        assert_eq!(coded("Chunked"), Ok(()));
        assert_eq!(coded("gzip, chunked"), Err(400));
    }

    #[test]
    fn a_target_without_a_path_is_unknown() {
        let request = Request::connect("example.com:443").body(()).unwrap();
        assert_eq!(check(&request).unwrap_err().status(), 404);
    }

    #[test]
    fn only_a_refusal_without_a_document_is_unexplained() {
        let own = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(unexplained(own).unwrap(), 431);
        for other in [
            &b"HTTP/1.1 404 Not Found\r\ncontent-length: 7\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 4",
        ] {
            assert_eq!(unexplained(other), None);
        }
    }
}
