//! Every operation of the surface, as a row of data.

use crate::auth::Scope;

/// What one method of one path does.
pub struct Operation {
    pub path: &'static str,
    pub method: &'static str,
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    /// What the caller must be allowed to do; nothing where the door is open.
    pub scope: Option<Scope>,
    /// Names of `components.parameters`.
    pub parameters: &'static [&'static str],
    /// The schema of the request's body.
    pub body: Option<&'static str>,
    pub answers: &'static [Success],
    /// Statuses of `components.responses`.
    pub errors: &'static [u16],
}

/// An answer that is no error of the request.
pub struct Success {
    pub status: u16,
    pub description: &'static str,
    /// Media types, and the schema of each; of a stream that of its events.
    pub content: &'static [(&'static str, &'static str)],
    /// Operations that take an id, and where in this answer's JSON there is one for them.
    pub links: &'static [(&'static str, &'static str)],
}

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";

/// Of every route.
const OPEN: &[u16] = &[400, 414, 431, 500];
/// Of every route behind the door.
const GUARDED: &[u16] = &[400, 401, 403, 404, 414, 429, 431, 500, 503];
/// Of every route behind the door that takes a body.
const RUN: &[u16] = &[
    400, 401, 403, 404, 408, 413, 414, 415, 429, 431, 500, 502, 503, 504,
];

/// Headers of every run.
const ROUTING: &[&str] = &[
    "agent", "model", "channel", "session", "owner", "scopes", "events",
];

/// 200 with this content.
const fn ok(content: &'static [(&'static str, &'static str)]) -> Success {
    Success {
        status: 200,
        description: "Done.",
        content,
        links: &[],
    }
}

/// The same, with something in it that other operations take.
const fn linked(links: &'static [(&'static str, &'static str)], answer: Success) -> Success {
    Success { links, ..answer }
}

/// A question about the server itself.
const fn open(
    path: &'static str,
    method: &'static str,
    (id, summary): (&'static str, &'static str),
    answers: &'static [Success],
) -> Operation {
    Operation {
        path,
        method,
        id,
        tag: "operation",
        summary,
        scope: None,
        parameters: &[],
        body: None,
        answers,
        errors: OPEN,
    }
}

const HEALTH: &[(&str, &str)] = &[(JSON, "Health")];
const LIVE: &[Success] = &[ok(HEALTH)];
const LIVE_HEAD: &[Success] = &[ok(&[])];
const READY: &[Success] = &[ok(HEALTH), not_ready(HEALTH)];
const READY_HEAD: &[Success] = &[ok(&[]), not_ready(&[])];

const fn not_ready(content: &'static [(&'static str, &'static str)]) -> Success {
    Success {
        status: 503,
        description: "It takes no new work, or cannot keep what it is told.",
        content,
        links: &[],
    }
}

const OF_A_RESPONSE: &[(&str, &str)] = &[
    ("retrieveResponse", "/id"),
    ("listInputItems", "/id"),
    ("deleteResponse", "/id"),
];

const LIVES: &str = "Whether the server answers";
const IS_READY: &str = "Whether the server takes new work and can keep what it is told";
const THIS: &str = "This description";

/// By path; of one path the methods in the order of the route table.
#[rustfmt::skip] // one row an operation
pub const OPERATIONS: &[Operation] = &[
    Operation {
        path: "/v1/chat/completions", method: "post", id: "createChatCompletion", tag: "chat",
        summary: "One run of an agent, in the shapes of OpenAI's Chat Completions",
        scope: Some(Scope::Write), parameters: ROUTING, body: Some("ChatCompletionRequest"),
        answers: &[ok(&[(JSON, "ChatCompletion"), (EVENTS, "ChatCompletionEvent")])], errors: RUN,
    },
    Operation {
        path: "/v1/embeddings", method: "post", id: "createEmbedding", tag: "embeddings",
        summary: "A vector for each input, in order",
        scope: Some(Scope::Write), parameters: &["agent", "model", "scopes"], body: Some("EmbeddingRequest"),
        answers: &[ok(&[(JSON, "EmbeddingList")])], errors: RUN,
    },
    Operation {
        path: "/v1/models", method: "get", id: "listModels", tag: "models",
        summary: "Agents and models",
        scope: Some(Scope::Read), parameters: &["agent", "scopes"], body: None,
        answers: &[linked(&[("retrieveModel", "/data/0/id")], ok(&[(JSON, "ModelList")]))], errors: GUARDED,
    },
    Operation {
        path: "/v1/models/{id}", method: "get", id: "retrieveModel", tag: "models",
        summary: "One agent or model",
        scope: Some(Scope::Read), parameters: &["modelId", "agent", "scopes"], body: None,
        answers: &[ok(&[(JSON, "Model")])], errors: GUARDED,
    },
    Operation {
        path: "/v1/responses", method: "post", id: "createResponse", tag: "responses",
        summary: "One run of an agent, in the shapes of Open Responses; a WebSocket for many opens with GET and an upgrade",
        scope: Some(Scope::Write), parameters: ROUTING, body: Some("ResponseRequest"),
        answers: &[linked(OF_A_RESPONSE, ok(&[(JSON, "Response"), (EVENTS, "ResponseEvent")]))], errors: RUN,
    },
    Operation {
        path: "/v1/responses/compact", method: "post", id: "compactResponse", tag: "responses",
        summary: "A conversation as a few items that a new one can begin with",
        scope: Some(Scope::Write), parameters: ROUTING, body: Some("CompactRequest"),
        answers: &[ok(&[(JSON, "CompactedResponse")])], errors: RUN,
    },
    Operation {
        path: "/v1/responses/{id}", method: "get", id: "retrieveResponse", tag: "responses",
        summary: "A response that is kept",
        scope: Some(Scope::Write), parameters: &["responseId", "scopes"], body: None,
        answers: &[ok(&[(JSON, "Response")])], errors: GUARDED,
    },
    Operation {
        path: "/v1/responses/{id}", method: "delete", id: "deleteResponse", tag: "responses",
        summary: "Forgets a response",
        scope: Some(Scope::Write), parameters: &["responseId", "scopes"], body: None,
        answers: &[ok(&[(JSON, "DeletedResponse")])], errors: GUARDED,
    },
    Operation {
        path: "/v1/responses/{id}/input_items", method: "get", id: "listInputItems", tag: "responses",
        summary: "The items that a response was asked with",
        scope: Some(Scope::Write), parameters: &["responseId", "limit", "order", "after", "scopes"], body: None,
        answers: &[ok(&[(JSON, "ItemList")])], errors: GUARDED,
    },
    Operation {
        path: "/metrics", method: "get", id: "metrics", tag: "operation",
        summary: "What was counted, in Prometheus' text format",
        scope: Some(Scope::Read), parameters: &["scopes"], body: None,
        answers: &[ok(&[("text/plain", "Metrics")])], errors: GUARDED,
    },
    open("/openapi.json", "get", ("describe", THIS), &[ok(&[(JSON, "OpenApi")])]),
    open("/openapi.json", "head", ("describeHead", THIS), LIVE_HEAD),
    open("/health", "get", ("health", LIVES), LIVE),
    open("/health", "head", ("healthHead", LIVES), LIVE_HEAD),
    open("/healthz", "get", ("healthz", LIVES), LIVE),
    open("/healthz", "head", ("healthzHead", LIVES), LIVE_HEAD),
    open("/ready", "get", ("ready", IS_READY), READY),
    open("/ready", "head", ("readyHead", IS_READY), READY_HEAD),
    open("/readyz", "get", ("readyz", IS_READY), READY),
    open("/readyz", "head", ("readyzHead", IS_READY), READY_HEAD),
];
