//! How far an embedding job is, on stderr: a bar with the time left where the input's size is known, else a count.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::source::Source;
use super::window::Batch;

pub struct Progress {
    bar: ProgressBar,
    vectors: usize,
}

/// How often the display is drawn anew while nothing happens.
const TURN: Duration = Duration::from_millis(100);

impl Progress {
    /// For these sources; invisible where stderr is no terminal.
    pub fn new(sources: &[Source]) -> Self {
        if !io::stderr().is_terminal() {
            return Self::hidden();
        }
        let total = sources.iter().map(Source::bytes).sum::<Option<u64>>();
        let (bar, template) = match total {
            Some(bytes) => (
                ProgressBar::new(bytes),
                "{bar:30} {percent:>3}% {msg}, {eta} left",
            ),
            None => (ProgressBar::new_spinner(), "{spinner} {msg}, {elapsed}"),
        };
        let style = ProgressStyle::with_template(template).expect("the template is well formed");
        bar.set_style(style);
        bar.set_message("0 vectors");
        bar.enable_steady_tick(TURN);
        Self { bar, vectors: 0 }
    }

    pub fn hidden() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            vectors: 0,
        }
    }

    /// Counts a batch that has been written.
    pub fn advance(&mut self, batch: &Batch) {
        self.vectors += batch.len();
        self.bar.inc(batch.bytes());
        let rate = self.vectors as f64 / self.bar.elapsed().as_secs_f64().max(f64::EPSILON);
        self.bar
            .set_message(format!("{} vectors, {rate:.0}/s", self.vectors));
    }

    /// Does something that writes to the terminal.
    pub fn suspend(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
