//! The `openai-completions` dialect: OpenAI's Chat Completions and Embeddings, which most servers speak.

mod calls;
mod content;
pub(super) mod embeddings;
mod messages;
pub(super) mod request;
pub(super) mod response;
mod spoken;

#[cfg(test)]
mod tests;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Deserialize;

pub(super) use messages::DataUrl;

use super::transport::Transport;
use super::{ChatStream, EmbedCall, EmbedReply, ModelCall, Provider, ProviderError};
use crate::chat::Delivery;

use response::ChunkReader;
use spoken::Spoken;

pub struct OpenaiCompletions {
    transport: Transport,
    spoken: Spoken,
}

impl OpenaiCompletions {
    pub fn new(transport: Transport) -> Self {
        Self {
            transport,
            spoken: Spoken::default(),
        }
    }

    async fn whole(&self, call: ModelCall<'_>) -> Result<ChatStream, ProviderError> {
        let body = call.sends(self.body(&call, Delivery::Whole));
        let answer = self.transport.post("/chat/completions", body).await?;
        let reader = ChunkReader::told(self.spoken.listener(call.model));
        Ok(response::whole(self.transport.provider(), &answer, reader)?.into_stream())
    }

    async fn streamed(&self, call: ModelCall<'_>) -> Result<ChatStream, ProviderError> {
        let body = call.sends(self.body(&call, Delivery::Streamed));
        let reader = ChunkReader::told(self.spoken.listener(call.model));
        self.transport
            .post_events("/chat/completions", body, reader)
            .await
    }

    fn body(&self, call: &ModelCall<'_>, delivery: Delivery) -> Vec<u8> {
        request::body(call, delivery, self.spoken.of(call.model))
    }
}

impl Provider for OpenaiCompletions {
    fn stream<'a>(
        &'a self,
        call: ModelCall<'a>,
    ) -> BoxFuture<'a, Result<ChatStream, ProviderError>> {
        match call.upstream() {
            Delivery::Whole => self.whole(call).boxed(),
            Delivery::Streamed => self.streamed(call).boxed(),
        }
    }

    fn embed<'a>(
        &'a self,
        call: EmbedCall<'a>,
    ) -> BoxFuture<'a, Result<EmbedReply, ProviderError>> {
        embed(&self.transport, call).boxed()
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<String>, ProviderError>> {
        models(&self.transport).boxed()
    }
}

/// `POST /embeddings`.
pub(super) async fn embed(
    transport: &Transport,
    call: EmbedCall<'_>,
) -> Result<EmbedReply, ProviderError> {
    let answer = transport
        .post("/embeddings", embeddings::body(&call))
        .await?;
    embeddings::reply(&answer).map_err(|reason| transport.broken(reason))
}

/// `GET /models`.
pub(super) async fn models(transport: &Transport) -> Result<Vec<String>, ProviderError> {
    #[derive(Deserialize)]
    struct Models {
        data: Vec<Model>,
    }
    #[derive(Deserialize)]
    struct Model {
        id: String,
    }
    let answer = transport.get("/models").await?;
    let models: Models = serde_json::from_slice(&answer)
        .map_err(|_| transport.broken("a model list that is none"))?;
    Ok(models.data.into_iter().map(|model| model.id).collect())
}
