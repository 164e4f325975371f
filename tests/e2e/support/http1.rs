//! HTTP/1.1 messages as bytes: what went over a raw socket, taken apart. Pure.

use bytes::Bytes;
use memchr::memmem::find;
use serde_json::Value;

use super::recorded::Headers;

/// A request or a response.
#[derive(Clone, Debug)]
pub struct Message {
    /// The request line or the status line.
    pub start: String,
    pub headers: Headers,
    /// The body, a chunked one put together.
    pub body: Bytes,
}

/// What `bytes` begin with, and what follows it; `None` while the message lacks its end.
pub fn first(bytes: &[u8]) -> Option<(Message, &[u8])> {
    let end = find(bytes, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let (start, lines) = head.split_once("\r\n").unwrap_or((&head, ""));
    let headers: Headers = lines
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[end + 4..];
    let (body, rest) = match (
        headers.get("transfer-encoding"),
        headers.get("content-length"),
    ) {
        (Some(_), _) => chunks(rest)?,
        (None, Some(length)) => {
            let (body, rest) = rest.split_at_checked(length.parse().ok()?)?;
            (Bytes::copy_from_slice(body), rest)
        }
        (None, None) => (Bytes::new(), rest),
    };
    let start = start.to_owned();
    Some((
        Message {
            start,
            headers,
            body,
        },
        rest,
    ))
}

fn chunks(mut bytes: &[u8]) -> Option<(Bytes, &[u8])> {
    let mut body = Vec::new();
    loop {
        let line = find(bytes, b"\r\n")?;
        let size = std::str::from_utf8(&bytes[..line]).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        let (chunk, rest) = bytes[line + 2..].split_at_checked(size)?;
        body.extend_from_slice(chunk);
        bytes = rest.strip_prefix(b"\r\n")?;
        if size == 0 {
            return Some((body.into(), bytes));
        }
    }
}

impl Message {
    /// # Panics
    /// When the body is something else.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The status of a response.
    pub fn status(&self) -> u16 {
        let status = self.start.split(' ').nth(1);
        status.and_then(|status| status.parse().ok()).unwrap()
    }
}
