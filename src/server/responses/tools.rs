//! The caller's tools, and which of them the model may or must call. Pure.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::request::{ChosenTool, NamedTool, Tool as WireTool, ToolChoice as WireChoice};
use crate::chat::{Tool, ToolChoice};
use crate::server::error::ApiError;
use crate::server::tool_choice::{Chosen, mode, narrow, this_one};
use crate::server::tool_names::Names;

/// What a custom tool is offered with: a model calls it as a function of one string.
const CUSTOM_PARAMETERS: &str = r#"{"type":"object","properties":{"input":{"type":"string","description":"What the tool is given, as it is."}},"required":["input"],"additionalProperties":false}"#;

/// The tools of a request.
#[derive(Debug, Default)]
pub struct Tools {
    pub offered: Vec<Tool>,
    /// Names of those that the choice rules out.
    pub withheld: Vec<String>,
    /// Names of those that are custom.
    pub custom: Vec<String>,
    /// As the response echoes them.
    pub echo: Vec<Echo>,
    /// Types of those that this program does not have.
    pub ignored: Vec<String>,
    names: Names,
}

/// A tool as the response tells it.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Echo {
    Function {
        name: String,
        description: Option<String>,
        parameters: Option<Box<RawValue>>,
        strict: Option<bool>,
    },
    Custom {
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        format: Option<Box<RawValue>>,
    },
}

/// # Errors
/// 400 for a tool without a name, for a name that another has, and for parameters that are no schema.
pub fn decode(tools: Option<Vec<WireTool>>) -> Result<Tools, ApiError> {
    let mut decoded = Tools::default();
    for (index, tool) in tools.unwrap_or_default().into_iter().enumerate() {
        let at = format!("tools[{index}]");
        match tool.kind.as_str() {
            "function" => decoded.function(tool, &at)?,
            "custom" => decoded.custom(tool, &at)?,
            _ => decoded.ignored.push(tool.kind),
        }
    }
    Ok(decoded)
}

impl Tools {
    fn function(&mut self, tool: WireTool, at: &str) -> Result<(), ApiError> {
        let is_object = |schema: &RawValue| schema.get().starts_with('{');
        if tool
            .parameters
            .as_deref()
            .is_some_and(|schema| !is_object(schema))
        {
            let param = format!("{at}.parameters");
            let message = format!("`{param}` must be an object: a JSON Schema");
            return Err(ApiError::invalid(param, message));
        }
        let name = self.name(tool.name, at)?;
        self.offered.push(Tool {
            name: name.clone(),
            description: tool.description.clone(),
            parameters: tool.parameters.clone(),
            strict: tool.strict,
        });
        self.echo.push(Echo::Function {
            name,
            description: tool.description,
            parameters: tool.parameters,
            strict: tool.strict,
        });
        Ok(())
    }

    fn custom(&mut self, tool: WireTool, at: &str) -> Result<(), ApiError> {
        let name = self.name(tool.name, at)?;
        let parameters = RawValue::from_string(CUSTOM_PARAMETERS.to_owned());
        self.offered.push(Tool {
            name: name.clone(),
            description: described(tool.description.as_deref(), tool.format.as_deref()),
            parameters: Some(parameters.expect("the constant is JSON")),
            strict: None,
        });
        self.custom.push(name.clone());
        self.echo.push(Echo::Custom {
            name,
            description: tool.description,
            format: tool.format,
        });
        Ok(())
    }

    fn name(&mut self, name: Option<String>, at: &str) -> Result<String, ApiError> {
        let at = format!("{at}.name");
        let name = name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| required(&at))?;
        self.names.take(&name, &at)?;
        Ok(name)
    }
}

/// The description of a custom tool. No provider is asked to hold a model to a grammar: it is told of it.
fn described(description: Option<&str>, format: Option<&RawValue>) -> Option<String> {
    #[derive(Deserialize)]
    struct Grammar {
        syntax: String,
        definition: String,
    }
    let grammar = format.and_then(|format| serde_json::from_str::<Grammar>(format.get()).ok());
    let rule = grammar.map(|grammar| {
        let Grammar { syntax, definition } = grammar;
        format!("`input` must be a text of this {syntax} grammar:\n{definition}")
    });
    let texts: Vec<String> = description
        .map(str::to_owned)
        .into_iter()
        .chain(rule)
        .collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// The choice as the response echoes it.
pub type ChoiceEcho = Box<RawValue>;

/// Leaves in `tools` what may be called, and says which of it must be.
///
/// # Errors
/// 400 for a choice that names no tool of the request, or means nothing.
pub fn choose(
    tools: &mut Tools,
    choice: Option<WireChoice>,
) -> Result<(ToolChoice, ChoiceEcho), ApiError> {
    let offered = std::mem::take(&mut tools.offered);
    let (chosen, echo) = match choice {
        None => (Chosen::among(offered, ToolChoice::Auto), raw(&"auto")),
        Some(WireChoice::Mode(word)) => {
            let choice = mode(&word, &offered, "tool_choice")?;
            (Chosen::among(offered, choice), raw(&word))
        }
        Some(WireChoice::Chosen(chosen)) => object(offered, chosen, &tools.ignored)?,
    };
    tools.offered = chosen.offered;
    tools.withheld = chosen.withheld;
    Ok((chosen.choice, echo))
}

fn object(
    tools: Vec<Tool>,
    chosen: ChosenTool,
    ignored: &[String],
) -> Result<(Chosen, ChoiceEcho), ApiError> {
    match chosen.kind.as_str() {
        "function" | "custom" => {
            let name = chosen.name.ok_or_else(|| required("tool_choice.name"))?;
            let choice = this_one(name.clone(), &tools, "tool_choice.name")?;
            let echo = raw(&Named {
                kind: &chosen.kind,
                name: &name,
            });
            Ok((Chosen::among(tools, choice), echo))
        }
        "allowed_tools" => allowed(tools, chosen, ignored),
        _ => {
            let message = "`tool_choice.type` must be `function`, `custom` or `allowed_tools`: the model cannot be made \
                to call what is not here";
            Err(ApiError::invalid("tool_choice.type", message))
        }
    }
}

/// The tools that are allowed, and whether one must be called. Those of types that are left out do not count.
fn allowed(
    tools: Vec<Tool>,
    chosen: ChosenTool,
    ignored: &[String],
) -> Result<(Chosen, ChoiceEcho), ApiError> {
    let mode = chosen.mode.unwrap_or_else(|| "auto".to_owned());
    let (mut names, mut named) = (Vec::new(), Vec::new());
    for (index, tool) in chosen.tools.unwrap_or_default().into_iter().enumerate() {
        let NamedTool { kind, name } = tool;
        if ignored.contains(&kind) {
            continue;
        }
        let param = format!("tool_choice.tools[{index}].name");
        let name = name.ok_or_else(|| required(&param))?;
        this_one(name.clone(), &tools, &param)?;
        names.push(name.clone());
        named.push((kind, name));
    }
    let listed = named.iter().map(|(kind, name)| Named { kind, name });
    let echo = raw(&Allowed {
        kind: "allowed_tools",
        mode: &mode,
        tools: listed.collect(),
    });
    if mode == "none" {
        return Ok((Chosen::among(tools, ToolChoice::None), echo));
    }
    Ok((narrow(tools, &names, &mode, "tool_choice")?, echo))
}

#[derive(Serialize)]
struct Named<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Allowed<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    mode: &'a str,
    tools: Vec<Named<'a>>,
}

fn raw(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).expect("strings serialize")
}

fn required(param: &str) -> ApiError {
    ApiError::invalid(param, format!("`{param}` is required"))
}
