//! The system prompt of a run: the agent's own, then what the caller's system messages say.

use std::sync::Arc;

use crate::chat::SystemPrompt;
use crate::config::{Agent, PromptContext};

/// The part of an agent's prompt that is the same in every run.
pub fn stable(agent: &Agent) -> Arc<str> {
    match (agent.context, &agent.system_prompt) {
        (PromptContext::None, _) | (_, None) => "".into(),
        (PromptContext::Full | PromptContext::Light, Some(prompt)) => prompt.trim_end().into(),
    }
}

/// The prompt of one run. The caller's texts come last, in their order.
pub fn compose(stable: &Arc<str>, caller: &[String]) -> SystemPrompt {
    SystemPrompt {
        stable: Arc::clone(stable),
        varying: caller.join("\n\n"),
    }
}
