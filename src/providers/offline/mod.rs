//! The offline provider: `offline/echo` and `offline/hash-384` need no key and no network, so that a fresh machine can
//! run everything at once. It says what it is; what it makes is good for trying things out, not for meaning.

mod echo;
mod hash;

use futures_util::future::{BoxFuture, FutureExt, ready};
use futures_util::{StreamExt, stream};

use super::{ChatStream, EmbedCall, EmbedReply, EmbedSlice, ModelCall, Provider, ProviderError};
use crate::chat::{
    ChatEvent, ChatRequest, Delta, EmbedUsage, FinishReason, Finished, Message, ToolCallDelta,
    ToolChoice, Usage,
};

/// The chat model.
pub const ECHO: &str = "echo";

/// The embedding model.
pub const HASH: &str = "hash-384";

/// The dimension of [`HASH`] unless fewer are asked for.
pub const DIMENSIONS: u32 = 384;

pub struct Offline;

impl Provider for Offline {
    fn stream<'a>(
        &'a self,
        call: ModelCall<'a>,
    ) -> BoxFuture<'a, Result<ChatStream, ProviderError>> {
        let events = match call.model {
            ECHO => Ok(stream::iter(answer(call.request).into_iter().map(Ok)).boxed()),
            other => Err(unknown(other)),
        };
        ready(events).boxed()
    }

    fn embed<'a>(
        &'a self,
        call: EmbedCall<'a>,
    ) -> BoxFuture<'a, Result<EmbedReply, ProviderError>> {
        let reply = match call.model {
            HASH => embed(&call),
            other => Err(unknown(other)),
        };
        ready(reply).boxed()
    }

    fn models(&self) -> BoxFuture<'_, Result<Vec<String>, ProviderError>> {
        ready(Ok(vec![ECHO.to_owned(), HASH.to_owned()])).boxed()
    }
}

fn unknown(model: &str) -> ProviderError {
    ProviderError::UnknownModel {
        provider: super::known::OFFLINE.to_owned(),
        message: format!(
            "there is no `offline/{model}`, only `offline/{ECHO}` and `offline/{HASH}`"
        ),
    }
}

/// What echo says to the conversation: its last user message back, or what a tool answered.
fn answer(request: &ChatRequest) -> Vec<ChatEvent> {
    let reply = match request.messages.last() {
        Some(tool @ Message::Tool { .. }) => echo::told(&tool.text()),
        _ => {
            let offered = match request.tool_choice {
                ToolChoice::None => &[][..],
                ToolChoice::Auto | ToolChoice::Required | ToolChoice::Function(_) => &request.tools,
            };
            let names: Vec<&str> = offered.iter().map(|tool| tool.name.as_str()).collect();
            echo::reply(&last_user(request), &names)
        }
    };
    let (deltas, reason, output_tokens) = match reply {
        echo::Reply::Text(pieces) => {
            let tokens = pieces.len() as u64;
            let deltas = pieces.into_iter().map(Delta::Text).collect();
            (deltas, FinishReason::Stop, tokens)
        }
        echo::Reply::Call { name, arguments } => {
            let tokens = echo::count_tokens(&arguments) + 1;
            let call = ToolCallDelta {
                index: 0,
                id: Some(format!("call_{}", uuid::Uuid::new_v4().simple())),
                name: Some(name),
                arguments,
            };
            (vec![Delta::ToolCall(call)], FinishReason::ToolCalls, tokens)
        }
    };
    let usage = usage(request, output_tokens);
    let mut events: Vec<ChatEvent> = deltas.into_iter().map(ChatEvent::Delta).collect();
    events.push(ChatEvent::Finished(Finished { reason, usage }));
    events
}

fn last_user(request: &ChatRequest) -> String {
    let mut users = request.messages.iter().rev();
    let user = users.find(|message| matches!(message, Message::User { .. }));
    user.map(Message::text).unwrap_or_default()
}

/// Words in, words out.
fn usage(request: &ChatRequest, output_tokens: u64) -> Option<Usage> {
    let said = request
        .messages
        .iter()
        .map(|message| echo::count_tokens(&message.text()));
    let input_tokens = said.sum::<u64>() + echo::count_tokens(&request.system.text());
    Some(Usage {
        input_tokens,
        output_tokens,
        total_tokens: input_tokens + output_tokens,
        ..Usage::default()
    })
}

fn embed(call: &EmbedCall<'_>) -> Result<EmbedReply, ProviderError> {
    let EmbedSlice::Texts(texts) = call.input else {
        return Err(rejected(
            "input",
            "offline/hash-384 embeds texts, not token ids".to_owned(),
        ));
    };
    let dimensions = call.dimensions.unwrap_or(DIMENSIONS);
    let vectors: Option<Vec<Vec<f32>>> = texts
        .iter()
        .map(|text| hash::embed_to(text, dimensions as usize))
        .collect();
    let Some(vectors) = vectors else {
        let message =
            format!("offline/hash-384 has 1 to {DIMENSIONS} dimensions, not {dimensions}");
        return Err(rejected("dimensions", message));
    };
    let prompt_tokens = texts.iter().map(|text| echo::count_tokens(text)).sum();
    Ok(EmbedReply {
        vectors: vectors.into_iter().map(Into::into).collect(),
        usage: Some(EmbedUsage {
            prompt_tokens,
            total_tokens: prompt_tokens,
        }),
    })
}

fn rejected(param: &str, message: String) -> ProviderError {
    ProviderError::Rejected {
        message,
        code: None,
        param: Some(param.to_owned()),
    }
}
