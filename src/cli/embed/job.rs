//! One run of the command: a thread reads, tasks embed, this one writes, in the order of the inputs.

use std::sync::Arc;

use anyhow::Context as _;
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;

use super::calls::{Answer, Calls, OnError, sum};
use super::input::Reader;
use super::output::{Done, Output, OutputFormat, Target, Totals};
use super::record::{Parser, Record};
use super::report::Tally;
use super::source::Source;
use super::window::{Batch, Vectors, Window};
use crate::chat::{EmbedInput, EmbedRequest, EmbedUsage, Notes, Vector};
use crate::cli::{CliError, Printer, tell_if_offline};
use crate::gateway::{EmbedTerms, RunError};

/// Chunks that have been read and wait to be embedded.
const CHUNKS_WAITING: usize = 2;

/// Everything that a run of this command needs.
pub struct Job {
    pub calls: Arc<Calls>,
    pub sources: Vec<Source>,
    pub parser: Parser,
    pub target: Target,
    pub resume: bool,
    pub concurrency: usize,
    pub printer: Printer,
    /// Whether the model was left to us.
    pub model_is_ours: bool,
}

impl Job {
    pub async fn run(self) -> anyhow::Result<()> {
        let terms = self.calls.gateway.embed_terms(&self.calls.routing)?;
        self.calls.pace.heed(&terms);
        let done = self.done().await?;
        let output = self.target.open(&terms.model, done.as_ref())?;
        let can_go_on = self.target.can_go_on();
        let (sender, mut receiver) = mpsc::channel(CHUNKS_WAITING);
        let reader = Reader {
            sources: self.sources,
            parser: self.parser,
            on_error: self.calls.on_error,
            done,
            pace: Arc::clone(&self.calls.pace),
            report: Arc::clone(&self.calls.report),
        };
        // Ends with its input, or when `receiver` is gone; nobody awaits it, for it may sit in a read.
        tokio::task::spawn_blocking(move || reader.run(&sender));
        let chunks = stream::poll_fn(move |cx| receiver.poll_recv(cx));
        let mut window = Window::default();
        let calls = Arc::clone(&self.calls);
        let answers = chunks.map(|chunk| {
            let batch = chunk.map(|chunk| window.admit(chunk));
            // A task of its own, so that answers are read on every core. Awaited by the writer, in the order of the
            // inputs; those that nobody awaits any more end with the runtime.
            tokio::spawn(answer(Arc::clone(&calls), batch))
        });
        let mut answers = std::pin::pin!(answers.buffered(self.concurrency));
        let mut writer = Writer {
            calls: self.calls,
            output,
            vectors: Vectors::default(),
            terms,
            totals: Totals {
                model: None,
                usage: Some(EmbedUsage::default()),
            },
            tell: self.model_is_ours.then_some(self.printer),
            can_go_on,
        };
        while let Some(answer) = answers.next().await {
            let (batch, answer) = answer.context("a bug of ours")??;
            writer.write(&batch, answer)?;
        }
        writer.finish()
    }

    /// What an earlier run has left.
    async fn done(&self) -> anyhow::Result<Option<Done>> {
        if !self.resume || !self.target.holds_something() {
            return Ok(None);
        }
        let dimension = match (self.target.format, self.calls.dimensions) {
            (OutputFormat::F32, None) => Some(self.dimension().await?),
            (_, asked) => asked.and_then(|asked| usize::try_from(asked).ok()),
        };
        self.target.done(dimension)
    }

    /// How many numbers the model's vectors have: it is asked for one.
    async fn dimension(&self) -> Result<usize, RunError> {
        let embeddings = self.calls.gateway.embed(EmbedRequest {
            routing: self.calls.routing.clone(),
            input: EmbedInput::Texts(vec!["dimension".to_owned()]),
            dimensions: None,
            user: None,
            notes: Notes::default(),
        });
        Ok(embeddings.await?.vectors.first().map_or(0, Vector::len))
    }
}

/// Embeds what is new in a batch; nothing, where all of it has been embedded before.
async fn answer(
    calls: Arc<Calls>,
    batch: anyhow::Result<Batch>,
) -> anyhow::Result<(Batch, Option<Answer>)> {
    let mut batch = batch?;
    let fresh = batch.take_fresh();
    if fresh.is_empty() {
        return Ok((batch, None));
    }
    let answer = calls.embed(fresh, batch.len()).await;
    let answer = answer.with_context(|| format!("cannot embed {}", batch.place()))?;
    Ok((batch, Some(answer)))
}

/// Writes batch after batch.
struct Writer {
    calls: Arc<Calls>,
    output: Output,
    vectors: Vectors,
    terms: EmbedTerms,
    totals: Totals,
    /// Whom to tell, at the first answer, that the model is no real one.
    tell: Option<Printer>,
    /// The end has not been written, and another run can do that.
    can_go_on: bool,
}

impl Drop for Writer {
    fn drop(&mut self) {
        let count = self.output.count();
        self.calls.report.stop(self.can_go_on && count > 0);
    }
}

impl Writer {
    fn write(&mut self, batch: &Batch, answer: Option<Answer>) -> anyhow::Result<()> {
        if let Some(answer) = answer {
            self.totals.usage = sum(self.totals.usage, answer.usage);
            self.totals.model = answer.model.or(self.totals.model.take());
            self.vectors.extend(answer.outcomes);
            if let Some(printer) = self.tell.take() {
                self.calls
                    .report
                    .aside(|| tell_if_offline(printer, &self.terms.model));
            }
        }
        let written = batch
            .inputs()
            .try_for_each(|(record, number)| self.put(record, number));
        // What there was before an error is kept.
        self.output.flush()?;
        written?;
        self.calls.report.advance(batch, &self.tally());
        Ok(())
    }

    fn put(&mut self, record: &Record, number: u64) -> anyhow::Result<()> {
        let place = &record.place;
        let error = match self.vectors.get(number) {
            Ok(vector) => return self.output.write(record, vector),
            Err(error) => error,
        };
        match self.calls.on_error {
            OnError::Skip => {
                self.calls.report.skip(&format!("{place}: {error}"));
                Ok(())
            }
            OnError::Fail if self.calls.is_bad_input(error) => {
                Err(CliError::BadInput(format!("{place}: {error}")).into())
            }
            OnError::Fail => {
                Err(anyhow::Error::from(error.clone()).context(format!("cannot embed {place}")))
            }
        }
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.output.finish(&self.totals)?;
        self.can_go_on = false;
        self.calls.report.finish(&self.tally());
        Ok(())
    }

    fn tally(&self) -> Tally {
        Tally {
            vectors: self.output.count(),
            usage: self.totals.usage,
            price: self.terms.price,
        }
    }
}
