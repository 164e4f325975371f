//! What is said in a run, in the log, where `logging.content` wants it: without our secrets, and cut where it is long.

use std::fmt::Write as _;

use tracing::Span;

use crate::chat::{AgentId, Delta, Message, RunRequest};
use crate::config::Secrets;

/// The most of one message, or of one answer, that is logged, in bytes.
const MAX_TEXT_BYTES: usize = 4 << 10;

/// The most messages of one request that are logged; the last ones count.
const MAX_MESSAGES: usize = 32;

/// The answer of a run so far; logged when it is dropped, whole or not.
pub struct ContentLog {
    secrets: Secrets,
    /// Of the request: the answer may end when nothing is known of it any more.
    span: Span,
    said: String,
    /// Bytes that were said after there was no more room.
    unkept: usize,
}

impl ContentLog {
    /// Logs what is asked; keeps what is answered.
    pub fn begin(agent: &AgentId, request: &RunRequest, secrets: Secrets) -> Self {
        let messages = &request.chat.messages;
        let unshown = messages.len().saturating_sub(MAX_MESSAGES);
        for text in &request.system {
            let text = fit(text, &secrets);
            tracing::info!(target: "openclaw::content", %agent, role = "system", text);
        }
        for message in &messages[unshown..] {
            let text = fit(&told(message), &secrets);
            tracing::info!(target: "openclaw::content", %agent, role = role(message), text);
        }
        Self {
            secrets,
            span: Span::current(),
            said: String::new(),
            unkept: 0,
        }
    }

    pub fn say(&mut self, delta: &Delta) {
        match delta {
            Delta::Text(text) | Delta::Refusal(text) => self.add(text),
            Delta::ToolCall(call) => {
                if let Some(name) = &call.name {
                    self.add(&format!("\n[calls {name}] "));
                }
                self.add(&call.arguments);
            }
            Delta::Reasoning(_) | Delta::Thought(_) | Delta::Message(_) | Delta::Logprobs(_) => {}
        }
    }

    /// Keeps a little more than is logged: a secret that is cut in half would not be found.
    fn add(&mut self, text: &str) {
        if self.said.len() < 2 * MAX_TEXT_BYTES {
            self.said.push_str(text);
        } else {
            self.unkept += text.len();
        }
    }
}

impl Drop for ContentLog {
    fn drop(&mut self) {
        let _of_the_request = self.span.enter();
        let mut text = fit(&self.said, &self.secrets);
        if self.unkept > 0 {
            let _written = write!(text, " [and {} bytes more]", self.unkept);
        }
        tracing::info!(target: "openclaw::content", role = "assistant", text);
    }
}

fn role(message: &Message) -> &'static str {
    match message {
        Message::User { .. } => "user",
        Message::Assistant { .. } => "assistant",
        Message::Tool { .. } => "tool",
    }
}

/// The words of a message, and its calls. Images and files are no words.
fn told(message: &Message) -> String {
    let mut text = message.text();
    if let Message::Assistant { tool_calls, .. } = message {
        for call in tool_calls {
            let _written = write!(text, "\n[calls {}] {}", call.name, call.arguments);
        }
    }
    text
}

/// Redacted first, so that no half of a secret is left, and then cut.
fn fit(text: &str, secrets: &Secrets) -> String {
    let mut text = secrets.redact(text).into_owned();
    if text.len() > MAX_TEXT_BYTES {
        let whole = text.len();
        let end = (0..=MAX_TEXT_BYTES)
            .rev()
            .find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or(0));
        let _written = write!(text, "… [{whole} bytes]");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Environment;

    #[test]
    fn a_text_is_redacted_before_it_is_cut() {
        let config = serde_json::json!({ "gateway": { "auth": { "token": "sk-12345678" } } });
        let config = serde_json::from_value(config).unwrap();
        let secrets = Secrets::of(&config, &Environment::default());
        let before = "x".repeat(MAX_TEXT_BYTES - 5);
        let text = fit(&format!("{before}sk-12345678 and more"), &secrets);
        assert_eq!(text, format!("{before}(reda… [4110 bytes]"));
        assert_eq!(fit("short", &secrets), "short");
    }
}
