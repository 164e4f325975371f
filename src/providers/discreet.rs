//! What a provider says of a failure, fit to be passed on: without our secrets, and not longer than a message is.
//!
//! It stands around every provider, whatever its dialect. What a model answers is not touched.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, TryFutureExt};

use super::{ChatStream, EmbedCall, EmbedReply, ModelCall, Provider, ProviderError};
use crate::config::Secrets;

/// The longest text of a provider's error that is passed on, in characters.
const MAX_TEXT_CHARS: usize = 2000;

pub struct Discreet {
    provider: Arc<dyn Provider>,
    secrets: Secrets,
}

impl Discreet {
    pub fn new(provider: Arc<dyn Provider>, secrets: Secrets) -> Self {
        Self { provider, secrets }
    }
}

impl Provider for Discreet {
    fn stream<'a>(
        &'a self,
        call: ModelCall<'a>,
    ) -> BoxFuture<'a, Result<ChatStream, ProviderError>> {
        async move {
            let secrets = self.secrets.clone();
            match self.provider.stream(call).await {
                Ok(events) => Ok(events
                    .map(move |event| event.map_err(|error| tidy(error, &secrets)))
                    .boxed()),
                Err(error) => Err(tidy(error, &secrets)),
            }
        }
        .boxed()
    }

    fn embed<'a>(
        &'a self,
        call: EmbedCall<'a>,
    ) -> BoxFuture<'a, Result<EmbedReply, ProviderError>> {
        let embedded = self.provider.embed(call);
        embedded.map_err(|error| tidy(error, &self.secrets)).boxed()
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<String>, ProviderError>> {
        let models = self.provider.models();
        models.map_err(|error| tidy(error, &self.secrets)).boxed()
    }
}

/// The error with every text in it redacted first, so that no half of a secret is left, and then cut.
fn tidy(mut error: ProviderError, secrets: &Secrets) -> ProviderError {
    for text in texts(&mut error) {
        *text = fit(text, secrets);
    }
    error
}

/// A provider's text as it may be told or logged.
pub fn fit(text: &str, secrets: &Secrets) -> String {
    let text = secrets.redact(text);
    match text.char_indices().nth(MAX_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into_owned(),
    }
}

/// What of an error a provider may have written.
fn texts(error: &mut ProviderError) -> Vec<&mut String> {
    match error {
        ProviderError::Rejected {
            message,
            code,
            param,
        } => [message].into_iter().chain(code).chain(param).collect(),
        ProviderError::UnknownModel { message, .. } | ProviderError::InStream { message, .. } => {
            vec![message]
        }
        ProviderError::Unreachable { reason, .. } | ProviderError::Broken { reason, .. } => {
            vec![reason]
        }
        ProviderError::Auth { .. }
        | ProviderError::Limited { .. }
        | ProviderError::Failed { .. }
        | ProviderError::Silent { .. }
        | ProviderError::Unsupported { .. } => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::Environment;

    fn secrets() -> Secrets {
        let config = json!({ "models": { "providers": { "p": {
            "apiKey": "sk-secret-1", "headers": { "x-team": "team-secret" },
        } } } });
        let config = serde_json::from_value(config).unwrap();
        Secrets::of(&config, &Environment::default())
    }

    #[test]
    fn every_text_of_an_error_is_without_our_secrets() {
        let told = tidy(
            ProviderError::Rejected {
                message: "bad key sk-secret-1".into(),
                code: Some("sk-secret-1".into()),
                param: Some("headers.team-secret".into()),
            },
            &secrets(),
        );
        let redacted = ProviderError::Rejected {
            message: "bad key (redacted)".into(),
            code: Some("(redacted)".into()),
            param: Some("headers.(redacted)".into()),
        };
        assert_eq!(told, redacted);
        let in_stream = ProviderError::InStream {
            provider: "p".into(),
            message: "Bearer sk-secret-1".into(),
        };
        assert_eq!(
            tidy(in_stream, &secrets()).to_string(),
            "p reported an error: Bearer (redacted)"
        );
    }

    #[test]
    fn a_long_message_is_cut_where_no_half_of_a_secret_is_left() {
        let before = "x".repeat(MAX_TEXT_CHARS - 5);
        let told = fit(&format!("{before}sk-secret-1 and more"), &secrets());
        assert_eq!(told, format!("{before}(reda…"));
    }
}
