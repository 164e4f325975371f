//! What a model has said in one answer, put together from its deltas.

use crate::chat::{
    Delta, Mark, Marked, Message, Part, Thought, ToolCall, ToolCallDelta, retain_calls,
};

/// An answer so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub text: String,
    pub reasoning: String,
    pub refusal: String,
    /// In the order in which they began.
    pub tool_calls: Vec<ToolCall>,
    pub marks: Vec<Placed>,
    /// Where in the reasoning the thought begins that is not over.
    pub thought: usize,
}

/// A mark, until the text that it stands in is cut into parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// How much of the text came before, in bytes.
    text: usize,
    calls: usize,
    what: Marked,
}

impl Said {
    pub fn add(&mut self, delta: &Delta) {
        match delta {
            Delta::Text(text) => self.text.push_str(text),
            Delta::Reasoning(text) => self.think(text),
            Delta::Thought(token) => {
                let text = self.reasoning[self.thought..].to_owned();
                self.thought = self.reasoning.len();
                let token = (**token).clone();
                self.mark(Marked::Thought(Thought { text, token }));
            }
            Delta::Message(phase) => self.mark(Marked::Message { phase: *phase }),
            Delta::Refusal(text) => self.refusal.push_str(text),
            Delta::ToolCall(fragment) => self.add_call(fragment),
            Delta::Logprobs(_) => {}
        }
    }

    /// Thoughts are paragraphs.
    fn think(&mut self, text: &str) {
        if self.thought > 0 && self.thought == self.reasoning.len() {
            self.reasoning.push_str("\n\n");
            self.thought = self.reasoning.len();
        }
        self.reasoning.push_str(text);
    }

    fn mark(&mut self, what: Marked) {
        self.marks.push(Placed {
            text: self.text.len(),
            calls: self.tool_calls.len(),
            what,
        });
    }

    /// Takes out the other calls.
    pub fn retain_calls(&mut self, keep: impl Fn(&ToolCall) -> bool) {
        let places = self.marks.iter_mut().map(|mark| &mut mark.calls);
        retain_calls(&mut self.tool_calls, places, keep);
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
        let (mut parts, marks) = cut(self.text, self.marks);
        parts.extend(filled(self.refusal).map(Part::Refusal));
        Message::Assistant {
            parts,
            reasoning: filled(self.reasoning),
            tool_calls: self.tool_calls,
            name: None,
            marks,
        }
    }
}

/// The text as parts, each mark between those that it stands between.
fn cut(text: String, placed: Vec<Placed>) -> (Vec<Part>, Vec<Mark>) {
    let mut parts = Vec::new();
    let mut marks = Vec::with_capacity(placed.len());
    let mut rest = 0;
    for Placed {
        text: at,
        calls,
        what,
    } in placed
    {
        if at > rest {
            parts.push(Part::Text(text[rest..at].to_owned()));
            rest = at;
        }
        marks.push(Mark {
            parts: parts.len(),
            calls,
            what,
        });
    }
    match rest {
        0 if text.is_empty() => {}
        0 => parts.push(Part::Text(text)),
        rest if rest < text.len() => parts.push(Part::Text(text[rest..].to_owned())),
        _ => {}
    }
    (parts, marks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{MessagePhase, ThoughtToken, TokenForm};

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

    #[test]
    fn thoughts_and_messages_keep_their_places_when_a_call_is_taken_out() {
        let token = |content: &str| ThoughtToken {
            form: TokenForm::OpenaiEncrypted,
            model: None,
            id: None,
            content: content.into(),
        };
        let thought = |content| Delta::Thought(Box::new(token(content)));
        let call = |index, id: &str| {
            Delta::ToolCall(ToolCallDelta {
                index,
                id: Some(id.into()),
                name: Some("f".into()),
                arguments: "{}".into(),
            })
        };
        let text = |text: &str| Delta::Text(text.into());
        let reasoning = |text: &str| Delta::Reasoning(text.into());
        let commentary = Some(MessagePhase::Commentary);
        let mut said = Said::default();
        for delta in [
            reasoning("h"),
            reasoning("m"),
            thought("1"),
            Delta::Message(commentary),
            text("Let me "),
            text("look."),
            thought("2"),
            call(0, "a"),
            reasoning("so"),
            thought("3"),
            call(1, "b"),
            Delta::Message(None),
            text("Done."),
        ] {
            said.add(&delta);
        }
        said.retain_calls(|call| call.id == "b");
        let thought = |text: &str, content| {
            Marked::Thought(Thought {
                text: text.into(),
                token: token(content),
            })
        };
        let mark = |parts, calls, what| Mark { parts, calls, what };
        assert_eq!(
            said.into_message(),
            Message::Assistant {
                parts: vec![
                    Part::Text("Let me look.".into()),
                    Part::Text("Done.".into())
                ],
                reasoning: Some("hm\n\nso".into()),
                tool_calls: vec![ToolCall {
                    id: "b".into(),
                    name: "f".into(),
                    arguments: "{}".into(),
                }],
                name: None,
                marks: vec![
                    mark(0, 0, thought("hm", "1")),
                    mark(0, 0, Marked::Message { phase: commentary }),
                    mark(1, 0, thought("", "2")),
                    mark(1, 0, thought("so", "3")),
                    mark(1, 1, Marked::Message { phase: None }),
                ],
            }
        );
    }
}
