//! Embeds the texts of one batch at the pace that the provider can bear, and finds the text at which it stumbles.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::{BoxFuture, FutureExt};
use tokio::time::Instant;

use super::pace::Pace;
use super::report::Report;
use crate::chat::{EmbedInput, EmbedRequest, EmbedUsage, Embeddings, ModelRef, Notes, Routing};
use crate::gateway::{Fault, Gateway, ProviderError, RunError};

/// What follows an input that cannot be embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    Fail,
    Skip,
}

/// What became of a text: its vector, or why the provider does not embed it.
pub type Outcome = Result<Vec<f32>, RunError>;

/// What became of the texts of a batch, in their order. One that stumbled is the last where the job ends with it.
#[derive(Debug)]
pub struct Answer {
    pub model: Option<ModelRef>,
    pub outcomes: Vec<Outcome>,
    /// Summed over all requests; absent when one of them reported none.
    pub usage: Option<EmbedUsage>,
}

/// What is asked of the room for every batch.
pub struct Calls {
    pub gateway: Gateway,
    pub routing: Routing,
    pub dimensions: Option<u32>,
    pub pace: Arc<Pace>,
    pub on_error: OnError,
    pub seen: Track,
    pub report: Arc<Report>,
}

/// What has been seen of the provider.
#[derive(Debug, Default)]
pub struct Track {
    /// It has embedded something.
    proven: AtomicBool,
    /// Single texts that it would not embed before that.
    barren: AtomicUsize,
}

impl Calls {
    /// Embeds at least one text.
    ///
    /// # Errors
    /// Every failure that is not one text's.
    pub async fn embed(&self, texts: Vec<String>, inputs: usize) -> Result<Answer, RunError> {
        let begun = Instant::now();
        let answer = self.part(&texts, 0..texts.len()).await?;
        self.pace.took(inputs, begun.elapsed());
        if let Ok(terms) = self.gateway.embed_terms(&self.routing) {
            self.pace.heed(&terms);
        }
        Ok(answer)
    }

    /// Embeds some of the texts; in halves where one of them is not liked, until it stands alone.
    fn part<'a>(
        &'a self,
        texts: &'a [String],
        range: Range<usize>,
    ) -> BoxFuture<'a, Result<Answer, RunError>> {
        async move {
            let error = match self.request(&texts[range.clone()]).await {
                Ok(embeddings) => {
                    self.seen.proven.store(true, Ordering::Relaxed);
                    return Ok(embeddings.into());
                }
                Err(error) if may_be_one_text(&error) => error,
                Err(error) => return Err(error),
            };
            if range.len() == 1 {
                return self.stumbled(error);
            }
            let middle = range.start + range.len() / 2;
            let first = self.part(texts, range.start..middle).await?;
            let is_end = self.on_error == OnError::Fail && self.is_proven() && first.stumbled();
            if is_end {
                return Ok(first);
            }
            let second = self.part(texts, middle..range.end).await?;
            Ok(first.join(second))
        }
        .boxed()
    }

    async fn request(&self, texts: &[String]) -> Result<Embeddings, RunError> {
        let mut tries = 0;
        loop {
            let slot = self.pace.slot().await;
            tries += 1;
            let request = EmbedRequest {
                routing: self.routing.clone(),
                input: EmbedInput::Texts(texts.to_vec()),
                dimensions: self.dimensions,
                user: None,
                notes: Notes::default(),
            };
            match self.gateway.embed(request).await {
                Ok(embeddings) => {
                    self.pace.answered();
                    return Ok(embeddings);
                }
                Err(error) if self.pace.try_again(slot, &error, tries).await => {
                    if let Some(wait) = self.pace.quiet_for() {
                        self.report.wait(wait);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A text that stands alone. Where not one of the first few could be embedded it is not the texts.
    fn stumbled(&self, error: RunError) -> Result<Answer, RunError> {
        let few = match self.on_error {
            OnError::Fail => 2,
            OnError::Skip => 16,
        };
        if !self.is_proven() && self.seen.barren.fetch_add(1, Ordering::Relaxed) + 1 >= few {
            return Err(error);
        }
        Ok(Answer {
            model: None,
            outcomes: vec![Err(error)],
            usage: Some(EmbedUsage::default()),
        })
    }

    /// Whether it is the text that is bad: the provider says so, and has embedded others.
    pub fn is_bad_input(&self, error: &RunError) -> bool {
        let too_long = error.code() == Some("context_length_exceeded");
        error.fault() == Fault::Caller && (too_long || self.is_proven())
    }

    fn is_proven(&self) -> bool {
        self.seen.proven.load(Ordering::Relaxed)
    }
}

/// Whether a failure may be due to one of the texts: a refusal of the request, or a vector that is none.
fn may_be_one_text(error: &RunError) -> bool {
    matches!(
        error,
        RunError::Provider(ProviderError::Rejected { .. } | ProviderError::Broken { .. })
    )
}

impl From<Embeddings> for Answer {
    fn from(embeddings: Embeddings) -> Self {
        Self {
            model: Some(embeddings.model),
            outcomes: embeddings
                .vectors
                .into_iter()
                .map(|vector| Ok(vector.into_numbers()))
                .collect(),
            usage: embeddings.usage,
        }
    }
}

impl Answer {
    fn stumbled(&self) -> bool {
        self.outcomes.iter().any(Result::is_err)
    }

    fn join(mut self, second: Self) -> Self {
        self.outcomes.extend(second.outcomes);
        Self {
            model: self.model.or(second.model),
            outcomes: self.outcomes,
            usage: sum(self.usage, second.usage),
        }
    }
}

/// Both together; none where one is not known, for a sum that leaves a part out would be no sum.
pub fn sum(first: Option<EmbedUsage>, second: Option<EmbedUsage>) -> Option<EmbedUsage> {
    let (first, second) = first.zip(second)?;
    Some(EmbedUsage {
        prompt_tokens: first.prompt_tokens + second.prompt_tokens,
        total_tokens: first.total_tokens + second.total_tokens,
    })
}
