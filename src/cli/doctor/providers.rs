//! Whether there is a model that answers.

use std::collections::BTreeSet;

use anyhow::Context as _;

use super::finding::Finding;
use crate::gateway::{CatalogScope, Gateway, ProviderProbe};

const CHECK: &str = "providers";

const MEND: &str = "set OPENAI_API_KEY or another vendor's key, or configure `models.providers`";

/// What there is, without asking anybody.
pub fn check(gateway: &Gateway) -> anyhow::Result<Vec<Finding>> {
    let models = gateway.list_models(&CatalogScope::default())?.models;
    let of = |usable: bool| {
        let models = models.iter().filter(|model| model.usable == usable);
        models
            .map(|model| model.id.provider.as_str())
            .collect::<BTreeSet<_>>()
    };
    let (usable, keyless) = (of(true), of(false));
    let named = usable.iter().copied().collect::<Vec<_>>().join(", ");
    let mut findings = vec![match named.as_str() {
        "" => Finding::ok(
            CHECK,
            "no models are known yet: providers are asked when the server runs",
        ),
        "offline" => {
            let message = "there is none: the built-in stand-in answers, which is no real model";
            Finding::warning(CHECK, message).remedy(MEND)
        }
        named => Finding::ok(CHECK, named),
    }];
    findings.extend(keyless.difference(&usable).map(|provider| {
        let remedy = format!("set its key, or `models.providers.{provider}.apiKey`");
        Finding::warning(CHECK, format!("`{provider}` has no key")).remedy(remedy)
    }));
    Ok(findings)
}

/// What the providers say.
pub fn probe(gateway: Gateway) -> anyhow::Result<Vec<Finding>> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let probes = runtime.block_on(async {
        tokio::select! {
            probes = gateway.probe_providers() => Ok(probes),
            _ = tokio::signal::ctrl_c() => Err(crate::cli::CliError::Interrupted),
        }
    })?;
    runtime.shutdown_background();
    Ok(probes.into_iter().map(answered).collect())
}

fn answered(probe: ProviderProbe) -> Finding {
    let ProviderProbe { provider, models } = probe;
    match models {
        Ok(count) => Finding::ok(CHECK, format!("`{provider}` answers, with {count} models")),
        Err(reason) => {
            let remedy =
                format!("check the network, and key and `baseUrl` of models.providers.{provider}");
            Finding::failure(CHECK, format!("`{provider}` does not answer: {reason}"))
                .remedy(remedy)
        }
    }
}
