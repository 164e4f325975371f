//! What the system tells the server: to stop, and to read its configuration again.

use std::io::{self, IsTerminal};

use crate::cli::CliError;

/// Requests to stop, since this was made: SIGTERM and SIGINT, or Ctrl-C where there are no signals.
pub struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    #[cfg(unix)]
    pub fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(not(unix))]
    pub fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next request, and says which it was.
    #[cfg(unix)]
    pub async fn next(&mut self) -> CliError {
        tokio::select! {
            _ = self.terminate.recv() => CliError::Terminated,
            _ = self.interrupt.recv() => CliError::Interrupted,
        }
    }

    #[cfg(not(unix))]
    pub async fn next(&mut self) -> CliError {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        CliError::Interrupted
    }

    /// Waits for the `n`-th request, from 1, and says which it was.
    pub async fn nth(mut self, n: u32) -> CliError {
        for _ in 1..n {
            self.next().await;
        }
        self.next().await
    }
}

/// Requests to read the configuration again, since this was made: SIGHUP, where there are signals.
pub struct Hangups {
    #[cfg(unix)]
    hangup: tokio::signal::unix::Signal,
}

impl Hangups {
    #[cfg(unix)]
    pub fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
        })
    }

    #[cfg(not(unix))]
    pub fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Waits until the terminal that the server was started on is gone, where it was started on one: a window that is
    /// closed sends the same signal, and whoever closed it means the end.
    pub async fn terminal_gone(mut self) {
        if !io::stderr().is_terminal() {
            return std::future::pending().await;
        }
        while io::stderr().is_terminal() {
            self.next().await;
        }
    }

    /// Waits for the next request. Those that came meanwhile are one.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        if self.hangup.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    #[cfg(not(unix))]
    pub async fn next(&mut self) {
        std::future::pending::<()>().await;
    }
}
