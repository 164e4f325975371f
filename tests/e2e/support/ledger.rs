//! What a scripted provider is to say and what it has seen: one value behind one lock. No sockets, no waiting.

use std::collections::VecDeque;

use serde_json::json;

use super::answer::Answer;
use super::recorded::Recorded;

pub struct Ledger {
    pub queue: VecDeque<Answer>,
    pub routes: Vec<(String, Answer)>,
    pub default: Answer,
    pub connections: usize,
    pub requests: Vec<Recorded>,
    /// How many of `requests` were given out by `unseen`.
    seen: usize,
    /// Whose client left in the middle of the answer, not yet given out.
    pub hung_up: VecDeque<Recorded>,
    /// What makes the test void, each a clause.
    pub faults: Vec<String>,
}

impl Ledger {
    pub fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            routes: Vec::new(),
            default: Answer::json(500, json!({ "error": { "message": "no answer scripted" } })),
            connections: 0,
            requests: Vec::new(),
            seen: 0,
            hung_up: VecDeque::new(),
            faults: Vec::new(),
        }
    }

    /// Keeps the request and picks its answer, in one go: the order of the records is the order of the answers.
    pub fn admit(&mut self, request: &Recorded) -> Answer {
        self.requests.push(request.clone());
        if let Some((_, answer)) = self
            .routes
            .iter()
            .rev()
            .find(|(suffix, _)| request.path.ends_with(suffix))
        {
            return answer.clone();
        }
        self.queue
            .pop_front()
            .unwrap_or_else(|| self.default.clone())
    }

    /// The first request that this did not give before.
    pub fn unseen(&mut self) -> Option<Recorded> {
        let next = self.requests.get(self.seen)?.clone();
        self.seen += 1;
        Some(next)
    }

    /// What happened so far, for the message of a failing test.
    pub fn story(&self) -> String {
        let requests: Vec<String> = self
            .requests
            .iter()
            .map(|request| format!("{} {}", request.method, request.path))
            .collect();
        format!(
            "so far {} connections, requests {requests:?}, faults {:?}",
            self.connections, self.faults
        )
    }
}
