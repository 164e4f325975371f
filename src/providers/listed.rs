//! Which of a provider's models are listed, and what for. Pure: what the provider said is passed in.

use std::collections::BTreeSet;

use super::builtin;
use super::known::Known;
use super::vendors::Vendor;
use crate::config::ModelKind;

/// In the ids of embedding models.
const EMBEDDING_SIGNS: [&str; 3] = ["embed", "bge-", "e5-"];

/// In the ids of models that make or read something else than chat.
const NEITHER_SIGNS: [&str; 15] = [
    "dall-e",
    "guard",
    "imagen",
    "image",
    "lyria",
    "moderation",
    "ocr",
    "realtime",
    "rerank",
    "sora",
    "transcribe",
    "tts",
    "veo-",
    "video",
    "whisper",
];

impl Known {
    /// The ids to list: those of the configuration; else the vendor's default model and then what the provider said
    /// that it has (`discovered`), or as long as it has said nothing, what is known of the vendor.
    pub fn listed<'a>(&'a self, kind: ModelKind, discovered: &'a [String]) -> Vec<&'a str> {
        if !self.config.models.is_empty() {
            let models = self.config.models.iter().filter(|model| model.kind == kind);
            return models.map(|model| model.id.as_str()).collect();
        }
        let first = self.default_model(kind);
        let mut ids: Vec<&str> = first.into_iter().collect();
        if !self.lists_unasked() {
            return ids;
        }
        let builtin = builtin::models(self.id.as_str()).iter();
        if discovered.is_empty() {
            ids.extend(
                builtin
                    .filter(|model| model.kind == kind)
                    .map(|model| model.id.as_str()),
            );
        } else {
            let of_kind = |id: &&str| self.kind_of(id) == Some(kind);
            ids.extend(discovered.iter().map(String::as_str).filter(of_kind));
        }
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(*id));
        ids
    }

    /// Whether it lists what nobody has configured. A second dialect of a vendor does not: each model is listed once.
    fn lists_unasked(&self) -> bool {
        let has_default = |vendor: &Vendor| vendor.chat.or(vendor.embedding).is_some();
        self.configured || self.vendor.is_some_and(has_default)
    }

    /// Whether the provider should be asked what it has.
    pub fn is_discovered(&self) -> bool {
        self.usable && !self.is_offline() && self.config.models.is_empty() && self.lists_unasked()
    }

    /// What a model that the provider says it has is for. Vendors list everything they have; nothing in the list says
    /// what is neither chat nor embedding, save the names.
    fn kind_of(&self, id: &str) -> Option<ModelKind> {
        if let Some(model) = builtin::model(self.id.as_str(), id) {
            return Some(model.kind);
        }
        let is_like = |signs: &[&str]| {
            let id = id.to_ascii_lowercase();
            signs.iter().any(|sign| id.contains(sign))
        };
        match (is_like(&EMBEDDING_SIGNS), is_like(&NEITHER_SIGNS)) {
            (true, _) => Some(ModelKind::Embedding),
            (false, true) => None,
            (false, false) => Some(ModelKind::Chat),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, ModelsConfig};
    use crate::providers::known;

    fn with_openais_key() -> Vec<Known> {
        let variables = [("OPENAI_API_KEY".to_owned(), "sk".to_owned())];
        let env = Environment::default().with_layer(variables);
        known(&ModelsConfig::default(), &env).unwrap()
    }

    fn one<'a>(all: &'a [Known], id: &str) -> &'a Known {
        all.iter().find(|known| known.id.as_str() == id).unwrap()
    }

    #[test]
    fn a_vendor_without_a_list_shows_what_is_known_and_then_what_it_says_itself() {
        let all = with_openais_key();
        let openai = one(&all, "openai");
        let unasked = openai.listed(ModelKind::Chat, &[]);
        assert_eq!(unasked[..2], ["gpt-5.4", "gpt-6-astra"]);
        assert_eq!(
            openai.listed(ModelKind::Embedding, &[]),
            ["text-embedding-3-small", "text-embedding-3-large"]
        );
        let said = ["gpt-9", "whisper-1", "text-embedding-9", "gpt-5.4"].map(str::to_owned);
        assert_eq!(openai.listed(ModelKind::Chat, &said), ["gpt-5.4", "gpt-9"]);
        assert_eq!(
            openai.listed(ModelKind::Embedding, &said),
            ["text-embedding-3-small", "text-embedding-9"]
        );
        assert!(openai.is_discovered() && !one(&all, "openai-responses").is_discovered());
        assert!(!one(&all, "groq").is_discovered());
    }
}
