//! What a model takes, by its generation: Anthropic's API refuses what a model has lost, or has not yet. A model that is
//! no Claude is asked in the oldest form, which is what other vendors of the dialect took over. Pure.
//!
//! Source: the migration guides of Claude 4.5, 4.6, 4.7, 5 and 5.5.

use super::super::version::{Version, version};

#[derive(Debug, Clone, Copy)]
pub struct Generation {
    version: Version,
    family: Family,
}

/// The families that part from the others.
#[derive(Debug, Clone, Copy)]
enum Family {
    Haiku,
    /// Fable and Mythos.
    Largest,
    Other,
}

impl Generation {
    pub fn of(model: &str) -> Self {
        let family = if model.contains("haiku") {
            Family::Haiku
        } else if model.contains("fable") || model.contains("mythos") {
            Family::Largest
        } else {
            Family::Other
        };
        Self {
            version: version(model, "claude-"),
            family,
        }
    }

    /// Whether it decides by itself how much to think, steered by an effort. Without: it thinks within a budget.
    pub fn thinks_adaptively(self) -> bool {
        self.version >= (4, 6)
    }

    /// Whether it thinks without being asked to.
    pub fn thinks_unasked(self) -> bool {
        self.version >= (5, 0)
    }

    /// Whether it knows the effort `xhigh`.
    pub fn knows_xhigh(self) -> bool {
        self.version >= (4, 7)
    }

    /// Whether it takes `temperature` and `top_p`.
    pub fn takes_sampling(self) -> bool {
        self.version < (4, 7)
    }

    /// Whether it can be made to call a tool.
    pub fn takes_forced_calls(self) -> bool {
        match self.family {
            Family::Haiku => true,
            Family::Largest => self.version < (5, 1),
            Family::Other => self.version < (5, 5),
        }
    }

    /// Whether its answer can be held to a JSON Schema.
    pub fn takes_schemas(self) -> bool {
        self.version >= (4, 5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newer_a_claude_the_less_can_be_set() {
        let old = Generation::of("claude-sonnet-4-5-20250929");
        assert!(old.takes_sampling() && old.takes_forced_calls() && old.takes_schemas());
        assert!(!old.thinks_adaptively());
        let middle = Generation::of("claude-opus-4-6");
        assert!(middle.takes_sampling() && middle.thinks_adaptively() && !middle.knows_xhigh());
        let new = Generation::of("claude-opus-5-5");
        assert!(!new.takes_sampling() && !new.takes_forced_calls() && new.thinks_unasked());
    }

    #[test]
    fn the_small_can_be_made_to_call_and_the_largest_only_at_first() {
        assert!(Generation::of("claude-haiku-5-5").takes_forced_calls());
        assert!(Generation::of("claude-fable-5").takes_forced_calls());
        assert!(!Generation::of("claude-fable-5-1").takes_forced_calls());
    }

    #[test]
    fn a_model_that_is_no_claude_is_asked_in_the_oldest_form() {
        let other = Generation::of("MiniMax-M2");
        assert!(other.takes_sampling() && other.takes_forced_calls());
        assert!(!other.takes_schemas() && !other.thinks_adaptively());
    }
}
