//! The end-to-end tests: one binary, one file per door, real sockets, a scripted provider behind them.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod access;
mod arrows;
mod catalog;
mod chat_completions;
mod cli;
mod clients;
mod completion;
mod configuration;
mod described;
mod dialects;
mod drain;
mod embed;
mod failover;
mod failures;
mod hostile;
mod images;
mod insistence;
mod large_answers;
mod logs;
mod mcp;
mod metrics;
mod readiness;
mod reload;
#[cfg(feature = "postgres")]
mod replicas;
mod responses;
mod scripted_provider;
mod secrets;
mod sessions;
mod skills;
mod support;
mod surroundings;
mod terminal;
mod tools;
mod tools_at_work;
