//! Who a proxy says somebody is. Pure.

use std::fmt;

use hyper::HeaderMap;
use hyper::header::HeaderName;

use crate::chat::Principal;

/// The longest identity, in bytes.
const MAX_BYTES: usize = 512;

/// A user of a proxy. Mail addresses are the same in any case of letters; all else is compared as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity(String);

/// Why a header names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nobody {
    Missing,
    /// There are several of it, or several names in it: anyone may have added one.
    Several,
    Unreadable,
}

impl Identity {
    /// The one user that the header names.
    ///
    /// # Errors
    /// Nobody, or more than one: two headers, or a comma, with which proxies join what was two headers.
    pub fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Self, Nobody> {
        let mut values = headers.get_all(name).iter();
        let value = values.next().ok_or(Nobody::Missing)?;
        if values.next().is_some() {
            return Err(Nobody::Several);
        }
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| Nobody::Unreadable)?;
        if text.trim().is_empty() {
            return Err(Nobody::Missing);
        }
        if text.contains(',') {
            return Err(Nobody::Several);
        }
        if text.len() > MAX_BYTES || text.chars().any(char::is_control) {
            return Err(Nobody::Unreadable);
        }
        Ok(Self::named(text))
    }

    /// The user of this name in a configuration.
    pub fn named(text: &str) -> Self {
        let text = text.trim();
        Self(if text.contains('@') {
            text.to_ascii_lowercase()
        } else {
            text.to_owned()
        })
    }
}

impl From<Identity> for Principal {
    fn from(identity: Identity) -> Self {
        Self::Proxy(identity.0)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    const USER: HeaderName = HeaderName::from_static("x-forwarded-user");

    fn of(values: &[&[u8]]) -> Result<String, Nobody> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(USER, HeaderValue::from_bytes(value).unwrap());
        }
        Identity::of(&headers, &USER).map(|identity| identity.to_string())
    }

    #[test]
    fn one_header_names_one_user() {
        assert_eq!(of(&[b" ann "]), Ok("ann".to_owned()));
        assert_eq!(of(&["Zoë".as_bytes()]), Ok("Zoë".to_owned()));
    }

    #[test]
    fn a_mail_address_is_the_same_in_any_case_and_a_name_is_not() {
        assert_eq!(of(&[b"Ann@Example.COM"]), of(&[b"ann@example.com"]));
        assert_ne!(of(&[b"Ann"]), of(&[b"ann"]));
        assert_eq!(Identity::named(" Ann@x.org "), Identity::named("ann@x.org"));
    }

    #[test]
    fn a_header_that_is_missing_or_blank_names_nobody() {
        for values in [&[][..], &[&b""[..]], &[&b"   "[..]]] {
            assert_eq!(of(values), Err(Nobody::Missing), "{values:?}");
        }
    }

    #[test]
    fn two_names_are_nobodys() {
        for values in [
            &[&b"ann"[..], b"bob"][..],
            &[b"ann", b"ann"],
            &[b"", b"ann"],
            &[b"ann, bob"],
            &[b"ann,"],
        ] {
            assert_eq!(of(values), Err(Nobody::Several), "{values:?}");
        }
    }

    #[test]
    fn what_cannot_be_read_names_nobody() {
        for value in [&b"\xff"[..], b"a\tb", &[b'a'; MAX_BYTES + 1]] {
            assert_eq!(of(&[value]), Err(Nobody::Unreadable));
        }
        assert!(of(&[&[b'a'; MAX_BYTES]]).is_ok());
    }
}
