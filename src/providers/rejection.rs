//! What an answer that is no success means: status and body of a provider to [`ProviderError`]. Pure.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::ProviderError;

/// A provider's answer that is no success.
pub struct Refusal<'a> {
    pub provider: &'a str,
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub body: &'a [u8],
}

/// What a provider says of an error: OpenAI's `{"error": {…}}`, or one of its plainer relatives.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    pub message: Option<String>,
    pub code: Option<String>,
    pub param: Option<String>,
    /// Google's `RetryInfo`: it sends no header.
    pub retry_after: Option<Duration>,
}

pub fn classify(refusal: &Refusal<'_>) -> ProviderError {
    let said = said(refusal.body);
    let provider = refusal.provider.to_owned();
    let status = refusal.status;
    match status {
        401..=403 => ProviderError::Auth { provider, status },
        // Google's word for a wrong key comes with a 400.
        400 if said.code.as_deref() == Some("API_KEY_INVALID") => {
            ProviderError::Auth { provider, status }
        }
        404 if names_a_model(&said) => ProviderError::UnknownModel {
            message: words(said.message, refusal),
            provider,
        },
        400 | 413 | 422 => ProviderError::Rejected {
            message: words(said.message.clone(), refusal),
            code: code_of(status, &said),
            param: said.param.clone(),
        },
        429 => ProviderError::Limited {
            provider,
            retry_after: refusal.retry_after.or(said.retry_after),
        },
        _ => ProviderError::Failed { provider, status },
    }
}

/// The provider's code, and OpenAI's where the conversation does not fit the model: not every server has one for that.
fn code_of(status: u16, said: &Said) -> Option<String> {
    const SIGNS: [&str; 6] = [
        "context length",
        "context window",
        "context size",
        "prompt is too long",
        "input token count",
        "maximum context",
    ];
    let message = said
        .message
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase();
    if status == 413 || SIGNS.iter().any(|sign| message.contains(sign)) {
        return Some("context_length_exceeded".to_owned());
    }
    said.code.clone()
}

fn names_a_model(said: &Said) -> bool {
    said.code.as_deref() == Some("model_not_found")
        || said
            .message
            .as_deref()
            .is_some_and(|message| message.to_ascii_lowercase().contains("model"))
}

/// The provider's words.
fn words(message: Option<String>, refusal: &Refusal<'_>) -> String {
    message.unwrap_or_else(|| {
        format!(
            "{} rejected the request (HTTP {})",
            refusal.provider, refusal.status
        )
    })
}

/// Reads what a provider says of an error, in whatever shape it says it.
pub fn said(body: &[u8]) -> Said {
    #[derive(Deserialize)]
    struct Body {
        error: Option<Value>,
        message: Option<Value>,
        detail: Option<Value>,
    }
    let Ok(body) = serde_json::from_slice::<Body>(body) else {
        return Said::default();
    };
    let error = body.error.or(body.message).or(body.detail);
    error.map(|error| of_error(&error)).unwrap_or_default()
}

/// Reads an error object, or a string that stands for one.
pub fn of_error(error: &Value) -> Said {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let member = |key: &str| error.get(key).and_then(text);
    // Google's `code` is the HTTP status; what it means stands among the details.
    let details = error.get("details").and_then(Value::as_array);
    let detail = |key: &str| {
        let mut details = details.into_iter().flatten();
        details.find_map(|detail| detail.get(key).and_then(text))
    };
    Said {
        message: member("message").or_else(|| text(error)),
        code: detail("reason").or_else(|| member("code")),
        param: member("param"),
        retry_after: detail("retryDelay").as_deref().and_then(duration),
    }
}

/// A duration as protobuf writes it in JSON: `34s`, `0.5s`.
fn duration(text: &str) -> Option<Duration> {
    let seconds = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classified(status: u16, body: &str) -> ProviderError {
        classify(&Refusal {
            provider: "p",
            status,
            retry_after: None,
            body: body.as_bytes(),
        })
    }

    #[test]
    fn a_rejected_request_keeps_the_providers_words_and_code() {
        let body = r#"{"error":{"message":"too long","code":"context_length_exceeded","param":"messages"}}"#;
        let rejected = ProviderError::Rejected {
            message: "too long".into(),
            code: Some("context_length_exceeded".into()),
            param: Some("messages".into()),
        };
        assert_eq!(classified(400, body), rejected);
    }

    #[test]
    fn a_refused_key_says_nothing_of_the_providers_words() {
        let body = r#"{"error":{"message":"Incorrect API key provided: sk-secret"}}"#;
        let auth = ProviderError::Auth {
            provider: "p".into(),
            status: 401,
        };
        assert_eq!(classified(401, body), auth);
    }

    #[test]
    fn a_wrong_key_that_google_answers_with_400_is_a_refused_key() {
        let body = r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#;
        let auth = ProviderError::Auth {
            provider: "p".into(),
            status: 400,
        };
        assert_eq!(classified(400, body), auth);
    }

    #[test]
    fn the_wait_that_google_asks_for_stands_in_the_body() {
        let body = r#"{"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"}]}}"#;
        let limited = ProviderError::Limited {
            provider: "p".into(),
            retry_after: Some(Duration::from_millis(34_500)),
        };
        assert_eq!(classified(429, body), limited);
        let without = body.replace("34.5s", "soon");
        assert!(matches!(
            classified(429, &without),
            ProviderError::Limited {
                retry_after: None,
                ..
            }
        ));
    }

    #[test]
    fn a_404_is_about_the_model_only_when_it_says_so() {
        let missing = classified(
            404,
            r#"{"error":{"message":"The model `x` does not exist"}}"#,
        );
        assert!(matches!(missing, ProviderError::UnknownModel { .. }));
        let elsewhere = ProviderError::Failed {
            provider: "p".into(),
            status: 404,
        };
        assert_eq!(classified(404, "<html>"), elsewhere);
    }
}
