//! The caller's tools, and which of them the model may or must call.

use super::request::{
    AllowedTools, ChosenTool, Function, FunctionChoice, Tool as WireTool, ToolChoice as WireChoice,
};
use crate::chat::{Tool, ToolChoice};
use crate::server::error::ApiError;
use crate::server::tool_choice::{Chosen, mode, narrow, this_one};
use crate::server::tool_names::Names;

/// # Errors
/// 400 for a tool that is no function, for one without a name, and for a name that another has.
pub fn decode(
    tools: Option<Vec<WireTool>>,
    functions: Option<Vec<Function>>,
) -> Result<Vec<Tool>, ApiError> {
    let mut names = Names::default();
    let tools = tools
        .unwrap_or_default()
        .into_iter()
        .enumerate()
        .map(|(index, tool)| {
            let at = format!("tools[{index}]");
            match (tool.kind.as_str(), tool.function) {
                ("function", Some(function)) => Ok((function, format!("{at}.function"))),
                ("function", None) => Err(required(&format!("{at}.function"))),
                _ => Err(ApiError::invalid(
                    format!("{at}.type"),
                    format!("`{at}.type` must be `function`"),
                )),
            }
        });
    let functions = functions.unwrap_or_default().into_iter().enumerate();
    let functions =
        functions.map(|(index, function)| Ok((function, format!("functions[{index}]"))));
    let tool = |given: Result<(Function, String), ApiError>| {
        let (function, at) = given?;
        self::function(function, &at, &mut names)
    };
    tools.chain(functions).map(tool).collect()
}

fn function(function: Function, at: &str, names: &mut Names) -> Result<Tool, ApiError> {
    if function.name.is_empty() {
        return Err(ApiError::invalid(
            format!("{at}.name"),
            format!("`{at}.name` must not be empty"),
        ));
    }
    names.take(&function.name, &format!("{at}.name"))?;
    if function
        .parameters
        .as_ref()
        .is_some_and(|schema| !schema.get().starts_with('{'))
    {
        let message = format!("`{at}.parameters` must be an object: a JSON Schema");
        return Err(ApiError::invalid(format!("{at}.parameters"), message));
    }
    Ok(Tool {
        name: function.name,
        description: function.description,
        parameters: function.parameters,
        strict: function.strict,
    })
}

/// What the choice leaves of the tools.
///
/// # Errors
/// 400 for a choice that names no tool of the request, or means nothing.
pub fn choose(
    tools: Vec<Tool>,
    choice: Option<WireChoice>,
    function_call: Option<FunctionChoice>,
) -> Result<Chosen, ApiError> {
    let choice = match (choice, function_call) {
        (Some(WireChoice::Mode(word)), _) => mode(&word, &tools, "tool_choice")?,
        (Some(WireChoice::Chosen(chosen)), _) => return object(tools, chosen),
        (None, Some(FunctionChoice::Mode(word))) => mode(&word, &tools, "function_call")?,
        (None, Some(FunctionChoice::Named(named))) => {
            this_one(named.name, &tools, "function_call.name")?
        }
        (None, None) => ToolChoice::Auto,
    };
    Ok(Chosen::among(tools, choice))
}

fn object(tools: Vec<Tool>, chosen: ChosenTool) -> Result<Chosen, ApiError> {
    match (chosen.kind.as_str(), chosen.function, chosen.allowed_tools) {
        ("function", Some(named), _) => {
            let choice = this_one(named.name, &tools, "tool_choice.function.name")?;
            Ok(Chosen::among(tools, choice))
        }
        ("function", None, _) => Err(required("tool_choice.function")),
        ("allowed_tools", _, Some(list)) => allowed(tools, list),
        ("allowed_tools", _, None) => Err(required("tool_choice.allowed_tools")),
        _ => Err(ApiError::invalid(
            "tool_choice.type",
            "`tool_choice.type` must be `function` or `allowed_tools`",
        )),
    }
}

/// The tools that are allowed, and whether one must be called.
fn allowed(tools: Vec<Tool>, allowed: AllowedTools) -> Result<Chosen, ApiError> {
    let at = "tool_choice.allowed_tools";
    let mut names = Vec::new();
    for (index, tool) in allowed.tools.unwrap_or_default().into_iter().enumerate() {
        let param = format!("{at}.tools[{index}].function");
        let named = tool.function.ok_or_else(|| required(&param))?;
        this_one(named.name.clone(), &tools, &format!("{param}.name"))?;
        names.push(named.name);
    }
    narrow(tools, &names, &allowed.mode, at)
}

fn required(param: &str) -> ApiError {
    ApiError::invalid(param, format!("`{param}` is required"))
}
