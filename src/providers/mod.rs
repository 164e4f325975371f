//! The edge: model providers. One file per `api` dialect, not per vendor; a dialect is two pure translations and a send.

mod answer;
mod anthropic_messages;
mod arguments;
mod builtin;
mod connections;
mod discreet;
mod document;
mod error;
mod foreign;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod google_generative_ai;
mod guard;
mod known;
mod listed;
mod members;
mod offline;
mod ollama;
mod openai_completions;
mod openai_responses;
mod parameters;
mod rejection;
#[cfg(test)]
mod replay;
mod silence;
mod transport;
mod vendors;
mod version;
mod wire;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use serde_json::{Map, Value};

use crate::chat::{ChatEvent, ChatRequest, Delivery, EmbedUsage, Notes, Vector};
use crate::config::{ApiKind, Compat, Secrets, Upstream};

use anthropic_messages::AnthropicMessages;
pub use connections::Connections;
use discreet::Discreet;
pub use error::ProviderError;
use google_generative_ai::GoogleGenerativeAi;
pub use guard::{FetchError, FetchRules, Fetched, Fetcher, Lookup, SystemLookup};
pub use known::{Known, Serves, SetupError, at, known};
use offline::Offline;
use ollama::Ollama;
use openai_completions::OpenaiCompletions;
use openai_responses::OpenaiResponses;
use transport::{Outgoing, Transport};

/// What one model call says. Dropping it drops the request to the provider.
pub type ChatStream = BoxStream<'static, Result<ChatEvent, ProviderError>>;

/// One call of one model.
#[derive(Debug, Clone, Copy)]
pub struct ModelCall<'a> {
    /// The provider's own id of the model.
    pub model: &'a str,
    /// The most tokens that the model can put out, where known: the caller's own cap is clamped to it.
    pub max_tokens: Option<u32>,
    /// The tokens of prompt and answer together that the model holds, where configured.
    pub context_window: Option<u64>,
    /// Whether the model reasons, where known.
    pub reasons: Option<bool>,
    /// Configured extra members of the provider's request; one that the request sets itself wins.
    pub params: &'a Map<String, Value>,
    pub compat: Compat,
    pub request: &'a ChatRequest,
    /// Where it is noted that the answer has begun.
    pub notes: &'a Notes,
}

impl<'a> ModelCall<'a> {
    /// The body of the call's request.
    fn sends(&self, body: Vec<u8>) -> Outgoing<'a> {
        Outgoing {
            body,
            notes: Some(self.notes),
        }
    }

    /// Whether the provider is asked for a stream: as the caller asked us, unless its configuration says otherwise.
    pub fn upstream(&self) -> Delivery {
        match self.compat.upstream.unwrap_or_default() {
            Upstream::Auto => self.request.delivery,
            Upstream::Stream => Delivery::Streamed,
            Upstream::Whole => Delivery::Whole,
        }
    }

    /// The cap of the answer's tokens: the caller's, clamped to what the model can do.
    pub fn token_cap(&self) -> Option<u32> {
        match (self.request.sampling.max_tokens, self.max_tokens) {
            (Some(asked), Some(most)) => Some(asked.min(most)),
            (asked, _) => asked,
        }
    }
}

/// One embedding call: at most as many inputs as the provider takes.
#[derive(Debug, Clone, Copy)]
pub struct EmbedCall<'a> {
    pub model: &'a str,
    pub input: EmbedSlice<'a>,
    pub dimensions: Option<u32>,
    pub user: Option<&'a str>,
    pub compat: Compat,
}

/// The inputs of one embedding call; see [`crate::chat::EmbedInput`].
#[derive(Debug, Clone, Copy)]
pub enum EmbedSlice<'a> {
    Texts(&'a [String]),
    Tokens(&'a [Vec<u32>]),
}

/// The vectors of one call, in the order of its inputs, as many as there were inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbedReply {
    pub vectors: Vec<Vector>,
    pub usage: Option<EmbedUsage>,
}

/// A provider of models, in one dialect.
pub trait Provider: Send + Sync {
    /// Starts a model call. Returns once the provider's first event is there, so that whoever calls can still choose
    /// another model; what comes later is in the stream.
    ///
    /// # Errors
    /// Everything that is known before the first event. Later failures are items of the stream, and end it.
    fn stream<'a>(
        &'a self,
        call: ModelCall<'a>,
    ) -> BoxFuture<'a, Result<ChatStream, ProviderError>>;

    /// Embeds at most one batch.
    fn embed<'a>(&'a self, call: EmbedCall<'a>)
    -> BoxFuture<'a, Result<EmbedReply, ProviderError>>;

    /// The ids of the models that the provider says it has.
    fn models(&self) -> BoxFuture<'_, Result<Vec<String>, ProviderError>>;
}

/// A provider ready to be called, over the connections that there are to its place. Nothing is connected yet. Its errors
/// hold none of the `secrets`.
///
/// # Errors
/// A destination or a header that cannot be one.
pub fn connect(
    known: &Known,
    connections: &Connections,
    secrets: &Secrets,
) -> Result<Arc<dyn Provider>, SetupError> {
    let provider = of_dialect(known, connections, secrets)?;
    Ok(Arc::new(Discreet::new(provider, secrets.clone())))
}

fn of_dialect(
    known: &Known,
    connections: &Connections,
    secrets: &Secrets,
) -> Result<Arc<dyn Provider>, SetupError> {
    let transport = || Transport::new(known, connections, secrets);
    Ok(match known.api {
        ApiKind::AnthropicMessages => {
            Arc::new(AnthropicMessages::new(transport()?, &known.base_url))
        }
        ApiKind::GoogleGenerativeAi => Arc::new(GoogleGenerativeAi::new(transport()?)),
        ApiKind::OpenaiCompletions => Arc::new(OpenaiCompletions::new(transport()?)),
        ApiKind::OpenaiResponses => Arc::new(OpenaiResponses::new(transport()?)),
        ApiKind::Ollama => Arc::new(Ollama::new(known, connections, secrets)?),
        ApiKind::Offline => Arc::new(Offline),
        ApiKind::Foreign => Arc::new(foreign::Foreign::new(known.id.clone())),
    })
}
