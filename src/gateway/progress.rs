//! A run, watched from outside: counted, timed, and where the configuration wants it logged. It changes nothing of it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio::time::Instant;

use super::content_log::ContentLog;
use super::error::RunError;
use super::metrics::{Metrics, Outcome, RunMeter};
use crate::chat::{AgentId, Notes, RunEvent, Usage};

/// What is known of a run so far; counted when it is dropped. A run of which nobody said how it ended was cancelled.
pub struct Progress {
    metrics: Arc<Metrics>,
    meter: Arc<RunMeter>,
    pub notes: Notes,
    began: Instant,
    outcome: Outcome,
    /// `None` where content is not logged.
    pub content: Option<Box<ContentLog>>,
}

impl Progress {
    pub fn begin(metrics: &Arc<Metrics>, notes: Notes) -> Self {
        metrics.runs_in_flight.enter();
        Self {
            meter: metrics.runs.other(),
            metrics: Arc::clone(metrics),
            notes,
            began: Instant::now(),
            outcome: Outcome::CANCELLED,
            content: None,
        }
    }

    /// The run is one of this agent's.
    pub fn is_of(&mut self, agent: &AgentId) {
        self.meter = self.metrics.runs.of(agent);
    }

    pub fn failed(&mut self, error: &RunError) {
        self.outcome = Outcome::of(error);
    }

    pub fn finished(&mut self, usage: Option<Usage>) {
        self.outcome = Outcome::OK;
        if let Some(usage) = usage {
            self.notes.use_up(usage);
        }
    }

    fn note(&mut self, event: &Result<RunEvent, RunError>) {
        match event {
            Ok(RunEvent::Started(_)) => {
                let time = self.began.elapsed();
                self.meter.first_event_seconds.observe(time.as_secs_f64());
            }
            Ok(RunEvent::Delta(delta)) => {
                if let Some(content) = &mut self.content {
                    content.say(delta);
                }
            }
            Ok(RunEvent::Tool(_)) => {}
            Ok(RunEvent::Finished(finished)) => self.finished(finished.usage),
            Err(error) => self.failed(error),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.meter.ended(self.outcome, self.began.elapsed());
        self.metrics.runs_in_flight.leave();
    }
}

/// The events of a run, each noted as it passes.
pub struct Noted<S> {
    pub run: S,
    pub progress: Progress,
}

impl<S> Stream for Noted<S>
where
    S: Stream<Item = Result<RunEvent, RunError>> + Unpin,
{
    type Item = Result<RunEvent, RunError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let event = ready!(Pin::new(&mut self.run).poll_next(cx));
        if let Some(event) = &event {
            self.progress.note(event);
        }
        Poll::Ready(event)
    }
}
