//! The doors through which bytes of others come in, one function each, for the fuzz targets of `tests/fuzz` and the
//! replay of their corpora. Compiled for tests and with the feature `fuzzing` alone.
//!
//! A target panics where the program breaks a promise: it must answer anything, and answer the same however the bytes
//! are cut.

mod door;

use crate::config::{self, ApiKind};
use crate::gateway;
use crate::providers;
use crate::server;
use crate::sse;
use crate::tools;

/// Takes any bytes.
type Target = fn(&[u8]);

/// Every target by its name, which is that of its file in `tests/fuzz/targets` and its folder in `tests/fuzz/corpus`.
pub const TARGETS: [(&str, Target); 12] = [
    ("anthropic_messages", |input| {
        providers::fuzzing::answer(ApiKind::AnthropicMessages, input);
    }),
    ("chat_request", chat_request),
    ("config", config::fuzzing::text),
    ("embeddings_request", server::fuzzing::embeddings_request),
    ("google_generative_ai", |input| {
        providers::fuzzing::answer(ApiKind::GoogleGenerativeAi, input);
    }),
    ("headers", door::headers),
    ("json_schema", gateway::fuzzing::check),
    ("mcp_message", tools::mcp::fuzzing::message),
    ("ollama", |input| {
        providers::fuzzing::answer(ApiKind::Ollama, input);
    }),
    ("openai_completions", |input| {
        providers::fuzzing::answer(ApiKind::OpenaiCompletions, input);
    }),
    ("openai_responses", |input| {
        providers::fuzzing::answer(ApiKind::OpenaiResponses, input);
    }),
    ("sse", sse::fuzzing::stream),
];

/// Runs the target of this name.
///
/// # Panics
/// Where the program breaks a promise, and for a name that is no target's.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.expect("the name of a target");
    target(input);
}

/// What a caller may send as a chat, and what every dialect makes of it.
fn chat_request(input: &[u8]) {
    if let Some(chat) = server::fuzzing::chat_request(input) {
        providers::fuzzing::requests(&chat);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_corpus_is_answered() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
        let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
        for (name, target) in TARGETS {
            assert!(
                manifest.contains(&format!("path = \"targets/{name}.rs\"")),
                "{name} is no target of tests/fuzz"
            );
            let inputs: Vec<_> = fs::read_dir(fuzz.join("corpus").join(name))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            assert!(!inputs.is_empty(), "{name} has no corpus");
            for input in inputs {
                target(&fs::read(input).unwrap());
            }
        }
    }
}
