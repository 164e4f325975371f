//! What an answer holds beside its words and calls, for the provider that gave it: reasoning that it knows again, and
//! where its messages begin. Plain data, and the order in which all of it was said.

use serde::{Deserialize, Serialize};

use super::ids::ModelRef;
use super::message::{Message, Part, ToolCall};

/// The largest token of a provider that is kept, in bytes.
pub const MAX_TOKEN_BYTES: usize = 1 << 20;

/// A place in an answer, and what stood there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// How many of the answer's parts came before.
    pub parts: usize,
    /// How many of its calls came before.
    pub calls: usize,
    #[serde(flatten)]
    pub what: Marked,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Marked {
    Thought(Thought),
    /// A message of its own begins.
    Message {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phase: Option<MessagePhase>,
    },
}

/// What an assistant's message is to its reader, as the Responses API labels it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessagePhase {
    Commentary,
    FinalAnswer,
}

/// Reasoning that its provider takes back. `text` is all of it that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thought {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    pub token: ThoughtToken,
}

/// By what a provider knows its own reasoning again: sent back as it came, to the model that it came from alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThoughtToken {
    pub form: TokenForm,
    /// The model that reasoned. The room writes it down: an edge does not know under which name it was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelRef>,
    /// What the provider calls the thought, where it has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Opaque to everyone else; empty where the text alone is sent back.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
}

/// What a token is in its own dialect. Another dialect cannot carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenForm {
    /// The `signature` of a `thinking` block of Anthropic's.
    AnthropicSignature,
    /// The `data` of a `redacted_thinking` block of Anthropic's.
    AnthropicRedacted,
    /// The `thoughtSignature` of a function call of Google's.
    GoogleSignature,
    /// The `encrypted_content` of a `reasoning` item of OpenAI's.
    OpenaiEncrypted,
    /// None: Chat Completions servers that tell their reasoning as `reasoning` know the text again.
    Reasoning,
    /// None: the same, as `reasoning_content`.
    ReasoningContent,
}

/// Parts, then calls, then what stood behind them.
#[derive(Debug)]
pub struct Segment<'a> {
    pub parts: &'a [Part],
    pub calls: &'a [ToolCall],
    pub then: Option<&'a Marked>,
}

/// An answer in the order in which it was said. A mark that lies outside of it stands at its end.
pub fn in_order<'a>(
    parts: &'a [Part],
    calls: &'a [ToolCall],
    marks: &'a [Mark],
) -> impl Iterator<Item = Segment<'a>> {
    let ends = marks
        .iter()
        .map(|mark| (mark.parts, mark.calls, Some(&mark.what)));
    let ends = ends.chain([(parts.len(), calls.len(), None)]);
    ends.scan((0, 0), move |(part, call), (to_part, to_call, then)| {
        let from = (*part, *call);
        *part = to_part.clamp(*part, parts.len());
        *call = to_call.clamp(*call, calls.len());
        Some(Segment {
            parts: &parts[from.0..*part],
            calls: &calls[from.1..*call],
            then,
        })
    })
}

impl Message {
    /// The marks of an assistant's message; nobody else's has any.
    pub fn marks(&self) -> &[Mark] {
        match self {
            Self::Assistant { marks, .. } => marks,
            Self::User { .. } | Self::Tool { .. } => &[],
        }
    }

    /// Reasoning that its provider takes back.
    pub fn thoughts(&self) -> impl Iterator<Item = &Thought> {
        self.marks().iter().filter_map(Mark::thought)
    }

    /// Whether it holds reasoning of another model than this one.
    pub fn has_thoughts_but_of(&self, model: &ModelRef) -> bool {
        self.thoughts()
            .any(|thought| thought.token.model.as_ref() != Some(model))
    }

    /// Leaves of its reasoning what this model takes back.
    pub fn keep_thoughts_of(&mut self, model: &ModelRef) {
        if let Self::Assistant { marks, .. } = self {
            marks.retain(|mark| {
                let thought = mark.thought();
                thought.is_none_or(|thought| thought.token.model.as_ref() == Some(model))
            });
        }
    }
}

impl Mark {
    pub fn thought(&self) -> Option<&Thought> {
        match &self.what {
            Marked::Thought(thought) => Some(thought),
            Marked::Message { .. } => None,
        }
    }
}

/// Takes out calls. `places` are counts of calls, and count what is left of them afterwards.
pub fn retain_calls<'p>(
    calls: &mut Vec<ToolCall>,
    places: impl Iterator<Item = &'p mut usize>,
    keep: impl Fn(&ToolCall) -> bool,
) {
    let kept: Vec<bool> = calls.iter().map(keep).collect();
    for place in places {
        *place = kept.iter().take(*place).filter(|kept| **kept).count();
    }
    let mut kept = kept.into_iter();
    calls.retain(|_| kept.next().unwrap_or(true));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(id: &str) -> ToolCall {
        ToolCall {
            id: id.to_owned(),
            name: "f".to_owned(),
            arguments: "{}".to_owned(),
        }
    }

    fn thought(model: &str) -> Marked {
        Marked::Thought(Thought {
            text: "hm".to_owned(),
            token: ThoughtToken {
                form: TokenForm::OpenaiEncrypted,
                model: Some(model.parse().unwrap()),
                id: Some("rs_1".to_owned()),
                content: "gAAA".to_owned(),
            },
        })
    }

    fn mark(parts: usize, calls: usize, what: Marked) -> Mark {
        Mark { parts, calls, what }
    }

    #[test]
    fn marks_have_their_stored_shape_and_come_back_from_it() {
        let phase = Some(MessagePhase::FinalAnswer);
        let marks = vec![
            mark(0, 0, thought("p/m")),
            mark(1, 2, Marked::Message { phase }),
            mark(1, 2, Marked::Message { phase: None }),
        ];
        let stored = json!([
            { "parts": 0, "calls": 0, "thought": { "text": "hm", "token": {
                "form": "openai_encrypted", "model": "p/m", "id": "rs_1", "content": "gAAA",
            } } },
            { "parts": 1, "calls": 2, "message": { "phase": "final_answer" } },
            { "parts": 1, "calls": 2, "message": {} },
        ]);
        assert_eq!(serde_json::to_value(&marks).unwrap(), stored);
        assert_eq!(serde_json::from_value::<Vec<Mark>>(stored).unwrap(), marks);
    }

    #[test]
    fn an_answer_is_told_in_its_order_wherever_its_marks_point() {
        let parts = [Part::Text("a".into()), Part::Text("b".into())];
        let calls = [call("1"), call("2")];
        let marks = [
            mark(1, 1, thought("p/m")),
            mark(0, 9, Marked::Message { phase: None }),
        ];
        let told: Vec<(usize, usize, bool)> = in_order(&parts, &calls, &marks)
            .map(|segment| {
                (
                    segment.parts.len(),
                    segment.calls.len(),
                    segment.then.is_some(),
                )
            })
            .collect();
        assert_eq!(told, [(1, 1, true), (0, 1, true), (1, 0, false)]);
    }

    #[test]
    fn the_thoughts_of_other_models_are_left_out_and_nothing_else() {
        let message = Marked::Message { phase: None };
        let mut said = Message::Assistant {
            parts: Vec::new(),
            reasoning: None,
            tool_calls: Vec::new(),
            name: None,
            marks: vec![
                mark(0, 0, thought("p/m")),
                mark(0, 0, thought("p/other")),
                mark(0, 0, message.clone()),
            ],
        };
        let own = "p/m".parse().unwrap();
        assert!(said.has_thoughts_but_of(&own));
        said.keep_thoughts_of(&own);
        assert!(!said.has_thoughts_but_of(&own));
        let left = [mark(0, 0, thought("p/m")), mark(0, 0, message)];
        assert_eq!(said.marks(), left);
    }

    #[test]
    fn a_place_counts_the_calls_that_are_left_before_it() {
        let mut calls = vec![call("1"), call("2"), call("3")];
        let mut places = [0, 1, 2, 3, 9];
        retain_calls(&mut calls, places.iter_mut(), |call| call.id != "1");
        assert_eq!(calls, [call("2"), call("3")]);
        assert_eq!(places, [0, 0, 1, 2, 2]);
    }
}
