//! A load test that keeps books: callers of every kind, a provider that fails in every way, and a configuration that
//! changes all the while. At the end what the callers saw, what `/metrics` says and what the provider saw must be the
//! same, to the last request, and nothing may have been left behind.
//!
//! `cargo bench --bench soak` takes ten minutes, `cargo bench --bench soak -- 120` two. Exit code 1 where the books do
//! not balance.
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for a person to read, and one that gives up loudly"
)]

mod books;
mod callers;
mod gateway;
mod provider;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use books::{Audit, Page, Tally};
use callers::Caller;
use gateway::Gateway;
use provider::Provider;

/// Callers at once.
const CALLERS: u64 = 24;

/// Until caches are filled and pools are open, at most.
const WARM_UP: Duration = Duration::from_secs(20);

/// Between two changes of the configuration.
const RELOAD_EVERY: Duration = Duration::from_secs(2);

/// What the gateway has to come to rest when nobody calls any more.
const REST: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() -> ExitCode {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let seconds = std::env::args().find_map(|argument| argument.parse().ok());
    let time = Duration::from_secs(seconds.unwrap_or(600));
    let provider = Arc::new(Provider::start().await);
    let gateway = Arc::new(Gateway::start(provider.port()));
    run(&gateway, &provider, WARM_UP.min(time / 4)).await;
    let before = at_rest(&gateway).await;
    let seen_before = provider.seen();

    let began = Instant::now();
    let tally = run(&gateway, &provider, time).await;
    let elapsed = began.elapsed();
    let after = at_rest(&gateway).await;

    let seen = provider.seen_since(&seen_before);
    let audit = Audit::of(&tally, &seen, &before, &after);
    println!("{}", audit.report(elapsed));
    if audit.balances() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Calls and reloads for so long, and waits until every call is answered. What the callers saw.
async fn run(gateway: &Arc<Gateway>, provider: &Arc<Provider>, time: Duration) -> Tally {
    let over = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let caller = Caller::new(number, Arc::clone(gateway), Arc::clone(provider));
        // Awaited below; it ends after the call that it makes when the time is over.
        callers.spawn(caller.call_until(Arc::clone(&over)));
    }
    let end = Instant::now() + time;
    let mut reloads = 0;
    while Instant::now() < end {
        sleep(RELOAD_EVERY.min(end.saturating_duration_since(Instant::now()))).await;
        reloads += 1;
        gateway.reload(reloads);
    }
    over.store(true, Ordering::Relaxed);
    let mut tally = Tally::default();
    for seen in callers.join_all().await {
        tally.add(seen);
    }
    tally.reloads = reloads;
    tally
}

/// What the gateway counts once it has nothing to do.
async fn at_rest(gateway: &Gateway) -> Page {
    let rest = async {
        loop {
            let page = gateway.metrics().await;
            if page.is_at_rest() {
                return page;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let rested = timeout(REST, rest).await;
    rested.unwrap_or_else(|_| panic!("the gateway did not come to rest within {REST:?}"))
}
