//! What the end-to-end tests stand on: a provider that plays a script and keeps what it was sent, the program before it,
//! clients of other languages and transcripts of what they said.

mod answer;
#[cfg(feature = "postgres")]
#[allow(dead_code, reason = "the tests of the store need all of it")]
mod database;
pub mod golden;
mod house;
mod http1;
mod installed;
mod ledger;
#[cfg(feature = "postgres")]
mod nginx;
mod open_responses;
mod openai;
mod program;
mod raw;
mod recorded;
mod scripted;
mod socket;
mod steps;
mod terminal;
mod tunnel;
mod waiting;
mod wire;

pub use answer::Answer;
#[cfg(feature = "postgres")]
pub use database::Database;
pub use house::{Frames, House, Reply, TOKEN, config_for, http, merged, reply};
pub use http1::Message;
pub use installed::{client, clients, codex, python};
#[cfg(feature = "postgres")]
pub use nginx::Nginx;
pub use open_responses::{Told, check_compaction, check_item, check_response, check_socket_error};
pub use openai::embedding_of;
pub use program::{Program, Ran, Shell};
pub use raw::Raw;
pub use recorded::Recorded;
pub use scripted::Scripted;
pub use socket::Socket;
pub use terminal::{Terminal, is_installed};
pub use tunnel::Tunnel;
pub use waiting::{Gate, within};
