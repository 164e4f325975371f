//! Vendors that need no configuration but a key: one row of data each, in the order in which a default is looked for.

use crate::config::{ApiKind, Compat, DimensionsField, MaxTokensField};

/// A vendor of models.
#[derive(Debug, PartialEq)]
pub struct Vendor {
    /// The provider id.
    pub id: &'static str,
    pub base_url: &'static str,
    pub api: ApiKind,
    /// The variables that may hold its key, best first.
    pub key_names: &'static [&'static str],
    /// The model that is used where none is named.
    pub chat: Option<&'static str>,
    pub embedding: Option<&'static str>,
    /// Where the vendor differs from the dialect.
    pub compat: Compat,
}

const PLAIN: Compat = Compat {
    upstream: None,
    max_tokens_field: None,
    structured_outputs: None,
    dimensions_field: None,
    encoding_format: None,
};
const OPENAI: Compat = Compat {
    max_tokens_field: Some(MaxTokensField::MaxCompletionTokens),
    ..PLAIN
};
const VOYAGE: Compat = Compat {
    dimensions_field: Some(DimensionsField::OutputDimension),
    encoding_format: Some(false),
    ..PLAIN
};

const COMPLETIONS: ApiKind = ApiKind::OpenaiCompletions;

#[rustfmt::skip] // one row a vendor
pub const VENDORS: &[Vendor] = &[
    Vendor { id: "openai", base_url: "https://api.openai.com/v1", api: COMPLETIONS, key_names: &["OPENAI_API_KEY"], chat: Some("gpt-5.4"), embedding: Some("text-embedding-3-small"), compat: OPENAI },
    Vendor { id: "openai-responses", base_url: "https://api.openai.com/v1", api: ApiKind::OpenaiResponses, key_names: &["OPENAI_API_KEY"], chat: None, embedding: None, compat: PLAIN },
    Vendor { id: "anthropic", base_url: "https://api.anthropic.com", api: ApiKind::AnthropicMessages, key_names: &["ANTHROPIC_API_KEY"], chat: Some("claude-sonnet-5-5"), embedding: None, compat: PLAIN },
    Vendor { id: "google", base_url: "https://generativelanguage.googleapis.com/v1beta", api: ApiKind::GoogleGenerativeAi, key_names: &["GEMINI_API_KEY", "GOOGLE_API_KEY"], chat: Some("gemini-3.8-flash"), embedding: Some("gemini-embedding-001"), compat: PLAIN },
    Vendor { id: "openrouter", base_url: "https://openrouter.ai/api/v1", api: COMPLETIONS, key_names: &["OPENROUTER_API_KEY"], chat: Some("openrouter/auto"), embedding: None, compat: PLAIN },
    Vendor { id: "groq", base_url: "https://api.groq.com/openai/v1", api: COMPLETIONS, key_names: &["GROQ_API_KEY"], chat: Some("llama-3.3-70b-versatile"), embedding: None, compat: PLAIN },
    Vendor { id: "mistral", base_url: "https://api.mistral.ai/v1", api: COMPLETIONS, key_names: &["MISTRAL_API_KEY"], chat: Some("mistral-large-latest"), embedding: Some("mistral-embed"), compat: PLAIN },
    Vendor { id: "deepseek", base_url: "https://api.deepseek.com/v1", api: COMPLETIONS, key_names: &["DEEPSEEK_API_KEY"], chat: Some("deepseek-v4-flash"), embedding: None, compat: PLAIN },
    Vendor { id: "xai", base_url: "https://api.x.ai/v1", api: COMPLETIONS, key_names: &["XAI_API_KEY"], chat: Some("grok-4"), embedding: None, compat: PLAIN },
    Vendor { id: "together", base_url: "https://api.together.xyz/v1", api: COMPLETIONS, key_names: &["TOGETHER_API_KEY"], chat: Some("meta-llama/Llama-3.3-70B-Instruct-Turbo"), embedding: Some("BAAI/bge-base-en-v1.5"), compat: PLAIN },
    Vendor { id: "cerebras", base_url: "https://api.cerebras.ai/v1", api: COMPLETIONS, key_names: &["CEREBRAS_API_KEY"], chat: Some("gpt-oss-120b"), embedding: None, compat: PLAIN },
    Vendor { id: "voyage", base_url: "https://api.voyageai.com/v1", api: COMPLETIONS, key_names: &["VOYAGE_API_KEY"], chat: None, embedding: Some("voyage-3.5"), compat: VOYAGE },
    Vendor { id: "ollama", base_url: "http://127.0.0.1:11434", api: ApiKind::Ollama, key_names: &[], chat: None, embedding: None, compat: PLAIN },
];

impl Vendor {
    /// The id's first word; what follows is one of its dialects.
    pub fn name(&self) -> &'static str {
        self.id.split('-').next().unwrap_or(self.id)
    }

    /// The variable that may name another place for the vendor's API: `OPENAI_API_KEY` goes with `OPENAI_BASE_URL`.
    pub fn base_url_name(&self) -> String {
        format!("{}_BASE_URL", self.name().to_ascii_uppercase())
    }
}
