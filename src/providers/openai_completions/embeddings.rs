//! Embeddings in the dialect: `POST /embeddings` and its answer. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use memchr::memmem;
use serde::de::value::SeqAccessDeserializer;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::super::{EmbedCall, EmbedReply, EmbedSlice};
use crate::chat::{EmbedUsage, NumberList, Vector};
use crate::config::DimensionsField;

/// The request's JSON.
pub fn body(call: &EmbedCall<'_>) -> Vec<u8> {
    let (dimensions, output_dimension) = match call.compat.dimensions_field {
        Some(DimensionsField::OutputDimension) => (None, call.dimensions),
        Some(DimensionsField::Dimensions) | None => (call.dimensions, None),
    };
    let body = Body {
        model: call.model,
        input: Input(call.input),
        dimensions,
        output_dimension,
        encoding_format: call
            .compat
            .encoding_format
            .unwrap_or(true)
            .then_some("float"),
        user: call.user,
    };
    serde_json::to_vec(&body).expect("strings and numbers always serialize")
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: Input<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimension: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
}

struct Input<'a>(EmbedSlice<'a>);

impl Serialize for Input<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            EmbedSlice::Texts(texts) => texts.serialize(serializer),
            EmbedSlice::Tokens(lists) => lists.serialize(serializer),
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Item {
    index: Option<usize>,
    embedding: Embedding,
}

#[derive(Deserialize)]
struct Usage {
    prompt_tokens: Option<u64>,
    total_tokens: Option<u64>,
}

enum Embedding {
    /// The place of a list that was taken out.
    Place(usize),
    /// Of a list that was not, or base64 of little-endian 32-bit floats.
    Numbers(Vec<f32>),
}

impl<'de> Deserialize<'de> for Embedding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Embedding;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an embedding")
            }

            fn visit_u64<E: de::Error>(self, place: u64) -> Result<Embedding, E> {
                usize::try_from(place)
                    .map(Embedding::Place)
                    .map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Embedding, E> {
                let bytes = STANDARD.decode(text).map_err(E::custom)?;
                if bytes.len() % 4 != 0 {
                    return Err(E::custom("no whole number of floats"));
                }
                let floats = bytes.chunks_exact(4);
                Ok(Embedding::Numbers(
                    floats
                        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                        .collect(),
                ))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, list: A) -> Result<Embedding, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Embedding::Numbers)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Takes the vectors out of an answer, which are nearly all of it, and leaves in their places their numbers in order.
///
/// Only a member's name can be what is looked for: inside of a string its last quote would be escaped.
fn take_lists(body: &Bytes) -> (Vec<u8>, Vec<Option<NumberList>>) {
    let (mut rest, mut lists) = (Vec::new(), Vec::new());
    let mut copied = 0;
    let mut at = 0;
    while let Some(found) = memmem::find(&body[at..], NAME) {
        at += found + NAME.len();
        let value = &body[at..];
        let value = value.trim_ascii_start().strip_prefix(b":").unwrap_or(value);
        let start = body.len() - value.trim_ascii_start().len();
        if let Some((list, length)) = NumberList::at_start(&body.slice(start..)) {
            rest.extend_from_slice(&body[copied..start]);
            rest.extend_from_slice(lists.len().to_string().as_bytes());
            lists.push(Some(list));
            at = start + length;
            copied = at;
        }
    }
    rest.extend_from_slice(&body[copied..]);
    (rest, lists)
}

const NAME: &[u8] = b"\"embedding\"";

/// Reads an answer into vectors in the order of the inputs.
///
/// # Errors
/// What is wrong with it: not of the dialect, or indices that are no permutation of 0…n−1.
pub fn reply(body: &Bytes) -> Result<EmbedReply, String> {
    let strange = || "embeddings that are not of its dialect".to_owned();
    let (rest, mut lists) = take_lists(body);
    let answer: Answer = serde_json::from_slice(&rest).map_err(|_| strange())?;
    let mut vectors: Vec<Option<Vector>> = vec![None; answer.data.len()];
    for (place, item) in answer.data.into_iter().enumerate() {
        let vector = match item.embedding {
            Embedding::Numbers(numbers) => Vector::Numbers(numbers),
            // A provider's own number is no vector: there is no such list, or it is gone already.
            Embedding::Place(place) => match lists.get_mut(place).and_then(Option::take) {
                Some(list) => Vector::Json(list),
                None => return Err(strange()),
            },
        };
        let index = item.index.unwrap_or(place);
        match vectors.get_mut(index) {
            Some(slot @ None) => *slot = Some(vector),
            Some(Some(_)) => return Err(format!("two embeddings with index {index}")),
            None => {
                return Err(format!(
                    "an embedding with index {index}, beyond their count"
                ));
            }
        }
    }
    Ok(EmbedReply {
        vectors: vectors.into_iter().flatten().collect(),
        usage: answer.usage.map(|usage| {
            let prompt_tokens = usage.prompt_tokens.or(usage.total_tokens).unwrap_or(0);
            EmbedUsage {
                prompt_tokens,
                total_tokens: usage.total_tokens.unwrap_or(prompt_tokens),
            }
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Compat;
    use serde_json::{Value, json};

    fn body_of(compat: Compat) -> Value {
        let call = EmbedCall {
            model: "m",
            input: EmbedSlice::Texts(&["a".to_owned()]),
            dimensions: Some(256),
            user: None,
            compat,
        };
        serde_json::from_slice(&body(&call)).unwrap()
    }

    #[test]
    fn the_members_have_the_names_that_the_vendor_knows() {
        assert_eq!(
            body_of(Compat::default()),
            json!({ "model": "m", "input": ["a"], "dimensions": 256, "encoding_format": "float" })
        );
        let voyage = Compat {
            dimensions_field: Some(DimensionsField::OutputDimension),
            encoding_format: Some(false),
            ..Compat::default()
        };
        assert_eq!(
            body_of(voyage),
            json!({ "model": "m", "input": ["a"], "output_dimension": 256 })
        );
    }

    fn reply(body: &[u8]) -> Result<EmbedReply, String> {
        super::reply(&Bytes::copy_from_slice(body))
    }

    #[test]
    fn a_list_is_kept_as_it_was_written_whatever_stands_around_it() {
        let body = br#"{ "embedding" : "no", "data":[
            {"object":"embedding" , "embedding" : [ 1.50,2e0 ],"text":"\"embedding\":[7]"},
            {"embeddin\u0067":[3,4]}
        ]}"#;
        let vectors = reply(body).unwrap().vectors;
        assert_eq!(vectors, [vec![1.5, 2.0].into(), vec![3.0, 4.0].into()]);
        assert!(matches!(&vectors[0], Vector::Json(list) if list.json() == b"[ 1.50,2e0 ]"));
    }

    #[test]
    fn what_is_no_list_of_finite_numbers_is_no_answer() {
        let strange = Err("embeddings that are not of its dialect".to_owned());
        for embedding in [
            "0", "1", "null", "[null]", "[1,]", "[[1]]", "{}", "true", "\"x\"",
        ] {
            let body = format!(r#"{{"data":[{{"embedding":[1,2]}},{{"embedding":{embedding}}}]}}"#);
            assert_eq!(reply(body.as_bytes()), strange, "{embedding}");
        }
    }

    #[test]
    fn vectors_come_in_the_order_of_their_indices_as_numbers_or_base64() {
        let body = br#"{"data":[{"index":1,"embedding":"AACAPwAAAMA="},{"index":0,"embedding":[0.5,-1]}],"usage":{"prompt_tokens":2,"total_tokens":2}}"#;
        let reply = reply(body).unwrap();
        assert_eq!(
            reply.vectors,
            [vec![0.5, -1.0].into(), vec![1.0, -2.0].into()]
        );
        assert_eq!(
            reply.usage,
            Some(EmbedUsage {
                prompt_tokens: 2,
                total_tokens: 2
            })
        );
    }

    #[test]
    fn an_index_twice_or_out_of_range_is_an_error() {
        let twice = br#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#;
        assert_eq!(reply(twice).unwrap_err(), "two embeddings with index 0");
        let beyond = br#"{"data":[{"index":1,"embedding":[1]}]}"#;
        assert_eq!(
            reply(beyond).unwrap_err(),
            "an embedding with index 1, beyond their count"
        );
    }
}
