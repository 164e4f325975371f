//! Keeps a running server at what its files say. A changed configuration is read, checked and built whole before it takes
//! the place of the last one, in one step; one that cannot be used changes nothing and is told in the log.

use std::convert::Infallible;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::access::Access;
use super::service_manager::ServiceManager;
use super::signals::Hangups;
use super::watch::Watch;
use super::{ServeArgs, address, keep, tell_of_doubts};
use crate::auth::{Attempts, Authenticator};
use crate::cli::{Context, tell_of_oddities};
use crate::config::{self, Config, Environment, LoadError, Loaded, ModelsConfig, Secret};
use crate::gateway::{Gateway, Local};
use crate::server::State;

/// What a server runs with, and what it takes to run with something else.
pub struct Reloader<'a> {
    pub context: &'a Context,
    pub manager: &'a ServiceManager,
    pub state: State,
    pub hangups: Hangups,
    pub watch: Watch,
    pub basis: Basis,
    /// The configuration that the server was started with.
    pub started: Config,
    /// Wrong credentials count across every configuration.
    pub attempts: Arc<Attempts>,
}

/// What the next configuration is put together from.
#[derive(Clone)]
pub struct Basis {
    /// They win over every file.
    pub args: ServeArgs,
    /// The address that is listened on.
    pub address: SocketAddr,
    /// A token that was made for this run.
    pub fresh: Option<Secret>,
    /// The configuration in force, without the model servers of this machine.
    pub loaded: Loaded,
    /// The model servers of this machine.
    pub local: Local,
    pub gateway: Gateway,
}

/// Another configuration, ready to be put in force.
struct Next {
    loaded: Loaded,
    access: Access,
    gateway: Gateway,
}

impl Reloader<'_> {
    /// Goes on until it is dropped; what the gateway does beside its runs, it does meanwhile.
    pub async fn run(mut self) -> Infallible {
        loop {
            let gateway = self.basis.gateway.clone();
            let config = &self.basis.loaded.config;
            let (sessions, models) = (config.session.clone(), config.models.clone());
            let known = self.basis.local.clone();
            tokio::select! {
                never = gateway.maintain(&sessions) => match never {},
                never = gateway.discover_models() => match never {},
                () = self.replaced() => {}
                local = others(models, known) => self.join(local).await,
            }
        }
    }

    /// Puts these model servers of this machine in force, or lets them wait for the next configuration that can be used.
    async fn join(&mut self, local: Local) {
        tracing::info!("the model servers of this machine are others now");
        self.basis.local = local;
        self.renew().await;
    }

    /// Returns when another configuration is in force.
    async fn replaced(&mut self) {
        loop {
            tokio::select! {
                () = self.watch.changed() => {}
                () = self.hangups.next() => self.context.reopen_log(),
            }
            if self.renew().await {
                return;
            }
        }
    }

    /// Reads the files again, and tells what came of it: whether another configuration is in force.
    async fn renew(&mut self) -> bool {
        self.manager.reloading();
        let outcome = self.reload().await;
        let listening = format!("listening on {}", self.basis.address);
        match &outcome {
            Ok(()) => {
                tracing::info!("the configuration was reloaded");
                self.manager.ready(&listening);
            }
            Err(error) => {
                self.context.tell_of_fault(
                    error,
                    "the configuration is not reloaded: the last good one stays in force",
                );
                let status = format!(
                    "{listening}; the configuration is invalid, an earlier one is in force"
                );
                self.manager.ready(&status);
            }
        }
        outcome.is_ok()
    }

    async fn reload(&mut self) -> anyhow::Result<()> {
        let basis = self.basis.clone();
        // Awaited here. Files are read and the gateway is built beside the runtime's own threads.
        let building = tokio::task::spawn_blocking(move || {
            // Noted before it is read: a change from now on is the next one.
            let watch = Watch::over(basis.files());
            let next = basis.next();
            let watch = match &next {
                Ok(next) => watch.and_over(basis.args.files(&next.loaded)),
                // What mends it may be a change of a file that it includes only now.
                Err(error) => {
                    let mut files = basis.files();
                    files.extend(files_at_fault(error));
                    watch.and_over(files)
                }
            };
            (watch, next)
        });
        let (watch, next) = building.await.context("a bug of ours")?;
        self.watch = watch;
        let next = next?;
        let fresh = next.access.fresh.iter().chain(&self.basis.fresh);
        self.context.log_as(&next.loaded, fresh)?;
        self.put_in_force(next);
        Ok(())
    }

    fn put_in_force(&mut self, next: Next) {
        let settings = &next.loaded.config.gateway;
        tell_of_oddities(&next.loaded);
        tell_of_doubts(settings, &next.access, self.basis.address.ip());
        tell_of_restarts(&self.started, &next.loaded.config);
        let authenticator =
            Authenticator::new(next.access.mode, settings, Arc::clone(&self.attempts));
        let http = settings.http.clone();
        self.state
            .replace(next.gateway.clone(), authenticator, http);
        let basis = &mut self.basis;
        basis.fresh = next.access.fresh.or(basis.fresh.take());
        (basis.loaded, basis.gateway) = (next.loaded, next.gateway);
    }
}

impl Basis {
    /// What is watched.
    pub fn files(&self) -> Vec<PathBuf> {
        self.args.files(&self.loaded)
    }

    /// # Errors
    /// Everything that `gateway serve` would say of the files as they are now, and one that was there and is gone.
    fn next(&self) -> anyhow::Result<Next> {
        // The file that was found first stays the one: another default one would be somebody else's idea.
        let file = self.loaded.file.as_deref();
        file.map_or(Ok(()), must_be_readable_again)?;
        let mut loaded = config::load(file, Environment::process())?;
        self.args.apply(&mut loaded.config.gateway)?;
        let (settings, before) = (&loaded.config.gateway, &self.loaded.config.gateway);
        let place =
            |gateway: &config::GatewayConfig| (gateway.bind, gateway.custom_bind_host.clone());
        if place(settings) != place(before) {
            // It counts only after a restart, which has to succeed.
            let ip = address::of(settings.bind, settings.custom_bind_host.as_deref())?;
            Access::settle(settings, ip)?;
        }
        let access = Access::settle(settings, self.address.ip())?;
        let access = access.with_fresh(self.fresh.as_ref());
        if let (Some(token), None) = (&access.fresh, &self.fresh) {
            announce(token, &loaded)?;
        }
        let mut with_local = loaded.config.clone();
        if with_local.models.discover_local == Some(true) {
            self.local.join(&mut with_local.models);
        }
        let gateway = self.gateway.reconfigured(&with_local, &loaded.env)?;
        Ok(Next {
            loaded,
            access,
            gateway,
        })
    }
}

/// Returns when the model servers of this machine are others than `known`: never, unless they are to be looked for.
async fn others(models: ModelsConfig, known: Local) -> Local {
    const PAUSE: Duration = Duration::from_secs(60);
    if models.discover_local != Some(true) {
        return std::future::pending().await;
    }
    loop {
        let models = models.clone();
        // Awaited here; it blocks for a moment.
        let found = tokio::task::spawn_blocking(move || Local::find(&models)).await;
        match found {
            Ok(found) if found != known => return found,
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// The files of a configuration that cannot be used.
fn files_at_fault(error: &anyhow::Error) -> Vec<PathBuf> {
    match error.downcast_ref::<LoadError>() {
        Some(LoadError::Invalid(report)) => report.files().to_vec(),
        _ => Vec::new(),
    }
}

/// A pipe has been read: there is nothing more in it, and a wait for it would never end.
fn must_be_readable_again(file: &Path) -> anyhow::Result<()> {
    if file.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        bail!("{} is no file that can be read again", file.display());
    }
    Ok(())
}

/// Tells of a token that a reload made necessary.
fn announce(token: &Secret, loaded: &Loaded) -> anyhow::Result<()> {
    if std::io::stderr().is_terminal() {
        tracing::warn!("no secret is set any more: a token was made for this run");
    }
    keep(token, loaded)
}

/// Says which changes wait for a restart.
fn tell_of_restarts(started: &Config, wanted: &Config) {
    for ((path, running), (_, wanted)) in fixed(started).into_iter().zip(fixed(wanted)) {
        if running != wanted {
            tracing::warn!(
                path,
                "this setting takes effect when the server is restarted"
            );
        }
    }
}

/// The settings that a running server cannot change.
fn fixed(config: &Config) -> [(&'static str, Value); 11] {
    let (gateway, logging) = (&config.gateway, &config.logging);
    let http = &gateway.http;
    [
        ("gateway.bind", json!(gateway.bind)),
        ("gateway.customBindHost", json!(gateway.custom_bind_host)),
        ("gateway.http.drainMs", json!(http.drain_ms)),
        (
            "gateway.http.headerTimeoutMs",
            json!(http.header_timeout_ms),
        ),
        ("gateway.http.keepAliveMs", json!(http.keep_alive_ms)),
        ("gateway.http.maxConnections", json!(http.max_connections)),
        ("gateway.port", json!(gateway.port)),
        ("logging.consoleStyle", json!(logging.console_style)),
        ("logging.file", json!(logging.file)),
        ("session.maxQueued", json!(config.session.max_queued)),
        ("session.store", json!(config.session.store)),
    ]
}
