//! What lies between the model calls of one run: whether an answer counts, is asked for once more, or calls tools of the
//! house whose results go back to the model.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::catalog::Callable;
use super::constraint::{Constraint, Unmet};
use super::error::RunError;
use super::house::House;
use super::said::Said;
use crate::chat::{
    ChatRequest, Delivery, Delta, FinishReason, Message, Part, ToolActivity, ToolCall,
    ToolCallDelta,
};
use crate::tools::ToolResult;

/// Further tries for an answer that is not what the caller insists on.
const REPAIRS: u32 = 1;

/// The same call failing as often as this, one time after the other, ends the run.
const SAME_FAILURES: u32 = 3;

/// What a run needs that is more than one answer passed through.
pub struct Rounds {
    constraint: Option<Constraint>,
    repairs_left: u32,
    house: House,
    max_rounds: u32,
    rounds: u32,
    failing: Option<(String, String, u32)>,
    said: Said,
    /// Text of earlier rounds that is out already, where the whole of it must be JSON.
    told: String,
    /// What the run has said and done so far, as messages: house calls and their results included, repairs not.
    transcript: Vec<Message>,
    /// For each call of this answer: its index for the caller, or `None` for one of the house's.
    shown: Vec<Option<usize>>,
    /// An answer that must be checked is held back when it is wanted whole; otherwise it goes out as it comes.
    held: Option<VecDeque<Delta>>,
    anything_out: bool,
    pub chain: Arc<[Callable]>,
    pub chat: Arc<ChatRequest>,
}

/// What follows an answer.
pub enum Next {
    /// It is the run's answer. What was held back goes out first.
    Done {
        held: VecDeque<Delta>,
        reason: FinishReason,
    },
    /// The model is asked again, with what `chat` holds now.
    AskAgain,
    /// These calls are carried out first.
    Work {
        calls: Vec<ToolCall>,
        work: BoxFuture<'static, Vec<ToolResult>>,
    },
}

impl Rounds {
    /// `None` where one answer passed through is all there is to do.
    pub fn new(
        constraint: Option<Constraint>,
        house: House,
        max_rounds: u32,
        run: (Arc<[Callable]>, Arc<ChatRequest>),
    ) -> Self {
        let (chain, chat) = run;
        let hold = constraint.is_some() && chat.delivery == Delivery::Whole;
        Self {
            constraint,
            repairs_left: REPAIRS,
            house,
            max_rounds,
            rounds: 0,
            failing: None,
            said: Said::default(),
            told: String::new(),
            transcript: Vec::new(),
            shown: Vec::new(),
            held: hold.then(VecDeque::new),
            anything_out: false,
            chain,
            chat,
        }
    }

    /// Takes note of a delta; hands it back if the caller is to have it now.
    pub fn pass(&mut self, delta: Delta) -> Option<Delta> {
        self.said.add(&delta);
        let delta = match delta {
            Delta::ToolCall(fragment) => Delta::ToolCall(self.visible(fragment)?),
            other => other,
        };
        match &mut self.held {
            Some(held) => {
                held.push_back(delta);
                None
            }
            None => {
                self.anything_out = true;
                Some(delta)
            }
        }
    }

    /// A fragment of a caller's call, its index counted among those; nothing of the house's own, nor of a call that the
    /// caller has ruled out.
    fn visible(&mut self, fragment: ToolCallDelta) -> Option<ToolCallDelta> {
        if fragment.index >= self.shown.len() {
            let name = fragment.name.as_deref().unwrap_or_default();
            let is_hidden = self.is_ours(name) || self.forbids(name);
            let index = (!is_hidden).then(|| self.shown.iter().flatten().count());
            self.shown.push(index);
        }
        let index = (*self.shown.get(fragment.index)?)?;
        Some(ToolCallDelta { index, ..fragment })
    }

    /// Whether the house answers a call of this name: its own tools, and those that nobody has, which it answers as
    /// unknown. Where nothing may be called it answers none.
    fn is_ours(&self, name: &str) -> bool {
        let constraint = self.constraint.as_ref();
        let may_call = !constraint.is_some_and(Constraint::forbids_calls);
        let is_named = self.chat.tools.iter().any(|tool| tool.name == name);
        may_call && (self.house.has(name) || (!is_named && !self.house.tools.is_empty()))
    }

    fn forbids(&self, name: &str) -> bool {
        let constraint = self.constraint.as_ref();
        constraint.is_some_and(|constraint| constraint.forbids(name))
    }

    /// # Errors
    /// An answer that is not what the caller insists on, too many rounds, a call that fails again and again.
    pub fn answered(&mut self, reason: FinishReason) -> Result<Next, RunError> {
        let mut said = std::mem::take(&mut self.said);
        self.shown.clear();
        let is_ours = |call: &ToolCall| self.is_ours(&call.name);
        if !said.tool_calls.is_empty() && said.tool_calls.iter().all(is_ours) {
            return self.work(said);
        }
        // A caller's call ends the run; what the house was to do beside it is not done.
        said.retain_calls(|call| !self.is_ours(&call.name));
        if let Some(constraint) = &self.constraint
            && let Err(unmet) = constraint.check(&with_told(&self.told, &said), reason)
        {
            return self.repair(said, unmet);
        }
        self.transcript.push(said.into_message());
        let held = self.held.take().unwrap_or_default();
        Ok(Next::Done { held, reason })
    }

    /// Asks once more, where that can still be done unseen.
    fn repair(&mut self, said: Said, unmet: Unmet) -> Result<Next, RunError> {
        if self.anything_out || self.repairs_left == 0 {
            return Err(unmet.into());
        }
        self.repairs_left -= 1;
        if let Some(held) = &mut self.held {
            held.clear();
        }
        if said.tool_calls.is_empty() && !said.text.is_empty() {
            self.say(said.into_message());
        }
        self.say(unmet.advice());
        Ok(Next::AskAgain)
    }

    fn work(&mut self, said: Said) -> Result<Next, RunError> {
        if self.constraint.as_ref().is_some_and(Constraint::wants_json) {
            // Words between tool calls are no part of the JSON: held back they go, told they count.
            match &mut self.held {
                Some(held) => held.clear(),
                None => self.told.push_str(&said.text),
            }
        }
        if self.rounds == self.max_rounds {
            return Err(RunError::ToolRounds {
                limit: self.max_rounds,
            });
        }
        self.rounds += 1;
        let calls = said.tool_calls.clone();
        self.record(said.into_message());
        let work = self.house.carry_out(calls.clone());
        Ok(Next::Work { calls, work })
    }

    /// Takes the results, one for each call, and says what happened.
    ///
    /// # Errors
    /// The same call has failed too often.
    pub fn worked(
        &mut self,
        calls: &[ToolCall],
        results: Vec<ToolResult>,
    ) -> Result<Vec<ToolActivity>, RunError> {
        let mut activity = Vec::with_capacity(calls.len());
        for (call, result) in calls.iter().zip(results) {
            self.count_failure(call, &result)?;
            self.record(Message::Tool {
                call_id: call.id.clone(),
                parts: vec![Part::Text(result.text().to_owned())],
            });
            activity.push(ToolActivity::Answered {
                id: call.id.clone(),
                name: call.name.clone(),
                is_error: result.is_error(),
                text: result.text().to_owned(),
            });
        }
        Ok(activity)
    }

    /// What the run has said, once it is over.
    pub fn take_transcript(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.transcript)
    }

    /// What the run had said when it was broken off; a call that was not said to its end is not in it.
    pub fn take_interrupted(&mut self) -> Vec<Message> {
        let mut transcript = self.take_transcript();
        let mut said = std::mem::take(&mut self.said);
        said.retain_calls(|_| false);
        if !said.text.is_empty() {
            transcript.push(said.into_message());
        }
        transcript
    }

    /// Adds to the conversation what belongs to the answer as well.
    fn record(&mut self, message: Message) {
        self.transcript.push(message.clone());
        self.say(message);
    }

    /// Adds to the conversation. Nobody else holds it between two model calls, so that nothing is copied.
    fn say(&mut self, message: Message) {
        Arc::make_mut(&mut self.chat).messages.push(message);
    }

    fn count_failure(&mut self, call: &ToolCall, result: &ToolResult) -> Result<(), RunError> {
        if !result.is_error() {
            self.failing = None;
            return Ok(());
        }
        let times = match self.failing.take() {
            Some((name, arguments, times)) if name == call.name && arguments == call.arguments => {
                times + 1
            }
            _ => 1,
        };
        self.failing = Some((call.name.clone(), call.arguments.clone(), times));
        if times == SAME_FAILURES {
            return Err(RunError::ToolLoop {
                tool: call.name.clone(),
                times,
            });
        }
        Ok(())
    }

    /// Whether a call that changes something has been carried out: a run that breaks after it must not be repeated.
    pub fn has_changed_something(&self) -> bool {
        let changes = |name: &str| {
            self.house
                .tools
                .iter()
                .any(|tool| tool.name() == name && tool.side_effects())
        };
        self.rounds > 0
            && self.chat.messages.iter().any(|message| match message {
                Message::Assistant { tool_calls, .. } => {
                    tool_calls.iter().any(|call| changes(&call.name))
                }
                Message::User { .. } | Message::Tool { .. } => false,
            })
    }
}

/// The answer as its caller has it, when `told` is out already.
fn with_told<'a>(told: &str, said: &'a Said) -> Cow<'a, Said> {
    if told.is_empty() {
        return Cow::Borrowed(said);
    }
    let mut whole = said.clone();
    whole.text.insert_str(0, told);
    Cow::Owned(whole)
}
