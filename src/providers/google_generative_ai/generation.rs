//! What a model takes, by its generation: the API refuses what a model has not. A model that is no Gemini is asked in
//! the oldest form. Pure.
//!
//! Source: the guides on thinking, thought signatures and function calling, and the migration guide of Gemini 3.

use serde_json::{Value, json};

use super::super::version::{Version, version};

#[derive(Debug, Clone, Copy)]
pub struct Generation {
    version: Version,
    is_pro: bool,
}

impl Generation {
    pub fn of(model: &str) -> Self {
        Self {
            version: version(model, "gemini-"),
            is_pro: model.contains("-pro"),
        }
    }

    /// Whether it checks that each step of its own tool calls bears the signature of the thoughts behind it.
    pub fn checks_signatures(self) -> bool {
        self.version >= (3, 0)
    }

    /// Whether what a tool answered may hold images.
    pub fn reads_results_with_media(self) -> bool {
        self.version >= (3, 0)
    }

    /// Whether its answer can be held to JSON where it has tools as well.
    pub fn takes_json_beside_tools(self) -> bool {
        self.version >= (3, 0)
    }

    /// Whether it takes penalties of frequency and presence.
    pub fn takes_penalties(self) -> bool {
        self.version != (2, 5)
    }

    /// The `thinkingConfig` of an effort. Levels since 3.0, of which `low` and up are known to every model; a budget of
    /// tokens in 2.5, as Google maps efforts to it; nothing before.
    pub fn thinking(self, effort: &str) -> Option<Value> {
        if self.version >= (3, 0) {
            let level = match effort {
                "none" | "minimal" | "low" => "low",
                "medium" => "medium",
                "high" | "xhigh" | "max" => "high",
                _ => return None,
            };
            return Some(json!({ "thinkingLevel": level, "includeThoughts": effort != "none" }));
        }
        if self.version < (2, 5) {
            return None;
        }
        /// The least that 2.5 Pro takes: it cannot do without.
        const MIN_PRO_BUDGET: u32 = 128;
        let budget = match effort {
            "none" if self.is_pro => MIN_PRO_BUDGET,
            "none" => 0,
            "minimal" | "low" => 1024,
            "medium" => 8192,
            "high" | "xhigh" | "max" => 24_576,
            _ => return None,
        };
        Some(json!({ "thinkingBudget": budget, "includeThoughts": effort != "none" }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thinking(model: &str, effort: &str) -> Option<Value> {
        Generation::of(model).thinking(effort)
    }

    #[test]
    fn an_effort_is_a_level_since_gemini_3_and_a_budget_before() {
        assert_eq!(
            thinking("gemini-3.8-flash", "minimal"),
            Some(json!({ "thinkingLevel": "low", "includeThoughts": true }))
        );
        assert_eq!(
            thinking("gemini-flash-latest", "high"),
            Some(json!({ "thinkingLevel": "high", "includeThoughts": true }))
        );
        assert_eq!(
            thinking("gemini-2.5-flash", "none"),
            Some(json!({ "thinkingBudget": 0, "includeThoughts": false }))
        );
        assert_eq!(
            thinking("gemini-2.5-pro", "none"),
            Some(json!({ "thinkingBudget": 128, "includeThoughts": false }))
        );
    }

    #[test]
    fn a_model_that_does_not_think_and_an_effort_that_is_none_change_nothing() {
        assert_eq!(thinking("gemini-2.0-flash", "high"), None);
        assert_eq!(thinking("gemma-3-27b-it", "high"), None);
        assert_eq!(thinking("gemini-3.8-flash", "enormous"), None);
    }
}
