//! The log probabilities of the dialect as OpenAI's `choices[].logprobs` object. Pure.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub struct LogprobsResult {
    /// The tokens that were said.
    chosen_candidates: Vec<Candidate>,
    /// At each of them the likeliest ones, where they were asked for.
    top_candidates: Vec<TopCandidates>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TopCandidates {
    candidates: Vec<Candidate>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Candidate {
    token: String,
    log_probability: f64,
}

#[derive(Serialize)]
struct Logprobs<'a> {
    content: Vec<Said<'a>>,
    refusal: Option<()>,
}

#[derive(Serialize)]
struct Said<'a> {
    #[serde(flatten)]
    token: Token<'a>,
    top_logprobs: Vec<Token<'a>>,
}

#[derive(Serialize)]
struct Token<'a> {
    token: &'a str,
    logprob: f64,
    bytes: &'a [u8],
}

impl<'a> From<&'a Candidate> for Token<'a> {
    fn from(candidate: &'a Candidate) -> Self {
        Self {
            token: &candidate.token,
            logprob: candidate.log_probability,
            bytes: candidate.token.as_bytes(),
        }
    }
}

impl LogprobsResult {
    /// `None` where it tells of no token.
    pub fn into_openai(self) -> Option<Box<RawValue>> {
        let said = self.chosen_candidates.iter().enumerate();
        let said = said.map(|(place, chosen)| {
            let top = self.top_candidates.get(place);
            let top = top.map_or(&[][..], |top| &top.candidates);
            Said {
                token: chosen.into(),
                top_logprobs: top.iter().map(Token::from).collect(),
            }
        });
        let logprobs = Logprobs {
            content: said.collect(),
            refusal: None,
        };
        if logprobs.content.is_empty() {
            return None;
        }
        Some(to_raw_value(&logprobs).expect("strings and numbers always serialize"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_token_comes_with_its_bytes_and_its_likeliest_rivals() {
        let result = r#"{"chosenCandidates":[{"token":"hi","tokenId":7,"logProbability":-0.5}],"topCandidates":[{"candidates":[{"token":"hi","logProbability":-0.5},{"token":"ä","logProbability":-1.5}]}]}"#;
        let result: LogprobsResult = serde_json::from_str(result).unwrap();
        let openai = result.into_openai().unwrap();
        assert_eq!(
            openai.get(),
            r#"{"content":[{"token":"hi","logprob":-0.5,"bytes":[104,105],"top_logprobs":[{"token":"hi","logprob":-0.5,"bytes":[104,105]},{"token":"ä","logprob":-1.5,"bytes":[195,164]}]}],"refusal":null}"#
        );
    }

    #[test]
    fn no_token_is_no_object() {
        assert!(LogprobsResult::default().into_openai().is_none());
    }
}
