//! What a model's tokens cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chat::{Cost, Usage};

/// Prices in US dollars for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Price {
    #[schemars(range(min = 0.0))]
    pub input: Option<f64>,
    #[schemars(range(min = 0.0))]
    pub output: Option<f64>,
    /// Of input that the provider reads from its prompt cache. With none: as `input`.
    #[schemars(range(min = 0.0))]
    pub cache_read: Option<f64>,
    /// Of input that the provider writes into its prompt cache. With none: as `input`.
    #[schemars(range(min = 0.0))]
    pub cache_write: Option<f64>,
    /// The prices of every token of a call with a long prompt, where they differ.
    pub long_prompt: Option<LongPrompt>,
}

/// The prices of calls whose prompt is longer than `above`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LongPrompt {
    /// Tokens.
    pub above: u64,
    #[schemars(range(min = 0.0))]
    pub input: Option<f64>,
    #[schemars(range(min = 0.0))]
    pub output: Option<f64>,
    #[schemars(range(min = 0.0))]
    pub cache_read: Option<f64>,
    #[schemars(range(min = 0.0))]
    pub cache_write: Option<f64>,
}

impl Price {
    /// These prices, and `others` where these say nothing.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            input: self.input.or(others.input),
            output: self.output.or(others.output),
            cache_read: self.cache_read.or(others.cache_read),
            cache_write: self.cache_write.or(others.cache_write),
            // The rates of others for long prompts do not go with a rate of one's own.
            long_prompt: self.long_prompt.or_else(|| {
                let own = self.input.or(self.output);
                others.long_prompt.filter(|_| own.is_none())
            }),
        }
    }

    /// What one model call costs; `None` where the price of input or output is not known.
    pub fn of(&self, usage: &Usage) -> Option<Cost> {
        let prices = self.for_prompt(usage.input_tokens);
        let (input, output) = prices.input.zip(prices.output)?;
        let apart = usage.cached_tokens.saturating_add(usage.cache_write_tokens);
        let mut cost = Cost::default();
        for (tokens, price) in [
            (usage.input_tokens.saturating_sub(apart), input),
            (usage.cached_tokens, prices.cache_read.unwrap_or(input)),
            (
                usage.cache_write_tokens,
                prices.cache_write.unwrap_or(input),
            ),
            (usage.output_tokens, output),
        ] {
            cost += Cost::of_tokens(tokens, price);
        }
        Some(cost)
    }

    fn for_prompt(&self, tokens: u64) -> Self {
        match self.long_prompt {
            Some(long) if tokens > long.above => Self {
                input: long.input,
                output: long.output,
                cache_read: long.cache_read,
                cache_write: long.cache_write,
                long_prompt: None,
            }
            .or(*self),
            _ => *self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price {
        input: Some(2.0),
        output: Some(10.0),
        cache_read: Some(0.2),
        cache_write: Some(2.5),
        long_prompt: Some(LongPrompt {
            above: 1_000_000,
            input: Some(4.0),
            output: Some(15.0),
            cache_read: None,
            cache_write: None,
        }),
    };

    fn usage(input_tokens: u64, cached_tokens: u64, cache_write_tokens: u64) -> Usage {
        Usage {
            input_tokens,
            output_tokens: 500_000,
            cached_tokens,
            cache_write_tokens,
            ..Usage::default()
        }
    }

    fn usd(price: Price, usage: Usage) -> Option<f64> {
        price.of(&usage).map(Cost::usd)
    }

    #[test]
    fn each_kind_of_token_has_its_price() {
        assert_eq!(usd(PRICE, usage(1_000_000, 0, 0)), Some(7.0));
        assert_eq!(
            usd(PRICE, usage(1_000_000, 500_000, 200_000)),
            Some(0.6 + 0.1 + 0.5 + 5.0)
        );
        let plain = Price {
            cache_read: None,
            cache_write: None,
            ..PRICE
        };
        assert_eq!(usd(plain, usage(1_000_000, 500_000, 200_000)), Some(7.0));
    }

    #[test]
    fn a_long_prompt_has_other_prices_for_every_token() {
        assert_eq!(usd(PRICE, usage(2_000_000, 0, 0)), Some(8.0 + 7.5));
    }

    #[test]
    fn a_cost_is_known_where_both_prices_are() {
        let half = Price {
            output: None,
            ..PRICE
        };
        assert_eq!(usd(half, usage(1, 0, 0)), None);
        assert_eq!(usd(half.or(PRICE), usage(1_000_000, 0, 0)), Some(7.0));
    }

    #[test]
    fn a_rate_of_ones_own_is_not_mixed_with_others_rates_for_long_prompts() {
        let own = Price {
            input: Some(1.0),
            output: Some(1.0),
            ..Price::default()
        };
        assert_eq!(own.or(PRICE).long_prompt, None);
        assert_eq!(Price::default().or(PRICE), PRICE);
    }
}
