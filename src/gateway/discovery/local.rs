//! Model servers of this machine that need no configuration: Ollama and LM Studio, where they answer with a list of
//! models at once. They join the configured providers; what is configured is not looked for.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{MAX_ID_BYTES, MAX_MODELS};
use crate::config::{ApiKind, ModelConfig, ModelKind, ModelsConfig, ModelsMode, ProviderConfig};

/// How long a server may take for its whole answer.
const PATIENCE: Duration = Duration::from_millis(200);

/// The largest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// A server that may run here.
struct Place {
    id: &'static str,
    port: u16,
    api: ApiKind,
    /// Where the list of its models is.
    list: &'static str,
    /// What its base URL has behind the port.
    base: &'static str,
}

const PLACES: [Place; 2] = [
    Place {
        id: "ollama",
        port: 11434,
        api: ApiKind::Ollama,
        list: "/api/tags",
        base: "",
    },
    Place {
        id: "lmstudio",
        port: 1234,
        api: ApiKind::OpenaiCompletions,
        list: "/v1/models",
        base: "/v1",
    },
];

/// The servers that were found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Local(Vec<(&'static str, ProviderConfig)>);

impl Local {
    /// Looks for servers that these settings do not name; blocks for at most 200 ms. There are none where providers are
    /// replaced and not merged.
    pub fn find(models: &ModelsConfig) -> Self {
        Self::among(&PLACES, models)
    }

    fn among(places: &'static [Place], models: &ModelsConfig) -> Self {
        if models.mode == ModelsMode::Replace {
            return Self::default();
        }
        let unknown = places.iter().filter(|place| !is_configured(place, models));
        // Each thread ends with its deadline.
        let asked: Vec<_> = unknown
            .map(|place| (place, std::thread::spawn(|| ask(place))))
            .collect();
        let found = asked.into_iter().filter_map(|(place, asked)| {
            let models = asked.join().ok()?.ok()?;
            Some((place.id, provider(place, models)))
        });
        Self(found.collect())
    }

    /// Adds the servers to the providers.
    pub fn join(&self, models: &mut ModelsConfig) {
        for (id, provider) in &self.0 {
            let entry = models.providers.entry((*id).to_owned());
            entry.or_insert_with(|| provider.clone());
        }
    }
}

/// Whether a provider has this name, or is at this port of this machine.
fn is_configured(place: &Place, models: &ModelsConfig) -> bool {
    let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("//{host}:{}", place.port));
    let here = |provider: &ProviderConfig| {
        let url = provider.base_url.as_deref().unwrap_or_default();
        hosts.iter().any(|host| {
            let rest = url.split_once(host.as_str()).map(|(_, rest)| rest);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    models.providers.contains_key(place.id) || models.providers.values().any(here)
}

fn provider(place: &Place, models: Vec<ModelConfig>) -> ProviderConfig {
    ProviderConfig {
        base_url: Some(format!("http://127.0.0.1:{}{}", place.port, place.base).into()),
        api: Some(place.api),
        allow_unlisted: true,
        models,
        ..ProviderConfig::default()
    }
}

/// # Errors
/// Nobody listens, or it does not answer in time with a list of at least one model.
fn ask(place: &Place) -> io::Result<Vec<ModelConfig>> {
    let deadline = Instant::now() + PATIENCE;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, place.port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // An answer to HTTP/1.0 comes in one piece, and ends with its connection.
    let request = format!(
        "GET {} HTTP/1.0\r\nHost: {address}\r\nAccept: application/json\r\n\r\n",
        place.list
    );
    stream.write_all(request.as_bytes())?;
    let answer = read(&mut stream, deadline)?;
    let list = body(&answer).and_then(|body| serde_json::from_slice(body).ok());
    let models = list.map(|list: Value| listed(&list)).unwrap_or_default();
    if models.is_empty() {
        return Err(ErrorKind::InvalidData.into());
    }
    Ok(models)
}

fn read(stream: &mut TcpStream, deadline: Instant) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while answer.len() <= MAX_ANSWER_BYTES && !is_whole(&answer) {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut piece)? {
            0 => return Ok(answer),
            length => answer.extend_from_slice(&piece[..length]),
        }
    }
    Ok(answer)
}

/// Whether the answer is as long as it says that it is, for servers that keep the connection open.
fn is_whole(answer: &[u8]) -> bool {
    let Some((head, body)) = split(answer) else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let value = value.trim().parse::<usize>().ok()?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    length.is_some_and(|length| body.len() >= length)
}

/// The body of a 200.
fn body(answer: &[u8]) -> Option<&[u8]> {
    let (head, body) = split(answer)?;
    let status = head.lines().next()?.split(' ').nth(1)?;
    (head.starts_with("HTTP/1.") && status == "200").then_some(body)
}

fn split(answer: &[u8]) -> Option<(&str, &[u8])> {
    const END: &[u8] = b"\r\n\r\n";
    let end = memchr::memmem::find(answer, END)?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    Some((head, &answer[end + END.len()..]))
}

/// The models of Ollama's list or OpenAI's.
fn listed(list: &Value) -> Vec<ModelConfig> {
    let entries = list.get("models").or_else(|| list.get("data"));
    let entries = entries.and_then(Value::as_array).into_iter().flatten();
    let model = |entry: &Value| {
        let id = entry.get("name").or_else(|| entry.get("id"))?.as_str()?;
        let is_id = (1..=MAX_ID_BYTES).contains(&id.len()) && !id.chars().any(char::is_control);
        is_id.then(|| ModelConfig {
            id: id.to_owned(),
            kind: kind(id, entry),
            ..ModelConfig::default()
        })
    };
    entries.filter_map(model).take(MAX_MODELS).collect()
}

/// Neither list says it: embedding models are named so, or of a family of encoders.
fn kind(id: &str, entry: &Value) -> ModelKind {
    let family = entry.pointer("/details/family").and_then(Value::as_str);
    let encodes = family.is_some_and(|family| family.ends_with("bert"));
    if encodes || id.to_ascii_lowercase().contains("embed") {
        ModelKind::Embedding
    } else {
        ModelKind::Chat
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use serde_json::json;

    use super::*;

    /// A server that gives one answer; where it is, leaked for the test's lifetime.
    fn server(answer: String) -> &'static [Place] {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        // Ends with its one caller.
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let _read = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            // Open until the caller is done.
            let _closed = stream.read(&mut request);
        });
        Vec::leak(vec![Place { port, ..PLACES[0] }])
    }

    fn answer(status: &str, body: &Value) -> String {
        let body = body.to_string();
        format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    fn tags() -> Value {
        json!({ "models": [
            { "name": "qwen3:8b", "details": { "family": "qwen3" } },
            { "name": "all-minilm:latest", "details": { "family": "bert" } },
            { "name": "nomic-embed-text" },
        ] })
    }

    #[test]
    fn a_server_that_lists_models_joins_the_providers() {
        let places = server(answer("200 OK", &tags()));
        let mut models = ModelsConfig::default();
        Local::among(places, &models).join(&mut models);
        let found = &models.providers["ollama"];
        let url = format!("http://127.0.0.1:{}", places[0].port);
        assert_eq!(
            (found.base_url.as_deref(), found.api),
            (Some(url.as_str()), Some(ApiKind::Ollama))
        );
        let listed = found
            .models
            .iter()
            .map(|model| (model.id.as_str(), model.kind));
        assert_eq!(
            listed.collect::<Vec<_>>(),
            [
                ("qwen3:8b", ModelKind::Chat),
                ("all-minilm:latest", ModelKind::Embedding),
                ("nomic-embed-text", ModelKind::Embedding),
            ]
        );
    }

    #[test]
    fn what_is_no_list_of_models_is_no_provider() {
        for nonsense in [
            answer("404 Not Found", &tags()),
            answer("200 OK", &json!({ "models": [] })),
            answer("200 OK", &json!("hello")),
            "SSH-2.0-OpenSSH_9.6\r\n".to_owned(),
        ] {
            let found = Local::among(server(nonsense.clone()), &ModelsConfig::default());
            assert_eq!(found, Local::default(), "{nonsense}");
        }
    }

    #[test]
    fn nobody_is_asked_who_is_configured_or_replaced() {
        let places = server(answer("200 OK", &tags()));
        let url = format!("http://localhost:{}/v1", places[0].port);
        for models in [
            json!({ "mode": "replace" }),
            json!({ "providers": { "ollama": { "baseUrl": "http://elsewhere:1" } } }),
            json!({ "providers": { "mine": { "baseUrl": url } } }),
        ] {
            let models: ModelsConfig = serde_json::from_value(models).unwrap();
            assert_eq!(Local::among(places, &models), Local::default());
        }
        // It was never asked, and so still answers.
        assert_ne!(
            Local::among(places, &ModelsConfig::default()),
            Local::default()
        );
    }
}
