//! The caller's tools, and which of them the model may or must call.

use super::request::{
    AllowedTools, ChosenTool, Function, FunctionChoice, Tool as WireTool, ToolChoice as WireChoice,
};
use crate::chat::{Tool, ToolChoice};
use crate::server::error::ApiError;

/// # Errors
/// 400 for a tool that is no function, and for one without a name.
pub fn decode(
    tools: Option<Vec<WireTool>>,
    functions: Option<Vec<Function>>,
) -> Result<Vec<Tool>, ApiError> {
    let tools = tools
        .unwrap_or_default()
        .into_iter()
        .enumerate()
        .map(|(index, tool)| {
            let at = format!("tools[{index}]");
            match (tool.kind.as_str(), tool.function) {
                ("function", Some(function)) => self::function(function, &format!("{at}.function")),
                ("function", None) => Err(required(&format!("{at}.function"))),
                _ => Err(ApiError::invalid(
                    format!("{at}.type"),
                    format!("`{at}.type` must be `function`"),
                )),
            }
        });
    let functions = functions.unwrap_or_default().into_iter().enumerate();
    let functions =
        functions.map(|(index, function)| self::function(function, &format!("functions[{index}]")));
    tools.chain(functions).collect()
}

fn function(function: Function, at: &str) -> Result<Tool, ApiError> {
    if function.name.is_empty() {
        return Err(ApiError::invalid(
            format!("{at}.name"),
            format!("`{at}.name` must not be empty"),
        ));
    }
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

/// The tools that are left after the choice, and the choice.
///
/// # Errors
/// 400 for a choice that names no tool of the request, or means nothing.
pub fn choose(
    tools: Vec<Tool>,
    choice: Option<WireChoice>,
    function_call: Option<FunctionChoice>,
) -> Result<(Vec<Tool>, ToolChoice), ApiError> {
    let choice = match (choice, function_call) {
        (Some(WireChoice::Mode(word)), _) => mode(&word, &tools, "tool_choice")?,
        (Some(WireChoice::Chosen(chosen)), _) => return object(tools, chosen),
        (None, Some(FunctionChoice::Mode(word))) => mode(&word, &tools, "function_call")?,
        (None, Some(FunctionChoice::Named(named))) => {
            this_one(named.name, &tools, "function_call.name")?
        }
        (None, None) => ToolChoice::Auto,
    };
    Ok((tools, choice))
}

fn mode(word: &str, tools: &[Tool], param: &str) -> Result<ToolChoice, ApiError> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" if tools.is_empty() => Err(ApiError::invalid(
            param,
            format!("`{param}` is `required`, but there are no `tools`"),
        )),
        "required" => Ok(ToolChoice::Required),
        _ => Err(ApiError::invalid(
            param,
            format!("`{param}` must be `auto`, `none`, `required` or an object"),
        )),
    }
}

fn this_one(name: String, tools: &[Tool], param: &str) -> Result<ToolChoice, ApiError> {
    if tools.iter().any(|tool| tool.name == name) {
        return Ok(ToolChoice::Function(name));
    }
    Err(ApiError::invalid(
        param,
        format!("`{param}` names no tool of this request"),
    ))
}

fn object(tools: Vec<Tool>, chosen: ChosenTool) -> Result<(Vec<Tool>, ToolChoice), ApiError> {
    match (chosen.kind.as_str(), chosen.function, chosen.allowed_tools) {
        ("function", Some(named), _) => {
            let choice = this_one(named.name, &tools, "tool_choice.function.name")?;
            Ok((tools, choice))
        }
        ("function", None, _) => Err(required("tool_choice.function")),
        ("allowed_tools", _, Some(allowed)) => narrow(tools, allowed),
        ("allowed_tools", _, None) => Err(required("tool_choice.allowed_tools")),
        _ => Err(ApiError::invalid(
            "tool_choice.type",
            "`tool_choice.type` must be `function` or `allowed_tools`",
        )),
    }
}

/// Leaves only the tools that are allowed.
fn narrow(
    mut tools: Vec<Tool>,
    allowed: AllowedTools,
) -> Result<(Vec<Tool>, ToolChoice), ApiError> {
    let at = "tool_choice.allowed_tools";
    let list = allowed.tools.unwrap_or_default();
    if list.is_empty() {
        return Err(ApiError::invalid(
            format!("{at}.tools"),
            format!("`{at}.tools` must list at least one tool"),
        ));
    }
    let mut names = Vec::with_capacity(list.len());
    for (index, tool) in list.into_iter().enumerate() {
        let param = format!("{at}.tools[{index}].function");
        let named = tool.function.ok_or_else(|| required(&param))?;
        this_one(named.name.clone(), &tools, &format!("{param}.name"))?;
        names.push(named.name);
    }
    tools.retain(|tool| names.contains(&tool.name));
    let choice = match allowed.mode.as_str() {
        "auto" => ToolChoice::Auto,
        "required" => ToolChoice::Required,
        _ => {
            return Err(ApiError::invalid(
                format!("{at}.mode"),
                format!("`{at}.mode` must be `auto` or `required`"),
            ));
        }
    };
    Ok((tools, choice))
}

fn required(param: &str) -> ApiError {
    ApiError::invalid(param, format!("`{param}` is required"))
}
