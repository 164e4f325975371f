//! The `openai-responses` dialect: OpenAI's Responses API, and the Open Responses servers that speak it.
//!
//! The provider's own store is never used: the whole conversation goes out with each call, with `store: false`.

mod calls;
mod items;
pub(super) mod request;
pub(super) mod response;
mod wire;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::openai_completions;
use super::transport::Transport;
use super::{ChatStream, EmbedCall, EmbedReply, ModelCall, Provider, ProviderError};
use crate::chat::Delivery;

use response::EventReader;

pub struct OpenaiResponses {
    transport: Transport,
}

impl OpenaiResponses {
    pub fn new(transport: Transport) -> Self {
        Self { transport }
    }

    async fn whole(&self, call: ModelCall<'_>) -> Result<ChatStream, ProviderError> {
        let body = call.sends(request::body(&call, Delivery::Whole));
        let answer = self.transport.post("/responses", body).await?;
        Ok(response::whole(self.transport.provider(), &answer)?.into_stream())
    }

    async fn streamed(&self, call: ModelCall<'_>) -> Result<ChatStream, ProviderError> {
        let body = call.sends(request::body(&call, Delivery::Streamed));
        let reader = EventReader::default();
        self.transport.post_events("/responses", body, reader).await
    }
}

impl Provider for OpenaiResponses {
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
        openai_completions::embed(&self.transport, call).boxed()
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<String>, ProviderError>> {
        openai_completions::models(&self.transport).boxed()
    }
}
