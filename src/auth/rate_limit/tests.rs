use std::net::Ipv4Addr;

use tokio::time::advance;

use super::*;

fn direct(address: &str) -> Client {
    Client {
        address: address.parse().unwrap(),
        way: Way::Direct,
    }
}

fn proxied(address: &str) -> Client {
    Client {
        way: Way::Proxied,
        ..direct(address)
    }
}

/// Three attempts in ten seconds, then out for twenty.
fn settings() -> RateLimitConfig {
    RateLimitConfig {
        max_attempts: 3,
        window_ms: 10_000,
        lockout_ms: 20_000,
        exempt_loopback: true,
    }
}

fn limit() -> RateLimit {
    RateLimit::new(&settings(), Arc::default())
}

impl RateLimit {
    fn send(&self, client: Client, verdict: Result<(), Denied>) -> Result<(), Denied> {
        self.guard(client, || verdict)
    }

    fn wrong(&self, client: Client) {
        assert_eq!(self.send(client, Err(Denied::Wrong)), Err(Denied::Wrong));
    }

    /// Whether even the right credentials are refused.
    fn is_locked(&self, client: Client) -> bool {
        self.attempts
            .locked(Source::of(client), Instant::now())
            .is_some()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn too_many_wrong_credentials_lock_an_address_until_the_lock_is_over() {
    let (limit, mallory) = (limit(), direct("192.0.2.1"));
    for _ in 0..3 {
        limit.wrong(mallory);
    }
    let locked = |wait| Err(Denied::LockedOut { retry_after: wait });
    assert_eq!(limit.send(mallory, Ok(())), locked(seconds(20)));
    advance(Duration::from_millis(19_999)).await;
    // Knocking on does not lengthen it.
    assert_eq!(
        limit.send(mallory, Err(Denied::Wrong)),
        locked(Duration::from_millis(1))
    );
    advance(Duration::from_millis(1)).await;
    assert_eq!(limit.send(mallory, Ok(())), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn other_addresses_are_not_locked_with_it() {
    let limit = limit();
    for _ in 0..3 {
        limit.wrong(direct("192.0.2.1"));
    }
    assert_eq!(limit.send(direct("192.0.2.2"), Ok(())), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn after_a_lock_the_count_begins_anew() {
    let (limit, client) = (limit(), direct("192.0.2.1"));
    for _ in 0..3 {
        limit.wrong(client);
    }
    advance(seconds(20)).await;
    for _ in 0..2 {
        limit.wrong(client);
        assert!(!limit.is_locked(client));
    }
    limit.wrong(client);
    assert!(limit.is_locked(client));
}

#[tokio::test(start_paused = true)]
async fn only_wrong_credentials_count() {
    let (limit, client) = (limit(), direct("192.0.2.1"));
    for _ in 0..10 {
        for denied in [
            Denied::NoCredentials,
            Denied::Malformed,
            Denied::Origin,
            Denied::Host,
        ] {
            assert_eq!(limit.send(client, Err(denied.clone())), Err(denied));
        }
    }
    assert_eq!(limit.send(client, Ok(())), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_success_forgives_what_was_wrong_before() {
    let (limit, client) = (limit(), direct("192.0.2.1"));
    for _ in 0..5 {
        limit.wrong(client);
        limit.wrong(client);
        assert_eq!(limit.send(client, Ok(())), Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_of_the_same_moment_opens_no_lock() {
    let (limit, client) = (limit(), direct("192.0.2.1"));
    let verdict = limit.guard(client, || {
        for _ in 0..3 {
            limit.wrong(client);
        }
        Ok(())
    });
    assert_eq!(verdict, Ok(()));
    assert!(limit.is_locked(client));
}

#[tokio::test(start_paused = true)]
async fn the_window_slides() {
    let (limit, client) = (limit(), direct("192.0.2.1"));
    limit.wrong(client);
    advance(seconds(6)).await;
    limit.wrong(client);
    advance(seconds(4)).await;
    // The first one is ten seconds old.
    limit.wrong(client);
    assert!(!limit.is_locked(client));
    advance(seconds(6)).await;
    // Now the second one is.
    limit.wrong(client);
    assert!(!limit.is_locked(client));
    advance(seconds(3)).await;
    limit.wrong(client);
    assert!(limit.is_locked(client));
}

#[tokio::test(start_paused = true)]
async fn this_machine_is_exempt_unless_it_is_not_local_or_nobody_is() {
    let local = direct("127.0.0.1");
    let behind = Client {
        way: Way::Unvouched,
        ..local
    };
    let exempt = limit();
    for _ in 0..9 {
        exempt.wrong(local);
    }
    for _ in 0..3 {
        exempt.wrong(behind);
    }
    assert!(exempt.is_locked(behind));
    // Who is exempt is not locked out by those who claim to be forwarded from the same address.
    assert_eq!(exempt.send(local, Ok(())), Ok(()));

    let strict = RateLimitConfig {
        exempt_loopback: false,
        ..settings()
    };
    let strict = RateLimit::new(&strict, Arc::default());
    for _ in 0..3 {
        strict.wrong(local);
    }
    assert!(strict.is_locked(local));
}

#[tokio::test(start_paused = true)]
async fn direct_callers_and_forwarded_ones_of_one_address_are_counted_apart() {
    let limit = limit();
    for _ in 0..3 {
        limit.wrong(direct("192.0.2.1"));
    }
    assert!(!limit.is_locked(proxied("192.0.2.1")));
    for _ in 0..3 {
        limit.wrong(proxied("192.0.2.2"));
    }
    assert!(!limit.is_locked(direct("192.0.2.2")));
    // A header that nobody vouches for is no way out.
    let pretending = Client {
        way: Way::Unvouched,
        ..direct("192.0.2.1")
    };
    assert!(limit.is_locked(pretending));
}

#[tokio::test(start_paused = true)]
async fn an_ipv6_network_of_64_bits_is_one_caller() {
    let limit = limit();
    for address in ["2001:db8::1", "2001:db8::2", "2001:db8::ffff:0:1"] {
        limit.wrong(direct(address));
    }
    assert!(limit.is_locked(direct("2001:db8::3")));
    assert!(!limit.is_locked(direct("2001:db8:0:1::1")));
}

/// As many callers as one likes, each of another address.
fn strangers(from: u32, count: usize) -> impl Iterator<Item = Client> {
    let addresses = (from..).map(|number| Ipv4Addr::from_bits(number).to_string());
    addresses.take(count).map(|address| direct(&address))
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_other_addresses_unlocks_nobody_and_is_bounded() {
    let (limit, mallory) = (limit(), direct("2001:db8::1"));
    for _ in 0..3 {
        limit.wrong(mallory);
    }
    for stranger in strangers(0x0100_0000, 2 * MAX_ADDRESSES) {
        limit.wrong(stranger);
    }
    assert!(limit.is_locked(mallory));
    let table = limit.attempts.0.lock().unwrap();
    assert_eq!(table.entries.len(), MAX_ADDRESSES);
    assert_eq!(table.counting.len() + table.locked.len(), MAX_ADDRESSES);
}

#[tokio::test(start_paused = true)]
async fn only_as_many_locks_as_fit_make_room_for_one_and_the_oldest_goes() {
    let limit = limit();
    let lock = |client: Client| {
        for _ in 0..3 {
            limit.wrong(client);
        }
    };
    lock(direct("2001:db8::1"));
    advance(Duration::from_millis(1)).await;
    strangers(0x0100_0000, MAX_ADDRESSES - 1).for_each(lock);
    assert!(limit.is_locked(direct("2001:db8::1")));
    // The first attempt of one more takes the place.
    limit.wrong(direct("2001:db8:1::1"));
    assert!(!limit.is_locked(direct("2001:db8::1")));
    assert!(strangers(0x0100_0000, MAX_ADDRESSES - 1).all(|client| limit.is_locked(client)));
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_over_makes_room_before_anybody_else_is_forgotten() {
    let limit = limit();
    for _ in 0..3 {
        limit.wrong(direct("2001:db8::1"));
    }
    advance(seconds(20)).await;
    strangers(0x0100_0000, MAX_ADDRESSES).for_each(|stranger| limit.wrong(stranger));
    // All of them are still counted.
    for stranger in strangers(0x0100_0000, MAX_ADDRESSES) {
        limit.wrong(stranger);
        limit.wrong(stranger);
        assert!(limit.is_locked(stranger));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lock_outlives_the_settings_it_came_from() {
    let before = limit();
    let client = direct("192.0.2.1");
    for _ in 0..3 {
        before.wrong(client);
    }
    let kinder = RateLimitConfig {
        max_attempts: 100,
        ..settings()
    };
    let after = RateLimit::new(&kinder, Arc::clone(&before.attempts));
    assert!(after.is_locked(client));
    advance(seconds(20)).await;
    assert_eq!(after.send(client, Ok(())), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_lock_without_end_has_one() {
    let endless = RateLimitConfig {
        lockout_ms: u64::MAX,
        window_ms: u64::MAX,
        max_attempts: 1,
        exempt_loopback: false,
    };
    let limit = RateLimit::new(&endless, Arc::default());
    limit.wrong(direct("192.0.2.1"));
    assert_eq!(
        limit.send(direct("192.0.2.1"), Ok(())),
        Err(Denied::LockedOut {
            retry_after: MAX_LOCKOUT
        })
    );
}
