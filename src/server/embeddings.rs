//! `POST /v1/embeddings`: OpenAI's shapes around the room's `embed`.

mod input;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use super::State;
use super::body::{self, FromBody};
use super::call::Call;
use super::endpoint::{self, Gate, Route};
use super::error::ApiError;
use super::path::Path;
use super::reply::{self, Answer};
use crate::auth::Scope;
use crate::chat::{EmbedInput, EmbedRequest, Embeddings, Vector};
use crate::config::Endpoints;
use crate::json;
use input::Input;

const GATE: Gate = Gate {
    scope: Scope::Write,
    is_on: Endpoints::shared_on,
    switch: "gateway.http.endpoints.chatCompletions.enabled: true",
};

pub fn route(state: &State) -> Route {
    endpoint::post(state, Path::At("/v1/embeddings"), GATE, create)
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Wire {
    model: Option<String>,
    input: Option<Input>,
    dimensions: Option<u32>,
    encoding_format: Option<Encoding>,
    user: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    Float,
    Base64,
}

/// A checked request body.
#[derive(Debug)]
pub(super) struct Asked {
    model: Option<String>,
    input: EmbedInput,
    dimensions: Option<u32>,
    encoding: Encoding,
    user: Option<String>,
}

impl FromBody for Asked {
    fn from_body(json: &str) -> Result<Self, ApiError> {
        let wire: Wire = body::parse(json)?;
        let input = wire
            .input
            .ok_or_else(|| ApiError::invalid("input", "`input` is required"))?;
        if wire.dimensions == Some(0) {
            return Err(ApiError::invalid(
                "dimensions",
                "`dimensions` must be at least 1",
            ));
        }
        Ok(Self {
            model: wire.model,
            input: input.check()?,
            dimensions: wire.dimensions,
            encoding: wire.encoding_format.unwrap_or_default(),
            user: wire.user,
        })
    }
}

async fn create(state: State, call: Call<Asked>) -> Answer {
    let asked = call.body.model.as_ref().or(call.routing.model.as_ref());
    let Some(asked) = asked.cloned() else {
        return Err(ApiError::invalid("model", "`model` is required"));
    };
    let routing = call.room(call.body.model.clone());
    let request = EmbedRequest {
        routing,
        input: call.body.input,
        dimensions: call.body.dimensions,
        user: call.body.user,
        notes: call.notes,
    };
    let embeddings = state.gateway().embed(request).await?;
    let document = document(&embeddings, &asked, call.body.encoding);
    let response = reply::json_bytes(StatusCode::OK, document);
    Ok(reply::answered_with(response, &embeddings.model))
}

/// The JSON of the whole object.
fn document(embeddings: &Embeddings, asked: &str, encoding: Encoding) -> Vec<u8> {
    let mut out = Vec::with_capacity(size(embeddings));
    out.extend_from_slice(b"{\"object\":\"list\",\"data\":[");
    for (index, vector) in embeddings.vectors.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"object\":\"embedding\",\"index\":");
        json::value(&mut out, &index);
        out.extend_from_slice(b",\"embedding\":");
        match (encoding, vector) {
            (Encoding::Float, Vector::Numbers(numbers)) => json::value(&mut out, numbers),
            (Encoding::Float, Vector::Json(list)) => out.extend_from_slice(list.json()),
            (Encoding::Base64, vector) => json::string(&mut out, &base64(vector)),
        }
        out.push(b'}');
    }
    out.push(b']');
    let usage = embeddings.usage.map(|usage| Usage {
        prompt_tokens: usage.prompt_tokens,
        total_tokens: usage.total_tokens,
    });
    let rest = Rest {
        model: asked,
        usage,
    };
    json::members(&mut out, &rest);
    out
}

/// About how many bytes the object comes to.
fn size(embeddings: &Embeddings) -> usize {
    const OF_ITEM: usize = 64;
    const OF_NUMBER: usize = 12;
    let vectors = embeddings.vectors.iter().map(|vector| {
        OF_ITEM
            + match vector {
                Vector::Numbers(numbers) => numbers.len() * OF_NUMBER,
                Vector::Json(list) => list.json().len(),
            }
    });
    vectors.sum::<usize>() + OF_ITEM
}

/// What the object says beside its vectors.
#[derive(Serialize)]
struct Rest<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Usage>,
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// The numbers as little-endian bytes, as OpenAI writes them.
fn base64(vector: &Vector) -> String {
    let numbers = vector.clone().into_numbers();
    let bytes: Vec<u8> = numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect();
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::EmbedUsage;
    use crate::server::body::faults::as_followed;

    #[test]
    fn a_value_of_a_wrong_kind_is_named_wherever_it_stands() {
        let rest = |input| {
            serde_json::json!({
                "model": "p/e", "input": input, "dimensions": 3, "encoding_format": "float", "user": "u",
            })
        };
        as_followed::<Wire>(&rest(serde_json::json!(["a", "é"])));
        as_followed::<Wire>(&rest(serde_json::json!([[1, 2], [3]])));
    }

    fn reply(encoding: Encoding) -> String {
        let embeddings = Embeddings {
            model: "p/e".parse().unwrap(),
            vectors: vec![vec![1.0, -0.5].into(), vec![0.1, 2.0].into()],
            usage: Some(EmbedUsage {
                prompt_tokens: 3,
                total_tokens: 3,
            }),
        };
        String::from_utf8(document(&embeddings, "asked", encoding)).unwrap()
    }

    #[test]
    fn vectors_are_numbers_in_order() {
        assert_eq!(
            reply(Encoding::Float),
            r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1.0,-0.5]},{"object":"embedding","index":1,"embedding":[0.1,2.0]}],"model":"asked","usage":{"prompt_tokens":3,"total_tokens":3}}"#
        );
    }

    #[test]
    fn vectors_are_little_endian_bytes_when_base64_is_asked_for() {
        assert!(reply(Encoding::Base64).contains(r#""embedding":"AACAPwAAAL8=""#));
    }

    #[test]
    fn usage_that_no_provider_reported_is_absent() {
        let embeddings = Embeddings {
            model: "p/e".parse().unwrap(),
            vectors: vec![vec![1.0].into()],
            usage: None,
        };
        let reply = String::from_utf8(document(&embeddings, "asked", Encoding::Float)).unwrap();
        assert!(!reply.contains("usage"));
    }

    #[test]
    fn null_is_absent_and_a_wrong_value_is_named() {
        let asked = Asked::from_body(
            r#"{"model":null,"input":"a","dimensions":null,"encoding_format":null,"x":1}"#,
        )
        .unwrap();
        assert_eq!(
            (asked.model, asked.dimensions, asked.encoding),
            (None, None, Encoding::Float)
        );
        for (body, param) in [
            (r#"{"input":"a","dimensions":0}"#, "dimensions"),
            (r#"{"input":"a","dimensions":-1}"#, "dimensions"),
            (
                r#"{"input":"a","encoding_format":"int8"}"#,
                "encoding_format",
            ),
            (r#"{"model":"m"}"#, "input"),
            (r#"{"input":["a",{}]}"#, "input[1]"),
        ] {
            let error = String::from_utf8(Asked::from_body(body).unwrap_err().to_json()).unwrap();
            assert!(error.contains(&format!(r#""param":"{param}""#)), "{error}");
        }
    }
}
