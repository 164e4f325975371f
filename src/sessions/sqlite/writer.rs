//! The way to the one thread that writes: what is asked of it, and how it answers.

mod desk;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};

use rusqlite::Connection;
use tokio::sync::{Notify, Semaphore, oneshot};

use super::lease::Timing;
use crate::sessions::queue::Queues;
use crate::sessions::{StoreError, Unavailable};
use desk::Desk;

/// Writes whose callers wait for a place in the line.
const LINE: usize = 1024;

/// Whether a write must be on the disk before it is answered. What is not survives a crash of the program, but
/// perhaps not one of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Enough for leases: after a crash of the machine nobody holds one.
    Program,
    Machine,
}

/// The way to the thread. A clone leads to the same one.
#[derive(Clone)]
pub(super) struct Writer {
    orders: Sender<Order>,
    /// Bounds the line of those who wait. Those who do not are bounded by the leases: each has one last write.
    places: Arc<Semaphore>,
    signs: Arc<Signs>,
}

/// What the thread lets others see.
#[derive(Default)]
struct Signs {
    /// The file was opened at least once.
    opened: AtomicBool,
    /// A transaction failed.
    failed: Notify,
}

enum Order {
    Do(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// A write. It may be run again after it was rolled back.
trait Job: Send {
    fn durability(&self) -> Durability;

    /// # Errors
    /// What makes the transaction useless. A refusal, made before anything is written, is an outcome.
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError>;

    /// Answers: with the outcome where the transaction is done, or with the reason why it is not.
    fn finish(self: Box<Self>, done: Result<(), StoreError>);
}

struct Task<W, T, F> {
    durability: Durability,
    work: W,
    outcome: Option<Result<T, StoreError>>,
    answer: F,
}

impl<W, T, F> Job for Task<W, T, F>
where
    W: FnMut(&Connection) -> Result<T, StoreError> + Send,
    T: Send,
    F: FnOnce(Result<T, StoreError>) + Send,
{
    fn durability(&self) -> Durability {
        self.durability
    }

    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let outcome = (self.work)(connection);
        if let Err(StoreError::Unavailable(_)) = &outcome {
            return outcome.map(drop);
        }
        self.outcome = Some(outcome);
        Ok(())
    }

    fn finish(self: Box<Self>, done: Result<(), StoreError>) {
        let never_ran = Err(StoreError::Unavailable(Unavailable::Closed));
        let outcome = self.outcome.unwrap_or(never_ran);
        (self.answer)(done.and(outcome));
    }
}

impl Writer {
    /// Starts the thread. It touches the file at the first write, and ends when the writer is closed or dropped.
    pub fn start(path: PathBuf, queues: Arc<Queues>, timing: Timing) -> std::io::Result<Self> {
        let (orders, inbox) = channel();
        let desk = Desk::new(path, queues, timing, inbox);
        let signs = desk.signs();
        let thread = std::thread::Builder::new().name("session-writer".to_owned());
        thread.spawn(move || desk.run())?;
        Ok(Self {
            orders,
            places: Arc::new(Semaphore::new(LINE)),
            signs,
        })
    }

    /// Whether the file was ever opened: then it is missed where it is gone.
    pub fn has_opened(&self) -> bool {
        self.signs.opened.load(Ordering::Relaxed)
    }

    /// Waits until a write fails; one that did since this was asked last counts.
    pub async fn failed(&self) {
        self.signs.failed.notified().await;
    }

    /// Does `work` and gives back its outcome once that is durable. Dropping the future does not undo it.
    pub async fn write<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let place = place.expect("the line is never closed");
        let (answer, outcome) = oneshot::channel();
        self.send(durability, work, move |result| {
            drop(place);
            // The caller may have gone.
            let _ = answer.send(result);
        });
        let closed = StoreError::Unavailable(Unavailable::Closed);
        outcome.await.unwrap_or(Err(closed))
    }

    /// The same without waiting for a place; only for the last write of a lease. `answer` runs on the thread.
    pub fn send<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
        answer: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) {
        let task = Box::new(Task {
            durability,
            work,
            outcome: None,
            answer,
        });
        if let Err(unsent) = self.orders.send(Order::Do(task))
            && let Order::Do(task) = unsent.0
        {
            task.finish(Err(StoreError::Unavailable(Unavailable::Closed)));
        }
    }

    /// Waits until everything that was asked for is done; whatever follows is refused.
    pub async fn close(&self) {
        let (answer, closed) = oneshot::channel();
        if self.orders.send(Order::Close(answer)).is_ok() {
            // An error says that it was closed before.
            let _ = closed.await;
        }
    }
}
