//! The `anthropic-messages` dialect: Anthropic's Messages API, which other vendors serve as well.
//!
//! The base URL is the place that `/v1/messages` follows, as Anthropic's own SDKs have it
//! (`https://api.anthropic.com`); one that already ends in `/v1` is understood too. Embeddings are not in the dialect.

mod generation;
mod messages;
pub(super) mod request;
pub(super) mod response;
mod schema;
mod thinking;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use serde::Deserialize;

use super::transport::Transport;
use super::{ChatStream, EmbedCall, EmbedReply, ModelCall, Provider, ProviderError};
use crate::chat::Delivery;

use generation::Generation;
use response::MessageReader;

/// The version of the API that is spoken.
const API_VERSION: &str = "2023-06-01";

pub struct AnthropicMessages {
    transport: Transport,
    /// What lies between the base URL and an endpoint's name.
    prefix: &'static str,
}

impl AnthropicMessages {
    pub fn new(transport: Transport, base_url: &str) -> Self {
        Self {
            transport: transport.with_header("anthropic-version", API_VERSION),
            prefix: prefix(base_url),
        }
    }

    async fn send(&self, call: ModelCall<'_>) -> Result<ChatStream, ProviderError> {
        let delivery = call.upstream();
        let body = request::body(&call, delivery).map_err(|what| self.unsupported(what))?;
        let body = call.sends(body);
        let path = format!("{}/messages", self.prefix);
        match delivery {
            Delivery::Whole => {
                let answer = self.transport.post(&path, body).await?;
                Ok(response::whole(self.transport.provider(), &answer)?.into_stream())
            }
            Delivery::Streamed => {
                let reader = MessageReader::default();
                self.transport.post_events(&path, body, reader).await
            }
        }
    }

    fn unsupported(&self, what: &'static str) -> ProviderError {
        ProviderError::Unsupported {
            provider: self.transport.provider().to_owned(),
            what,
        }
    }
}

/// Whether a model's answer can be held to a JSON Schema. (None can be asked for JSON of any other form.)
pub fn knows_schemas(model: &str) -> bool {
    Generation::of(model).takes_schemas()
}

fn prefix(base_url: &str) -> &'static str {
    match base_url.trim_end_matches('/').ends_with("/v1") {
        true => "",
        false => "/v1",
    }
}

impl Provider for AnthropicMessages {
    fn stream<'a>(
        &'a self,
        call: ModelCall<'a>,
    ) -> BoxFuture<'a, Result<ChatStream, ProviderError>> {
        self.send(call).boxed()
    }

    fn embed<'a>(&'a self, _: EmbedCall<'a>) -> BoxFuture<'a, Result<EmbedReply, ProviderError>> {
        ready(Err(self.unsupported("make embeddings"))).boxed()
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<String>, ProviderError>> {
        async move {
            // One page holds at most 1000 models: all that there are.
            let path = format!("{}/models?limit=1000", self.prefix);
            let answer = self.transport.get(&path).await?;
            model_ids(&answer).ok_or_else(|| self.transport.broken("a model list that is none"))
        }
        .boxed()
    }
}

fn model_ids(answer: &[u8]) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Models {
        data: Vec<Model>,
    }
    #[derive(Deserialize)]
    struct Model {
        id: String,
    }
    let models: Models = serde_json::from_slice(answer).ok()?;
    Some(models.data.into_iter().map(|model| model.id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_end_in_the_version_or_not() {
        assert_eq!(prefix("https://api.anthropic.com"), "/v1");
        assert_eq!(prefix("https://api.example.com/anthropic/"), "/v1");
        assert_eq!(prefix("https://api.example.com/v1"), "");
        assert_eq!(prefix("https://api.example.com/v1/"), "");
    }

    #[test]
    fn the_model_list_is_read_for_its_ids() {
        let answer = br#"{"data":[{"type":"model","id":"claude-sonnet-4-5-20250929","display_name":"Claude Sonnet 4.5","created_at":"2025-09-29T00:00:00Z"}],"has_more":false,"first_id":"claude-sonnet-4-5-20250929","last_id":"claude-sonnet-4-5-20250929"}"#;
        assert_eq!(
            model_ids(answer),
            Some(vec!["claude-sonnet-4-5-20250929".to_owned()])
        );
        assert_eq!(model_ids(b"<html>"), None);
    }
}
