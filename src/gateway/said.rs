//! What a model has said in one answer, put together from its deltas.

use crate::chat::{Delta, Message, Part, ToolCall, ToolCallDelta};

/// An answer so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    pub reasoning: String,
    pub refusal: String,
    /// In the order in which they began.
    pub tool_calls: Vec<ToolCall>,
}

impl Said {
    pub fn add(&mut self, delta: &Delta) {
        match delta {
            Delta::Text(text) => self.text.push_str(text),
            Delta::Reasoning(text) => self.reasoning.push_str(text),
            Delta::Refusal(text) => self.refusal.push_str(text),
            Delta::ToolCall(fragment) => self.add_call(fragment),
            Delta::Logprobs(_) => {}
        }
    }

    /// The first fragment of an index begins its call; see [`ToolCallDelta`].
    fn add_call(&mut self, fragment: &ToolCallDelta) {
        if let Some(call) = self.tool_calls.get_mut(fragment.index) {
            call.arguments.push_str(&fragment.arguments);
            return;
        }
        self.tool_calls.push(ToolCall {
            id: fragment.id.clone().unwrap_or_default(),
            name: fragment.name.clone().unwrap_or_default(),
            arguments: fragment.arguments.clone(),
        });
    }

    /// The answer as a message of the conversation.
    pub fn into_message(self) -> Message {
        let filled = |text: String| Some(text).filter(|text| !text.is_empty());
        let text = filled(self.text).map(Part::Text);
        let refusal = filled(self.refusal).map(Part::Refusal);
        Message::Assistant {
            parts: text.into_iter().chain(refusal).collect(),
            reasoning: filled(self.reasoning),
            tool_calls: self.tool_calls,
            name: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_of_interleaved_calls_find_their_own() {
        let fragment = |index, id: Option<&str>, arguments: &str| {
            Delta::ToolCall(ToolCallDelta {
                index,
                id: id.map(Into::into),
                name: id.map(|_| "f".into()),
                arguments: arguments.into(),
            })
        };
        let mut said = Said::default();
        for delta in [
            fragment(0, Some("a"), "{"),
            fragment(1, Some("b"), "[1"),
            fragment(0, None, "}"),
            fragment(1, None, "]"),
        ] {
            said.add(&delta);
        }
        let arguments: Vec<&str> = said
            .tool_calls
            .iter()
            .map(|call| call.arguments.as_str())
            .collect();
        assert_eq!(arguments, ["{}", "[1]"]);
    }
}
