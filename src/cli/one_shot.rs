//! The work of a one-shot command, and what a signal does to it: the first ends the work, and what the work started may
//! leave in order; the second ends that too.

use std::future::Future;
use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::gateway::signals::Signals;
use super::{CliError, finish_writes};
use crate::gateway::Gateway;

/// How long interrupted work has to let go of what it holds.
pub const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Does the work of a command; Ctrl-C and SIGTERM end it at once, whatever it waits for.
pub fn until_interrupted<F>(work: F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    on_a_runtime(async {
        let mut signals = Signals::new().context("cannot listen for signals")?;
        let mut work = tokio::spawn(work);
        let ended = until(&mut signals, &mut work).await;
        let_go(&ended, work).await;
        result(ended)
    })
}

/// The same with a gateway, which is closed afterwards, after a signal too: what was said is kept, and no program of an
/// MCP server stays behind.
pub fn with_gateway<F>(gateway: &Gateway, work: F) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    on_a_runtime(async {
        // One listener for both signals: another might not have taken the first one when the second comes, and would
        // count them as one.
        let mut signals = Signals::new().context("cannot listen for signals")?;
        let mut work = tokio::spawn(work);
        let ended = until(&mut signals, &mut work).await;
        let still_to_come = if ended.is_ok() { 2 } else { 1 };
        let in_order = async {
            let_go(&ended, work).await;
            finish_writes(gateway).await;
        };
        tokio::select! {
            () = in_order => {}
            signal = signals.nth(still_to_come) => {
                let _gone = timeout(LAST_MOMENT, gateway.kill_servers()).await;
                return Err(signal.into());
            }
        }
        result(ended)
    })
}

/// The work is a task of its own, so that a blocked write to stdout does not keep a signal from being heard. One that is
/// interrupted ends with the runtime.
type Work = JoinHandle<anyhow::Result<()>>;

/// What the work came to, or the signal that ended it.
type Ended = Result<anyhow::Result<()>, CliError>;

async fn until(signals: &mut Signals, work: &mut Work) -> Ended {
    tokio::select! {
        result = work => Ok(result.context("a bug of ours").and_then(|done| done)),
        signal = signals.next() => Err(signal),
    }
}

/// What interrupted work leaves behind when it is dropped, it leaves before the end of the program.
async fn let_go(ended: &Ended, work: Work) {
    if ended.is_err() {
        work.abort();
        let _ended = timeout(LAST_MOMENT, work).await;
    }
}

fn result(ended: Ended) -> anyhow::Result<()> {
    ended.unwrap_or_else(|signal| Err(signal.into()))
}

fn on_a_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let result = runtime.block_on(work);
    // Not waited for: a thread may sit in a read of stdin that never ends.
    runtime.shutdown_background();
    result
}
