//! The secrets that stand in no line of the log, whichever configuration they are of.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use crate::config::Secrets;

/// A clone is another handle of the same.
#[derive(Debug, Clone, Default)]
pub struct Redaction(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    latest: Secrets,
    /// Those that were in force before as well: what began with them may still say them.
    all: Secrets,
}

impl Redaction {
    pub fn of(secrets: Secrets) -> Self {
        Self(Arc::new(RwLock::new(Known {
            latest: secrets.clone(),
            all: secrets,
        })))
    }

    /// From now on these secrets are taken out, and with them those that were the latest until now.
    pub fn replace(&self, secrets: Secrets) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.all = secrets.and(&known.latest);
        known.latest = secrets;
    }

    /// The text without the secrets that are in it.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.all.redact(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn the_secrets_of_the_last_configuration_are_still_taken_out_and_older_ones_are_forgotten() {
        let secrets = |text: &str| Secrets::from_iter([&Secret::new(text)]);
        let redaction = Redaction::of(secrets("the-first"));
        let other = redaction.clone();
        redaction.replace(secrets("the-second"));
        assert_eq!(
            other.redact("the-first, the-second"),
            "(redacted), (redacted)"
        );
        redaction.replace(secrets("the-third"));
        assert_eq!(
            other.redact("the-first, the-second, the-third"),
            "the-first, (redacted), (redacted)"
        );
    }
}
