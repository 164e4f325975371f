//! The open connections to one place that nobody uses. They go when they get old, when the other end closes them, and
//! when their pool goes.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};

use super::connection::Connection;
use super::relay::Relay;
use super::{IDLE_LIMIT, MAX_IDLE_CONNECTIONS};

pub(super) struct Idle {
    stack: Mutex<Stack>,
    /// Wakes the task that watches them.
    relay: Relay,
}

#[derive(Default)]
struct Stack {
    /// The oldest first: the newest is used next, the others get old.
    connections: Vec<Rested>,
    is_watched: bool,
}

struct Rested {
    connection: Box<Connection>,
    until: Instant,
}

impl Idle {
    pub fn new() -> Self {
        Self {
            stack: Mutex::default(),
            relay: Relay::new(),
        }
    }

    /// The connection that was used last. That it is still open shows when it is used.
    pub fn take(&self) -> Option<Box<Connection>> {
        let rested = self.lock().connections.pop()?;
        rested.connection.detach();
        Some(rested.connection)
    }

    /// Keeps a connection for the next request. One that cannot carry it, or is one too many, is closed.
    pub fn keep(self: &Arc<Self>, mut connection: Box<Connection>) {
        if !connection.is_free(&mut Context::from_waker(self.relay.waker())) {
            return;
        }
        let mut stack = self.lock();
        if stack.connections.len() == MAX_IDLE_CONNECTIONS {
            return;
        }
        if !stack.is_watched {
            // A connection is of no use to a runtime that has ended.
            let Ok(runtime) = Handle::try_current() else {
                return;
            };
            // Nobody awaits it. It ends when there is no connection left, and when this pool is dropped.
            runtime.spawn(watch(Arc::downgrade(self)));
            stack.is_watched = true;
        }
        stack.connections.push(Rested {
            connection,
            until: Instant::now() + IDLE_LIMIT,
        });
    }

    /// Closes what is too old and what the other end has closed. Until when the oldest is kept, if one is left.
    fn sweep(&self, cx: &mut Context<'_>) -> Option<Instant> {
        let now = Instant::now();
        let mut stack = self.lock();
        let gone = stack.connections.extract_if(.., |rested| {
            let connection = &mut rested.connection;
            rested.until <= now || connection.is_due() && !connection.is_free(cx)
        });
        let gone: Vec<Rested> = gone.collect();
        let next = stack.connections.first().map(|rested| rested.until);
        stack.is_watched = next.is_some();
        drop(stack);
        drop(gone);
        next
    }

    fn lock(&self) -> MutexGuard<'_, Stack> {
        self.stack.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.lock().connections.len()
    }

    /// Keeps a connection that nobody watches.
    #[cfg(test)]
    pub fn put(&self, connection: Box<Connection>) {
        let until = Instant::now() + IDLE_LIMIT;
        self.lock().connections.push(Rested { connection, until });
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        self.relay.waker().wake_by_ref();
    }
}

async fn watch(idle: Weak<Idle>) {
    let mut alarm = pin!(sleep_until(Instant::now() + IDLE_LIMIT));
    poll_fn(|cx| {
        let Some(idle) = idle.upgrade() else {
            return Poll::Ready(());
        };
        idle.relay.poll(cx, |cx| {
            while let Some(next) = idle.sweep(cx) {
                alarm.as_mut().reset(next);
                ready!(alarm.as_mut().poll(cx));
            }
            Poll::Ready(())
        })
    })
    .await;
}
