//! Embeddings: which model, in which batches, and whether what came back can be passed on.

use std::ops::Range;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::time::{Instant, sleep, timeout};

use super::Inner;
use super::call::jitter;
use super::embed_cap::{EmbedCap, Extent, too_large};
use super::error::RunError;
use super::failover::{Situation, Step, WAIT_BUDGET, step};
use super::metrics::ModelMeter;
use crate::chat::{EmbedInput, EmbedRequest, EmbedUsage, Embeddings, ModelRef, Routing, Vector};
use crate::config::Compat;
use crate::providers::{EmbedCall, EmbedReply, EmbedSlice, Provider, ProviderError};
use crate::tools::{Embed, Embedder};

/// The most inputs of one request.
pub const MAX_INPUTS: usize = 2048;

/// The most characters, or tokens, of one input.
pub const MAX_INPUT_CHARS: usize = 300_000;

/// Calls of a provider at once for one request.
const CALLS_AT_ONCE: usize = 4;

/// An embedding model that can be called.
#[derive(Clone)]
pub(super) struct EmbedModel {
    pub id: ModelRef,
    pub provider: Arc<dyn Provider>,
    /// How many numbers its vectors shall have when the caller does not say.
    pub dimensions: Option<u32>,
    /// How many they have when nobody says, where the configuration tells.
    pub usual_dimensions: Option<u32>,
    pub compat: Compat,
    /// US dollars for a million tokens, where known.
    pub price: Option<f64>,
    /// What the provider takes at once.
    pub cap: Arc<EmbedCap>,
    pub meter: Arc<ModelMeter>,
}

/// What there is to know of an embedding model before it is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbedTerms {
    pub model: ModelRef,
    /// US dollars for a million tokens, where known.
    pub price: Option<f64>,
    /// The largest request that goes to the provider as one call, as far as it is known by now.
    pub one_call: Extent,
}

/// Asks no provider.
pub(super) fn terms(inner: &Inner, routing: &Routing) -> Result<EmbedTerms, RunError> {
    let (_, model) = inner.agents.embedding(routing, &inner.providers)?;
    Ok(EmbedTerms {
        one_call: model.cap.most(),
        price: model.price,
        model: model.id,
    })
}

pub(super) async fn embed(inner: &Inner, request: EmbedRequest) -> Result<Embeddings, RunError> {
    check(&request.input)?;
    let (plan, model) = inner.agents.embedding(&request.routing, &inner.providers)?;
    let job = Job {
        model: &model,
        input: &request.input,
        dimensions: request.dimensions.or(model.dimensions),
        user: request.user.as_deref(),
    };
    let limit = plan.agent.timeout;
    let reply = match timeout(limit, job.run()).await {
        Ok(reply) => reply?,
        Err(_) => return Err(RunError::Deadline { limit }),
    };
    job.verify(&reply)?;
    if let Some(usage) = reply.usage {
        request.notes.use_up(usage.into());
    }
    Ok(Embeddings {
        model: model.id,
        vectors: reply.vectors,
        usage: reply.usage,
    })
}

/// The model as the tools of an agent use it.
pub(super) fn embedder(model: EmbedModel) -> Embedder {
    // Of one model there are vectors of several lengths.
    let name = match model.dimensions {
        Some(dimensions) => format!("{}@{dimensions}", model.id),
        None => model.id.to_string(),
    };
    let embed: Embed = Arc::new(move |texts| {
        let model = model.clone();
        async move {
            let job = Job {
                model: &model,
                input: &EmbedInput::Texts(texts),
                dimensions: model.dimensions,
                user: None,
            };
            let reply = job.run().await.map_err(|error| error.to_string())?;
            job.verify(&reply).map_err(|error| error.to_string())?;
            Ok(reply
                .vectors
                .into_iter()
                .map(Vector::into_numbers)
                .collect())
        }
        .boxed()
    });
    Embedder { model: name, embed }
}

fn check(input: &EmbedInput) -> Result<(), RunError> {
    let count = input.len();
    if count == 0 || count > MAX_INPUTS {
        return Err(invalid(
            None,
            format!("`input` must hold 1 to {MAX_INPUTS} inputs, not {count}"),
        ));
    }
    // Bytes are the cheap upper bound: characters are counted only where they could matter.
    let long =
        |text: &String| text.len() > MAX_INPUT_CHARS && text.chars().count() > MAX_INPUT_CHARS;
    let (empty, long) = match input {
        EmbedInput::Texts(texts) => (
            texts.iter().position(String::is_empty),
            texts.iter().position(long),
        ),
        EmbedInput::Tokens(lists) => (
            lists.iter().position(Vec::is_empty),
            lists.iter().position(|list| list.len() > MAX_INPUT_CHARS),
        ),
    };
    if let Some(index) = empty {
        return Err(invalid(
            Some(index),
            "is empty: there is nothing to embed".to_owned(),
        ));
    }
    match long {
        Some(index) => Err(invalid(
            Some(index),
            format!("is longer than {MAX_INPUT_CHARS} characters"),
        )),
        None => Ok(()),
    }
}

fn invalid(index: Option<usize>, message: String) -> RunError {
    let param = index.map_or_else(|| "input".to_owned(), |index| format!("input[{index}]"));
    let message = index.map_or_else(|| message.clone(), |_| format!("`{param}` {message}"));
    RunError::Invalid {
        param: Some(param),
        message,
    }
}

/// One request's work: its inputs, split as the provider needs it.
struct Job<'a> {
    model: &'a EmbedModel,
    input: &'a EmbedInput,
    dimensions: Option<u32>,
    user: Option<&'a str>,
}

impl Job<'_> {
    async fn run(&self) -> Result<EmbedReply, RunError> {
        let all = 0..self.input.len();
        let most = self.model.cap.most();
        let mut ranges = Vec::new();
        let mut rest = all;
        while !rest.is_empty() {
            let first = self.prefix(&rest, most);
            rest.start = first.end;
            ranges.push(first);
        }
        let replies: Vec<EmbedReply> = stream::iter(ranges)
            .map(|range| self.in_turn(range))
            .buffered(CALLS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(joined(replies))
    }

    /// Embeds a range of the inputs, one call after the other, each as large as the provider is known to take by then.
    fn in_turn(&self, range: Range<usize>) -> BoxFuture<'_, Result<EmbedReply, RunError>> {
        async move {
            let mut replies = Vec::new();
            let mut rest = range;
            while !rest.is_empty() {
                let first = self.prefix(&rest, self.model.cap.most());
                rest.start = first.end;
                replies.push(self.at_once(first).await?);
            }
            Ok(joined(replies))
        }
        .boxed()
    }

    /// Embeds a range of the inputs in one call, or in halves where the provider says that they are too many.
    async fn at_once(&self, range: Range<usize>) -> Result<EmbedReply, RunError> {
        let count = range.len();
        let extent = self.extent(&range);
        match self.call(range.clone()).await {
            Ok(reply) if reply.vectors.len() == count => {
                self.model.cap.took(extent);
                Ok(reply)
            }
            Ok(reply) => Err(self.broken(format!(
                "{} vectors for {count} inputs",
                reply.vectors.len()
            ))),
            Err(error) if count > 1 && too_large(&error) => {
                let middle = range.start + count / 2;
                let first = self.in_turn(range.start..middle).await?;
                let second = self.in_turn(middle..range.end).await?;
                // Only now it is known that the size was at fault, and not one of the inputs.
                self.model.cap.refused(extent, &error);
                Ok(joined([first, second]))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// As many inputs from the start of a range as one call may hold; at least one.
    fn prefix(&self, range: &Range<usize>, most: Extent) -> Range<usize> {
        let mut bytes = 0;
        let fits = |index: &usize| {
            bytes += self.bytes(*index);
            bytes <= most.bytes
        };
        let inputs = range.clone().take(most.inputs).take_while(fits).count();
        range.start..range.start + inputs.max(1)
    }

    fn extent(&self, range: &Range<usize>) -> Extent {
        Extent {
            inputs: range.len(),
            bytes: range.clone().map(|index| self.bytes(index)).sum(),
        }
    }

    fn bytes(&self, index: usize) -> usize {
        /// A token of usual text.
        const BYTES_PER_TOKEN: usize = 4;
        match self.input {
            EmbedInput::Texts(texts) => texts[index].len(),
            EmbedInput::Tokens(lists) => lists[index].len() * BYTES_PER_TOKEN,
        }
    }

    async fn call(&self, range: Range<usize>) -> Result<EmbedReply, ProviderError> {
        let call = EmbedCall {
            model: &self.model.id.model,
            input: match self.input {
                EmbedInput::Texts(texts) => EmbedSlice::Texts(&texts[range]),
                EmbedInput::Tokens(lists) => EmbedSlice::Tokens(&lists[range]),
            },
            dimensions: self.dimensions,
            user: self.user,
            compat: self.model.compat,
        };
        let mut calls = 0;
        loop {
            calls += 1;
            let called = Instant::now();
            let attempt = self.model.meter.attempt();
            let error = match self.model.provider.embed(call).await {
                Ok(reply) => {
                    attempt.answered(called.elapsed());
                    if let Some(usage) = reply.usage {
                        self.model.meter.used(&usage.into());
                    }
                    return Ok(reply);
                }
                Err(error) => error,
            };
            attempt.failed(&error);
            let situation = Situation {
                calls,
                fallback_left: false,
                budget: WAIT_BUDGET,
                jitter: jitter(),
            };
            match step(&error, situation) {
                Step::Retry(wait) => sleep(wait).await,
                Step::Next | Step::GiveUp => return Err(error),
            }
        }
    }

    /// One dimension for all vectors, the one that was asked for or configured, every number finite; what is not so is
    /// never passed on.
    fn verify(&self, reply: &EmbedReply) -> Result<(), RunError> {
        let dimension = reply.vectors.first().map_or(0, Vector::len);
        if dimension == 0 {
            return Err(self.broken("an empty vector".to_owned()));
        }
        if let Some(expected) = self.dimensions.or(self.model.usual_dimensions)
            && usize::try_from(expected) != Ok(dimension)
        {
            let reason = format!("vectors of {dimension} numbers, not of {expected}");
            return Err(self.broken(reason));
        }
        for (index, vector) in reply.vectors.iter().enumerate() {
            if vector.len() != dimension {
                let numbers = vector.len();
                let reason = format!("vector {index} has {numbers} numbers, the first {dimension}");
                return Err(self.broken(reason));
            }
            if !vector.is_finite() {
                let reason = format!("vector {index} holds a number that is not finite");
                return Err(self.broken(reason));
            }
        }
        Ok(())
    }

    fn broken(&self, reason: String) -> RunError {
        ProviderError::Broken {
            provider: self.model.id.provider.to_string(),
            reason,
        }
        .into()
    }
}

/// The replies as one, in their order. There is at least one.
fn joined(replies: impl IntoIterator<Item = EmbedReply>) -> EmbedReply {
    let joined = replies.into_iter().reduce(join);
    joined.expect("a request has at least one input")
}

fn join(mut first: EmbedReply, second: EmbedReply) -> EmbedReply {
    first.vectors.extend(second.vectors);
    first.usage = match (first.usage, second.usage) {
        (Some(a), Some(b)) => Some(EmbedUsage {
            prompt_tokens: a.prompt_tokens + b.prompt_tokens,
            total_tokens: a.total_tokens + b.total_tokens,
        }),
        // A sum that leaves a part out would be no sum.
        _ => None,
    };
    first
}
