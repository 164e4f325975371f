//! The books: what the callers saw, what the gateway counted, what the provider saw, and whether all that is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use super::provider::Seen;

/// How much more memory may be in use after the load than after the warm-up: what an allocator keeps for later.
const MAX_MORE_MEMORY: f64 = 16.0 * 1024.0 * 1024.0;

/// How many more files and tasks there may be: connections to the provider that are kept for a minute.
const MAX_MORE_FILES: f64 = 32.0;

/// What callers saw.
#[derive(Default)]
pub struct Tally {
    /// As samples of `/metrics`.
    counts: BTreeMap<String, f64>,
    pub turns: u64,
    pub reloads: u64,
}

impl Tally {
    pub fn request(&mut self, route: &str, status: &str) {
        self.count(format!(
            r#"openclaw_http_requests_total{{route="{route}",status="{status}"}}"#
        ));
    }

    pub fn cut(&mut self, route: &str) {
        self.count(format!(r#"openclaw_http_cut_total{{route="{route}"}}"#));
    }

    pub fn run(&mut self, outcome: &str) {
        self.count(format!("openclaw_runs_total {outcome}"));
    }

    pub fn add(&mut self, other: Self) {
        for (name, count) in other.counts {
            *self.counts.entry(name).or_default() += count;
        }
        self.turns += other.turns;
    }

    fn count(&mut self, name: String) {
        *self.counts.entry(name).or_default() += 1.0;
    }

    fn requests(&self) -> f64 {
        let requests = self.counts.iter();
        let requests =
            requests.filter(|(name, _)| name.starts_with("openclaw_http_requests_total"));
        requests.map(|(_, count)| count).sum()
    }
}

/// The samples of one look at `/metrics`.
pub struct Page(BTreeMap<String, f64>);

impl Page {
    pub fn of(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let sample = |line: &str| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        };
        Self(lines.map(sample).collect())
    }

    fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// Whether this look is all that goes on.
    pub fn is_at_rest(&self) -> bool {
        self.get("openclaw_http_requests_in_flight") == 1.0
            && self.get("openclaw_http_streams_active") == 0.0
            && self.get("openclaw_runs_in_flight") == 0.0
            && self.get("openclaw_runs_waiting") == 0.0
    }

    /// The counters of a family, by the value of one label, summed over the others.
    fn by(&self, family: &str, label: &str) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for (name, value) in &self.0 {
            let Some(labels) = name
                .strip_prefix(family)
                .filter(|rest| rest.starts_with('{'))
            else {
                continue;
            };
            let (_, rest) = labels.split_once(&format!("{label}=\"")).unwrap();
            let (found, _) = rest.split_once('"').unwrap();
            *sums.entry(found.to_owned()).or_default() += value;
        }
        sums
    }
}

/// Two views of the same number.
struct Entry {
    name: String,
    expected: f64,
    counted: f64,
}

/// How much more there is of something, and how much more there may be.
struct Growth {
    name: &'static str,
    before: f64,
    after: f64,
    most: f64,
}

pub struct Audit {
    requests: f64,
    turns: u64,
    reloads: u64,
    calls: u64,
    entries: Vec<Entry>,
    growths: Vec<Growth>,
}

impl Audit {
    pub fn of(tally: &Tally, seen: &Seen, before: &Page, after: &Page) -> Self {
        let growth = |name, most| Growth {
            name,
            before: before.get(name),
            after: after.get(name),
            most,
        };
        let mut entries = of_requests(tally, before, after);
        entries.extend(of_runs(tally, before, after));
        entries.extend(of_calls(seen, before, after));
        let appended = r#"openclaw_session_store_seconds_count{operation="append"}"#;
        entries.push(Entry {
            name: "turns stored".to_owned(),
            expected: tally.turns as f64,
            counted: after.get(appended) - before.get(appended),
        });
        Self {
            requests: tally.requests(),
            turns: tally.turns,
            reloads: tally.reloads,
            calls: seen.values().sum(),
            entries,
            growths: vec![
                growth("process_resident_memory_bytes", MAX_MORE_MEMORY),
                growth("process_open_fds", MAX_MORE_FILES),
                growth("openclaw_tasks", MAX_MORE_FILES),
            ],
        }
    }

    pub fn balances(&self) -> bool {
        let same = |entry: &Entry| entry.expected == entry.counted;
        self.requests > 0.0
            && self.entries.iter().all(same)
            && self.growths.iter().all(Growth::is_within_bounds)
    }

    pub fn report(&self, elapsed: Duration) -> String {
        let mut text = format!(
            "{} requests in {:.0} s ({:.0}/s), {} calls of the provider, {} turns stored, {} reloads\n",
            self.requests,
            elapsed.as_secs_f64(),
            self.requests / elapsed.as_secs_f64(),
            self.calls,
            self.turns,
            self.reloads,
        );
        for Entry {
            name,
            expected,
            counted,
        } in &self.entries
        {
            let mark = if expected == counted {
                ""
            } else {
                "   <-- not the same"
            };
            let _written = writeln!(text, "{expected:>9} {counted:>9}  {name}{mark}");
        }
        for growth in &self.growths {
            let mark = if growth.is_within_bounds() {
                ""
            } else {
                "   <-- a leak"
            };
            let Growth {
                name,
                before,
                after,
                most,
            } = growth;
            let _written = writeln!(
                text,
                "{name}: {before} -> {after} (at most {most} more){mark}"
            );
        }
        text += if self.balances() {
            "the books balance"
        } else {
            "THE BOOKS DO NOT BALANCE"
        };
        text
    }
}

impl Growth {
    fn is_within_bounds(&self) -> bool {
        self.after - self.before <= self.most
    }
}

/// Every request by route and status, and every answer that was cut; the looks at the metrics themselves aside.
fn of_requests(tally: &Tally, before: &Page, after: &Page) -> Vec<Entry> {
    let is_of_requests = |name: &&String| {
        let families = ["openclaw_http_requests_total{", "openclaw_http_cut_total{"];
        families.iter().any(|family| name.starts_with(family)) && !name.contains("\"/metrics\"")
    };
    let names: BTreeSet<&String> = tally
        .counts
        .keys()
        .chain(after.0.keys())
        .filter(is_of_requests)
        .collect();
    let entry = |name: &String| Entry {
        name: name.clone(),
        expected: tally.counts.get(name).copied().unwrap_or(0.0),
        counted: after.get(name) - before.get(name),
    };
    names.into_iter().map(entry).collect()
}

fn of_runs(tally: &Tally, before: &Page, after: &Page) -> Vec<Entry> {
    const FAMILY: &str = "openclaw_runs_total";
    let (before, after) = (before.by(FAMILY, "outcome"), after.by(FAMILY, "outcome"));
    let entry = |(outcome, counted): (&String, &f64)| Entry {
        name: format!("{FAMILY} {outcome}"),
        expected: tally
            .counts
            .get(&format!("{FAMILY} {outcome}"))
            .copied()
            .unwrap_or(0.0),
        counted: counted - before.get(outcome).copied().unwrap_or(0.0),
    };
    after.iter().map(entry).collect()
}

/// What the provider saw against what the gateway says that it sent, by model.
fn of_calls(seen: &Seen, before: &Page, after: &Page) -> Vec<Entry> {
    const FAMILY: &str = "openclaw_provider_attempts_total";
    let (before, after) = (before.by(FAMILY, "model"), after.by(FAMILY, "model"));
    let entry = |(model, seen): (&String, &u64)| {
        let count = |page: &BTreeMap<String, f64>| page.get(model).copied().unwrap_or(0.0);
        Entry {
            name: format!("{FAMILY} {model}"),
            expected: *seen as f64,
            counted: count(&after) - count(&before),
        }
    };
    seen.iter().map(entry).collect()
}
