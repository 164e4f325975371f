//! Who can reach the server, and what they must show.

use super::finding::Finding;
use crate::cli::gateway;
use crate::config::GatewayConfig;

const CHECK: &str = "exposure";

pub fn check(settings: &GatewayConfig) -> Vec<Finding> {
    let mut findings = match gateway::check(settings) {
        Ok(doubts) if doubts.is_empty() => vec![Finding::ok(CHECK, summary(settings))],
        Ok(doubts) => doubts
            .into_iter()
            .map(|doubt| Finding::warning(CHECK, doubt.message).remedy(doubt.remedy))
            .collect(),
        Err(error) => {
            let remedy = "set `gateway.auth` or `gateway.bind` right; openclaw config show: where they are set";
            vec![Finding::misconfigured(CHECK, format!("{error:#}")).remedy(remedy)]
        }
    };
    let endpoints = &settings.http.endpoints;
    if !endpoints.shared_on() {
        let remedy = "set `gateway.http.endpoints.chatCompletions.enabled: true`";
        findings.push(
            Finding::warning("endpoints", "the server answers nothing below /v1").remedy(remedy),
        );
    }
    findings
}

fn summary(settings: &GatewayConfig) -> String {
    let word = |value: Result<serde_json::Value, _>| match value {
        Ok(serde_json::Value::String(word)) => Some(word),
        _ => None,
    };
    let bind = word(serde_json::to_value(settings.bind)).unwrap_or_default();
    let auth = &settings.auth;
    let mode = auth.mode.and_then(|mode| word(serde_json::to_value(mode)));
    let mode = mode.unwrap_or_else(|| match (&auth.token, &auth.password) {
        (Some(_), _) => "token".to_owned(),
        (None, Some(_)) => "password".to_owned(),
        (None, None) => "a token that each run makes".to_owned(),
    });
    format!("bind {bind}, auth {mode}")
}
