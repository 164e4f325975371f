//! How the models of a provider tell their reasoning, learned from what they said: a client of Chat Completions sends
//! reasoning back without a word about where it came from, and only who speaks that way may be sent it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::chat::TokenForm;

/// Models that are remembered, at most.
const MAX_MODELS: usize = 256;

/// A clone shares what was learned.
#[derive(Clone, Default)]
pub struct Spoken(Arc<Mutex<BTreeMap<String, TokenForm>>>);

/// The same of one model.
#[derive(Default)]
pub struct Listener {
    spoken: Spoken,
    model: String,
}

impl Spoken {
    pub fn of(&self, model: &str) -> Option<TokenForm> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(model).copied()
    }

    pub fn listener(&self, model: &str) -> Listener {
        Listener {
            spoken: self.clone(),
            model: model.to_owned(),
        }
    }
}

impl Listener {
    pub fn hears(&self, form: TokenForm) {
        let known = &self.spoken.0;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MAX_MODELS || known.contains_key(&self.model) {
            known.insert(self.model.clone(), form);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_model_says_is_known_of_that_one_and_there_is_an_end_to_it() {
        let spoken = Spoken::default();
        for model in 0..=MAX_MODELS {
            spoken
                .listener(&model.to_string())
                .hears(TokenForm::Reasoning);
        }
        spoken.listener("0").hears(TokenForm::ReasoningContent);
        assert_eq!(spoken.of("0"), Some(TokenForm::ReasoningContent));
        assert_eq!(spoken.of("1"), Some(TokenForm::Reasoning));
        assert_eq!(spoken.of(&MAX_MODELS.to_string()), None);
    }
}
