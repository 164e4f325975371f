//! What an answer must be when the caller insists: a call of a tool, or JSON of a schema. Pure.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::RunError;
use super::said::Said;
use super::schema::{Schema, Unusable};
use crate::chat::{ChatRequest, FinishReason, Message, ResponseFormat, ToolChoice};

/// The caller's conditions, compiled once for the run.
pub struct Constraint {
    tool: Wanted,
    /// Tools of the caller that must not be called.
    withheld: Vec<String>,
    json: Json,
}

enum Wanted {
    Nothing,
    /// A call of one of these.
    AnyOf(Vec<String>),
    /// No call at all.
    NoCall,
}

enum Json {
    Free,
    Object,
    Schema(Schema),
}

/// Why an answer is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet {
    ToolChoice(String),
    /// A call of this tool, which may not be called.
    ForbiddenCall(String),
    Schema(String),
}

/// OpenAI's `json_schema` object.
#[derive(Deserialize)]
struct Format {
    schema: Option<Value>,
    strict: Option<bool>,
}

impl Constraint {
    /// `None` where the caller insists on nothing. A schema that is not strict is the provider's to follow, as well as
    /// it can, wherever it knows schemas; `asked_in_prompt` says that this one does not.
    ///
    /// # Errors
    /// A schema that is none.
    pub fn of(request: &ChatRequest, asked_in_prompt: bool) -> Result<Option<Self>, RunError> {
        let tool = match &request.tool_choice {
            ToolChoice::Auto => Wanted::Nothing,
            ToolChoice::None => Wanted::NoCall,
            ToolChoice::Required => {
                Wanted::AnyOf(request.tools.iter().map(|tool| tool.name.clone()).collect())
            }
            ToolChoice::Function(name) => Wanted::AnyOf(vec![name.clone()]),
        };
        let json = match &request.format {
            ResponseFormat::JsonSchema(format) => schema(format, asked_in_prompt)?,
            ResponseFormat::JsonObject => Json::Object,
            ResponseFormat::Text => Json::Free,
        };
        let withheld = request.withheld_tools.clone();
        let free = matches!((&tool, &json), (Wanted::Nothing, Json::Free)) && withheld.is_empty();
        Ok((!free).then_some(Self {
            tool,
            withheld,
            json,
        }))
    }

    /// Whether nothing may be called, neither of the caller's tools nor of the house's.
    pub fn forbids_calls(&self) -> bool {
        matches!(self.tool, Wanted::NoCall)
    }

    /// Whether a tool of this name must not be called. A call of it never reaches the caller.
    pub fn forbids(&self, name: &str) -> bool {
        self.forbids_calls() || self.withheld.iter().any(|withheld| withheld == name)
    }

    /// Whether the text of the answer must be JSON, and nothing beside it.
    pub fn wants_json(&self) -> bool {
        !matches!(self.json, Json::Free)
    }

    /// Whether an answer that ended for `reason` is what was asked for. One that was cut short, filtered or refused is
    /// told as what it is, not as a failure to obey; a call that is forbidden is one all the same.
    pub fn check(&self, said: &Said, reason: FinishReason) -> Result<(), Unmet> {
        if let Some(call) = said.tool_calls.iter().find(|call| self.forbids(&call.name)) {
            return Err(Unmet::ForbiddenCall(call.name.clone()));
        }
        let cut_short = matches!(reason, FinishReason::Length | FinishReason::ContentFilter);
        if cut_short || !said.refusal.is_empty() {
            return Ok(());
        }
        if let Wanted::AnyOf(names) = &self.tool
            && !said
                .tool_calls
                .iter()
                .any(|call| names.contains(&call.name))
        {
            return Err(Unmet::ToolChoice(names.join(", ")));
        }
        if said.tool_calls.is_empty() {
            self.json.check(&said.text).map_err(Unmet::Schema)?;
        }
        Ok(())
    }
}

impl Json {
    fn check(&self, text: &str) -> Result<(), String> {
        let value = |text| {
            serde_json::from_str::<Value>(text).map_err(|error| format!("it is no JSON: {error}"))
        };
        match self {
            Self::Free => Ok(()),
            Self::Object if value(text)?.is_object() => Ok(()),
            Self::Object => Err("it is no JSON object".to_owned()),
            Self::Schema(schema) => schema.check(&value(text)?),
        }
    }
}

fn schema(format: &RawValue, asked_in_prompt: bool) -> Result<Json, RunError> {
    let invalid = |message: String| RunError::Invalid {
        param: Some("response_format.json_schema".to_owned()),
        message,
    };
    let format: Format = serde_json::from_str(format.get()).map_err(|error| {
        invalid(format!(
            "`response_format.json_schema` is not what it should be: {error}"
        ))
    })?;
    let Some(schema) = format.schema else {
        return Ok(Json::Free);
    };
    let is_strict = format.strict == Some(true);
    match Schema::of(&schema) {
        Ok(schema) if is_strict || asked_in_prompt => Ok(Json::Schema(schema)),
        Ok(_) => Ok(Json::Free),
        // Nobody insists.
        Err(Unusable::Beyond(_)) if !is_strict => Ok(Json::Free),
        Err(Unusable::Beyond(message)) => Err(invalid(format!(
            "`response_format.json_schema.schema` cannot be enforced: {message}"
        ))),
        Err(Unusable::Wrong(message)) => Err(invalid(format!(
            "`response_format.json_schema.schema` is no JSON Schema: {message}"
        ))),
    }
}

impl Unmet {
    /// What the model is told before its one other try.
    pub fn advice(&self) -> Message {
        Message::user(match self {
            Self::ToolChoice(names) => {
                format!("You must answer with a call of one of these tools, and no text: {names}.")
            }
            Self::ForbiddenCall(name) => format!(
                "The tool `{name}` may not be called now. Answer again, without a call of it."
            ),
            Self::Schema(reason) => format!(
                "Your answer does not have the required form: {reason}. Answer again, with the corrected JSON and nothing else."
            ),
        })
    }
}

/// What the prompt says where a model knows no schemas itself; `None` where nothing need be said.
pub fn instruction(format: &ResponseFormat) -> Option<String> {
    match format {
        ResponseFormat::Text => None,
        ResponseFormat::JsonObject => Some(
            "Answer with one JSON object and nothing else: no other text, no code fence."
                .to_owned(),
        ),
        ResponseFormat::JsonSchema(format) => {
            let format: Format = serde_json::from_str(format.get()).ok()?;
            Some(format!(
                "Answer with one JSON value and nothing else: no other text, no code fence. It must match this JSON Schema:\n{}",
                format.schema?
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Tool, ToolCall};
    use serde_json::json;

    fn schema_request(strict: bool) -> ChatRequest {
        let format = json!({
            "name": "x", "strict": strict,
            "schema": { "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] },
        });
        let format = RawValue::from_string(format.to_string()).unwrap();
        ChatRequest {
            format: ResponseFormat::JsonSchema(format),
            ..ChatRequest::default()
        }
    }

    fn text(text: &str) -> Said {
        Said {
            text: text.into(),
            ..Said::default()
        }
    }

    #[test]
    fn a_strict_schema_is_checked_and_the_place_of_the_fault_is_told() {
        let constraint = Constraint::of(&schema_request(true), false)
            .unwrap()
            .unwrap();
        assert_eq!(
            constraint.check(&text(r#"{"n":1}"#), FinishReason::Stop),
            Ok(())
        );
        assert_eq!(
            constraint.check(&text(r#"{"n":"x"}"#), FinishReason::Stop),
            Err(Unmet::Schema(
                "at /n: \"x\" is not of type \"integer\"".into()
            ))
        );
        assert!(matches!(
            constraint.check(&text("hi"), FinishReason::Stop),
            Err(Unmet::Schema(_))
        ));
    }

    #[test]
    fn an_answer_that_was_cut_short_or_refused_is_told_as_what_it_is() {
        let constraint = Constraint::of(&schema_request(true), false)
            .unwrap()
            .unwrap();
        assert_eq!(
            constraint.check(&text(r#"{"n"#), FinishReason::Length),
            Ok(())
        );
        let refused = Said {
            refusal: "no".into(),
            ..Said::default()
        };
        assert_eq!(constraint.check(&refused, FinishReason::Stop), Ok(()));
    }

    #[test]
    fn a_loose_schema_is_checked_only_where_it_was_asked_for_in_the_prompt() {
        assert!(
            Constraint::of(&schema_request(false), false)
                .unwrap()
                .is_none()
        );
        assert!(
            Constraint::of(&schema_request(false), true)
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn a_call_that_is_ruled_out_is_unmet_however_the_answer_ended() {
        let call = Said {
            tool_calls: vec![ToolCall {
                id: "1".into(),
                name: "g".into(),
                arguments: "{}".into(),
            }],
            ..Said::default()
        };
        let none = ChatRequest {
            tool_choice: ToolChoice::None,
            ..ChatRequest::default()
        };
        let withheld = ChatRequest {
            withheld_tools: vec!["g".into()],
            ..ChatRequest::default()
        };
        for request in [none, withheld] {
            let constraint = Constraint::of(&request, false).unwrap().unwrap();
            for reason in [FinishReason::ToolCalls, FinishReason::Length] {
                let unmet = Err(Unmet::ForbiddenCall("g".into()));
                assert_eq!(constraint.check(&call, reason), unmet);
            }
            assert_eq!(constraint.check(&text("hi"), FinishReason::Stop), Ok(()));
        }
    }

    #[test]
    fn a_required_call_must_be_of_a_tool_on_offer() {
        let tool = |name: &str| Tool {
            name: name.into(),
            description: None,
            parameters: None,
            strict: None,
        };
        let request = ChatRequest {
            tools: vec![tool("f"), tool("g")],
            tool_choice: ToolChoice::Required,
            ..ChatRequest::default()
        };
        let constraint = Constraint::of(&request, false).unwrap().unwrap();
        let call = |name: &str| Said {
            tool_calls: vec![ToolCall {
                id: "1".into(),
                name: name.into(),
                arguments: "{}".into(),
            }],
            ..Said::default()
        };
        assert_eq!(
            constraint.check(&call("g"), FinishReason::ToolCalls),
            Ok(())
        );
        let unmet = Err(Unmet::ToolChoice("f, g".into()));
        assert_eq!(constraint.check(&call("h"), FinishReason::ToolCalls), unmet);
        assert_eq!(constraint.check(&text("hi"), FinishReason::Stop), unmet);
    }
}
