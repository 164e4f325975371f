//! A provider whose dialect this program does not speak: it loads with its configuration, and every call says so.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::{ChatStream, EmbedCall, EmbedReply, ModelCall, Provider, ProviderError};
use crate::chat::ProviderId;

pub struct Foreign {
    id: ProviderId,
}

impl Foreign {
    pub fn new(id: ProviderId) -> Self {
        Self { id }
    }

    fn refuse<'a, T: Send + 'a>(&self) -> BoxFuture<'a, Result<T, ProviderError>> {
        let refusal = ProviderError::Unsupported {
            provider: self.id.to_string(),
            what: "be used: its `api` is a dialect that this version does not speak",
        };
        ready(Err(refusal)).boxed()
    }
}

impl Provider for Foreign {
    fn stream<'a>(&'a self, _: ModelCall<'a>) -> BoxFuture<'a, Result<ChatStream, ProviderError>> {
        self.refuse()
    }

    fn embed<'a>(&'a self, _: EmbedCall<'a>) -> BoxFuture<'a, Result<EmbedReply, ProviderError>> {
        self.refuse()
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<String>, ProviderError>> {
        self.refuse()
    }
}
