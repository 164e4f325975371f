//! A bare `openclaw`: how things stand, in ten lines, and what to do next.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::logging::Role;
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
    let loaded = context.load(Role::Command)?;
    let catalog = Gateway::new(&loaded.config, &loaded.env, loaded.paths.state_dir())?
        .list_models(&CatalogScope::default())?;
    let agents: Vec<&str> = catalog.agents.iter().map(|agent| agent.as_str()).collect();
    let port = loaded.config.gateway.port;
    let answers = if answers(port) {
        "answers"
    } else {
        "does not answer"
    };
    printer.line(printer.strong(concat!("openclaw ", env!("CARGO_PKG_VERSION"))))?;
    for (name, value) in [
        ("config", file(&loaded)),
        ("model", model(&loaded, &catalog)),
        ("agents", agents.join(", ")),
        ("gateway", format!("{answers} on port {port}")),
    ] {
        printer.line(format_args!(
            "  {}{value}",
            printer.faint(format_args!("{name:<9}"))
        ))?;
    }
    let first = match loaded.file {
        Some(_) => "openclaw config check",
        None => "openclaw config init",
    };
    printer.line("")?;
    for (command, what) in [
        ("openclaw agent \"hello\"", "say something"),
        (
            "openclaw gateway serve --enable chat-completions",
            "serve the API",
        ),
        (first, "the configuration"),
    ] {
        printer.line(format_args!("  {command:<50}{}", printer.faint(what)))?;
    }
    Ok(printer.line(printer.faint("  openclaw --help for the rest"))?)
}

fn file(loaded: &Loaded) -> String {
    match &loaded.file {
        Some(file) => file.display().to_string(),
        None => "none: defaults apply".to_owned(),
    }
}

/// What the default agent runs on.
fn model(loaded: &Loaded, catalog: &Catalog) -> String {
    let config = &loaded.config;
    let agents = config.agents.resolve(config.memory.search.as_ref());
    let configured = agents
        .into_iter()
        .find(|agent| agent.is_default)
        .and_then(|agent| agent.primary);
    let listed = || {
        catalog
            .models
            .iter()
            .find(|model| model.is_default)
            .map(|model| model.id.to_string())
    };
    configured
        .or_else(listed)
        .unwrap_or_else(|| "none".to_owned())
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
