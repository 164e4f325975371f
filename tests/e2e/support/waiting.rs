//! Waiting without sleeping: gates that a test opens, and a deadline on a clock that no test can pause.

use std::future::Future;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// How long a test waits for an event before it fails. Generous: only a broken test meets it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Where the scripted providers live. Apart from the tests' own runtimes, so that a test may pause its clock or block its thread.
pub static REAL_TIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .thread_name("scripted")
        .build()
        .unwrap()
});

/// Waits for `event` in real time.
///
/// # Panics
/// With `explain()` when [`PATIENCE`] runs out.
pub async fn within<T>(explain: impl FnOnce() -> String, event: impl Future<Output = T>) -> T {
    // Awaited below, ended by the abort; if this future is dropped it ends by itself.
    let alarm = REAL_TIME.spawn(async { tokio::time::sleep(PATIENCE).await });
    let stop = alarm.abort_handle();
    tokio::select! {
        biased;
        value = event => {
            stop.abort();
            value
        }
        _ = alarm => panic!("waited {PATIENCE:?} in vain: {}", explain()),
    }
}

/// A place where an answer waits until the test lets it go on. Clones are the same gate; a gate once open stays open.
#[derive(Clone, Default)]
pub struct Gate(Arc<watch::Sender<Passage>>);

#[derive(Default)]
struct Passage {
    open: bool,
    reached: bool,
}

impl Gate {
    /// A shut gate. One that is never opened holds its answer until the client leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets every answer through, those waiting and those to come.
    pub fn open(&self) {
        self.0.send_modify(|passage| passage.open = true);
    }

    /// Resolves when an answer has come as far as this gate: everything before it is on the wire.
    pub async fn reached(&self) {
        let explain = || "no answer reached the gate".to_owned();
        within(explain, self.wait_until(|passage| passage.reached)).await;
    }

    pub(super) async fn pass(&self) {
        self.0.send_modify(|passage| passage.reached = true);
        self.wait_until(|passage| passage.open).await;
    }

    async fn wait_until(&self, state: impl FnMut(&Passage) -> bool) {
        self.0
            .subscribe()
            .wait_for(state)
            .await
            .expect("this gate holds the sender");
    }
}
