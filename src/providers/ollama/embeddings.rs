//! Embeddings in the dialect: `POST /api/embed` and its answer. Pure.

use serde::{Deserialize, Serialize};

use super::super::{EmbedCall, EmbedReply};
use crate::chat::EmbedUsage;

/// The request's JSON. A text that is too long for the model is an error, never cut.
pub fn body(texts: &[String], call: &EmbedCall<'_>) -> Vec<u8> {
    let body = Body {
        model: call.model,
        input: texts,
        truncate: false,
        dimensions: call.dimensions,
    };
    serde_json::to_vec(&body).expect("strings and numbers always serialize")
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: &'a [String],
    truncate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
}

/// Reads an answer into vectors in the order of the inputs.
///
/// # Errors
/// What is wrong with it.
pub fn reply(body: &[u8]) -> Result<EmbedReply, String> {
    #[derive(Deserialize)]
    struct Answer {
        embeddings: Vec<Vec<f32>>,
        prompt_eval_count: Option<u64>,
    }
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|_| "embeddings that are not of its dialect".to_owned())?;
    Ok(EmbedReply {
        vectors: answer.embeddings.into_iter().map(Into::into).collect(),
        usage: answer.prompt_eval_count.map(|tokens| EmbedUsage {
            prompt_tokens: tokens,
            total_tokens: tokens,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::EmbedSlice;
    use super::*;
    use crate::config::Compat;
    use serde_json::{Value, json};

    #[test]
    fn a_long_text_is_not_to_be_cut() {
        let texts = [
            "why is the sky blue?".to_owned(),
            "why is the grass green?".to_owned(),
        ];
        let call = EmbedCall {
            model: "all-minilm",
            input: EmbedSlice::Texts(&texts),
            dimensions: Some(128),
            user: None,
            compat: Compat::default(),
        };
        let body: Value = serde_json::from_slice(&body(&texts, &call)).unwrap();
        assert_eq!(
            body,
            json!({
                "model": "all-minilm",
                "input": ["why is the sky blue?", "why is the grass green?"],
                "truncate": false,
                "dimensions": 128,
            })
        );
    }

    #[test]
    fn vectors_come_with_the_tokens_of_the_prompt() {
        let body = br#"{"model":"all-minilm","embeddings":[[0.5,-1],[0.25,2]],"total_duration":14143917,"load_duration":1019500,"prompt_eval_count":8}"#;
        let wanted = EmbedReply {
            vectors: vec![vec![0.5, -1.0].into(), vec![0.25, 2.0].into()],
            usage: Some(EmbedUsage {
                prompt_tokens: 8,
                total_tokens: 8,
            }),
        };
        assert_eq!(reply(body), Ok(wanted));
    }

    #[test]
    fn an_answer_without_vectors_is_an_error() {
        assert_eq!(
            reply(br#"{"model":"all-minilm"}"#).unwrap_err(),
            "embeddings that are not of its dialect"
        );
    }
}
