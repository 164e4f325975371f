//! The way to a lease: first to the head of this process's line, then ahead of the other processes.

use std::time::Duration;

use rusqlite::Connection;
use tokio::time::sleep;
use tracing::Span;
use uuid::Uuid;

use super::Inner;
use super::lease::{self, Claimant};
use super::writer::{Durability, Writer};
use crate::sessions::queue::Place;
use crate::sessions::{Lease, SessionId, StoreError};

/// The first pause is this part of the longest.
const FIRST_PAUSE: u32 = 8;

/// Waits for the session. A caller that stops waiting leaves no trace of itself.
pub(super) async fn acquire(store: &Inner, session: &SessionId) -> Result<Lease, StoreError> {
    let place = store.queues.enter(session).await?;
    let claimant = Claimant {
        session: session.clone(),
        holder: store.holder.clone(),
    };
    let claim = Claim {
        writer: store.writer.clone(),
        claimant: claimant.clone(),
        place,
    };
    let timing = store.timing;
    let mut pause = timing.look / FIRST_PAUSE;
    loop {
        let claimant = claimant.clone();
        let attempt = move |connection: &Connection| lease::claim(connection, &claimant, timing);
        if let Some(fence) = store.writer.write(Durability::Program, attempt).await? {
            claim.place.hold(fence);
            return Ok(Lease::new(session.clone(), fence, claim));
        }
        sleep(jittered(pause)).await;
        pause = (pause * 2).min(timing.look);
    }
}

/// A pause of half to the whole of `longest`, so that those who wait do not look all at once.
fn jittered(longest: Duration) -> Duration {
    let random = f64::from(Uuid::new_v4().as_bytes()[0]) / 255.0;
    longest.mul_f64(0.5 + random / 2.0)
}

/// A place in a session's line and, perhaps, the lease of the session: dropped, it gives both back. The release stands
/// in the writer's line before the next claim of this process does, and behind the claim that it takes back.
struct Claim {
    writer: Writer,
    claimant: Claimant,
    place: Place,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let claimant = self.claimant.clone();
        let release = move |connection: &Connection| lease::release(connection, &claimant);
        let asked = Span::current();
        self.writer.send(Durability::Program, release, move |result| {
            if let Err(error) = result {
                tracing::warn!(parent: &asked, %error, "a session was not released; its lease will expire");
            }
        });
    }
}
