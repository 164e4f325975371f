//! What is known of vendors' models without being told: one dated data file, from the vendors' own pages. Prices with
//! a time of day or an end are those of its date. What the file leaves out is not known.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::vendors::VENDORS;
use crate::config::ModelConfig;

/// The file. Parsed when something of it is first asked for.
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    serde_json::from_str(include_str!("models.json")).expect("a test parses the data file")
});

#[derive(Deserialize)]
struct Catalog {
    /// The day on which the figures were looked up, as `YYYY-MM-DD`.
    #[cfg(test)]
    date: String,
    /// By vendor.
    models: BTreeMap<String, Vec<ModelConfig>>,
}

/// Every known model of a provider that has a vendor's id, in the order of the file.
pub fn models(provider: &str) -> &'static [ModelConfig] {
    let vendor = VENDORS.iter().find(|vendor| vendor.id == provider);
    let models = vendor.and_then(|vendor| CATALOG.models.get(vendor.name()));
    models.map_or(&[], Vec::as_slice)
}

pub fn model(provider: &str, id: &str) -> Option<&'static ModelConfig> {
    models(provider).iter().find(|model| model.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelKind;

    #[test]
    fn the_file_holds_vendors_of_the_table_each_model_once_with_what_a_row_needs() {
        assert!(CATALOG.date.split('-').count() == 3, "{}", CATALOG.date);
        for (vendor, models) in &CATALOG.models {
            assert!(VENDORS.iter().any(|row| row.id == vendor), "{vendor}");
            for (place, model) in models.iter().enumerate() {
                let twice = models[..place].iter().any(|other| other.id == model.id);
                assert!(!twice && !model.id.is_empty(), "{vendor}/{}", model.id);
                assert!(!model.input.is_empty(), "{vendor}/{}", model.id);
                let embeds = model.kind == ModelKind::Embedding;
                assert_eq!(embeds, model.dimensions.is_some(), "{vendor}/{}", model.id);
                assert_eq!(!embeds, model.reasoning.is_some(), "{vendor}/{}", model.id);
                let price = model.cost;
                assert!(
                    price.output.is_none() || price.input < price.output,
                    "{vendor}/{}",
                    model.id
                );
                assert!(price.cache_read <= price.input, "{vendor}/{}", model.id);
            }
        }
    }

    #[test]
    fn the_default_models_with_a_fixed_name_are_known() {
        for vendor in VENDORS {
            let known = |id: &&str| model(vendor.id, id).is_some();
            let names = [vendor.chat, vendor.embedding];
            let unknown: Vec<&str> = names
                .into_iter()
                .flatten()
                .filter(|id| !known(id))
                .collect();
            let without_a_row = matches!(vendor.id, "openrouter" | "together");
            assert!(unknown.is_empty() || without_a_row, "{unknown:?}");
        }
    }

    #[test]
    fn both_dialects_of_a_vendor_know_the_same_models() {
        assert_eq!(
            model("openai-responses", "gpt-5.4").and_then(|model| model.context_window),
            Some(1_050_000)
        );
        assert!(model("openai-proxy", "gpt-5.4").is_none());
    }
}
