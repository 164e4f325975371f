//! What proxies say of whom they speak for: `X-Forwarded-For`, `Forwarded` (RFC 7239) and `X-Real-IP`. Read from the
//! right, where the nearest proxy wrote; what is on the left anyone may have written. Pure.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::{FORWARDED, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
/// `X-Forwarded-For`, `-Host`, `-Proto`, `-User` and all that proxies made up.
const FORWARDED_FAMILY: &str = "x-forwarded";

/// Whether a proxy says, or somebody pretends, that the request comes from elsewhere.
pub fn is_there(headers: &HeaderMap) -> bool {
    let tells = |name: &HeaderName| {
        *name == FORWARDED || *name == REAL_IP || name.as_str().starts_with(FORWARDED_FAMILY)
    };
    headers.keys().any(tells)
}

/// The client that the proxies name: the last hop that is none of ours. `X-Forwarded-For` is believed, where it is
/// absent `Forwarded`, where that is absent too and `real_ip` is set `X-Real-IP`. `None` where the last hop of it cannot
/// be read.
pub fn client(
    headers: &HeaderMap,
    is_ours: impl Fn(IpAddr) -> bool,
    real_ip: bool,
) -> Option<IpAddr> {
    if headers.contains_key(FORWARDED_FOR) {
        let lines = lines(headers, FORWARDED_FOR);
        return walk(lines.flat_map(|line| line.split(',').map(node)), is_ours);
    }
    if headers.contains_key(FORWARDED) {
        return walk(lines(headers, FORWARDED).flat_map(elements), is_ours);
    }
    let mut named = lines(headers, REAL_IP).filter(|_| real_ip);
    match (named.next(), named.next()) {
        (Some(line), None) => node(line),
        _ => None,
    }
}

/// A line that is no text has no hop that can be read.
fn lines(headers: &HeaderMap, name: HeaderName) -> impl DoubleEndedIterator<Item = &str> {
    let values = headers.get_all(name).iter();
    values.map(|value| value.to_str().unwrap_or_default())
}

/// From the right past our own proxies. Who told the leftmost of them, when that cannot be read, is unknown: then it
/// is the last one that is known.
fn walk(
    hops: impl DoubleEndedIterator<Item = Option<IpAddr>>,
    is_ours: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let mut client = None;
    for hop in hops.rev() {
        let Some(address) = hop else { break };
        client = Some(address);
        if !is_ours(address) {
            break;
        }
    }
    client
}

/// An address, perhaps with a port: `10.0.0.1`, `10.0.0.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let address = match bare {
        Some(text) => text.parse().ok().filter(IpAddr::is_ipv6),
        None => text.parse().ok(),
    };
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    address.or_else(with_port).map(|ip| ip.to_canonical())
}

/// The `for` of each element of one `Forwarded` line. Of a line whose quotes do not match nothing is read: what a client
/// left open would swallow what the proxy wrote after it.
fn elements(line: &str) -> Vec<Option<IpAddr>> {
    match split(line, b',') {
        Some(elements) => elements.into_iter().map(named).collect(),
        None => vec![None],
    }
}

fn named(element: &str) -> Option<IpAddr> {
    let pairs = split(element, b';')?.into_iter();
    let mut values = pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    });
    match (values.next(), values.next()) {
        (Some(value), None) => node(unquoted(value.trim())?),
        _ => None,
    }
}

/// Splits outside of quoted strings; `None` where the last one has no end.
fn split(text: &str, separator: u8) -> Option<Vec<&str>> {
    let (mut pieces, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if byte == separator && !quoted => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    (!quoted).then_some(pieces)
}

/// The value of a token or of a quoted string without escapes, which no address needs.
fn unquoted(value: &str) -> Option<&str> {
    let Some(rest) = value.strip_prefix('"') else {
        return Some(value);
    };
    rest.strip_suffix('"')
        .filter(|inside| !inside.contains(['"', '\\']))
}

#[cfg(test)]
mod tests;
