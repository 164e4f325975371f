//! The one thread that writes. It takes what is waiting, does all of it in one transaction, and then answers everyone,
//! so that many writers share one flush to the disk. It also renews the leases that are held here.

use std::iter;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{Durability, Job, Order, Signs, Task};
use crate::sessions::queue::Queues;
use crate::sessions::sqlite::lease::{self, Timing};
use crate::sessions::sqlite::opened::OpenedFiles;
use crate::sessions::sqlite::schema;
use crate::sessions::{StoreError, Unavailable};

/// How long another process is waited for that was waited for in vain before. Until it is gone, whoever wants to write
/// is soon told so.
const BRIEF_WAIT: Duration = Duration::from_millis(100);

/// Writes that one transaction takes beside its first.
const MAX_BATCH: usize = 256;

/// Why a batch was rolled back.
enum Undone {
    /// One of its writes failed; the others may do.
    Work(StoreError),
    /// Nothing can be written.
    Store(StoreError),
}

/// What the thread has before it.
pub(super) struct Desk {
    path: PathBuf,
    queues: Arc<Queues>,
    timing: Timing,
    inbox: Receiver<Order>,
    signs: Arc<Signs>,
    /// `None` until the first write, and after a failure that a new connection may mend.
    connection: Option<Connection>,
    /// Those of the connection.
    files: OpenedFiles,
    /// What the connection was last told about flushing.
    synced: Option<Durability>,
    /// How long another process is waited for: briefly, once one was waited for in vain.
    patience: Duration,
    renewed: Instant,
}

impl Desk {
    pub fn new(path: PathBuf, queues: Arc<Queues>, timing: Timing, inbox: Receiver<Order>) -> Self {
        Self {
            path,
            queues,
            timing,
            inbox,
            signs: Arc::default(),
            connection: None,
            files: OpenedFiles::default(),
            synced: None,
            patience: schema::BUSY_TIMEOUT,
            renewed: Instant::now(),
        }
    }

    /// What others see of it.
    pub fn signs(&self) -> Arc<Signs> {
        Arc::clone(&self.signs)
    }

    /// Works until the writer is closed or nobody is left to give an order.
    pub fn run(mut self) {
        let mut closing = Vec::new();
        loop {
            let first = if closing.is_empty() {
                self.next()
            } else {
                self.inbox.try_recv().ok()
            };
            let Some(first) = first else { break };
            let mut batch = Vec::new();
            for order in iter::once(first).chain(self.inbox.try_iter().take(MAX_BATCH)) {
                match order {
                    Order::Do(job) => batch.push(job),
                    Order::Close(answer) => closing.push(answer),
                }
            }
            self.settle(batch);
        }
        self.close();
        for answer in closing {
            // The one who closes may have gone.
            let _ = answer.send(());
        }
    }

    /// The next order; renews the leases when it is time. `None` when nobody is left to give one.
    fn next(&mut self) -> Option<Order> {
        loop {
            // A session is in the queues before it asks for its lease, so none is held where they are empty.
            if self.queues.is_empty() {
                self.renewed = Instant::now();
                return self.inbox.recv().ok();
            }
            let due = self.timing.renewal.saturating_sub(self.renewed.elapsed());
            if due.is_zero() {
                self.renewed = Instant::now();
                self.renew();
                continue;
            }
            match self.inbox.recv_timeout(due) {
                Ok(order) => return Some(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn renew(&mut self) {
        let held = self.queues.held();
        if held.is_empty() {
            return;
        }
        let validity = self.timing.validity;
        self.settle(vec![Box::new(Task {
            durability: Durability::Program,
            work: move |connection: &Connection| lease::renew(connection, &held, validity),
            outcome: None,
            answer: |result: Result<(), StoreError>| {
                if let Err(error) = result {
                    tracing::warn!(%error, "the leases of running sessions were not renewed");
                }
            },
        })]);
    }

    /// Does a batch, and answers it. A write that fails takes no other with it.
    fn settle(&mut self, mut batch: Vec<Box<dyn Job>>) {
        match self.commit(&mut batch) {
            Err(Undone::Work(_)) if batch.len() > 1 => {
                for job in batch {
                    self.settle(vec![job]);
                }
            }
            Ok(()) => batch.into_iter().for_each(|job| job.finish(Ok(()))),
            Err(Undone::Work(error) | Undone::Store(error)) => {
                for job in batch {
                    job.finish(Err(error.clone()));
                }
            }
        }
    }

    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), Undone> {
        if batch.is_empty() {
            return Ok(());
        }
        let result = self.transact(batch);
        const LOCKED: StoreError = StoreError::Unavailable(Unavailable::Locked);
        self.patience = match &result {
            Err(Undone::Work(LOCKED) | Undone::Store(LOCKED)) => BRIEF_WAIT,
            Ok(()) | Err(_) => schema::BUSY_TIMEOUT,
        };
        if let Err(Undone::Work(error) | Undone::Store(error)) = &result {
            self.roll_back(error);
            self.signs.failed.notify_one();
        }
        result
    }

    fn transact(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), Undone> {
        let needed = batch.iter().map(|job| job.durability());
        let needed = needed.reduce(|one, other| {
            if one == other {
                one
            } else {
                Durability::Machine
            }
        });
        self.open(needed.unwrap_or(Durability::Machine))
            .map_err(Undone::Store)?;
        let connection = self.connection.as_ref().expect("it was just opened");
        let store = |error: rusqlite::Error| Undone::Store(error.into());
        connection.execute_batch("BEGIN IMMEDIATE").map_err(store)?;
        for job in batch {
            job.run(connection).map_err(Undone::Work)?;
        }
        connection.execute_batch("COMMIT").map_err(store)
    }

    fn open(&mut self, durability: Durability) -> Result<(), StoreError> {
        if self.connection.is_some() {
            self.files.check()?;
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                self.synced = None;
                let connection = schema::open_for_writing(&self.path, self.patience)?;
                self.files = OpenedFiles::of(&self.path);
                self.signs.opened.store(true, Ordering::Relaxed);
                connection
            }
        };
        let connection = self.connection.insert(connection);
        connection.busy_timeout(self.patience)?;
        if self.synced != Some(durability) {
            // Can only be changed between transactions, which is where we are.
            let mode = match durability {
                Durability::Program => "NORMAL",
                Durability::Machine => "FULL",
            };
            connection.pragma_update(None, "synchronous", mode)?;
            self.synced = Some(durability);
        }
        Ok(())
    }

    /// Leaves nothing of a failed transaction. A full or locked disk will do again, and a file that was taken away may
    /// be put back; after anything else the file is opened anew, for it may have been mended.
    fn roll_back(&mut self, error: &StoreError) {
        let Some(connection) = &self.connection else {
            return;
        };
        let clean = connection.is_autocommit() || connection.execute_batch("ROLLBACK").is_ok();
        let passing = matches!(
            error,
            StoreError::Unavailable(
                Unavailable::Full | Unavailable::Locked | Unavailable::Replaced
            )
        );
        if !(clean && passing) {
            self.connection = None;
        }
    }

    fn close(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err((_, error)) = connection.close()
        {
            tracing::warn!(%error, "the session store was not closed cleanly");
        }
    }
}
