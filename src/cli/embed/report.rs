//! What a person is told of an embedding job, on stderr: how far it is, on a terminal; each input that was skipped; and
//! at the end one line.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::source::Source;
use super::window::Batch;
use crate::chat::{Cost, EmbedUsage};
use crate::cli::{Printer, margin};

/// Shared by the thread that reads, the tasks that embed and the one that writes.
pub struct Report {
    bar: ProgressBar,
    printer: Printer,
    mode: Mode,
    begun: Instant,
    /// Bytes of the input that were done before this job.
    passed: AtomicU64,
    skipped: AtomicU64,
}

/// Whether the job speaks of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Shown,
    /// Nothing but inputs that were skipped.
    Quiet,
}

/// What has been done.
#[derive(Debug, Clone, Copy)]
pub struct Tally {
    pub vectors: u64,
    /// `None` where a provider does not say.
    pub usage: Option<EmbedUsage>,
    /// US dollars for a million tokens, where known.
    pub price: Option<f64>,
}

/// How often the display is drawn anew while nothing happens.
const TURN: Duration = Duration::from_millis(100);

impl Report {
    /// For these sources.
    pub fn new(sources: &[Source], mode: Mode, printer: Printer) -> Self {
        let bar = match mode == Mode::Shown && io::stderr().is_terminal() {
            true => bar(sources.iter().map(Source::bytes).sum()),
            false => ProgressBar::hidden(),
        };
        Self {
            bar,
            printer,
            mode,
            begun: Instant::now(),
            passed: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
        }
    }

    /// Counts a batch that has been written.
    pub fn advance(&self, batch: &Batch, tally: &Tally) {
        self.bar.inc(batch.bytes());
        let took = self.begun.elapsed();
        let mut message = tally.describe(took);
        if let Some(total) = self.bar.length() {
            let passed = self.passed.load(Ordering::Relaxed);
            let done = self.bar.position().saturating_sub(passed);
            let rest = total.saturating_sub(self.bar.position());
            message += &format!(", {} left", HumanDuration(left(took, done, rest)));
        }
        self.bar.set_message(message);
    }

    /// Counts bytes of the input that were done before.
    pub fn pass(&self, bytes: u64) {
        self.bar.inc(bytes);
        self.passed.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Says that nothing will happen for a while.
    pub fn wait(&self, wait: Duration) {
        let seconds = wait.as_secs_f64().ceil();
        self.bar
            .set_message(format!("rate limited, on in {seconds} s"));
    }

    /// Names an input that has no vector, and why.
    pub fn skip(&self, what: &str) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
        self.aside(|| self.printer.note(format_args!("skipped: {what}")));
    }

    /// Does something that writes to the terminal.
    pub fn aside(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    /// Ends the display; of a job that another run can go on with, it says so.
    pub fn stop(&self, can_go_on: bool) {
        self.bar.finish_and_clear();
        if can_go_on && self.mode == Mode::Shown {
            self.printer
                .note("not done; the same command with --resume goes on from here");
        }
    }

    /// Ends the display, and sums up.
    pub fn finish(&self, tally: &Tally) {
        self.bar.finish_and_clear();
        if self.mode == Mode::Quiet {
            return;
        }
        let took = self.begun.elapsed();
        let skipped = match self.skipped.load(Ordering::Relaxed) {
            0 => String::new(),
            count => format!(", {count} skipped"),
        };
        let seconds = took.as_secs_f64();
        let sum = tally.describe(took);
        self.printer
            .note(format_args!("{sum}, {seconds:.1} s{skipped}"));
    }
}

fn bar(total: Option<u64>) -> ProgressBar {
    let template = match total {
        Some(_) => "{wide_bar} {percent:>3}% {msg}",
        None => "{spinner} {msg}, {elapsed}",
    };
    let bar = ProgressBar::with_draw_target(total, margin::draw_target());
    let style = ProgressStyle::with_template(template).expect("the template is well formed");
    bar.set_style(style);
    bar.set_message("0 vectors");
    bar.enable_steady_tick(TURN);
    bar
}

/// The time that the rest takes at the rate of what was done in this time.
fn left(took: Duration, done: u64, rest: u64) -> Duration {
    let share = rest as f64 / done.max(1) as f64;
    Duration::try_from_secs_f64(took.as_secs_f64() * share).unwrap_or(Duration::MAX)
}

impl Tally {
    fn describe(&self, time: Duration) -> String {
        let rate = self.vectors as f64 / time.as_secs_f64().max(0.001);
        let vectors = self.vectors;
        let noun = if vectors == 1 { "vector" } else { "vectors" };
        let mut said = format!("{vectors} {noun}, {rate:.0}/s");
        if let Some(usage) = self.usage.filter(|usage| usage.total_tokens > 0) {
            said += &format!(", {} tokens", short(usage.total_tokens));
            if let Some(price) = self.price {
                let cost = Cost::of_tokens(usage.total_tokens, price).usd();
                said += &format!(", ${cost:.4}");
            }
        }
        said
    }
}

/// A number of at most five characters.
fn short(number: u64) -> String {
    match number as f64 {
        small if small < 1e4 => format!("{number}"),
        thousands if thousands < 1e6 => format!("{:.0}k", thousands / 1e3),
        millions if millions < 1e9 => format!("{:.1}M", millions / 1e6),
        more => format!("{:.1}G", more / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_follows_from_what_this_job_has_done() {
        let four = Duration::from_secs(4);
        assert_eq!(left(four, 100, 1_000), Duration::from_secs(40));
        assert_eq!(left(four, 100, 0), Duration::ZERO);
        assert_eq!(left(Duration::ZERO, 0, 10), Duration::ZERO);
    }

    #[test]
    fn a_job_is_summed_up_in_a_few_words() {
        let usage = |tokens| {
            Some(EmbedUsage {
                prompt_tokens: tokens,
                total_tokens: tokens,
            })
        };
        let describe = |vectors, usage, price| {
            let tally = Tally {
                vectors,
                usage,
                price,
            };
            tally.describe(Duration::from_secs(2))
        };
        assert_eq!(describe(100, None, Some(0.02)), "100 vectors, 50/s");
        assert_eq!(describe(1, usage(0), None), "1 vector, 0/s");
        assert_eq!(
            describe(100, usage(1_234_567), Some(0.02)),
            "100 vectors, 50/s, 1.2M tokens, $0.0247"
        );
        assert_eq!(
            describe(2, usage(9_999), None),
            "2 vectors, 1/s, 9999 tokens"
        );
    }
}
