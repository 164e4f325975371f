//! How long a server that has failed is left alone.

use std::time::Duration;

use tokio::time::Instant;

/// How long a server is left alone after its first failure; twice as long after each further one, up to [`LONGEST_REST`].
const REST: Duration = Duration::from_secs(1);

const LONGEST_REST: Duration = Duration::from_secs(300);

/// A server that has lived for this long may die without being left alone.
const SETTLED: Duration = Duration::from_secs(60);

/// The failures of a server, one after the other.
#[derive(Debug, Default)]
pub struct Rest {
    failures: u32,
    /// Until when it is left alone, and why.
    until: Option<(Instant, String)>,
}

impl Rest {
    /// Why it is left alone now, where it is.
    pub fn reason(&self) -> Option<&str> {
        let (until, reason) = self.until.as_ref()?;
        (Instant::now() < *until).then_some(reason)
    }

    /// It is there.
    pub fn end(&mut self) {
        self.until = None;
    }

    /// It has failed after it had lived for so long, if at all. Returns how long it is left alone.
    pub fn begin(&mut self, lived: Option<Duration>, reason: &str) -> Duration {
        self.failures = match lived {
            Some(lived) if lived >= SETTLED => 0,
            Some(_) | None => self.failures.saturating_add(1),
        };
        let rest = match self.failures.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => REST
                .saturating_mul(1 << doublings.min(16))
                .min(LONGEST_REST),
        };
        self.until = Some((Instant::now() + rest, reason.to_owned()));
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_rest_doubles_with_each_failure_up_to_a_bound_and_none_follows_a_long_life() {
        let mut rest = Rest::default();
        assert_eq!(rest.reason(), None);
        let seconds: Vec<u64> = (0..10)
            .map(|_| rest.begin(None, "it is gone").as_secs())
            .collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert_eq!(rest.reason(), Some("it is gone"));
        tokio::time::advance(LONGEST_REST).await;
        assert_eq!(rest.reason(), None);

        assert_eq!(rest.begin(Some(SETTLED), "it has died"), Duration::ZERO);
        assert_eq!(rest.reason(), None);
        assert_eq!(rest.begin(Some(Duration::ZERO), "again"), REST);
        rest.end();
        assert_eq!(rest.reason(), None);
    }
}
