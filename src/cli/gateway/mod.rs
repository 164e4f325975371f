//! `openclaw gateway`: serves the HTTP API, in the foreground, until it is told to stop.

mod access;
mod address;
mod announce;
mod guards;
mod reload;
mod secret_file;
mod service_manager;
pub mod signals;
mod unit;
mod watch;

use std::cell::Cell;
use std::io::{ErrorKind, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::logging::Role;
use super::{CliError, Context, LAST_MOMENT, finish_writes};
use crate::auth::{Attempts, Authenticator};
use crate::config::{AuthModeName, BindMode, Environment, GatewayConfig, Loaded, Secret};
use crate::gateway::{Gateway, Local};
use crate::server::{self, Ended, State};
use access::Access;
use announce::Announcement;
pub use guards::Doubt;
use reload::{Basis, Reloader};
use service_manager::ServiceManager;
use signals::{Hangups, Signals};
use watch::Watch;

/// Serve the OpenAI-compatible API
///
/// `gateway serve`, `gateway run` and a bare `gateway` are the same: the server runs in the foreground. SIGTERM or
/// Ctrl-C lets the runs in flight finish first; a second one ends them. A configuration file that changes is read again,
/// and so it is at SIGHUP; one that cannot be used is told in the log and changes nothing.
#[derive(Debug, Args)]
pub struct GatewayArgs {
    #[command(subcommand)]
    command: Option<GatewayCommand>,
    #[command(flatten)]
    serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
enum GatewayCommand {
    /// Serve the OpenAI-compatible API in the foreground
    #[command(visible_alias = "run")]
    Serve,
    Unit(unit::UnitArgs),
}

// Global, so that they are the same before and after `serve`.
#[derive(Debug, Clone, Args)]
struct ServeArgs {
    /// Listen on this port; 0 takes a free one
    #[arg(long, global = true, value_name = "PORT")]
    port: Option<u16>,
    /// Listen on these addresses
    #[arg(long, global = true, value_name = "MODE")]
    bind: Option<BindMode>,
    /// How callers prove who they are
    #[arg(long, global = true, value_name = "MODE")]
    auth: Option<AuthModeName>,
    /// The token that callers must send; other users of this machine can see it, see --token-file
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        conflicts_with = "token_file"
    )]
    token: Option<String>,
    /// Read the token from a file
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Switch endpoints on
    #[arg(long, global = true, value_name = "ENDPOINTS", value_delimiter = ',')]
    enable: Vec<Endpoint>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Endpoint {
    /// All of /v1
    ChatCompletions,
    /// All of /v1 but chat completions
    Responses,
}

impl ServeArgs {
    /// Puts the arguments over the configuration.
    fn apply(&self, gateway: &mut GatewayConfig) -> Result<(), CliError> {
        gateway.port = self.port.unwrap_or(gateway.port);
        gateway.bind = self.bind.unwrap_or(gateway.bind);
        let token = match &self.token_file {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(CliError::unreadable(path))?;
                Some(text.trim().to_owned())
            }
            None => self.token.clone(),
        };
        if let Some(token) = token {
            if token.trim().is_empty() {
                return Err(CliError::Usage("the token is empty".to_owned()));
            }
            gateway.auth.token = Some(Secret::new(token));
            // Whoever gives a token means it to be asked for.
            gateway.auth.mode = Some(AuthModeName::Token);
        }
        gateway.auth.mode = self.auth.or(gateway.auth.mode);
        let endpoints = &mut gateway.http.endpoints;
        for endpoint in &self.enable {
            match endpoint {
                Endpoint::ChatCompletions => endpoints.chat_completions.enabled = Some(true),
                Endpoint::Responses => endpoints.responses.enabled = Some(true),
            }
        }
        Ok(())
    }

    /// The files behind these arguments and this configuration.
    fn files(&self, loaded: &Loaded) -> Vec<PathBuf> {
        let mut files = loaded.sources();
        files.extend(self.token_file.clone());
        files
    }
}

/// Whether a server could be started with these settings, as far as that shows without starting it; and what is odd
/// about them.
///
/// # Errors
/// What `gateway serve` would say.
pub fn check(settings: &GatewayConfig) -> anyhow::Result<Vec<Doubt>> {
    let ip = address::of(settings.bind, settings.custom_bind_host.as_deref())?;
    let access = Access::settle(settings, ip)?;
    Ok(guards::doubts(settings, &access.mode, ip))
}

/// Where such a server is called from this machine; nothing where it cannot listen at all.
pub fn at_home(settings: &GatewayConfig) -> Option<SocketAddr> {
    let ip = address::of(settings.bind, settings.custom_bind_host.as_deref()).ok()?;
    let ip = match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Some(SocketAddr::new(ip, settings.port))
}

pub fn run(context: &Context, args: GatewayArgs) -> anyhow::Result<()> {
    match args.command {
        Some(GatewayCommand::Unit(_)) => return unit::run(context, &args.serve),
        // `gateway` alone is `gateway serve`.
        None | Some(GatewayCommand::Serve) => {}
    }
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let hangups = {
        // First of all: until somebody listens for it, this signal ends the program.
        let _within = runtime.enter();
        [Hangups::new()?, Hangups::new()?]
    };
    let mut loaded = context.load(Role::Server)?;
    args.serve.apply(&mut loaded.config.gateway)?;
    let done = runtime.block_on(serve(context, args.serve, loaded, hangups));
    // What a file system that does not answer has stuck is not waited for.
    runtime.shutdown_timeout(LAST_MOMENT);
    done
}

/// Says what is odd about the settings that guard the door.
fn tell_of_doubts(settings: &GatewayConfig, access: &Access, ip: IpAddr) {
    for doubt in guards::doubts(settings, &access.mode, ip) {
        tracing::warn!("{doubt}");
    }
}

async fn serve(
    context: &Context,
    args: ServeArgs,
    loaded: Loaded,
    [hangups, terminal]: [Hangups; 2],
) -> anyhow::Result<()> {
    let watch = Watch::over(args.files(&loaded));
    let manager = ServiceManager::of(&Environment::process());
    let settings = &loaded.config.gateway;
    let ip = address::of(settings.bind, settings.custom_bind_host.as_deref())?;
    let access = Access::settle(settings, ip)?;
    context.log_as(&loaded, &access.fresh)?;
    tell_of_doubts(settings, &access, ip);
    let gateway = Gateway::new(&loaded.config, &loaded.env, loaded.paths.state_dir())?;
    let mut signals = Signals::new()?;
    // One listener for both: two of them would take signals in quick succession for one.
    let (hand_over, handed_over) = oneshot::channel();
    let listener = bind(SocketAddr::new(ip, settings.port)).await?;
    let address = listener.local_addr()?;
    announce(context, &loaded, address, &access)?;
    let http = settings.http.clone();
    let grace = Duration::from_millis(http.drain_ms);
    let attempts = Arc::<Attempts>::default();
    let authenticator = Authenticator::new(access.mode, settings, Arc::clone(&attempts));
    let state = State::new(gateway.clone(), authenticator, http);
    manager.ready(&format!("listening on {address}"));
    let forced = Cell::new(false);
    let stop = async {
        tokio::select! {
            _ = signals.next() => {}
            () = terminal.terminal_gone() => {}
        }
        tracing::info!("stopping: what runs may finish; a second signal ends it at once");
        manager.stopping(grace);
        // The other end waits as long as the server runs.
        let _taken = hand_over.send(signals);
    };
    let now = async {
        let signals: Signals = handed_over.await.expect("the server stops before it ends");
        signals.nth(1).await;
        forced.set(true);
    };
    let reloader = Reloader {
        context,
        manager: &manager,
        state: state.clone(),
        hangups,
        watch,
        started: loaded.config.clone(),
        basis: Basis {
            args,
            address,
            fresh: access.fresh,
            loaded,
            local: Local::default(),
            gateway: gateway.clone(),
        },
        attempts,
    };
    let ended = tokio::select! {
        ended = server::run(state, listener, stop, now) => ended,
        never = reloader.run() => match never {},
        never = manager.give_signs_of_life() => match never {},
    };
    finish_writes(&gateway).await;
    match ended {
        Ended::Clean => Ok(()),
        Ended::Cut if forced.get() => bail!(CliError::Interrupted),
        Ended::Cut => bail!("the time to drain was over: what still ran was cut short"),
    }
}

/// Says where the server listens, and who may come in, to whoever watches: a person or a log.
fn announce(
    context: &Context,
    loaded: &Loaded,
    address: SocketAddr,
    access: &Access,
) -> anyhow::Result<()> {
    let announcement = Announcement {
        address,
        access,
        endpoints: &loaded.config.gateway.http.endpoints,
    };
    if std::io::stderr().is_terminal() {
        context.printer.note(announcement.for_a_person());
        return Ok(());
    }
    if let Some(token) = &access.fresh {
        keep(token, loaded)?;
    }
    announcement.log();
    Ok(())
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "port {} is taken: another gateway may be running; stop it, or choose a port with --port",
            address.port()
        ),
        _ => anyhow::Error::from(error).context(format!("cannot listen on {address}")),
    })
}

/// A token that no terminal shows goes where only its owner can read it.
fn keep(token: &Secret, loaded: &Loaded) -> anyhow::Result<()> {
    let state = loaded.paths.state_dir();
    let state =
        state.context("there is no folder for state: set OPENCLAW_STATE_DIR, or a token")?;
    let file = state.join("gateway-token");
    secret_file::write(&file, token).with_context(|| format!("cannot write {}", file.display()))?;
    tracing::info!(file = %file.display(), "a token was made for this run; it is in this file");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn settings(line: &str) -> GatewayConfig {
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        let Some(Command::Gateway(args)) = cli.command else {
            panic!("{line} is a gateway command");
        };
        let mut settings = GatewayConfig::default();
        settings.auth.mode = Some(AuthModeName::Password);
        args.serve.apply(&mut settings).unwrap();
        settings
    }

    #[test]
    fn every_spelling_of_serve_takes_the_same_flags() {
        for line in [
            "openclaw gateway --port 7",
            "openclaw gateway serve --port 7",
            "openclaw gateway run --port 7",
            "openclaw gateway --port 7 serve",
        ] {
            assert_eq!(settings(line).port, 7, "{line}");
        }
    }

    #[test]
    fn a_token_of_the_command_line_is_asked_for() {
        let auth = settings("openclaw gateway --token t").auth;
        assert_eq!(
            (auth.mode, auth.token),
            (Some(AuthModeName::Token), Some(Secret::new("t")))
        );
        let auth = settings("openclaw gateway --token t --auth none").auth;
        assert_eq!(auth.mode, Some(AuthModeName::None));
    }

    #[test]
    fn endpoints_are_switched_on_by_name() {
        let endpoints = settings("openclaw gateway --enable chat-completions,responses")
            .http
            .endpoints;
        assert_eq!(endpoints.chat_completions.enabled, Some(true));
        assert_eq!(endpoints.responses.enabled, Some(true));
    }

    #[tokio::test]
    async fn a_taken_port_is_told_with_the_way_out() {
        let taken = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = taken.local_addr().unwrap();
        assert_eq!(
            bind(address).await.unwrap_err().to_string(),
            format!(
                "port {} is taken: another gateway may be running; stop it, or choose a port with --port",
                address.port()
            )
        );
    }
}
