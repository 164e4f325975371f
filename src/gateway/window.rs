//! How much of a conversation a model can be sent. Estimates, corrected by what the provider counted. Pure.

use super::error::RunError;
use crate::chat::{ChatRequest, ImageSource, Message, Part};
use crate::sessions::{History, fit};

/// Bytes of text that are taken for one token, as long as nobody has counted.
const BYTES_PER_TOKEN: f64 = 4.0;

/// Bytes of text that no tokenizer makes less than one token of: what is longer than the window even so cannot fit.
const MOST_BYTES_PER_TOKEN: u64 = 8;

/// What an image counts for, whatever its size.
const IMAGE_TOKENS: u64 = 1000;

/// What every message counts for beside its content.
const MESSAGE_TOKENS: u64 = 4;

/// What is kept free for the answer where nobody says how long it may be, as a part of the window.
const ANSWER_SHARE: u64 = 4;

/// How much of the window earlier turns may fill once some have to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    All,
    Half,
}

/// The room for the conversation of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Tokens of prompt and answer together; `None`: not known, the provider decides.
    tokens: Option<u64>,
    /// The most tokens of earlier turns, whatever the window.
    history: Option<u64>,
    /// What of the window is not for the conversation: the prompt, the tools, the answer.
    reserved: u64,
    bytes_per_token: f64,
}

impl Window {
    /// `tokens` of the model or the configuration; `history` is the configured cap of earlier turns.
    pub fn new(tokens: Option<u64>, history: Option<u64>, chat: &ChatRequest) -> Self {
        let share = tokens.map_or(0, |tokens| tokens / ANSWER_SHARE);
        let answer = chat
            .sampling
            .max_tokens
            .map_or(share, |cap| u64::from(cap).min(share * 2));
        let mut window = Self {
            tokens,
            history,
            reserved: answer,
            bytes_per_token: BYTES_PER_TOKEN,
        };
        window.reserved += window.text_tokens(frame_bytes(chat));
        window
    }

    /// The same, with the rate that the provider's own count of the last turn shows.
    pub fn calibrated(&self, history: &History) -> Self {
        let turns = &history.turns;
        let Some((last, earlier)) = turns.split_last() else {
            return *self;
        };
        let counted = last.usage.map_or(0, |usage| usage.input_tokens);
        let before = earlier
            .iter()
            .flat_map(|turn| turn.input.iter().chain(&turn.answer));
        let bytes: u64 = before.chain(&last.input).map(text_bytes).sum();
        // A short conversation is mostly prompt, and a cut one is not what was counted: neither says anything.
        const ENOUGH_TOKENS: u64 = 500;
        let rate = bytes as f64 / counted.max(1) as f64;
        if counted < ENOUGH_TOKENS || !(1.0..=MOST_BYTES_PER_TOKEN as f64).contains(&rate) {
            return *self;
        }
        Self {
            bytes_per_token: rate,
            ..*self
        }
    }

    /// How many of the oldest messages of `context` have to be left out so that the rest and `new` fit.
    ///
    /// With [`Room::Half`], where any have to go, so many go that half of the room is free again: what is done about them
    /// need not be done anew in every turn.
    pub fn excess(&self, context: &[Message], new: &[Message], room: Room) -> usize {
        let needed = self.over_budget(context, new, 1);
        match room {
            Room::Half if needed > 0 => self.over_budget(context, new, 2),
            Room::Half | Room::All => needed,
        }
    }

    /// The most bytes of a summary: it must leave room for what it stands before.
    pub fn summary_bytes(&self) -> usize {
        const SHARE: u64 = 8;
        const USUAL_TOKENS: u64 = 1024;
        let tokens = self.tokens.into_iter().chain(self.history).min();
        let tokens = tokens.map_or(USUAL_TOKENS, |tokens| USUAL_TOKENS.min(tokens / SHARE));
        usize::try_from(tokens)
            .unwrap_or(usize::MAX)
            .saturating_mul(BYTES_PER_TOKEN as usize)
    }

    /// How many of the oldest messages go so that the rest has no more than one `part`th of the budget.
    fn over_budget(&self, context: &[Message], new: &[Message], part: u64) -> usize {
        let fresh: u64 = new.iter().map(|message| self.tokens_of(message)).sum();
        let by_window = self
            .tokens
            .map(|tokens| tokens.saturating_sub(self.reserved + fresh));
        let Some(budget) = by_window.into_iter().chain(self.history).min() else {
            return 0;
        };
        let budget = budget / part;
        let dropped = fit(context, budget, |message| self.tokens_of(message));
        let kept: u64 = context[dropped..]
            .iter()
            .map(|message| self.tokens_of(message))
            .sum();
        // The last stored turn is kept by `fit` even where it does not fit; here the new one is what has to stay.
        if kept > budget {
            context.len()
        } else {
            dropped
        }
    }

    fn tokens_of(&self, message: &Message) -> u64 {
        let images = message
            .parts()
            .iter()
            .filter(|part| matches!(part, Part::Image(_)))
            .count() as u64;
        MESSAGE_TOKENS + images * IMAGE_TOKENS + self.text_tokens(text_bytes(message))
    }

    fn text_tokens(&self, bytes: u64) -> u64 {
        (bytes as f64 / self.bytes_per_token) as u64
    }
}

/// # Errors
/// A conversation that cannot fit into `window` tokens, whatever the tokenizer.
pub fn check(window: u64, chat: &ChatRequest) -> Result<(), RunError> {
    let bytes = frame_bytes(chat) + chat.messages.iter().map(text_bytes).sum::<u64>();
    if bytes / MOST_BYTES_PER_TOKEN > window {
        return Err(RunError::TooLong { window });
    }
    Ok(())
}

/// The text of a message, its tool calls among it; images aside.
fn text_bytes(message: &Message) -> u64 {
    let of_part = |part: &Part| match part {
        Part::Text(text) | Part::Refusal(text) => text.len(),
        Part::Document(document) => document.base64.len() / 2,
        Part::Audio(audio) => audio.base64.len() / 16,
        Part::Image(image) => {
            let ImageSource::Inline { .. } = image.source;
            0
        }
    };
    let parts: usize = message.parts().iter().map(of_part).sum();
    let calls = match message {
        Message::Assistant { tool_calls, .. } => tool_calls
            .iter()
            .map(|call| call.name.len() + call.arguments.len())
            .sum(),
        Message::User { .. } | Message::Tool { .. } => 0,
    };
    (parts + calls) as u64
}

/// What goes along with every conversation: the prompt and the tools.
fn frame_bytes(chat: &ChatRequest) -> u64 {
    let tool = |tool: &crate::chat::Tool| {
        let parameters = tool.parameters.as_ref().map_or(0, |raw| raw.get().len());
        tool.name.len() + tool.description.as_ref().map_or(0, String::len) + parameters
    };
    let tools: usize = chat.tools.iter().map(tool).sum();
    (chat.system.stable.len() + chat.system.varying.len() + tools) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(turns: usize, bytes: usize) -> Vec<Message> {
        (0..turns)
            .map(|_| Message::user("x".repeat(bytes)))
            .collect()
    }

    #[test]
    fn the_oldest_turns_are_left_out_until_the_rest_fits() {
        let window = Window::new(Some(1000), None, &ChatRequest::default());
        // A quarter is kept for the answer; each message counts 104 tokens.
        assert_eq!(
            window.excess(&conversation(4, 400), &conversation(1, 400), Room::All),
            0
        );
        assert_eq!(
            window.excess(&conversation(9, 400), &conversation(1, 400), Room::All),
            3
        );
        assert_eq!(
            window.excess(&conversation(3, 4000), &conversation(1, 400), Room::All),
            3
        );
    }

    #[test]
    fn without_a_window_the_provider_decides() {
        let window = Window::new(None, None, &ChatRequest::default());
        assert_eq!(window.excess(&conversation(1000, 4000), &[], Room::All), 0);
        let capped = Window::new(None, Some(208), &ChatRequest::default());
        assert_eq!(capped.excess(&conversation(5, 400), &[], Room::All), 3);
    }

    #[test]
    fn only_what_cannot_fit_whatever_the_tokenizer_is_refused() {
        let chat = |bytes| ChatRequest {
            messages: conversation(1, bytes),
            ..ChatRequest::default()
        };
        assert_eq!(check(1000, &chat(8000)), Ok(()));
        assert_eq!(
            check(1000, &chat(8008)),
            Err(RunError::TooLong { window: 1000 })
        );
    }
}
