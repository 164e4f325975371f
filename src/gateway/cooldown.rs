//! How long a provider is passed by, after it has refused our key or told us to slow down.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Until when a provider rests. Shared by every model of it; one word, so that looking costs nothing.
#[derive(Debug)]
pub struct Cooldown {
    began: Instant,
    /// Milliseconds after `began`; 0: it does not rest.
    until: AtomicU64,
}

impl Cooldown {
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            until: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub fn rests(&self) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until != 0 && self.now() < until
    }

    pub fn rest(&self, time: Duration) {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.until
            .fetch_max(self.now().saturating_add(time), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_rests_until_its_time_is_over() {
        let cooldown = Cooldown::new();
        assert!(!cooldown.rests());
        cooldown.rest(Duration::from_secs(60));
        assert!(cooldown.rests());
        // A shorter word that comes later does not end the longer one.
        cooldown.rest(Duration::ZERO);
        assert!(cooldown.rests());
        let over = Cooldown::new();
        over.rest(Duration::ZERO);
        assert!(!over.rests());
    }
}
