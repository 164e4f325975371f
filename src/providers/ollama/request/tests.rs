use super::*;
use crate::chat::{ChatRequest, Message, Sampling};
use crate::config::Compat;
use serde_json::json;

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap()
}

fn wire(model: &str, request: &ChatRequest, params: &Value) -> Value {
    let call = ModelCall {
        model,
        max_tokens: Some(1000),
        context_window: Some(32768),
        reasons: None,
        params: params.as_object().unwrap(),
        compat: Compat::default(),
        request,
        notes: &crate::chat::Notes::default(),
    };
    serde_json::from_slice(&body(&call, Delivery::Whole)).unwrap()
}

fn asked(request: ChatRequest) -> ChatRequest {
    ChatRequest {
        messages: vec![Message::user("why is the sky blue?")],
        ..request
    }
}

fn weather() -> Tool {
    Tool {
        name: "get_current_weather".into(),
        description: Some("Get the current weather for a location".into()),
        parameters: Some(raw(
            &json!({ "type": "object", "properties": { "location": { "type": "string" } } }),
        )),
        strict: Some(true),
    }
}

#[test]
fn the_plainest_call_says_only_what_it_must() {
    let request = asked(ChatRequest::default());
    let call = ModelCall {
        model: "llama3.2",
        max_tokens: None,
        context_window: None,
        reasons: None,
        params: &Map::new(),
        compat: Compat::default(),
        request: &request,
        notes: &crate::chat::Notes::default(),
    };
    let wire: Value = serde_json::from_slice(&body(&call, Delivery::Streamed)).unwrap();
    assert_eq!(
        wire,
        json!({
            "model": "llama3.2",
            "messages": [{ "role": "user", "content": "why is the sky blue?" }],
            "stream": true,
        })
    );
}

#[test]
fn sampling_and_the_context_window_are_options_and_the_request_wins_over_parameters() {
    let request = asked(ChatRequest {
        sampling: Sampling {
            max_tokens: Some(2000),
            temperature: Some(0.5),
            top_p: Some(0.9),
            frequency_penalty: Some(1.0),
            presence_penalty: Some(1.5),
            seed: Some(42),
            stop: vec!["\n".into(), "user:".into()],
            logprobs: Some(true),
            top_logprobs: Some(2),
            ..Sampling::default()
        },
        ..ChatRequest::default()
    });
    let params = json!({
        "keep_alive": "10m",
        "temperature": 0.1,
        "min_p": 0.05,
        "options": { "top_k": 20, "seed": 7 },
        "stream": true,
    });
    assert_eq!(
        wire("llama3.2", &request, &params),
        json!({
            "model": "llama3.2",
            "messages": [{ "role": "user", "content": "why is the sky blue?" }],
            "logprobs": true,
            "top_logprobs": 2,
            "options": {
                "temperature": 0.5, "min_p": 0.05, "stream": true, "top_k": 20, "seed": 42,
                "num_predict": 1000, "top_p": 0.9, "frequency_penalty": 1.0,
                "presence_penalty": 1.5, "stop": ["\n", "user:"], "num_ctx": 32768,
            },
            "stream": false,
            "keep_alive": "10m",
        })
    );
}

#[test]
fn a_configured_num_ctx_wins_over_the_models_window() {
    let request = asked(ChatRequest::default());
    let own = wire("m", &request, &json!({ "num_ctx": 4096 }));
    assert_eq!(own["options"], json!({ "num_ctx": 4096 }));
    let inner = wire("m", &request, &json!({ "options": { "num_ctx": 8192 } }));
    assert_eq!(inner["options"], json!({ "num_ctx": 8192 }));
}

#[test]
fn a_schema_stands_alone_as_the_format() {
    let schema = json!({ "type": "object", "properties": { "age": { "type": "integer" } } });
    let format = |format| {
        let request = asked(ChatRequest {
            format,
            ..ChatRequest::default()
        });
        wire("m", &request, &json!({}))["format"].clone()
    };
    let named = json!({ "name": "person", "strict": true, "schema": schema });
    assert_eq!(format(ResponseFormat::JsonSchema(raw(&named))), schema);
    assert_eq!(format(ResponseFormat::JsonObject), json!("json"));
    assert_eq!(format(ResponseFormat::Text), Value::Null);
}

#[test]
fn effort_is_a_level_for_gpt_oss_and_a_switch_for_others() {
    let think = |model: &str, effort: &str| {
        let request = asked(ChatRequest {
            reasoning_effort: Some(effort.into()),
            ..ChatRequest::default()
        });
        wire(model, &request, &json!({ "think": "high" }))["think"].clone()
    };
    assert_eq!(think("qwen3:8b", "low"), json!(true));
    assert_eq!(think("qwen3:8b", "none"), json!(false));
    assert_eq!(think("gpt-oss:20b", "minimal"), json!("low"));
    assert_eq!(think("gpt-oss:20b", "medium"), json!("medium"));
    assert_eq!(think("gpt-oss:20b", "xhigh"), json!("high"));
}

#[test]
fn only_tools_that_may_be_called_are_offered() {
    let clock = Tool {
        name: "get_time".into(),
        description: None,
        parameters: None,
        strict: None,
    };
    let tools = |tool_choice| {
        let request = asked(ChatRequest {
            tools: vec![weather(), clock.clone()],
            tool_choice,
            ..ChatRequest::default()
        });
        wire("m", &request, &json!({}))["tools"].clone()
    };
    let weather = json!({
        "type": "function",
        "function": {
            "name": "get_current_weather",
            "description": "Get the current weather for a location",
            "parameters": { "type": "object", "properties": { "location": { "type": "string" } } },
        },
    });
    let clock = json!({
        "type": "function",
        "function": { "name": "get_time", "parameters": { "type": "object", "properties": {} } },
    });
    assert_eq!(tools(ToolChoice::Auto), json!([weather, clock]));
    assert_eq!(tools(ToolChoice::Required), json!([weather, clock]));
    assert_eq!(
        tools(ToolChoice::Function("get_time".into())),
        json!([clock])
    );
    assert_eq!(tools(ToolChoice::None), Value::Null);
}
