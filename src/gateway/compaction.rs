//! A conversation made small enough to go on from: summed up by the agent's own model, one part after the other where it
//! is too long for one call.

use std::time::Duration;

use super::Gateway;
use super::call::Deadline;
use super::error::RunError;
use super::progress::Progress;
use super::summary::{self, Task};
use crate::chat::{FinishReason, Message, Notes, Phase, Routing, Started, Usage};

/// The most of a conversation that is summed up in one call, in bytes.
const MAX_PART_BYTES: usize = 200_000;

/// The least, however small the model's window.
const MIN_PART_BYTES: usize = 2_000;

/// What of a window of so many tokens a part may fill, in bytes a token: half of it, at the usual four.
const PART_BYTES_PER_TOKEN: u64 = 2;

/// The longest summary, in bytes.
const MAX_SUMMARY_BYTES: usize = 64 << 10;

/// What is to be made small.
#[derive(Debug, Clone)]
pub struct CompactRequest {
    pub routing: Routing,
    /// Not empty.
    pub messages: Vec<Message>,
    /// What the caller wants the model to heed.
    pub instructions: Option<String>,
    /// A shorter limit than the agent's own.
    pub timeout: Option<Duration>,
    pub notes: Notes,
}

/// What has become of it.
#[derive(Debug, Clone)]
pub struct Compacted {
    /// Who summed it up last.
    pub started: Started,
    pub summary: String,
    /// Over all calls.
    pub usage: Option<Usage>,
}

impl Gateway {
    /// Has the agent's model sum up a conversation. Nothing is kept.
    ///
    /// # Errors
    /// As a run before its first event; a summary that was cut short is none.
    pub async fn compact(&self, request: CompactRequest) -> Result<Compacted, RunError> {
        let mut progress = Progress::begin(&self.0.lasting.metrics, request.notes.clone());
        let compacted = self.sum_up(request, &mut progress).await;
        match &compacted {
            Ok(compacted) => progress.finished(compacted.usage),
            Err(error) => progress.failed(error),
        }
        compacted
    }

    async fn sum_up(
        &self,
        request: CompactRequest,
        progress: &mut Progress,
    ) -> Result<Compacted, RunError> {
        let inner = &self.0;
        let target = inner.agents.resolve(&request.routing, &inner.providers)?;
        let (agent, chain) = (&target.plan.agent, target.chain);
        progress.is_of(&agent.id);
        let limit = request
            .timeout
            .map_or(agent.timeout, |own| own.min(agent.timeout));
        let time = Deadline::after(limit);
        let mut deadline = time;
        let window = agent.context_tokens.or(chain[0].context_window);
        let transcript = summary::transcript(&request.messages);
        let instructions = request.instructions.unwrap_or_default();
        let summing_up = async {
            let entering = inner.lasting.admission.enter();
            let _place = request.notes.time(Phase::Queue, entering).await?;
            let (mut summary, mut usage, mut place) = (String::new(), None, 0);
            for part in parts(&transcript, part_bytes(window)) {
                let task = Task {
                    text: asked(&summary, part),
                    instructions: instructions.clone(),
                    max_tokens: None,
                };
                let said = summary::sum_up(&chain, task, (&mut deadline, &request.notes)).await?;
                // What it no longer says would be lost, and nobody told.
                if let FinishReason::Length | FinishReason::ContentFilter = said.reason {
                    return Err(RunError::Unfinished);
                }
                summary = summary::cut(&said.text, MAX_SUMMARY_BYTES).to_owned();
                place = said.place;
                if let Some(more) = said.usage {
                    *usage.get_or_insert_with(Usage::default) += more;
                }
            }
            Ok((summary, usage, place))
        };
        let (summary, usage, place) = time.bound(summing_up).await?;
        let started = Started {
            agent: agent.id.clone(),
            model: chain[place].id.clone(),
            session: None,
        };
        Ok(Compacted {
            started,
            summary,
            usage,
        })
    }
}

fn part_bytes(window: Option<u64>) -> usize {
    let bytes = window.map_or(u64::MAX, |tokens| {
        tokens.saturating_mul(PART_BYTES_PER_TOKEN)
    });
    usize::try_from(bytes)
        .unwrap_or(usize::MAX)
        .clamp(MIN_PART_BYTES, MAX_PART_BYTES)
}

/// The text in parts of so many bytes at most, in order.
fn parts(mut text: &str, max_bytes: usize) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let part = summary::cut(text, max_bytes);
        text = &text[part.len()..];
        Some(part).filter(|part| !part.is_empty())
    })
}

fn asked(before: &str, part: &str) -> String {
    match before {
        "" => part.to_owned(),
        before => format!(
            "Summary of the conversation so far:\n{before}\n\nThe conversation goes on; sum up all of it:\n{part}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_fills_half_of_the_window_and_is_never_too_small_or_too_large() {
        assert_eq!(part_bytes(Some(10_000)), 20_000);
        assert_eq!(part_bytes(Some(1)), MIN_PART_BYTES);
        assert_eq!(part_bytes(Some(u64::MAX)), MAX_PART_BYTES);
        assert_eq!(part_bytes(None), MAX_PART_BYTES);
    }

    #[test]
    fn the_parts_are_the_text_and_none_splits_a_character() {
        let text = "aä€".repeat(5);
        let found: Vec<&str> = parts(&text, 7).collect();
        assert_eq!(found.concat(), text);
        assert!(
            found
                .iter()
                .all(|part| (5..=7).contains(&part.len()) || *part == found[found.len() - 1])
        );
        assert_eq!(parts("", 7).count(), 0);
    }
}
