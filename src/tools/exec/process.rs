//! One command and all that it starts: a process group of its own, ended as a whole. A process that leaves the group on
//! purpose (`setsid`) is not followed.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::tools::output::Output;
use crate::tools::process_group::Group;

/// A command that puts out more than this, in bytes, is ended.
const MAX_OUTPUT_BYTES: u64 = 64 * 1024 * 1024;

/// How much is read at once, in bytes.
const PIECE_BYTES: usize = 16 * 1024;

/// How long output is still read of which the command is over: a process that left the group may hold the pipe open.
const LAST_OUTPUT: Duration = Duration::from_millis(100);

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this code; with none where a signal ended it.
    Exited(Option<i32>),
    TimedOut,
    Flooded,
}

/// A running command. Dropping it ends the whole group.
pub struct Process {
    // Before the child: once that is gone, the number of the group may be another's.
    group: Group,
    child: Child,
}

impl Process {
    /// Starts `sh -c command`, with no input and no other variables than these.
    pub fn spawn(
        command: &str,
        folder: &Path,
        variables: &[(&'static str, String)],
    ) -> Result<Self, String> {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir(folder)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        shell.process_group(0);
        let child = shell.spawn();
        let child = child.map_err(|error| format!("no command can be run: {}", error.kind()))?;
        let group = Group::of(&child);
        Ok(Self { group, child })
    }

    /// Waits for the end of the command, for at most `limit`. Whatever it started has ended too when this returns.
    pub async fn run(mut self, limit: Duration) -> (Output, Ending) {
        let mut output = Output::default();
        let stdout = self.child.stdout.take().expect("it is piped");
        let stderr = self.child.stderr.take().expect("it is piped");
        let mut pipes = Pipes(Some(stdout), Some(stderr));
        let work = async {
            loop {
                tokio::select! {
                    piece = pipes.next() => match piece {
                        Some(piece) => output.push(&piece),
                        None => break self.child.wait().await.ok(),
                    },
                    status = self.child.wait() => break status.ok(),
                }
                if output.bytes() > MAX_OUTPUT_BYTES {
                    return Ending::Flooded;
                }
            }
            .map_or(Ending::Exited(None), |status| Ending::Exited(status.code()))
        };
        let ending = timeout(limit, work).await.unwrap_or(Ending::TimedOut);
        self.group.end();
        let rest = async {
            while let Some(piece) = pipes.next().await {
                output.push(&piece);
            }
        };
        // What is in the pipes when the group is gone is all there will be.
        let _ = timeout(LAST_OUTPUT, rest).await;
        (output, ending)
    }
}

/// Both outputs, in the order in which they come.
struct Pipes<A, B>(Option<A>, Option<B>);

impl<A: AsyncRead + Unpin, B: AsyncRead + Unpin> Pipes<A, B> {
    /// The next piece; `None` when both are closed.
    async fn next(&mut self) -> Option<Vec<u8>> {
        loop {
            let mut first = Vec::with_capacity(PIECE_BYTES);
            let mut second = Vec::with_capacity(PIECE_BYTES);
            let (piece, is_first) = tokio::select! {
                biased;
                read = read(&mut self.0, &mut first), if self.0.is_some() => (read.then_some(first), true),
                read = read(&mut self.1, &mut second), if self.1.is_some() => (read.then_some(second), false),
                else => return None,
            };
            match (piece, is_first) {
                (Some(piece), _) => return Some(piece),
                (None, true) => self.0 = None,
                (None, false) => self.1 = None,
            }
        }
    }
}

/// Whether anything was read.
async fn read(pipe: &mut Option<impl AsyncRead + Unpin>, piece: &mut Vec<u8>) -> bool {
    match pipe {
        Some(pipe) => pipe.read_buf(piece).await.is_ok_and(|count| count > 0),
        None => false,
    }
}
