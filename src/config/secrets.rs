//! Every secret that the configuration and the environment hold, taken together: what must stand in no text that others
//! wrote and we pass on, logs and errors of providers above all.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use memchr::memmem::Finder;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::problem::names_secret;
use super::secret::REDACTED;
use super::{
    AgentSettings, Config, Environment, MemorySearch, ProviderConfig, Secret, SecretProvider,
    StoreChoice,
};

/// Shorter ones are not looked for, in bytes: they would be found in words that have nothing to do with them.
const SHORTEST_BYTES: usize = 8;

/// Secrets to be found again by their exact values, also where JSON or `Debug` has escaped them. A clone is another
/// handle of the same.
#[derive(Clone, Default)]
pub struct Secrets(Arc<[Finder<'static>]>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// The secrets of a configuration and of the environment that it was loaded with.
    pub fn of(config: &Config, env: &Environment) -> Self {
        let mut found = Found::default();
        let auth = &config.gateway.auth;
        auth.token.iter().for_each(|token| found.secret(token));
        auth.password.iter().for_each(|word| found.secret(word));
        for provider in config.models.providers.values() {
            found.provider(provider);
        }
        let agents = &config.agents;
        let entries = agents.list.iter().chain(agents.entries.values());
        let settings = entries.map(|entry| &entry.settings);
        for settings in settings.chain([&agents.defaults.settings]) {
            found.settings(settings);
        }
        config
            .memory
            .search
            .iter()
            .for_each(|one| found.memory(one));
        for server in config.mcp.servers.values() {
            let secrets = server.env.values().chain(server.headers.values());
            secrets.for_each(|secret| found.secret(secret));
            server.url.iter().for_each(|url| found.url(url));
        }
        for keeper in config.secrets.providers.values() {
            if let SecretProvider::Exec(program) = keeper {
                program.env.values().for_each(|value| found.secret(value));
            }
        }
        if let StoreChoice::Postgres(url) = &config.session.store {
            found.database(url.expose());
        }
        config.env.values().for_each(|value| found.text(value));
        env.secret_values().for_each(|value| found.text(value));
        found.into()
    }

    /// These and those.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        let all = self.0.iter().chain(others.0.iter());
        let text = |one: &Finder<'_>| String::from_utf8_lossy(one.needle()).into_owned();
        Found(all.map(text).collect()).into()
    }

    /// The text without the secrets that are in it.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for secret in self.0.iter() {
            if let Some(without) = without(secret, &text) {
                text = Cow::Owned(without);
            }
        }
        text
    }
}

/// `None` where the secret is not in the text.
fn without(secret: &Finder<'_>, text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = secret.find(rest.as_bytes()) {
        out.push_str(&rest[..at]);
        out.push_str(REDACTED);
        rest = &rest[at + secret.needle().len()..];
    }
    if rest.len() == text.len() {
        return None;
    }
    out.push_str(rest);
    Some(out)
}

impl<'s> FromIterator<&'s Secret> for Secrets {
    fn from_iter<I: IntoIterator<Item = &'s Secret>>(secrets: I) -> Self {
        let mut found = Found::default();
        secrets.into_iter().for_each(|one| found.secret(one));
        found.into()
    }
}

/// Secrets on their way into [`Secrets`].
#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    fn provider(&mut self, provider: &ProviderConfig) {
        let secrets = provider.api_key.iter().chain(provider.headers.values());
        secrets.for_each(|secret| self.secret(secret));
        provider.base_url.iter().for_each(|url| self.url(url));
        for model in &provider.models {
            self.members(&model.params);
        }
    }

    fn settings(&mut self, settings: &AgentSettings) {
        settings
            .memory_search
            .iter()
            .for_each(|one| self.memory(one));
        settings.params.iter().for_each(|one| self.members(one));
        for model in settings.models.iter().flat_map(BTreeMap::values) {
            self.members(&model.params);
        }
    }

    /// What a provider is sent beside what we know of: secret is what is named so.
    fn members(&mut self, members: &Map<String, Value>) {
        for (name, value) in members {
            match value {
                Value::String(text) if names_secret(name) => self.text(text),
                Value::Object(inner) => self.members(inner),
                _ => {}
            }
        }
    }

    fn memory(&mut self, search: &MemorySearch) {
        if let Some(remote) = &search.remote {
            let secrets = remote.api_key.iter().chain(remote.headers.values());
            secrets.for_each(|secret| self.secret(secret));
            remote.base_url.iter().for_each(|url| self.url(url));
        }
    }

    fn secret(&mut self, secret: &Secret) {
        self.text(secret.expose());
    }

    fn text(&mut self, text: &str) {
        if text.contains("://") {
            return self.url(text);
        }
        let text = text.trim();
        self.one(text);
        // `Bearer <token>`: the token alone may be what is repeated.
        if let Some((_, credential)) = text.split_once(char::is_whitespace) {
            self.one(credential.trim_start());
        }
    }

    /// A URL is no secret; the password and the query in it may be.
    fn url(&mut self, url: &str) {
        let Some((_, rest)) = url.split_once("://") else {
            return;
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let host = rest.split('/').next().unwrap_or_default();
        if let Some((credential, _)) = host.rsplit_once('@') {
            self.credential(credential);
        }
        for pair in query.split(['&', '#']) {
            self.one(pair.split_once('=').map_or(pair, |(_, value)| value));
        }
    }

    /// `user:password`, as it stands in a URL and as the header of such a request has it: `Basic <base64>`.
    fn credential(&mut self, credential: &str) {
        let (user, password) = credential.split_once(':').unwrap_or((credential, ""));
        let plain = |part| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let (plain_user, plain_password) = (plain(user), plain(password));
        let header = BASE64_STANDARD.encode(format!("{plain_user}:{plain_password}"));
        self.one(header.trim_end_matches('='));
        self.one(&header);
        if password.is_empty() {
            self.one(user);
            self.one(&plain_user);
        }
        self.one(password);
        self.one(&plain_password);
    }

    /// The password alone: the names of users and options are words that stand elsewhere as well.
    fn database(&mut self, url: &str) {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let user = rest.rsplit_once('@').map_or("", |(user, _)| user);
        let options = query.split('&').filter_map(|pair| pair.split_once('='));
        let options = options.filter(|(name, _)| *name == "password");
        for (_, password) in user.split_once(':').into_iter().chain(options) {
            self.one(password);
            self.one(&percent_decode_str(password).decode_utf8_lossy());
        }
    }

    fn one(&mut self, secret: &str) {
        if secret.len() < SHORTEST_BYTES {
            return;
        }
        let escaped = Value::from(secret).to_string();
        let escaped = escaped[1..escaped.len() - 1].to_owned();
        // Some writers of JSON escape the slash as well.
        let slashed = escaped.replace('/', "\\/");
        self.0.extend([secret.to_owned(), escaped, slashed]);
    }
}

impl From<Found> for Secrets {
    fn from(Found(mut all): Found) -> Self {
        // The longer first: one may be part of another.
        all.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        all.dedup();
        let finders = all.iter().map(|one| Finder::new(one).into_owned());
        Self(finders.collect())
    }
}

#[cfg(test)]
mod tests;
