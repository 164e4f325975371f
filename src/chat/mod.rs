//! The vocabulary: what a run is asked and what it says. Plain data, no I/O; imports nothing of ours.

mod cost;
mod embedding;
mod event;
mod ids;
mod mark;
mod message;
mod notes;
mod picture;
mod request;
mod vector;

pub use cost::Cost;
pub use embedding::{EmbedInput, EmbedRequest, EmbedUsage, Embeddings};
pub use event::{
    ChatEvent, Delta, FinishReason, Finished, RunEvent, Started, ToolActivity, ToolCallDelta, Usage,
};
pub use ids::{AgentId, InvalidId, ModelRef, Principal, ProviderId};
pub use mark::{
    MAX_TOKEN_BYTES, Mark, Marked, MessagePhase, Segment, Thought, ThoughtToken, TokenForm,
    in_order, retain_calls,
};
pub use message::{Audio, Document, Image, ImageSource, MESSAGE_FORMAT, Message, Part, ToolCall};
pub use notes::{Notes, Phase};
pub use picture::{MAX_IMAGE_BYTES, MAX_IMAGES, MAX_IMAGES_BYTES, picture_type};
pub use request::{
    Authority, ChatRequest, Delivery, ResponseFormat, Routing, RunRequest, Sampling, SessionAccess,
    SessionName, SessionRequest, SystemPrompt, Tool, ToolChoice,
};
pub use vector::{NumberList, Vector};
