//! Locks out an address that sends wrong credentials again and again. Only wrong ones count, a right one forgives them,
//! and a locked address is not even listened to.
//!
//! The table of attempts is its own [`Attempts`], so that it outlives the settings. It is bounded. Where it is full, a
//! lock that is over goes first, then the address whose last attempt is the longest ago, and a lock in force only when
//! there is nothing else: then the oldest. So who wants out of his own lock has to have that many other addresses
//! locked, and could have guessed from those.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Denied;
use super::client::{Client, Way};
use crate::config::RateLimitConfig;

/// Addresses that are remembered at once.
const MAX_ADDRESSES: usize = 8192;
/// The longest lock; who is meant to stay out for longer belongs into a firewall.
const MAX_LOCKOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// The settings, and the table that they are applied to.
pub struct RateLimit {
    max_attempts: usize,
    window: Duration,
    lockout: Duration,
    exempt_loopback: bool,
    attempts: Arc<Attempts>,
}

impl RateLimit {
    pub fn new(settings: &RateLimitConfig, attempts: Arc<Attempts>) -> Self {
        Self {
            max_attempts: settings.max_attempts as usize,
            window: Duration::from_millis(settings.window_ms),
            lockout: Duration::from_millis(settings.lockout_ms).min(MAX_LOCKOUT),
            exempt_loopback: settings.exempt_loopback,
            attempts,
        }
    }

    /// What `verdict` says of a caller, unless its address is locked out; and remembers what it says.
    ///
    /// # Errors
    /// [`Denied::LockedOut`], and what `verdict` says.
    pub fn guard<T>(
        &self,
        client: Client,
        verdict: impl FnOnce() -> Result<T, Denied>,
    ) -> Result<T, Denied> {
        if self.exempts(client) {
            return verdict();
        }
        let source = Source::of(client);
        let now = Instant::now();
        self.attempts.check(source, now)?;
        let verdict = verdict();
        match &verdict {
            Ok(_) => self.attempts.forgive(source),
            Err(Denied::Wrong) => {
                if self.attempts.count(source, now, self) {
                    let unlisted_proxy = client.way == Way::Unvouched;
                    tracing::warn!(address = %source.network, unlisted_proxy, "too many wrong credentials: locked out");
                }
            }
            Err(_) => {}
        }
        verdict
    }

    /// # Errors
    /// [`Denied::LockedOut`].
    pub fn check(&self, client: Client) -> Result<(), Denied> {
        match self.exempts(client) {
            true => Ok(()),
            false => self.attempts.check(Source::of(client), Instant::now()),
        }
    }

    fn exempts(&self, client: Client) -> bool {
        self.exempt_loopback && client.is_local()
    }
}

/// Whose attempts are counted together: one IPv4 address or one IPv6 network of 64 bits, which a single caller can have
/// to himself. Who calls through a proxy is counted apart from who calls directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Source {
    proxied: bool,
    network: IpAddr,
}

impl Source {
    fn of(client: Client) -> Self {
        Self {
            proxied: client.way == Way::Proxied,
            network: match client.address {
                IpAddr::V4(_) => client.address,
                IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
            },
        }
    }
}

/// Who sent what wrong when.
#[derive(Default)]
pub struct Attempts(Mutex<Table>);

#[derive(Default)]
struct Table {
    entries: HashMap<Source, Entry>,
    /// Those that are counted, by their last attempt.
    counting: BTreeSet<(Instant, Source)>,
    /// Those that are locked out, by the end of that.
    locked: BTreeSet<(Instant, Source)>,
}

enum Entry {
    /// Wrong credentials of late, the oldest first; never empty, and shorter than the limit.
    Counting(VecDeque<Instant>),
    LockedUntil(Instant),
}

impl Attempts {
    /// The end of the lock that is in force.
    fn locked(&self, source: Source, now: Instant) -> Option<Instant> {
        self.table(|table| match table.entries.get(&source) {
            Some(Entry::LockedUntil(until)) if *until > now => Some(*until),
            _ => None,
        })
    }

    fn check(&self, source: Source, now: Instant) -> Result<(), Denied> {
        self.locked(source, now).map_or(Ok(()), |until| {
            Err(Denied::LockedOut {
                retry_after: until.duration_since(now),
            })
        })
    }

    /// Forgets what is counted. A lock that came about meanwhile stays.
    fn forgive(&self, source: Source) {
        self.table(|table| {
            if let Some(Entry::Counting(_)) = table.entries.get(&source) {
                table.take(source);
            }
        });
    }

    /// Counts one; whether that was one too many.
    fn count(&self, source: Source, now: Instant, limit: &RateLimit) -> bool {
        self.table(|table| {
            let mut times = match table.take(source) {
                // Another request of the same moment was the last straw.
                Some(locked @ Entry::LockedUntil(until)) if until > now => {
                    table.put(source, locked);
                    return false;
                }
                Some(Entry::Counting(times)) => times,
                Some(Entry::LockedUntil(_)) | None => VecDeque::new(),
            };
            times.retain(|time| now.duration_since(*time) < limit.window);
            times.push_back(now);
            let too_many = times.len() >= limit.max_attempts;
            table.make_room(now);
            table.put(
                source,
                if too_many {
                    Entry::LockedUntil(now + limit.lockout)
                } else {
                    Entry::Counting(times)
                },
            );
            too_many
        })
    }

    fn table<T>(&self, work: impl FnOnce(&mut Table) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Table {
    /// The entry's place among its like.
    fn order(&mut self, entry: &Entry) -> (&mut BTreeSet<(Instant, Source)>, Instant) {
        match entry {
            Entry::Counting(times) => {
                let last = times.back().expect("an entry begins with an attempt");
                (&mut self.counting, *last)
            }
            Entry::LockedUntil(until) => (&mut self.locked, *until),
        }
    }

    fn take(&mut self, source: Source) -> Option<Entry> {
        let entry = self.entries.remove(&source)?;
        let (order, at) = self.order(&entry);
        order.remove(&(at, source));
        Some(entry)
    }

    fn put(&mut self, source: Source, entry: Entry) {
        let (order, at) = self.order(&entry);
        order.insert((at, source));
        self.entries.insert(source, entry);
    }

    /// Room for one more.
    fn make_room(&mut self, now: Instant) {
        if self.entries.len() < MAX_ADDRESSES {
            return;
        }
        let oldest_lock = self.locked.first();
        let goes = oldest_lock
            .filter(|(until, _)| *until <= now)
            .or_else(|| self.counting.first())
            .or(oldest_lock);
        if let Some((_, source)) = goes.copied() {
            self.take(source);
        }
    }
}

#[cfg(test)]
mod tests;
