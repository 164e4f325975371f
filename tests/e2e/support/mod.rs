//! What the end-to-end tests stand on: a provider that plays a script and keeps what it was sent.

mod answer;
mod ledger;
mod openai;
mod recorded;
mod scripted;
mod steps;
mod waiting;
mod wire;

pub use answer::Answer;
pub use openai::embedding_of;
pub use recorded::Recorded;
pub use scripted::Scripted;
pub use waiting::{Gate, within};
