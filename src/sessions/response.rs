//! A stored response. Plain data; what its JSON means is the endpoint's affair.

use serde_json::value::RawValue;

use super::key::SessionKey;
use crate::chat::{AgentId, Principal};

/// A response of `POST /v1/responses` that can be fetched and continued.
#[derive(Debug, Clone)]
pub struct StoredResponse {
    pub id: String,
    pub principal: Principal,
    pub agent: AgentId,
    /// The session that its request asked for.
    pub session: Option<SessionKey>,
    /// The response that it continued.
    pub previous: Option<String>,
    /// Unix time in milliseconds.
    pub created_ms: i64,
    /// The response object, as it was answered.
    pub object: Box<RawValue>,
    /// The items of its own request, in order; without those of the responses before it.
    pub input: Vec<Box<RawValue>>,
    /// The items of its answer, in order.
    pub output: Vec<Box<RawValue>>,
}
