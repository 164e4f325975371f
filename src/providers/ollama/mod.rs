//! The `ollama` dialect: the native API of Ollama, chat as lines of JSON, embeddings and the list of local models.
//!
//! Unlike its OpenAI-compatible one it takes the size of the context window and says what the model thinks. The base URL
//! is the server itself, `http://127.0.0.1:11434`; a `/v1` or `/api` at its end does not count.

pub(super) mod embeddings;
pub(super) mod lines;
mod messages;
pub(super) mod request;
pub(super) mod response;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::connections::Connections;
use super::known::{Known, SetupError};
use super::transport::Transport;
use super::{ChatStream, EmbedCall, EmbedReply, EmbedSlice, ModelCall, Provider, ProviderError};
use crate::chat::Delivery;
use crate::config::Secrets;

use response::LineReader;

pub struct Ollama {
    transport: Transport,
}

impl Ollama {
    /// # Errors
    /// A base URL that is none, or a header that cannot be one.
    pub fn new(
        known: &Known,
        connections: &Connections,
        secrets: &Secrets,
    ) -> Result<Self, SetupError> {
        let mut known = known.clone();
        known.base_url = server(&known.base_url).into();
        Ok(Self {
            transport: Transport::new(&known, connections, secrets)?,
        })
    }

    async fn whole(&self, call: ModelCall<'_>) -> Result<ChatStream, ProviderError> {
        let body = call.sends(request::body(&call, Delivery::Whole));
        let answer = self.transport.post("/api/chat", body).await?;
        Ok(response::whole(self.transport.provider(), &answer)?.into_stream())
    }

    async fn streamed(&self, call: ModelCall<'_>) -> Result<ChatStream, ProviderError> {
        let body = call.sends(request::body(&call, Delivery::Streamed));
        let transport = &self.transport;
        let opened = async {
            let bytes = transport
                .post_bytes("/api/chat", body, "application/x-ndjson")
                .await?;
            let reader = LineReader::default();
            transport.open(lines::lines(bytes), reader).await
        };
        transport.first_event(opened).await
    }

    async fn embed_texts(
        &self,
        texts: &[String],
        call: EmbedCall<'_>,
    ) -> Result<EmbedReply, ProviderError> {
        let body = embeddings::body(texts, &call);
        let answer = self.transport.post("/api/embed", body).await?;
        embeddings::reply(&answer).map_err(|reason| self.transport.broken(reason))
    }

    fn unsupported(&self, what: &'static str) -> ProviderError {
        ProviderError::Unsupported {
            provider: self.transport.provider().to_owned(),
            what,
        }
    }
}

/// The base URL without the path of an API.
fn server(base_url: &str) -> &str {
    let base = base_url.trim_end_matches('/');
    let server = base.strip_suffix("/v1").or(base.strip_suffix("/api"));
    server.unwrap_or(base)
}

impl Provider for Ollama {
    fn stream<'a>(
        &'a self,
        call: ModelCall<'a>,
    ) -> BoxFuture<'a, Result<ChatStream, ProviderError>> {
        if let Some(what) = messages::unsupported(&call.request.messages) {
            return ready(Err(self.unsupported(what))).boxed();
        }
        match call.upstream() {
            Delivery::Whole => self.whole(call).boxed(),
            Delivery::Streamed => self.streamed(call).boxed(),
        }
    }

    fn embed<'a>(
        &'a self,
        call: EmbedCall<'a>,
    ) -> BoxFuture<'a, Result<EmbedReply, ProviderError>> {
        match call.input {
            EmbedSlice::Texts(texts) => self.embed_texts(texts, call).boxed(),
            EmbedSlice::Tokens(_) => {
                let refusal = ProviderError::Rejected {
                    message: format!("{} embeds texts, not token ids", self.transport.provider()),
                    code: None,
                    param: Some("input".to_owned()),
                };
                ready(Err(refusal)).boxed()
            }
        }
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<String>, ProviderError>> {
        async move {
            let answer = self.transport.get("/api/tags").await?;
            response::models(&answer)
                .ok_or_else(|| self.transport.broken("a model list that is none"))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_an_api_is_no_part_of_the_server() {
        assert_eq!(server("http://host:11434"), "http://host:11434");
        assert_eq!(server("http://host:11434/"), "http://host:11434");
        assert_eq!(server("http://host:11434/v1/"), "http://host:11434");
        assert_eq!(server("http://host:11434/api"), "http://host:11434");
        assert_eq!(server("https://host/ollama/v1"), "https://host/ollama");
        assert_eq!(server("https://host/ollama"), "https://host/ollama");
    }
}
