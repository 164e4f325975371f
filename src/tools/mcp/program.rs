//! The program of a server, from its start until it is gone, and all that it started with it.

use std::convert::Infallible;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{oneshot, watch};
use tokio::time::timeout;

use super::brake::{Brake, Braked};
use super::pipes::Pipes;
use crate::config::McpServerConfig;
use crate::tools::Workspace;
use crate::tools::process_group::Group;

/// How long a program may take to leave once its input has ended, and once more when it was asked to.
pub const LEAVE_LIMIT: Duration = Duration::from_secs(2);

/// The longest line that a program writes for its log, in bytes.
const MAX_LOG_BYTES: u64 = 4096;

/// What programs are told when the gateway ends. Clones are the same.
#[derive(Clone, Default)]
pub struct Ending(Arc<watch::Sender<Option<Haste>>>);

/// How soon a program has to leave.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// It is asked twice, and has [`LEAVE_LIMIT`] each time.
    InPeace,
    AtOnce,
}

impl Ending {
    /// Tells every program to leave, and returns when all are gone.
    pub async fn come(&self, haste: Haste) {
        self.0.send_replace(Some(haste));
        // Each program has a receiver for as long as it runs.
        self.0.closed().await;
    }

    /// Waits until it has come.
    pub async fn has_come(&self) {
        // The sender is here: there is no other outcome.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }
}

/// A program that runs. When this is dropped, and the program's input with it, it may leave in peace for a while; then it
/// is made to.
pub struct Program {
    brake: Brake,
    /// Dropping it is the message.
    _held: oneshot::Sender<Infallible>,
}

impl Program {
    /// Starts the program of the server `id` with `variables` and its own, and no others.
    ///
    /// # Errors
    /// A sentence on why it cannot be started.
    pub fn start(
        (id, command): (&str, &str),
        config: &McpServerConfig,
        variables: &[(&'static str, String)],
        ending: &Ending,
    ) -> Result<(Self, Pipes<Braked<ChildStdout>, ChildStdin>), String> {
        let own = config
            .env
            .iter()
            .map(|(name, value)| (name, value.expose()));
        let mut program = Command::new(command);
        program
            .args(&config.args)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .envs(own)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(folder) = &config.cwd {
            let home = variables.iter().find(|(name, _)| *name == "HOME");
            let folder = Workspace::locate(folder, home.map(|(_, home)| home.as_str()));
            if !folder.root().is_dir() {
                return Err("its folder, `cwd`, is not there".to_owned());
            }
            program.current_dir(folder.root());
        }
        #[cfg(unix)]
        program.process_group(0);
        let mut child = program
            .spawn()
            .map_err(|error| not_started(command, &error))?;
        let group = Group::of(&child);
        let stdout = child.stdout.take().expect("it is piped");
        let stdin = child.stdin.take().expect("it is piped");
        let stderr = child.stderr.take().expect("it is piped");
        let (held, let_go) = oneshot::channel();
        let brake = Brake::new();
        // Nobody awaits it: it ends with the program, whose log it carries on.
        tokio::spawn(log(id.to_owned(), Braked::new(stderr, brake.clone())));
        // Awaited by `Ending::come`, which ends it; so does the drop of what is returned here, and the program's own end.
        let cause = Cause {
            server: id.to_owned(),
            let_go,
            ending: ending.0.subscribe(),
            brake: brake.clone(),
        };
        tokio::spawn(see_out(child, group, cause));
        let pipes = Pipes {
            output: Braked::new(stdout, brake.clone()),
            input: stdin,
        };
        Ok((Self { brake, _held: held }, pipes))
    }

    /// It is asked for something, and may answer.
    pub fn ask(&self) {
        self.brake.ask();
    }
}

fn not_started(command: &str, error: &io::Error) -> String {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "there is no such program".to_owned(),
        kind => kind.to_string(),
    };
    format!("its program `{command}` cannot be started: {reason}")
}

/// For what a program has to leave.
struct Cause {
    server: String,
    let_go: oneshot::Receiver<Infallible>,
    ending: watch::Receiver<Option<Haste>>,
    brake: Brake,
}

async fn see_out(mut child: Child, mut group: Group, cause: Cause) {
    let mut now = cause.ending.clone();
    let at_once = |told: &Option<Haste>| *told == Some(Haste::AtOnce);
    tokio::select! {
        () = leave(&mut child, &group, cause) => {}
        Ok(_) = now.wait_for(at_once) => {}
    }
    group.end();
}

/// Returns when the program has left, or was asked to for as long as it is asked.
async fn leave(child: &mut Child, group: &Group, mut cause: Cause) {
    tokio::select! {
        _ = child.wait() => return,
        _ = cause.let_go => {}
        _ = cause.ending.wait_for(Option::is_some) => {}
        () = cause.brake.pulled() => {
            let server = cause.server;
            tracing::warn!(server, "an MCP server writes without end: it is ended");
        }
    }
    if timeout(LEAVE_LIMIT, child.wait()).await.is_err() {
        group.ask();
        let _ = timeout(LEAVE_LIMIT, child.wait()).await;
    }
}

/// Carries what a program writes into our log, line by line.
async fn log(server: String, stderr: Braked<ChildStderr>) {
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut lines)
            .take(MAX_LOG_BYTES)
            .read_until(b'\n', &mut line)
            .await;
        if !matches!(read, Ok(1..)) {
            return;
        }
        let text = String::from_utf8_lossy(line.trim_ascii_end());
        tracing::debug!(server, text = &*text, "an MCP server says");
    }
}
