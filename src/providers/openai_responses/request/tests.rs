use super::*;
use crate::chat::{Message, SystemPrompt};
use crate::config::Compat;
use serde_json::{Value, json};

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).unwrap()
}

fn wire(request: &ChatRequest, params: &Value) -> Value {
    let call = ModelCall {
        model: "gpt-5.4",
        max_tokens: Some(1000),
        context_window: None,
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
        messages: vec![Message::user("Hello!")],
        ..request
    }
}

fn tool(name: &str, parameters: Option<Box<RawValue>>, strict: Option<bool>) -> Tool {
    Tool {
        name: name.into(),
        description: None,
        parameters,
        strict,
    }
}

#[test]
fn the_system_prompt_is_the_instructions_and_nothing_is_stored() {
    let request = asked(ChatRequest {
        system: SystemPrompt {
            stable: "You are a helpful assistant.".into(),
            varying: "channel=webchat".into(),
        },
        sampling: Sampling {
            store: Some(true),
            ..Sampling::default()
        },
        ..ChatRequest::default()
    });
    let params = json!({ "store": true, "truncation": "auto" });
    let call = ModelCall {
        model: "gpt-5.4",
        max_tokens: None,
        context_window: None,
        reasons: None,
        params: params.as_object().unwrap(),
        compat: Compat::default(),
        request: &request,
        notes: &crate::chat::Notes::default(),
    };
    let wire: Value = serde_json::from_slice(&body(&call, Delivery::Streamed)).unwrap();
    assert_eq!(
        wire,
        json!({
            "model": "gpt-5.4",
            "input": [{ "type": "message", "role": "user", "content": "Hello!" }],
            "instructions": "You are a helpful assistant.\n\nchannel=webchat",
            "store": false,
            "stream": true,
            "truncation": "auto",
        })
    );
}

#[test]
fn every_field_that_the_dialect_knows_is_sent_under_its_name() {
    let request = asked(ChatRequest {
        parallel_tool_calls: Some(false),
        tools: vec![tool("f", None, None)],
        reasoning_effort: Some("high".into()),
        user: Some("alice".into()),
        sampling: Sampling {
            max_tokens: Some(2000),
            temperature: Some(0.5),
            top_p: Some(0.9),
            logprobs: Some(true),
            top_logprobs: Some(2),
            metadata: Some(raw(&json!({ "topic": "demo" }))),
            service_tier: Some("flex".into()),
            prompt_cache_key: Some("k".into()),
            seed: Some(1),
            stop: vec!["x".into()],
            frequency_penalty: Some(1.0),
            ..Sampling::default()
        },
        ..ChatRequest::default()
    });
    assert_eq!(
        wire(&request, &json!({ "temperature": 0.1 })),
        json!({
            "model": "gpt-5.4",
            "input": [{ "type": "message", "role": "user", "content": "Hello!" }],
            "tools": [{ "type": "function", "name": "f", "parameters": { "type": "object", "properties": {} }, "strict": false }],
            "parallel_tool_calls": false,
            "max_output_tokens": 1000,
            "temperature": 0.5,
            "top_p": 0.9,
            "top_logprobs": 2,
            "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
            "metadata": { "topic": "demo" },
            "service_tier": "flex",
            "prompt_cache_key": "k",
            "reasoning": { "effort": "high", "summary": "auto" },
            "user": "alice",
            "store": false,
        })
    );
}

#[test]
fn tools_are_flat_and_strict_only_where_they_say_so() {
    let schema = json!({ "type": "object", "properties": { "location": { "type": "string" } } });
    let tools = vec![
        tool("get_weather", Some(raw(&schema)), Some(true)),
        tool("loose", Some(raw(&schema)), None),
    ];
    let choose = |tool_choice| {
        let request = asked(ChatRequest {
            tools: tools.clone(),
            tool_choice,
            ..ChatRequest::default()
        });
        let wire = wire(&request, &json!({}));
        (wire["tools"].clone(), wire["tool_choice"].clone())
    };
    let named = choose(ToolChoice::Function("get_weather".into()));
    assert_eq!(
        named,
        (
            json!([
                { "type": "function", "name": "get_weather", "parameters": schema, "strict": true },
                { "type": "function", "name": "loose", "parameters": schema, "strict": false },
            ]),
            json!({ "type": "function", "name": "get_weather" })
        )
    );
    assert_eq!(choose(ToolChoice::Auto).1, Value::Null);
    assert_eq!(choose(ToolChoice::None).1, json!("none"));
    assert_eq!(choose(ToolChoice::Required).1, json!("required"));
}

#[test]
fn a_schema_stands_beside_the_type_of_the_format() {
    let schema = json!({ "type": "object", "properties": { "age": { "type": "integer" } } });
    let text = |format| {
        let request = asked(ChatRequest {
            format,
            ..ChatRequest::default()
        });
        wire(&request, &json!({}))["text"].clone()
    };
    let named = json!({ "name": "person", "strict": true, "schema": schema });
    assert_eq!(
        text(ResponseFormat::JsonSchema(raw(&named))),
        json!({ "format": { "type": "json_schema", "name": "person", "schema": schema, "strict": true } })
    );
    assert_eq!(
        text(ResponseFormat::JsonObject),
        json!({ "format": { "type": "json_object" } })
    );
    assert_eq!(text(ResponseFormat::Text), Value::Null);
}

#[test]
fn a_model_that_shall_not_reason_is_not_asked_what_it_thinks() {
    let request = asked(ChatRequest {
        reasoning_effort: Some("none".into()),
        ..ChatRequest::default()
    });
    assert_eq!(
        wire(&request, &json!({}))["reasoning"],
        json!({ "effort": "none" })
    );
}

#[test]
fn verbosity_and_the_summary_are_asked_for_as_the_caller_does() {
    let request = asked(ChatRequest {
        verbosity: Some("low".into()),
        reasoning_summary: Some("detailed".into()),
        format: ResponseFormat::JsonObject,
        ..ChatRequest::default()
    });
    let wire = wire(&request, &json!({}));
    let wanted = json!({ "format": { "type": "json_object" }, "verbosity": "low" });
    assert_eq!(wire["text"], wanted);
    assert_eq!(wire["reasoning"], json!({ "summary": "detailed" }));
    assert_eq!(wire["include"], json!(["reasoning.encrypted_content"]));
}

#[test]
fn reasoning_is_asked_for_in_its_encrypted_form_where_the_model_is_known_to_reason() {
    let included = |effort: Option<&str>, reasons| {
        let request = asked(ChatRequest {
            reasoning_effort: effort.map(Into::into),
            ..ChatRequest::default()
        });
        let params = json!({ "include": ["file_search_call.results"] });
        let call = ModelCall {
            model: "m",
            max_tokens: None,
            context_window: None,
            reasons,
            params: params.as_object().unwrap(),
            compat: Compat::default(),
            request: &request,
            notes: &crate::chat::Notes::default(),
        };
        let wire: Value = serde_json::from_slice(&body(&call, Delivery::Whole)).unwrap();
        wire["include"][0] == "reasoning.encrypted_content"
            && wire["include"][1] == "file_search_call.results"
    };
    assert!(included(Some("low"), None));
    assert!(included(None, Some(true)));
    assert!(!included(Some("low"), Some(false)));
    assert!(!included(Some("none"), None));
    assert!(!included(None, None));
}
