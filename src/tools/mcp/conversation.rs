//! What is said between us and one server, over whatever way: requests that wait for their answers, and what is to be
//! sent. Knows no pipe and no address.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

use super::fault::Fault;
use super::message::{self, Answer, Message};

/// The most requests of ours that wait for their answers.
const MAX_WAITING: usize = 1024;

/// The most messages of ours that wait to be sent.
const MAX_UNSENT: usize = 64;

/// The most requests of a server that wait for our answers to be sent.
const MAX_UNANSWERED: usize = 64;

/// The id of the first request, which greets; it is the one that must not be called off.
const GREETING: u64 = 0;

pub struct Conversation {
    state: Mutex<State>,
    has_other_tools: AtomicBool,
    messages: mpsc::Sender<String>,
    answers: mpsc::Sender<String>,
}

#[derive(Default)]
struct State {
    next: u64,
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    is_over: bool,
}

/// What is to be sent to the server.
pub struct Outgoing {
    messages: mpsc::Receiver<String>,
    answers: mpsc::Receiver<String>,
}

impl Outgoing {
    /// What is to be sent next; never ends as long as the conversation is there. What a server asked comes first, or it
    /// might wait for us as we for it.
    pub async fn next(&mut self) -> Option<String> {
        tokio::select! {
            biased;
            answer = self.answers.recv() => answer,
            message = self.messages.recv() => message,
        }
    }
}

impl Conversation {
    /// A conversation in which nothing has been said, and what is to be sent of it.
    pub fn new() -> (Self, Outgoing) {
        let (messages, messages_out) = mpsc::channel(MAX_UNSENT);
        let (answers, answers_out) = mpsc::channel(MAX_UNANSWERED);
        let conversation = Self {
            state: Mutex::default(),
            has_other_tools: AtomicBool::new(false),
            messages,
            answers,
        };
        let outgoing = Outgoing {
            messages: messages_out,
            answers: answers_out,
        };
        (conversation, outgoing)
    }

    /// Makes room for the answer to a request, which is to be sent under the id of what is returned.
    pub fn expect(&self) -> Result<Waiting<'_>, Fault> {
        let mut state = self.lock();
        if state.is_over {
            return Err(Fault::Closed);
        }
        if state.waiting.len() >= MAX_WAITING {
            return Err(Fault::Busy);
        }
        let id = state.next;
        state.next += 1;
        let (answer, arrives) = oneshot::channel();
        state.waiting.insert(id, answer);
        Ok(Waiting {
            conversation: self,
            id,
            arrives,
        })
    }

    /// Has a message sent, once there is room for it.
    pub async fn send(&self, message: String) -> Result<(), Fault> {
        let sent = self.messages.send(message).await;
        sent.map_err(|_| Fault::Closed)
    }

    /// Takes what the server says: a message, or many. Waits while it has asked so much that no answer more can wait to be
    /// sent.
    pub async fn take(&self, text: &str) {
        let mut answers = Vec::new();
        message::read(text, |message| match message {
            Message::Answer(id, answer) => self.settle(id, answer),
            // The rest of so many in one message has no answer.
            Message::Request(asked) if answers.len() < MAX_UNANSWERED => {
                answers.push(asked.answer());
            }
            Message::Notification(method) if method == "notifications/tools/list_changed" => {
                self.has_other_tools.store(true, Ordering::Release);
            }
            Message::Request(_) | Message::Notification(_) => {}
        });
        for answer in answers {
            // Where nothing is sent any more the conversation ends soon.
            let _ = self.answers.send(answer).await;
        }
    }

    /// Hands an answer to who waits for it; one that nobody waits for is dropped.
    pub fn settle(&self, id: u64, answer: Answer) {
        let waiting = self.lock().waiting.remove(&id);
        if let Some(waiting) = waiting {
            // Who waited may have gone.
            let _ = waiting.send(answer);
        }
    }

    /// Ends it: nobody waits any longer.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_over = true;
        state.waiting.clear();
    }

    pub fn is_over(&self) -> bool {
        self.messages.is_closed() || self.lock().is_over
    }

    /// The server's word that it has other tools than it told; `true` until [`Self::has_changed`] was asked.
    pub fn is_changed(&self) -> bool {
        self.has_other_tools.load(Ordering::Acquire)
    }

    /// Whether the server has said, since this was last asked, that it has other tools now.
    pub fn has_changed(&self) -> bool {
        self.has_other_tools.swap(false, Ordering::AcqRel)
    }

    /// Returns when nothing is sent any more.
    #[cfg(test)]
    pub async fn messages_end(&self) {
        self.messages.closed().await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request of ours that has no answer yet. Dropping it tells the server that nobody waits any more.
pub struct Waiting<'a> {
    conversation: &'a Conversation,
    id: u64,
    arrives: oneshot::Receiver<Answer>,
}

impl Waiting<'_> {
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The answer, as soon as it is there.
    pub async fn answer(&mut self) -> Answer {
        let arrived = (&mut self.arrives).await;
        arrived.unwrap_or(Err(Fault::Closed))
    }

    /// The answer where it is there; nobody waits for a later one.
    pub fn answer_by_now(mut self) -> Option<Answer> {
        self.conversation.lock().waiting.remove(&self.id);
        self.arrives.try_recv().ok()
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let was_open = self.conversation.lock().waiting.remove(&self.id).is_some();
        if was_open && self.id != GREETING {
            // Where there is no room for it the server does not listen anyway.
            let _ = self
                .conversation
                .messages
                .try_send(message::cancellation(self.id));
        }
    }
}

#[cfg(test)]
mod tests;
