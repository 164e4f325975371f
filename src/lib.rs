//! An OpenAI-compatible gateway for agents.
//!
//! Two doors, one room, one edge:
//!
//! ```text
//! cli/         door 1: one file a command
//! server/      door 2: one file, or folder, an endpoint
//! auth/        who may come through door 2
//! gateway/     the room: runs agents, lists models, embeds; knows no HTTP and no terminal
//! sessions/    conversations that last, and the store that keeps them
//! tools/       what agents can do besides talk: one file a tool, and who may use which
//! providers/   the edge: one file, or folder, a dialect of model APIs
//! sse.rs       the event-stream format, in and out
//! json.rs      JSON text, written fast
//! tcp.rs       how TCP streams are written where many are busy at once
//! chat/        the vocabulary of all of them: plain data
//! config/      the configuration, its errors, its secrets, the environment
//! fuzzing.rs   for fuzz targets alone: every door through which bytes of others come in
//! ```
//!
//! A door translates; the room decides; a provider is two pure translations and a send. Who may use whom:
//!
//! ```text
//! main -> cli -> { server, gateway, auth, config }      server -> { gateway, auth, sse, tcp, config }
//! auth -> config
//! gateway -> { providers, tools, sessions, config }      providers -> { sse, tcp, config }
//! tools -> { providers (the guarded fetch), sessions, sse, config }      sessions -> nobody
//! everyone -> { chat, json }; chat, json, sse and tcp -> nobody
//! ```
#![forbid(unsafe_code)]

pub mod auth;
pub mod chat;
pub mod cli;
pub mod config;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
pub mod gateway;
pub mod json;
pub mod providers;
pub mod server;
pub mod sessions;
pub mod sse;
pub mod tcp;
pub mod tools;
