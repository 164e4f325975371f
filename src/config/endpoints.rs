//! `gateway.http.endpoints`: what is switched on, and what it takes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The `/v1` surface, off by default.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoints {
    /// Turns on all of `/v1`.
    pub chat_completions: ChatCompletionsEndpoint,
    /// On by itself: everything but chat completions. `enabled: false` turns responses off where chat completions are on.
    pub responses: ResponsesEndpoint,
    pub models: ModelsEndpoint,
}

impl Endpoints {
    pub fn chat_completions_on(&self) -> bool {
        self.chat_completions.enabled == Some(true)
    }

    pub fn responses_on(&self) -> bool {
        self.responses.enabled.unwrap_or(self.chat_completions_on())
    }

    /// Models and embeddings.
    pub fn shared_on(&self) -> bool {
        self.chat_completions_on() || self.responses.enabled == Some(true)
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ChatCompletionsEndpoint {
    pub enabled: Option<bool>,
    pub images: FetchConfig,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ResponsesEndpoint {
    pub enabled: Option<bool>,
    /// Parts of one request that may name a URL.
    pub max_url_parts: Option<u32>,
    pub files: FetchConfig,
    pub images: FetchConfig,
}

/// What a request may hand in as an image or a file, and whether by URL.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct FetchConfig {
    /// Whether http and https URLs are fetched; only data URLs are taken otherwise.
    pub allow_url: bool,
    /// Hosts that may be fetched from: exact names, or `*.example.com`. Empty: any public host.
    pub url_allowlist: Vec<String>,
    pub allowed_mimes: Option<Vec<String>>,
    pub max_bytes: Option<u64>,
    /// The most characters of a file after decoding.
    pub max_chars: Option<u64>,
    pub max_redirects: Option<u32>,
    pub timeout_ms: Option<u64>,
    pub pdf: PdfConfig,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PdfConfig {
    pub max_pages: Option<u32>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelsEndpoint {
    /// What `GET /v1/models` lists.
    pub list: ModelListing,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModelListing {
    /// Agent targets, then `provider/model`.
    #[default]
    All,
    Agents,
    Models,
}
