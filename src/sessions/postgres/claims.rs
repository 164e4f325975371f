//! The way to a lease: a place in the session's line, which is kept good as long as somebody here wants it.
//!
//! The database knows the line; this knows which of its places are ours, and who waits here for one of them to run.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep};

use super::line::{self, Entered};
use super::{Inner, random};
use crate::sessions::queue::RETRY_AFTER;
use crate::sessions::{Lease, SessionId, StoreError};

/// How long those who wait are left to wait while the database cannot be asked about them.
const PATIENCE: Duration = Duration::from_secs(15);

/// How much later a place is given back once more that may have been taken after it was given back.
const AFTERTHOUGHT: Duration = Duration::from_secs(2);

/// What becomes of a claim that waited.
enum Verdict {
    Granted,
    /// Its place is no longer there: it was not renewed in time.
    Void,
    Failed(StoreError),
}

/// The places of this store, and who waits for one of them to run.
#[derive(Default)]
pub(super) struct Claims {
    held: Mutex<Held>,
    /// Something changed for the keeper to see.
    changed: Notify,
}

#[derive(Default)]
struct Held {
    places: HashMap<i64, Option<oneshot::Sender<Verdict>>>,
    /// Whether a keeper is at work.
    kept: bool,
}

impl Claims {
    fn held(&self) -> MutexGuard<'_, Held> {
        let held = self.held.lock();
        held.expect("nothing panics while it holds the claims")
    }

    /// All places, and those of them for which somebody waits; `None`, and the keeper's work is over, where there are
    /// none.
    fn round(&self) -> Option<(Vec<i64>, Vec<i64>)> {
        let mut held = self.held();
        held.kept = !held.places.is_empty();
        let waiting = |(claim, waiter): (&i64, &Option<_>)| waiter.is_some().then_some(*claim);
        let waiting = held.places.iter().filter_map(waiting).collect();
        held.kept
            .then(|| (held.places.keys().copied().collect(), waiting))
    }

    fn tell(&self, claim: i64, verdict: Verdict) {
        let waiter = self.held().places.get_mut(&claim).and_then(Option::take);
        if let Some(waiter) = waiter {
            // The one who waits may have gone.
            let _ = waiter.send(verdict);
        }
    }
}

/// Waits for the session. A caller that stops waiting gives its place back.
pub(super) async fn acquire(store: &Arc<Inner>, session: &SessionId) -> Result<Lease, StoreError> {
    loop {
        let arrival = store.arrivals.enter(session).await?;
        let claim = Claim::make(store);
        let waiting = match claim.enter(session).await? {
            Entered::Full => {
                return Err(StoreError::Busy {
                    retry_after: RETRY_AFTER,
                });
            }
            Entered::Running => None,
            Entered::Waiting => Some(claim.wait()),
        };
        // Whoever came after may enter the line now.
        drop(arrival);
        let verdict = match waiting {
            Some(verdict) => verdict.await.unwrap_or(Verdict::Void),
            None => Verdict::Granted,
        };
        match verdict {
            Verdict::Granted => return Ok(Lease::new(session.clone(), claim.number, claim)),
            Verdict::Void => {}
            Verdict::Failed(error) => return Err(error),
        }
    }
}

/// A place in a line, wherever in it. Dropped, it is given back.
struct Claim {
    store: Arc<Inner>,
    /// The runtime to give it back on.
    runtime: Handle,
    number: i64,
    /// The database was asked for the place and has not answered: it may yet do so.
    unanswered: AtomicBool,
}

impl Claim {
    /// Nobody but this claim has its number, ever: not even a crash of the database brings it back.
    fn make(store: &Arc<Inner>) -> Self {
        let number = random();
        let mut held = store.claims.held();
        held.places.insert(number, None);
        if !std::mem::replace(&mut held.kept, true) {
            // Ends by itself when there is no place left to keep.
            tokio::spawn(keep(Arc::clone(store)));
        }
        drop(held);
        Self {
            store: Arc::clone(store),
            runtime: Handle::current(),
            number,
            unanswered: AtomicBool::new(false),
        }
    }

    async fn enter(&self, session: &SessionId) -> Result<Entered, StoreError> {
        let (store, number) = (&self.store, self.number);
        let terms = (store.max_queued, store.timing.validity);
        let enter = move || async move {
            let client = store.lend().await?;
            loop {
                let entered = line::enter(&client, session, number, terms).await?;
                // Somebody else came into the empty line at the same moment: now there is one to wait in.
                if let Some(entered) = entered {
                    return client.done(entered);
                }
            }
        };
        self.unanswered.store(true, Ordering::Relaxed);
        let entered = store.soon(enter).await?;
        self.unanswered.store(false, Ordering::Relaxed);
        Ok(entered)
    }

    /// Has the keeper look after it until it runs.
    fn wait(&self) -> oneshot::Receiver<Verdict> {
        let (tell, told) = oneshot::channel();
        self.store
            .claims
            .held()
            .places
            .insert(self.number, Some(tell));
        self.store.claims.changed.notify_one();
        told
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.store.claims.held().places.remove(&self.number);
        self.store.claims.changed.notify_one();
        let (store, number) = (Arc::clone(&self.store), self.number);
        let is_unsure = *self.unanswered.get_mut();
        let leave = async move {
            leave(&store, number).await;
            if is_unsure {
                sleep(AFTERTHOUGHT).await;
                leave(&store, number).await;
            }
        };
        self.store.background.spawn(&self.runtime, leave);
    }
}

async fn leave(store: &Inner, number: i64) {
    let leave = move || async move {
        let client = store.lend().await?;
        line::leave(&client, number).await?;
        client.done(())
    };
    match store.soon(leave).await {
        // The next one may be waiting here.
        Ok(()) => store.claims.changed.notify_one(),
        Err(error) => {
            tracing::debug!(%error, "a place in a line was not given back; it will expire");
        }
    }
}

/// Keeps the places of a store good, and sees who of those who wait is next. Ends when there are none.
async fn keep(store: Arc<Inner>) {
    let (claims, timing) = (&store.claims, store.timing);
    let mut renewed = Instant::now();
    let mut answered = Instant::now();
    while let Some((places, waiting)) = claims.round() {
        if renewed.elapsed() >= timing.renewal {
            renewed = Instant::now();
            if let Err(error) = renew(&store, &places).await {
                tracing::warn!(%error, "the leases of running sessions were not renewed");
            }
        }
        if waiting.is_empty() {
            answered = Instant::now();
        } else {
            match look(&store, &waiting).await {
                Ok(()) => answered = Instant::now(),
                Err(error) if answered.elapsed() >= PATIENCE => {
                    let failed = |claim| claims.tell(claim, Verdict::Failed(error.clone()));
                    waiting.iter().copied().for_each(failed);
                }
                Err(_) => {}
            }
        }
        let pause = match waiting.is_empty() {
            true => timing.renewal.saturating_sub(renewed.elapsed()),
            false => timing.look,
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = claims.changed.notified() => {}
        }
    }
}

async fn renew(store: &Inner, places: &[i64]) -> Result<(), StoreError> {
    let validity = store.timing.validity;
    let renew = move || async move {
        let client = store.lend().await?;
        line::renew(&client, places, validity).await?;
        client.done(())
    };
    store.promptly(renew).await
}

/// Tells those who wait what has become of their places.
async fn look(store: &Inner, waiting: &[i64]) -> Result<(), StoreError> {
    // After trouble with the database everyone has the time to say that he is still there.
    let clear = store.untroubled_for(store.timing.validity);
    let look = move || async move {
        let client = store.lend().await?;
        let found = line::look(&client, waiting, clear).await?;
        client.done(found)
    };
    let found: HashMap<i64, bool> = store.promptly(look).await?.into_iter().collect();
    for claim in waiting {
        match found.get(claim) {
            Some(true) => store.claims.tell(*claim, Verdict::Granted),
            Some(false) => {}
            None => store.claims.tell(*claim, Verdict::Void),
        }
    }
    Ok(())
}
