use super::*;
use crate::chat::{Delivery, Message, Sampling, SystemPrompt};
use crate::config::Compat;
use serde_json::value::to_raw_value;

fn written(model: &str, request: &ChatRequest, params: Value) -> Value {
    let params = params.as_object().expect("an object").clone();
    let call = ModelCall {
        context_window: None,
        reasons: None,
        model,
        max_tokens: Some(8192),
        params: &params,
        compat: Compat::default(),
        request,
        notes: &crate::chat::Notes::default(),
    };
    serde_json::from_slice(&body(&call)).unwrap()
}

fn asking() -> ChatRequest {
    ChatRequest {
        messages: vec![Message::user("hi")],
        delivery: Delivery::Streamed,
        ..ChatRequest::default()
    }
}

fn tool() -> Tool {
    Tool {
        name: "get_weather".into(),
        description: Some("Tells the weather.".into()),
        parameters: Some(to_raw_value(&json!({ "type": "object" })).unwrap()),
        strict: Some(true),
    }
}

#[test]
fn a_full_request_is_written_under_the_names_of_the_dialect() {
    let request = ChatRequest {
        system: SystemPrompt {
            stable: "You are a cat.".into(),
            varying: "It is Monday.".into(),
        },
        tools: vec![
            tool(),
            Tool {
                name: "now".into(),
                description: None,
                parameters: None,
                strict: None,
            },
        ],
        tool_choice: ToolChoice::Function("now".into()),
        sampling: Sampling {
            max_tokens: Some(10_000),
            temperature: Some(0.5),
            top_p: Some(0.9),
            frequency_penalty: Some(0.25),
            presence_penalty: Some(-0.25),
            seed: Some(7),
            stop: vec!["END".into()],
            logprobs: Some(true),
            top_logprobs: Some(3),
            ..Sampling::default()
        },
        reasoning_effort: Some("medium".into()),
        user: Some("u".into()),
        ..asking()
    };
    let wanted = json!({
        "systemInstruction": { "parts": [{ "text": "You are a cat.\n\nIt is Monday." }] },
        "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }],
        "tools": [{ "functionDeclarations": [
            { "name": "get_weather", "description": "Tells the weather.", "parametersJsonSchema": { "type": "object" } },
            { "name": "now", "description": "" },
        ] }],
        "toolConfig": { "functionCallingConfig": { "mode": "ANY", "allowedFunctionNames": ["now"] } },
        "generationConfig": {
            "maxOutputTokens": 8192,
            "temperature": 0.5,
            "topP": 0.9,
            "frequencyPenalty": 0.25,
            "presencePenalty": -0.25,
            "seed": 7,
            "stopSequences": ["END"],
            "responseLogprobs": true,
            "logprobs": 3,
            "thinkingConfig": { "thinkingLevel": "medium", "includeThoughts": true },
        },
    });
    assert_eq!(written("gemini-3.8-flash", &request, json!({})), wanted);
}

#[test]
fn a_plain_request_is_its_contents() {
    let wanted = json!({ "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }] });
    assert_eq!(written("gemini-3.8-flash", &asking(), json!({})), wanted);
}

#[test]
fn configured_parameters_join_where_they_belong_and_the_callers_own_win() {
    let request = ChatRequest {
        sampling: Sampling {
            temperature: Some(0.5),
            ..Sampling::default()
        },
        reasoning_effort: Some("high".into()),
        ..asking()
    };
    let params = json!({
        "temperature": 0.1,
        "top_k": 20,
        "safetySettings": [],
        "contents": [],
        "generationConfig": { "topP": 0.8, "thinkingConfig": { "thinkingBudget": 0 } },
    });
    let wanted = json!({
        "contents": [{ "role": "user", "parts": [{ "text": "hi" }] }],
        "generationConfig": {
            "temperature": 0.5,
            "topP": 0.8,
            "thinkingConfig": { "thinkingBudget": 0 },
            "topK": 20,
        },
        "safetySettings": [],
    });
    assert_eq!(written("gemini-2.5-flash", &request, params), wanted);
}

#[test]
fn what_a_model_lacks_is_left_out() {
    let request = ChatRequest {
        sampling: Sampling {
            frequency_penalty: Some(1.0),
            presence_penalty: Some(1.0),
            seed: Some(i64::MAX),
            logprobs: Some(false),
            top_logprobs: Some(3),
            ..Sampling::default()
        },
        ..asking()
    };
    let body = written("gemini-2.5-flash", &request, json!({}));
    assert_eq!(body.get("generationConfig"), None);
}

#[test]
fn each_tool_choice_has_its_mode() {
    let config = |tool_choice| {
        let request = ChatRequest {
            tools: vec![tool()],
            tool_choice,
            ..asking()
        };
        written("gemini-2.5-flash", &request, json!({}))["toolConfig"].take()
    };
    let mode = |mode| json!({ "functionCallingConfig": { "mode": mode } });
    assert_eq!(config(ToolChoice::Auto), json!(null));
    assert_eq!(config(ToolChoice::None), mode("NONE"));
    assert_eq!(config(ToolChoice::Required), mode("ANY"));
}

#[test]
fn an_answer_in_json_is_asked_for_with_its_schema() {
    let schema = json!({ "type": "object", "properties": { "x": { "type": "number" } } });
    let format = json!({ "name": "point", "schema": schema });
    let request = ChatRequest {
        format: ResponseFormat::JsonSchema(to_raw_value(&format).unwrap()),
        ..asking()
    };
    let config = |model, request| written(model, request, json!({}))["generationConfig"].take();
    let wanted = json!({ "responseMimeType": "application/json", "responseJsonSchema": schema });
    assert_eq!(config("gemini-2.5-flash", &request), wanted);

    let object = ChatRequest {
        format: ResponseFormat::JsonObject,
        ..asking()
    };
    let wanted_object = json!({ "responseMimeType": "application/json" });
    assert_eq!(config("gemini-2.5-flash", &object), wanted_object);

    let with_tools = ChatRequest {
        tools: vec![tool()],
        ..request.clone()
    };
    assert_eq!(config("gemini-2.5-flash", &with_tools), json!(null));
    assert_eq!(config("gemini-3.8-flash", &with_tools), wanted);
}
