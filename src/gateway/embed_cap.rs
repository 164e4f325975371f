//! What a provider takes in one embedding call, as far as its answers have told. Pure.
//!
//! Nobody says the most inputs, or the most tokens, of a call in a form that programs read. So it is found by
//! bisection: between the largest call that was answered and the smallest that was refused for its size.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::embed::MAX_INPUTS;
use crate::providers::ProviderError;

/// How large a call is, or may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    pub inputs: usize,
    /// Of text; the measure of tokens that needs no tokenizer.
    pub bytes: usize,
}

/// What one provider takes. Shared by all calls of it.
#[derive(Debug)]
pub struct EmbedCap {
    inputs: Bound,
    bytes: Bound,
}

impl Default for EmbedCap {
    fn default() -> Self {
        Self {
            inputs: Bound::below(MAX_INPUTS + 1),
            bytes: Bound::below(usize::MAX),
        }
    }
}

impl EmbedCap {
    /// The largest call that is worth a try.
    pub fn most(&self) -> Extent {
        Extent {
            inputs: self.inputs.most(),
            bytes: self.bytes.most(),
        }
    }

    /// A call of this size was answered.
    pub fn took(&self, call: Extent) {
        self.inputs.good.fetch_max(call.inputs, Ordering::Relaxed);
        self.bytes.good.fetch_max(call.bytes, Ordering::Relaxed);
    }

    /// A call of this size was refused as too large, and what was in it was then taken in smaller calls.
    pub fn refused(&self, call: Extent, error: &ProviderError) {
        // As many inputs as this went through before: then it was not their number.
        let number_is_fine = call.inputs <= self.inputs.good.load(Ordering::Relaxed);
        if speaks_of_tokens(error) || number_is_fine {
            self.bytes.bad.fetch_min(call.bytes, Ordering::Relaxed);
        } else {
            self.inputs.bad.fetch_min(call.inputs, Ordering::Relaxed);
        }
    }
}

/// A limit that lies somewhere from `good` up to, but not at, `bad`.
#[derive(Debug)]
struct Bound {
    good: AtomicUsize,
    bad: AtomicUsize,
    /// Where `bad` was before anything was refused.
    open: usize,
}

impl Bound {
    /// A search ends when the gap is at most this part of what is known to be good.
    const CLOSE_ENOUGH: usize = 16;

    fn below(open: usize) -> Self {
        Self {
            good: AtomicUsize::new(1),
            bad: AtomicUsize::new(open),
            open,
        }
    }

    fn most(&self) -> usize {
        let bad = self.bad.load(Ordering::Relaxed);
        if bad == self.open {
            return bad - 1;
        }
        // What was taken once may be refused later: the refusal counts.
        let good = self.good.load(Ordering::Relaxed).clamp(1, bad.max(2) - 1);
        let gap = bad.saturating_sub(good);
        match gap <= 1 + good / Self::CLOSE_ENOUGH {
            true => good,
            false => good + gap / 2,
        }
    }
}

/// Whether a provider refused a call for its size: too many inputs, or too many tokens in all of them.
pub fn too_large(error: &ProviderError) -> bool {
    const SIGNS: [&str; 8] = [
        "too many",
        "too large",
        "at most",
        "batch",
        "maximum",
        "limit",
        "exceed",
        "tokens per request",
    ];
    let ProviderError::Rejected { message, code, .. } = error else {
        return false;
    };
    let message = message.to_ascii_lowercase();
    code.as_deref() == Some("context_length_exceeded")
        || SIGNS.iter().any(|sign| message.contains(sign))
}

fn speaks_of_tokens(error: &ProviderError) -> bool {
    match error {
        ProviderError::Rejected { message, code, .. } => {
            code.as_deref() == Some("context_length_exceeded")
                || message.to_ascii_lowercase().contains("token")
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(message: &str) -> ProviderError {
        ProviderError::Rejected {
            message: message.to_owned(),
            code: None,
            param: None,
        }
    }

    fn of(inputs: usize, bytes: usize) -> Extent {
        Extent { inputs, bytes }
    }

    /// How many calls are refused until the cap is found, and what it is then.
    fn search(limit: usize) -> (usize, usize) {
        let cap = EmbedCap::default();
        let error = rejected("too many inputs");
        let mut refusals = 0;
        for _ in 0..100 {
            let inputs = cap.most().inputs;
            if inputs <= limit {
                cap.took(of(inputs, 1));
            } else {
                cap.refused(of(inputs, 1), &error);
                refusals += 1;
            }
        }
        (refusals, cap.most().inputs)
    }

    #[test]
    fn nothing_is_held_back_before_a_refusal() {
        assert_eq!(EmbedCap::default().most(), of(MAX_INPUTS, usize::MAX - 1));
    }

    #[test]
    fn a_cap_of_inputs_is_found_in_a_few_refusals() {
        for limit in [1, 2, 10, 64, 96, 100, 2047, 2048] {
            let (refusals, found) = search(limit);
            assert!(refusals <= 12, "{limit}: {refusals} refusals");
            assert!(
                found <= limit && found >= limit - limit / 8,
                "{limit}: {found}"
            );
        }
    }

    #[test]
    fn a_cap_of_tokens_leaves_the_number_of_inputs_alone() {
        let cap = EmbedCap::default();
        cap.took(of(100, 1_000));
        cap.refused(
            of(4, 40_000),
            &rejected("maximum 8192 tokens per request exceeded"),
        );
        assert_eq!(cap.most(), of(MAX_INPUTS, 20_500));
        cap.took(of(4, 20_500));
        // The message does not say what it was, but a hundred inputs went through.
        cap.refused(of(100, 30_000), &rejected("batch too large"));
        assert_eq!(cap.most(), of(MAX_INPUTS, 25_250));
    }

    #[test]
    fn only_a_refusal_for_size_is_one() {
        assert!(too_large(&rejected("at most 96 inputs")));
        assert!(!too_large(&rejected("no such dimension")));
        assert!(!too_large(&ProviderError::Failed {
            provider: "p".to_owned(),
            status: 500,
        }));
    }
}
