//! A secret that callers send as a bearer. Compared in constant time over its digest, so that neither its length nor
//! how much of it is right can be measured.

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Denied;
use crate::config::Secret;

/// The digest of a token or a password. The secret itself is not kept.
pub(super) struct SharedSecret([u8; 32]);

impl SharedSecret {
    pub fn new(secret: &Secret) -> Self {
        Self(digest(secret.expose().as_bytes()))
    }

    /// Whether this is the secret. The same work for every wrong value.
    pub fn is(&self, presented: &[u8]) -> bool {
        self.0.ct_eq(&digest(presented)).into()
    }
}

fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// What follows `Bearer` in the one `Authorization` header; the scheme in any case of letters.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&[u8], Denied> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Denied::NoCredentials)?;
    if values.next().is_some() {
        return Err(Denied::Malformed);
    }
    let value = value.as_bytes().trim_ascii();
    let (scheme, rest) = value
        .split_at_checked(BEARER.len())
        .ok_or(Denied::Malformed)?;
    let presented = rest.trim_ascii_start();
    let separated = presented.len() < rest.len();
    if !scheme.eq_ignore_ascii_case(BEARER) || !separated {
        return Err(Denied::Malformed);
    }
    Ok(presented)
}

const BEARER: &[u8] = b"Bearer";

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn the_scheme_is_read_in_any_case_of_letters() {
        for value in ["Bearer s3cret", "bearer s3cret", "BEARER   s3cret "] {
            assert_eq!(bearer(&headers(&[value])), Ok(&b"s3cret"[..]), "{value}");
        }
    }

    #[test]
    fn anything_but_one_bearer_is_malformed() {
        for values in [
            &["Basic s3cret"][..],
            &["Bearer"],
            &["Bearers3cret"],
            &["x"],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(
                bearer(&headers(values)),
                Err(Denied::Malformed),
                "{values:?}"
            );
        }
        assert_eq!(bearer(&headers(&[])), Err(Denied::NoCredentials));
    }

    #[test]
    fn only_the_whole_secret_is_the_secret() {
        let secret = SharedSecret::new(&Secret::new("s3cret"));
        assert!(secret.is(b"s3cret"));
        for wrong in ["", "s3cre", "s3cret ", "S3CRET", "s3crets3cret"] {
            assert!(!secret.is(wrong.as_bytes()), "{wrong}");
        }
    }
}
