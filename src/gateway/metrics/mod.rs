//! What the room counts: runs by agent, calls by model, tools, and the session store's time. Only counters: what they are
//! called and how they are written is the business of whoever shows them.
//!
//! Counting takes atomic additions: no lock, and after the first of its label no allocation. A reload keeps the counters.

mod histogram;
mod labelled;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use histogram::{Histogram, Scale};
pub use labelled::Labelled;

use super::error::{Fault, RunError};
use super::failover::Class;
use crate::chat::{AgentId, Cost, ModelRef, Usage};
use crate::providers::ProviderError;

/// The counters of a room, under every configuration that it has had.
#[derive(Default)]
pub struct Metrics {
    pub runs: Labelled<AgentId, RunMeter>,
    pub models: Labelled<ModelRef, ModelMeter>,
    pub tools: Labelled<String, ToolMeter>,
    pub store: StoreMeter,
    /// Runs that have begun and are not over, those that wait for a place among them.
    pub runs_in_flight: Gauge,
}

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many there are now.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    pub fn enter(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The runs of one agent.
#[derive(Debug)]
pub struct RunMeter {
    outcomes: [Counter; Outcome::NAMES.len()],
    /// From the request to the last event, whatever the outcome.
    pub seconds: Histogram,
    /// From the request to the first event.
    pub first_event_seconds: Histogram,
}

impl Default for RunMeter {
    fn default() -> Self {
        Self {
            outcomes: Default::default(),
            seconds: Histogram::new(&Scale::SECONDS),
            first_event_seconds: Histogram::new(&Scale::SECONDS),
        }
    }
}

impl RunMeter {
    pub fn ended(&self, outcome: Outcome, time: Duration) {
        self.outcomes[outcome.0].add(1);
        self.seconds.observe(time.as_secs_f64());
    }

    /// How many runs ended how, by the outcome's name.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Outcome::NAMES
            .into_iter()
            .zip(self.outcomes.iter().map(Counter::get))
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome(usize);

impl Outcome {
    #[rustfmt::skip] // in the order of `of`
    const NAMES: [&'static str; 13] = [
        "ok", "cancelled", "caller", "not_found", "refused", "busy", "misconfigured", "storage", "broken_storage",
        "credentials", "upstream", "unreachable", "timed_out",
    ];
    pub const OK: Self = Self(0);
    /// Its caller left, or the server ended.
    pub const CANCELLED: Self = Self(1);

    pub fn of(error: &RunError) -> Self {
        Self(match error.fault() {
            Fault::Caller => 2,
            Fault::NotFound => 3,
            Fault::Refused => 4,
            Fault::Busy { .. } => 5,
            Fault::Misconfigured => 6,
            Fault::Storage { .. } => 7,
            Fault::BrokenStorage => 8,
            Fault::Credentials => 9,
            Fault::Upstream => 10,
            Fault::Unreachable => 11,
            Fault::TimedOut => 12,
        })
    }
}

/// The calls of one model.
#[derive(Debug)]
pub struct ModelMeter {
    /// As [`Self::attempts`] names them.
    attempts: [Counter; 2 + Class::LABELS.len()],
    failovers: [Counter; Class::LABELS.len()],
    pub input_tokens: Counter,
    pub output_tokens: Counter,
    picodollars: Counter,
    /// From the beginning of the call that was answered.
    pub first_event_seconds: Histogram,
    /// Of whole answers: tokens over the time from the first event to the last.
    pub tokens_per_second: Histogram,
}

impl Default for ModelMeter {
    fn default() -> Self {
        Self {
            attempts: Default::default(),
            failovers: Default::default(),
            input_tokens: Counter::default(),
            output_tokens: Counter::default(),
            picodollars: Counter::default(),
            first_event_seconds: Histogram::new(&Scale::SECONDS),
            tokens_per_second: Histogram::new(&Scale::TOKENS_PER_SECOND),
        }
    }
}

const ANSWERED: usize = 0;
const CANCELLED: usize = 1;

impl ModelMeter {
    /// Counts a call. It counts as cancelled unless it is told how it went.
    pub fn attempt(&self) -> Attempt<'_> {
        Attempt {
            meter: self,
            outcome: CANCELLED,
        }
    }

    /// Counts that another model takes over.
    pub fn failed_over(&self, error: &ProviderError) {
        self.failovers[Class::of(error) as usize].add(1);
    }

    /// Counts what a call used.
    pub fn used(&self, usage: &Usage) {
        self.input_tokens.add(usage.input_tokens);
        self.output_tokens.add(usage.output_tokens);
        self.picodollars
            .add(usage.cost.map_or(0, Cost::picodollars));
    }

    pub fn cost(&self) -> Cost {
        Cost::of_picodollars(self.picodollars.get())
    }

    /// How many calls came to what: `answered` (the first event was there), `cancelled`, or the class of the failure.
    pub fn attempts(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let names = ["answered", "cancelled"].into_iter().chain(Class::LABELS);
        names.zip(self.attempts.iter().map(Counter::get))
    }

    /// How often another model took over, by the class of the failure.
    pub fn failovers(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Class::LABELS
            .into_iter()
            .zip(self.failovers.iter().map(Counter::get))
    }
}

/// A call of a model; counted when it is dropped.
pub struct Attempt<'a> {
    meter: &'a ModelMeter,
    outcome: usize,
}

impl Attempt<'_> {
    /// Its first event was there after this time.
    pub fn answered(mut self, time: Duration) {
        self.outcome = ANSWERED;
        self.meter.first_event_seconds.observe(time.as_secs_f64());
    }

    pub fn failed(mut self, error: &ProviderError) {
        self.outcome = 2 + Class::of(error) as usize;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.meter.attempts[self.outcome].add(1);
    }
}

/// The calls of one tool of the house.
#[derive(Debug, Default)]
pub struct ToolMeter {
    pub ok: Counter,
    pub failed: Counter,
}

impl ToolMeter {
    pub fn count(&self, has_failed: bool) {
        match has_failed {
            true => self.failed.add(1),
            false => self.ok.add(1),
        }
    }
}

/// How long the session store takes.
#[derive(Debug)]
pub struct StoreMeter {
    /// Waiting for a session's turn.
    pub acquire: Histogram,
    pub load: Histogram,
    /// Until the turn is durable.
    pub append: Histogram,
}

impl Default for StoreMeter {
    fn default() -> Self {
        let histogram = || Histogram::new(&Scale::SECONDS);
        Self {
            acquire: histogram(),
            load: histogram(),
            append: histogram(),
        }
    }
}
