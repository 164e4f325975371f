//! Embeddings in the dialect: `POST /models/{model}:batchEmbedContents` and its answer. Pure.

use serde::{Deserialize, Serialize};

use super::super::{EmbedCall, EmbedReply, EmbedSlice};
use super::bare;
use crate::chat::EmbedUsage;

/// The request's JSON: one request per text. `None` for token ids, which the dialect does not take.
///
/// The API takes at most 100 requests at once, and says so of more.
pub fn body(call: &EmbedCall<'_>) -> Option<Vec<u8>> {
    let EmbedSlice::Texts(texts) = call.input else {
        return None;
    };
    let model = format!("models/{}", bare(call.model));
    let request = |text| Request {
        model: &model,
        content: Content {
            parts: [Part { text }],
        },
        output_dimensionality: call.dimensions,
    };
    let body = Body {
        requests: texts.iter().map(|text| request(text)).collect(),
    };
    Some(serde_json::to_vec(&body).expect("strings and numbers always serialize"))
}

#[derive(Serialize)]
struct Body<'a> {
    requests: Vec<Request<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    model: &'a str,
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimensionality: Option<u32>,
}

#[derive(Serialize)]
struct Content<'a> {
    parts: [Part<'a>; 1],
}

#[derive(Serialize)]
struct Part<'a> {
    text: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    embeddings: Vec<Embedding>,
    usage_metadata: Option<Usage>,
}

#[derive(Deserialize)]
struct Embedding {
    values: Vec<f32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    prompt_token_count: Option<u64>,
}

/// Reads an answer into vectors, in the order of the inputs as the API has it.
///
/// # Errors
/// What is wrong with it.
pub fn reply(body: &[u8]) -> Result<EmbedReply, String> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|_| "embeddings that are not of its dialect".to_owned())?;
    let tokens = answer
        .usage_metadata
        .and_then(|usage| usage.prompt_token_count);
    let embeddings = answer.embeddings.into_iter();
    Ok(EmbedReply {
        vectors: embeddings
            .map(|embedding| embedding.values.into())
            .collect(),
        usage: tokens.map(|tokens| EmbedUsage {
            prompt_tokens: tokens,
            total_tokens: tokens,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn body_of(input: EmbedSlice<'_>) -> Option<Value> {
        let call = EmbedCall {
            compat: Default::default(),
            model: "gemini-embedding-001",
            input,
            dimensions: Some(768),
            user: Some("u"),
        };
        body(&call).map(|body| serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn each_text_is_a_request_of_its_own() {
        let wanted = json!({ "requests": [
            { "model": "models/gemini-embedding-001", "content": { "parts": [{ "text": "a" }] }, "outputDimensionality": 768 },
            { "model": "models/gemini-embedding-001", "content": { "parts": [{ "text": "b" }] }, "outputDimensionality": 768 },
        ] });
        let texts = ["a".to_owned(), "b".to_owned()];
        assert_eq!(body_of(EmbedSlice::Texts(&texts)), Some(wanted));
    }

    #[test]
    fn token_ids_are_not_taken() {
        assert_eq!(body_of(EmbedSlice::Tokens(&[vec![1]])), None);
    }

    #[test]
    fn vectors_come_in_order_and_usage_where_it_is_told() {
        let plain = reply(br#"{"embeddings":[{"values":[0.5,-1]},{"values":[1,2]}]}"#).unwrap();
        assert_eq!(
            plain.vectors,
            [vec![0.5, -1.0].into(), vec![1.0, 2.0].into()]
        );
        assert_eq!(plain.usage, None);
        let told = br#"{"embeddings":[{"values":[1]}],"usageMetadata":{"promptTokenCount":3}}"#;
        let usage = EmbedUsage {
            prompt_tokens: 3,
            total_tokens: 3,
        };
        assert_eq!(reply(told).unwrap().usage, Some(usage));
        assert_eq!(
            reply(b"[]").unwrap_err(),
            "embeddings that are not of its dialect"
        );
    }
}
