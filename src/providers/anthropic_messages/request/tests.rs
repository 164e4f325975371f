use super::*;
use crate::chat::{Message, Sampling};
use crate::config::Compat;
use serde_json::json;
use serde_json::value::to_raw_value;

/// The body of a call of `model`, streamed, with `params` from the configuration.
fn streamed(model: &str, request: &ChatRequest, params: Value) -> Value {
    let params = params.as_object().expect("an object").clone();
    let call = ModelCall {
        context_window: None,
        reasons: None,
        model,
        max_tokens: None,
        params: &params,
        compat: Compat::default(),
        request,
        notes: &crate::chat::Notes::default(),
    };
    let body = body(&call, Delivery::Streamed).expect("it can be carried");
    serde_json::from_slice(&body).unwrap()
}

fn asking() -> ChatRequest {
    ChatRequest {
        messages: vec![Message::user("hi")],
        ..ChatRequest::default()
    }
}

fn tool(name: &str, parameters: Option<Value>) -> Tool {
    Tool {
        name: name.into(),
        description: None,
        parameters: parameters.map(|schema| to_raw_value(&schema).unwrap()),
        strict: Some(true),
    }
}

#[test]
fn a_full_request_is_written_with_its_cache_breakpoints() {
    let request = ChatRequest {
        system: SystemPrompt {
            stable: "You are a cat.".into(),
            varying: "It is Monday.".into(),
        },
        tools: vec![
            tool("purr", None),
            Tool {
                description: Some("Catches a mouse.".into()),
                ..tool(
                    "catch",
                    Some(json!({ "type": "object", "properties": { "n": { "type": "integer" } } })),
                )
            },
        ],
        tool_choice: ToolChoice::Function("catch".into()),
        parallel_tool_calls: Some(false),
        sampling: Sampling {
            max_tokens: Some(1024),
            temperature: Some(1.5),
            top_p: Some(0.9),
            seed: Some(7),
            stop: vec!["\n\nHuman:".into(), "\n".into()],
            ..Sampling::default()
        },
        user: Some("u-1".into()),
        ..asking()
    };
    let wanted = json!({
        "model": "claude-sonnet-4-5-20250929",
        "max_tokens": 1024,
        "system": [
            { "type": "text", "text": "You are a cat.", "cache_control": { "type": "ephemeral" } },
            { "type": "text", "text": "It is Monday." },
        ],
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": "hi" }] }],
        "tools": [
            { "name": "purr", "input_schema": { "type": "object" } },
            {
                "name": "catch",
                "description": "Catches a mouse.",
                "input_schema": { "type": "object", "properties": { "n": { "type": "integer" } } },
                "cache_control": { "type": "ephemeral" },
            },
        ],
        "tool_choice": { "type": "tool", "name": "catch", "disable_parallel_tool_use": true },
        "temperature": 1.0,
        "stop_sequences": ["\n\nHuman:"],
        "metadata": { "user_id": "u-1" },
        "stream": true,
        "top_k": 5,
    });
    let params = json!({ "top_k": 5, "max_tokens": 1, "temperature": 0.1 });
    let body = streamed("claude-sonnet-4-5-20250929", &request, params);
    assert_eq!(body, wanted);
}

#[test]
fn a_plain_request_holds_nothing_but_what_it_needs() {
    let wanted = json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 8192,
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": "hi" }] }],
        "stream": true,
    });
    assert_eq!(streamed("claude-sonnet-4-5", &asking(), json!({})), wanted);
}

#[test]
fn a_prompt_that_only_varies_has_no_breakpoint() {
    let request = ChatRequest {
        system: SystemPrompt {
            stable: "".into(),
            varying: "It is Monday.".into(),
        },
        ..asking()
    };
    assert_eq!(
        streamed("claude-sonnet-4-5", &request, json!({}))["system"],
        json!([{ "type": "text", "text": "It is Monday." }])
    );
}

#[test]
fn each_tool_choice_has_its_word() {
    let choice = |tool_choice, parallel_tool_calls| {
        let request = ChatRequest {
            tools: vec![tool("f", None)],
            tool_choice,
            parallel_tool_calls,
            ..asking()
        };
        streamed("claude-haiku-4-5", &request, json!({}))["tool_choice"].take()
    };
    assert_eq!(choice(ToolChoice::Auto, None), json!(null));
    assert_eq!(choice(ToolChoice::Auto, Some(true)), json!(null));
    assert_eq!(
        choice(ToolChoice::Auto, Some(false)),
        json!({ "type": "auto", "disable_parallel_tool_use": true })
    );
    assert_eq!(
        choice(ToolChoice::None, Some(false)),
        json!({ "type": "none" })
    );
    assert_eq!(choice(ToolChoice::Required, None), json!({ "type": "any" }));
}

#[test]
fn a_model_that_cannot_be_made_to_call_is_left_to_choose() {
    let request = ChatRequest {
        tools: vec![tool("f", None)],
        tool_choice: ToolChoice::Required,
        ..asking()
    };
    let body = streamed("claude-sonnet-5-5", &request, json!({}));
    assert_eq!(body["tool_choice"], json!(null));
}

#[test]
fn a_budget_takes_the_place_of_sampling() {
    let request = ChatRequest {
        reasoning_effort: Some("medium".into()),
        sampling: Sampling {
            temperature: Some(0.2),
            ..Sampling::default()
        },
        ..asking()
    };
    let wanted = json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 12288,
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": "hi" }] }],
        "thinking": { "type": "enabled", "budget_tokens": 4096 },
        "stream": true,
    });
    let body = streamed("claude-sonnet-4-5", &request, json!({ "top_p": 0.5 }));
    assert_eq!(body, wanted);
}

#[test]
fn a_newer_model_is_given_an_effort_and_no_sampling() {
    let request = ChatRequest {
        reasoning_effort: Some("xhigh".into()),
        sampling: Sampling {
            temperature: Some(0.2),
            ..Sampling::default()
        },
        ..asking()
    };
    let wanted = json!({
        "model": "claude-opus-5-5",
        "max_tokens": 32768,
        "messages": [{ "role": "user", "content": [{ "type": "text", "text": "hi" }] }],
        "thinking": { "type": "adaptive", "display": "summarized" },
        "output_config": { "effort": "xhigh" },
        "stream": true,
    });
    assert_eq!(streamed("claude-opus-5-5", &request, json!({})), wanted);
}

#[test]
fn configured_thinking_wins_over_the_callers_effort() {
    let request = ChatRequest {
        reasoning_effort: Some("high".into()),
        ..asking()
    };
    let params = json!({ "thinking": { "type": "disabled" }, "temperature": 0.3 });
    let body = streamed("claude-sonnet-4-5", &request, params);
    assert_eq!(body["thinking"], json!({ "type": "disabled" }));
    assert_eq!(body["temperature"], json!(0.3));
    assert_eq!(body["max_tokens"], json!(8192));
}

#[test]
fn a_schema_holds_the_answer_of_models_that_take_one() {
    let format = json!({
        "name": "point",
        "strict": true,
        "schema": { "type": "object", "properties": { "x": { "type": "number", "minimum": 0 } } },
    });
    let request = ChatRequest {
        format: ResponseFormat::JsonSchema(to_raw_value(&format).unwrap()),
        ..asking()
    };
    let params = json!({ "output_config": { "effort": "low", "format": null } });
    let body = streamed("claude-sonnet-4-5", &request, params);
    let wanted = json!({
        "format": { "type": "json_schema", "schema": {
            "type": "object",
            "properties": { "x": { "type": "number" } },
            "additionalProperties": false,
        } },
        "effort": "low",
    });
    assert_eq!(body["output_config"], wanted);
    let older = streamed("claude-3-7-sonnet-latest", &request, json!({}));
    assert_eq!(older["output_config"], json!(null));
}

#[test]
fn a_user_id_that_is_too_long_is_left_out() {
    let with_user = |chars| {
        let request = ChatRequest {
            user: Some("ü".repeat(chars)),
            ..asking()
        };
        let body = streamed("claude-sonnet-4-5", &request, json!({}));
        body.get("metadata").is_some()
    };
    assert!(with_user(256));
    assert!(!with_user(257));
}
