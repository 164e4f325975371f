//! `GET /openapi.json`: what this server takes and answers, as OpenAPI 3.1. Open to anyone; it says nothing of how this
//! server is configured. The tests hold it against the route table.

pub(super) mod operations;
mod schemas;

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::{Map, Value, json};

use self::operations::{OPERATIONS, Operation, Success};
use super::State;
use super::endpoint::{self, Route};
use super::reply;

/// The document is made once, for all requests.
pub fn route(state: &State) -> Route {
    let bytes = serde_json::to_vec(&document()).expect("plain data serializes");
    let document = Bytes::from(bytes);
    endpoint::open(state, "/openapi.json", move |_, _| {
        reply::json_bytes(StatusCode::OK, document.clone())
    })
}

/// The whole description.
pub fn document() -> Value {
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = described(operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "openclaw",
            "description": "An OpenAI-compatible gateway for agents. What is below /v1 is off unless it is switched on; a route that is off answers 404 with the switch to set.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }],
        "tags": [
            { "name": "chat" },
            { "name": "responses" },
            { "name": "embeddings" },
            { "name": "models" },
            { "name": "operation" },
        ],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The gateway's token, or its password, whichever `gateway.auth.mode` asks for. In mode \"none\" and behind a trusted proxy none is needed.",
                },
            },
            "parameters": parameters(),
            "headers": headers(),
            "responses": errors(),
            "schemas": schemas::all(),
        },
    })
}

fn described(operation: &Operation) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "security": [],
        "responses": responses(operation),
    });
    if let Some(scope) = operation.scope {
        described["description"] = json!(format!("Needs the scope `{scope}`."));
        described["security"] = json!([{ "bearer": [] }]);
    }
    let parameters: Vec<Value> = operation
        .parameters
        .iter()
        .map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }))
        .collect();
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if let Some(schema) = operation.body {
        described["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": of(schema) } },
        });
    }
    described
}

fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    for success in operation.answers {
        let Success {
            status,
            description,
            content,
            links,
        } = success;
        let mut answer =
            json!({ "description": description, "headers": answer_headers(operation) });
        for (kind, schema) in *content {
            answer["content"][kind] = json!({ "schema": of(schema) });
        }
        for (operation, id) in *links {
            let parameters = json!({ "id": format!("$response.body#{id}") });
            answer["links"][operation] =
                json!({ "operationId": operation, "parameters": parameters });
        }
        responses.insert(status.to_string(), answer);
    }
    for status in operation.errors {
        let answer = json!({ "$ref": format!("#/components/responses/{status}") });
        responses.insert(status.to_string(), answer);
    }
    responses.into()
}

fn of(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

fn answer_headers(operation: &Operation) -> Value {
    let ours = [
        "x-openclaw-agent-id",
        "x-openclaw-model",
        "x-openclaw-session-key",
    ];
    let runs = ours.iter().filter(|_| operation.body.is_some());
    let header = |name: &&str| {
        let reference = json!({ "$ref": format!("#/components/headers/{name}") });
        ((*name).to_owned(), reference)
    };
    let all = runs.chain(&["x-request-id", "openai-processing-ms", "Server-Timing"]);
    all.map(header).collect::<Map<_, _>>().into()
}

/// What a failed request is answered, by its status.
const ERRORS: [(u16, &str); 15] = [
    (
        400,
        "The request cannot be right: `param` names what is wrong.",
    ),
    (401, "No credentials, or wrong ones."),
    (
        403,
        "The caller may not do this: a scope is missing, a model is not allowed, or a page is foreign.",
    ),
    (
        404,
        "No such route, agent, model or response; or the endpoint is off, and the message names its switch.",
    ),
    (405, "The route takes another method, which `Allow` names."),
    (408, "The body took too long."),
    (413, "The body is too large."),
    (414, "The target of the request is too long."),
    (415, "The body is no JSON by its `Content-Type`."),
    (
        429,
        "Too many requests: of this caller, or for the provider.",
    ),
    (431, "The head of the request is too large."),
    (
        500,
        "A bug; the log has the details under the request's id.",
    ),
    (
        502,
        "The provider failed, or what it answered is not what was asked for.",
    ),
    (
        503,
        "The provider cannot be reached, state cannot be written, or the server is shutting down.",
    ),
    (504, "The provider is silent, or the run took too long."),
];

fn errors() -> Value {
    let error = |(status, description): &(u16, &str)| {
        let mut headers = json!({
            "x-request-id": { "$ref": "#/components/headers/x-request-id" },
            "x-should-retry": { "$ref": "#/components/headers/x-should-retry" },
        });
        let own = match status {
            401 => Some("WWW-Authenticate"),
            405 => Some("Allow"),
            429 | 503 => Some("Retry-After"),
            _ => None,
        };
        if let Some(name) = own {
            headers[name] = json!({ "$ref": format!("#/components/headers/{name}") });
        }
        let answer = json!({
            "description": description,
            "headers": headers,
            "content": { "application/json": { "schema": of("Error") } },
        });
        (status.to_string(), answer)
    };
    ERRORS.iter().map(error).collect::<Map<_, _>>().into()
}

fn headers() -> Value {
    let header =
        |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    json!({
        "Allow": header("The methods that the route takes."),
        "Retry-After": {
            "description": "Seconds after which the request may fare better.",
            "schema": { "type": "integer", "minimum": 0 },
        },
        "Server-Timing": header("Where the time went, in milliseconds: queue, prompt, store, connect, first-event, total."),
        "WWW-Authenticate": header("`Bearer`."),
        "openai-processing-ms": header("How long the answer took, in milliseconds."),
        "x-openclaw-agent-id": header("The agent that answered."),
        "x-openclaw-model": header("The model that answered, as provider/model."),
        "x-openclaw-session-key": header("The lasting session that the run belongs to, percent-encoded."),
        "x-request-id": header("The id of the request: the caller's own where it sent one."),
        "x-should-retry": header("`false`: the same request fails again."),
    })
}

/// A header that is blank counts as absent.
fn parameters() -> Value {
    let header = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "header", "description": description, "schema": schema });
    let query = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "description": description, "schema": schema });
    let id = |description: &str, examples: &[&str]| json!({ "name": "id", "in": "path", "required": true, "description": description, "schema": { "type": "string", "minLength": 1, "examples": examples } });
    json!({
        "agent": header("x-openclaw-agent-id", "The agent; wins over one that `model` names.", json!({ "type": "string" })),
        "after": query("after", "The id of the item before the first one that is wanted.", json!({ "type": "string" })),
        "channel": header("x-openclaw-message-channel", "Where the message comes from.", json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]{0,64}$", "default": "webchat" })),
        "events": header("x-openclaw-events", "Shows what tools of the gateway do, as events of their own in a stream.", json!({ "enum": ["", "tools"] })),
        "limit": query("limit", "How many items at most.", json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 })),
        "model": header("x-openclaw-model", "The model, instead of the agent's own. Needs the scope `operator.admin`.", json!({ "type": "string" })),
        "modelId": id("A model's id, plain or percent-encoded: it may hold slashes.", &["openclaw/default"]),
        "order": query("order", "By age.", json!({ "enum": ["asc", "desc"], "default": "desc" })),
        "owner": header("x-openclaw-sender-is-owner", "Whether an owner sends this.", json!({ "enum": ["", "true", "false"] })),
        "responseId": id("The id of a response.", &["resp_0123456789abcdef"]),
        "scopes": header("x-openclaw-scopes", "Narrows what the request may do, in the modes without a secret.", json!({ "type": "string" })),
        "session": header("x-openclaw-session-key", "The lasting session that the run belongs to.", json!({ "type": "string", "maxLength": 512 })),
    })
}
