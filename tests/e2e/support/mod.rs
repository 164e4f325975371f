//! What the end-to-end tests stand on: a provider that plays a script and keeps what it was sent.

mod answer;
mod house;
mod ledger;
mod openai;
mod program;
mod recorded;
mod scripted;
mod steps;
mod waiting;
mod wire;

pub use answer::Answer;
pub use house::{Frames, House, TOKEN, config_for, merged, reply};
pub use openai::embedding_of;
pub use program::{Program, Ran, Shell};
pub use recorded::Recorded;
pub use scripted::Scripted;
pub use waiting::{Gate, within};
