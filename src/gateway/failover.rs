//! What to do when a model call fails: one table, by the kind of the failure. Pure.
//!
//! Before anything of an answer has left us a failure is invisible: the same model is asked again, or the next one.
//! After that there is one honest error, and nothing is tried.

use std::time::Duration;

use crate::providers::ProviderError;

/// The kinds of failure, as far as they differ in what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// 400 and 422: the request itself.
    Rejected,
    /// 413, or a 400 that says that the conversation does not fit.
    TooLong,
    /// 401, 402 and 403.
    Auth,
    /// 404 for the model, or a dialect that cannot do it.
    NoSuchModel,
    /// 404 and other 4xx for something else.
    Misplaced,
    /// 429.
    Limited,
    /// 408, 409, 5xx (529 among them), and an error reported inside the answer.
    Failed,
    /// No connection: refused, DNS, TLS.
    Unreachable,
    /// Nothing within the limit: no first event, no whole answer.
    Silent,
    /// Garbage, a cut, an empty answer.
    Broken,
}

impl Class {
    /// Short names, in the order of the variants.
    #[rustfmt::skip] // in that order
    pub const LABELS: [&'static str; 10] = [
        "rejected", "too_long", "auth", "no_such_model", "misplaced", "limited", "failed", "unreachable", "silent",
        "broken",
    ];

    pub fn of(error: &ProviderError) -> Self {
        class(error)
    }
}

/// Whether the same model is asked once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    Never,
    /// After a moment.
    Once,
    /// After the wait that the provider asks for, where that is short.
    AsTold,
}

/// What follows when the same model is not asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// The next model of the chain; where there is none, the run fails with this error.
    Next,
    /// The run fails with this error: no model would do better.
    GiveUp,
}

/// Whether other runs that have a fallback pass the provider by for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cooldown {
    None,
    /// For as long as the provider says, else [`COOLDOWN`].
    Cools,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub class: Class,
    pub name: &'static str,
    pub again: Again,
    pub then: Then,
    pub cooldown: Cooldown,
}

const fn row(
    class: Class,
    name: &'static str,
    again: Again,
    then: Then,
    cooldown: Cooldown,
) -> Row {
    Row {
        class,
        name,
        again,
        then,
        cooldown,
    }
}

#[rustfmt::skip] // one row a kind
pub const TABLE: [Row; 10] = [
    row(Class::Rejected,    "the request is rejected (400, 422)",        Again::Never,  Then::GiveUp, Cooldown::None),
    row(Class::TooLong,     "the conversation does not fit (413)",       Again::Never,  Then::Next,   Cooldown::None),
    row(Class::Auth,        "the key is refused (401, 402, 403)",        Again::Never,  Then::Next,   Cooldown::Cools),
    row(Class::NoSuchModel, "the model is not there (404)",              Again::Never,  Then::Next,   Cooldown::None),
    row(Class::Misplaced,   "another 4xx",                               Again::Never,  Then::Next,   Cooldown::None),
    row(Class::Limited,     "rate limited (429)",                        Again::AsTold, Then::Next,   Cooldown::Cools),
    row(Class::Failed,      "the provider fails (408, 409, 5xx)",        Again::Once,   Then::Next,   Cooldown::None),
    row(Class::Unreachable, "no connection (refused, DNS, TLS)",         Again::Once,   Then::Next,   Cooldown::None),
    row(Class::Silent,      "silence past the limit",                    Again::Never,  Then::Next,   Cooldown::None),
    row(Class::Broken,      "garbage, a cut or an empty answer",         Again::Once,   Then::Next,   Cooldown::None),
];

/// What follows a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The same model again, after this wait.
    Retry(Duration),
    /// The next model of the chain, at once.
    Next,
    /// The run fails with this error.
    GiveUp,
}

/// Where in the run a call failed.
#[derive(Debug, Clone, Copy)]
pub struct Situation {
    /// Calls of this model in this run, the failed one included.
    pub calls: u32,
    pub fallback_left: bool,
    /// What the run's waits may still come to.
    pub budget: Duration,
    /// Between 0 and 1: spreads the retries of runs that failed together.
    pub jitter: f64,
}

/// Calls of one model in one run, the first included.
const CALLS_PER_MODEL: u32 = 2;

/// The shortest and the longest wait before a retry, where no other model could answer meanwhile.
const MOMENT: (Duration, Duration) = (Duration::from_millis(150), Duration::from_millis(450));

/// The same where a fallback stands by: it should not wait for a primary that is down.
const BLINK: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(30));

/// The longest `Retry-After` that is waited for.
pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(5);

/// What all waits of one run may come to.
pub const WAIT_BUDGET: Duration = Duration::from_secs(10);

/// How long a provider is passed by that does not say how long.
pub const COOLDOWN: Duration = Duration::from_secs(60);

/// The longest that a provider is passed by, whatever it says.
const LONGEST_COOLDOWN: Duration = Duration::from_secs(3600);

pub fn row_of(error: &ProviderError) -> &'static Row {
    let class = class(error);
    let found = TABLE.iter().find(|row| row.class == class);
    found.expect("the table has a row for every class")
}

fn class(error: &ProviderError) -> Class {
    match error {
        ProviderError::Rejected {
            code: Some(code), ..
        } if code == "context_length_exceeded" => Class::TooLong,
        ProviderError::Rejected { .. } => Class::Rejected,
        ProviderError::UnknownModel { .. } | ProviderError::Unsupported { .. } => {
            Class::NoSuchModel
        }
        ProviderError::Auth { .. } => Class::Auth,
        ProviderError::Limited { .. } => Class::Limited,
        ProviderError::Unreachable { .. } => Class::Unreachable,
        ProviderError::Failed {
            status: 408 | 409 | 500..,
            ..
        }
        | ProviderError::InStream { .. } => Class::Failed,
        ProviderError::Failed { .. } => Class::Misplaced,
        ProviderError::Broken { .. } => Class::Broken,
        ProviderError::Silent { .. } => Class::Silent,
    }
}

/// The step after `error`, before anything of the answer has left us.
pub fn step(error: &ProviderError, situation: Situation) -> Step {
    let row = row_of(error);
    let wait = match row.again {
        Again::Never => None,
        Again::Once => Some(moment(situation)),
        Again::AsTold => retry_after(error).filter(|wait| *wait <= LONGEST_RETRY_AFTER),
    };
    match wait.filter(|wait| situation.calls < CALLS_PER_MODEL && *wait <= situation.budget) {
        Some(wait) => Step::Retry(wait),
        None if row.then == Then::Next && situation.fallback_left => Step::Next,
        None => Step::GiveUp,
    }
}

fn moment(situation: Situation) -> Duration {
    let (shortest, longest) = if situation.fallback_left {
        BLINK
    } else {
        MOMENT
    };
    shortest + (longest - shortest).mul_f64(situation.jitter.clamp(0.0, 1.0))
}

fn retry_after(error: &ProviderError) -> Option<Duration> {
    match error {
        ProviderError::Limited { retry_after, .. } => *retry_after,
        _ => None,
    }
}

/// For how long other runs with a fallback pass the provider by.
pub fn cooldown(error: &ProviderError) -> Option<Duration> {
    match row_of(error).cooldown {
        Cooldown::None => None,
        Cooldown::Cools => Some(retry_after(error).unwrap_or(COOLDOWN).min(LONGEST_COOLDOWN)),
    }
}

#[cfg(test)]
mod tests;
