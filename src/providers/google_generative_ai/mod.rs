//! The `google-generative-ai` dialect: the Gemini API's `generateContent` and `batchEmbedContents`.
//!
//! The base URL goes up to and including the version: `https://generativelanguage.googleapis.com/v1beta`.

pub(super) mod embeddings;
mod generation;
mod logprobs;
mod messages;
pub(super) mod request;
pub(super) mod response;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::transport::Transport;
use super::{ChatStream, EmbedCall, EmbedReply, ModelCall, Provider, ProviderError};
use crate::chat::Delivery;

use response::ChunkReader;

pub struct GoogleGenerativeAi {
    transport: Transport,
}

impl GoogleGenerativeAi {
    pub fn new(transport: Transport) -> Self {
        Self { transport }
    }

    async fn send(&self, call: ModelCall<'_>) -> Result<ChatStream, ProviderError> {
        let body = call.sends(request::body(&call));
        match call.upstream() {
            Delivery::Whole => {
                let path = path(call.model, "generateContent");
                let answer = self.transport.post(&path, body).await?;
                Ok(response::whole(self.transport.provider(), &answer)?.into_stream())
            }
            Delivery::Streamed => {
                let path = path(call.model, "streamGenerateContent?alt=sse");
                let reader = ChunkReader::default();
                self.transport.post_events(&path, body, reader).await
            }
        }
    }
}

/// The path of a model's method. The model's id is one segment of it, whatever it holds.
fn path(model: &str, method: &str) -> String {
    let mut path = "/models/".to_owned();
    for byte in bare(model).bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                path.push(char::from(byte));
            }
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path.push(':');
    path.push_str(method);
    path
}

/// A model's id without the collection that the API names it with.
fn bare(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

impl Provider for GoogleGenerativeAi {
    fn stream<'a>(
        &'a self,
        call: ModelCall<'a>,
    ) -> BoxFuture<'a, Result<ChatStream, ProviderError>> {
        self.send(call).boxed()
    }

    fn embed<'a>(
        &'a self,
        call: EmbedCall<'a>,
    ) -> BoxFuture<'a, Result<EmbedReply, ProviderError>> {
        async move {
            let body = embeddings::body(&call).ok_or_else(|| ProviderError::Unsupported {
                provider: self.transport.provider().to_owned(),
                what: "embed token ids: send texts",
            })?;
            let path = path(call.model, "batchEmbedContents");
            let answer = self.transport.post(&path, body).await?;
            embeddings::reply(&answer).map_err(|reason| self.transport.broken(reason))
        }
        .boxed()
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<String>, ProviderError>> {
        async move {
            // One page holds at most 1000 models: all that there are.
            let answer = self.transport.get("/models?pageSize=1000").await?;
            model_ids(&answer).ok_or_else(|| self.transport.broken("a model list that is none"))
        }
        .boxed()
    }
}

/// The models that can be asked here: for content or for embeddings.
fn model_ids(answer: &[u8]) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Models {
        models: Vec<Model>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Model {
        name: String,
        #[serde(default)]
        supported_generation_methods: Vec<String>,
    }
    let answer: Models = serde_json::from_slice(answer).ok()?;
    let usable = |model: &Model| {
        let mut methods = model.supported_generation_methods.iter();
        methods.any(|method| method == "generateContent" || method == "embedContent")
    };
    let models = answer.models.iter().filter(|model| usable(model));
    Some(models.map(|model| bare(&model.name).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_id_is_one_segment_of_the_path() {
        assert_eq!(
            path("gemini-2.5-flash", "generateContent"),
            "/models/gemini-2.5-flash:generateContent"
        );
        assert_eq!(path("models/a", "m"), "/models/a:m");
        assert_eq!(path("../a?b:ä", "m"), "/models/..%2Fa%3Fb%3A%C3%A4:m");
    }

    #[test]
    fn only_models_for_content_or_embeddings_are_listed() {
        let answer = br#"{"models":[
            {"name":"models/gemini-2.5-flash","version":"001","supportedGenerationMethods":["generateContent","countTokens"]},
            {"name":"models/gemini-embedding-001","supportedGenerationMethods":["embedContent"]},
            {"name":"models/imagen-4.0-generate-001","supportedGenerationMethods":["predict"]},
            {"name":"models/aqa"}
        ]}"#;
        let listed = ["gemini-2.5-flash", "gemini-embedding-001"];
        assert_eq!(model_ids(answer), Some(listed.map(String::from).to_vec()));
        assert_eq!(model_ids(b"{}"), None);
    }
}
