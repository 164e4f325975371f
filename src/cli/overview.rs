//! A bare `openclaw`: how things stand, in ten lines, and what to do next.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::logging::Role;
use super::tame::on_one_line;
use super::{CliError, Context};
use crate::config::Loaded;
use crate::gateway::{Catalog, CatalogScope, Gateway};

/// How long the gateway may take to answer.
const PATIENCE: Duration = Duration::from_millis(200);

pub fn run(context: &Context) -> anyhow::Result<()> {
    let printer = context.printer;
    if !printer.is_terminal() {
        printer.note(super::command().render_help());
        return Err(CliError::Usage("which command?".to_owned()).into());
    }
    let (found, next) = match look(context) {
        Ok(state) => (state.found(), state.next()),
        Err(error) => (broken(&error), NEXT_WHEN_BROKEN),
    };
    let mut text = printer
        .strong(concat!("openclaw ", env!("CARGO_PKG_VERSION")))
        .to_string();
    let room = printer.width().unwrap_or(usize::MAX).saturating_sub(NAMES);
    for (name, value) in found {
        let name = printer.faint(format!("  {name:<10}"));
        text += &format!("\n{name}{}", on_one_line(&value, room));
    }
    text.push('\n');
    for (command, what) in next {
        text += &format!("\n  {command:<50}{}", printer.faint(what));
    }
    let rest = printer.faint("  openclaw --help for the rest");
    Ok(printer.line(format_args!("{text}\n{rest}"))?)
}

/// The columns that the names of what was found take.
const NAMES: usize = 12;

/// A line each: what it is about, and what was found.
type Found = [(&'static str, String); 4];

/// The commands that are worth the most now, and what they do.
type Next = [(&'static str, &'static str); 3];

const NEXT_WHEN_BROKEN: Next = [
    ("openclaw config check", "see what is wrong with it"),
    ("openclaw config path", "which file that is"),
    ("openclaw config --help", "what else helps"),
];

/// How things stand.
struct State {
    loaded: Loaded,
    catalog: Catalog,
    is_running: bool,
}

fn look(context: &Context) -> anyhow::Result<State> {
    let loaded = context.load(Role::Command)?;
    let gateway = Gateway::new(&loaded.config, &loaded.env, loaded.paths.state_dir())?;
    let catalog = gateway.list_models(&CatalogScope::default())?;
    let is_running = answers(loaded.config.gateway.port);
    Ok(State {
        loaded,
        catalog,
        is_running,
    })
}

/// What can be said where the configuration cannot be used.
fn broken(error: &anyhow::Error) -> Found {
    let unknown = || "unknown".to_owned();
    let error = error.to_string();
    let why = error.strip_prefix("error: ").unwrap_or(&error);
    [
        ("config", format!("cannot be used: {why}")),
        ("providers", unknown()),
        ("agent", unknown()),
        ("gateway", unknown()),
    ]
}

impl State {
    fn found(&self) -> Found {
        let port = self.loaded.config.gateway.port;
        let gateway = match self.is_running {
            true => format!("running on port {port}"),
            false => format!("not running (its port would be {port})"),
        };
        [
            ("config", file(&self.loaded)),
            ("providers", self.providers()),
            ("agent", agent(&self.loaded, &self.catalog)),
            ("gateway", gateway),
        ]
    }

    /// The providers whose key is there.
    fn usable(&self) -> Vec<&str> {
        let models = self.catalog.models.iter().filter(|model| model.usable);
        let mut ids: Vec<&str> = models.map(|model| model.id.provider.as_str()).collect();
        ids.retain(|id| *id != "offline");
        ids.dedup();
        ids
    }

    fn providers(&self) -> String {
        let usable = self.usable();
        match usable.is_empty() {
            true => "none: set OPENAI_API_KEY, or name one in the configuration".to_owned(),
            false => usable.join(", "),
        }
    }

    fn next(&self) -> Next {
        let serve = match self.loaded.config.gateway.http.endpoints.shared_on() {
            true => "openclaw gateway serve",
            false => "openclaw gateway serve --enable chat-completions",
        };
        let third = match (&self.loaded.file, self.is_running) {
            (None, _) => ("openclaw config init", "write a first configuration"),
            (Some(_), true) => ("openclaw config check", "check the configuration"),
            (Some(_), false) => (serve, "serve the API"),
        };
        let second = match (&self.loaded.file, self.is_running) {
            (None, false) => (serve, "serve the API"),
            (Some(_), _) | (None, true) => ("openclaw models list", "see which models there are"),
        };
        [("openclaw agent \"hello\"", "say something"), second, third]
    }
}

fn file(loaded: &Loaded) -> String {
    match &loaded.file {
        Some(file) => file.display().to_string(),
        None => "none: defaults apply".to_owned(),
    }
}

/// The default agent, what it runs on, and who else there is.
fn agent(loaded: &Loaded, catalog: &Catalog) -> String {
    let config = &loaded.config;
    let agents = config.agents.resolve(config.memory.search.as_ref());
    let default = agents.into_iter().find(|agent| agent.is_default);
    let id = default.as_ref().map(|agent| agent.id.to_string());
    let listed = || {
        let model = catalog.models.iter().find(|model| model.is_default)?;
        Some(model.id.to_string())
    };
    let model = default.and_then(|agent| agent.primary).or_else(listed);
    let id = id.unwrap_or_default();
    let others: Vec<&str> = catalog.agents.iter().map(|agent| agent.as_str()).collect();
    let others: Vec<&str> = others.into_iter().filter(|other| *other != id).collect();
    let also = match others.is_empty() {
        true => String::new(),
        false => format!("; also {}", others.join(", ")),
    };
    format!("{id} on {}{also}", model.as_deref().unwrap_or("no model"))
}

/// Whether a gateway answers on this port of this machine.
fn answers(port: u16) -> bool {
    const REQUEST: &[u8] = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    const ANSWER: &[u8] = b"HTTP/1.1 200";
    let begun = Instant::now();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, PATIENCE) else {
        return false;
    };
    // A timeout of nothing would mean none.
    let left = PATIENCE
        .saturating_sub(begun.elapsed())
        .max(Duration::from_millis(1));
    let mut answer = [0; ANSWER.len()];
    let asked = stream
        .set_read_timeout(Some(left))
        .and_then(|()| stream.write_all(REQUEST));
    asked.and_then(|()| stream.read_exact(&mut answer)).is_ok() && answer == ANSWER
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_port_answers_when_it_is_healthy() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let healthy = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        });
        assert!(answers(port));
        healthy.join().unwrap();
        assert!(!answers(port), "nobody listens any more");
    }
}
