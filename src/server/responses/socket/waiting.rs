//! The messages of a socket whose turn is yet to come, in order. One that is too many is refused when its turn comes, so
//! that a peer can tell which one it was. Pure.

use std::collections::VecDeque;

use hyper::StatusCode;
use tokio_tungstenite::tungstenite::protocol::frame::Utf8Bytes;

use crate::server::error::ApiError;

/// Messages that wait for the turn that runs, at most.
const MAX_MESSAGES: usize = 16;

/// Bytes that wait, at most, unless one message alone has more.
const MAX_BYTES: usize = 20 << 20;

#[derive(Default)]
pub struct Waiting(VecDeque<Place>);

/// A place in the line.
enum Place {
    Message(Utf8Bytes),
    /// So many messages one after the other that were too many.
    Refused {
        limit: Limit,
        times: usize,
    },
}

/// What there was too much of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limit {
    Messages,
    Bytes,
}

impl Waiting {
    pub fn add(&mut self, message: Utf8Bytes) {
        let Some(limit) = self.reached(message.as_str().len()) else {
            self.0.push_back(Place::Message(message));
            return;
        };
        // However many they are, they take no more room than one.
        match self.0.back_mut() {
            Some(Place::Refused { limit: last, times }) if *last == limit => *times += 1,
            _ => self.0.push_back(Place::Refused { limit, times: 1 }),
        }
    }

    /// The limit that a message of so many bytes goes beyond.
    fn reached(&self, bytes: usize) -> Option<Limit> {
        let messages = self.0.iter().filter_map(|place| match place {
            Place::Message(message) => Some(message.as_str().len()),
            Place::Refused { .. } => None,
        });
        let (count, waiting) =
            messages.fold((0, 0), |(count, sum), bytes| (count + 1, sum + bytes));
        if count == MAX_MESSAGES {
            return Some(Limit::Messages);
        }
        (count > 0 && waiting + bytes > MAX_BYTES).then_some(Limit::Bytes)
    }

    /// Whose turn it is.
    ///
    /// # Errors
    /// 429 for one that was too many.
    pub fn next(&mut self) -> Option<Result<Utf8Bytes, ApiError>> {
        match self.0.pop_front()? {
            Place::Message(message) => Some(Ok(message)),
            Place::Refused { limit, times } => {
                if times > 1 {
                    let times = times - 1;
                    self.0.push_front(Place::Refused { limit, times });
                }
                Some(Err(limit.exceeded()))
            }
        }
    }
}

impl Limit {
    fn exceeded(self) -> ApiError {
        let what = match self {
            Self::Messages => format!("{MAX_MESSAGES} requests"),
            Self::Bytes => format!("{} MiB of requests", MAX_BYTES >> 20),
        };
        let message =
            format!("too much was waiting on this socket: send no more than {what} ahead");
        let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, message);
        error.with_code("too_many_waiting")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes next: the message, or why there is none.
    fn next(waiting: &mut Waiting) -> Option<String> {
        Some(match waiting.next()? {
            Ok(message) => message.as_str()[..1].to_owned(),
            Err(error) => error.message().to_owned(),
        })
    }

    fn too_much(what: &str) -> Option<String> {
        let message = "too much was waiting on this socket: send no more than";
        Some(format!("{message} {what} ahead"))
    }

    #[test]
    fn what_is_too_many_is_refused_at_its_place_in_the_line() {
        let mut waiting = Waiting::default();
        for _ in 0..MAX_MESSAGES {
            waiting.add("a".into());
        }
        for _ in 0..3 {
            waiting.add("b".into());
        }
        assert_eq!(next(&mut waiting).as_deref(), Some("a"));
        waiting.add("c".into());
        for _ in 1..MAX_MESSAGES {
            assert_eq!(next(&mut waiting).as_deref(), Some("a"));
        }
        for _ in 0..3 {
            assert_eq!(next(&mut waiting), too_much("16 requests"));
        }
        assert_eq!(next(&mut waiting).as_deref(), Some("c"));
        assert_eq!(next(&mut waiting), None);
    }

    #[test]
    fn what_is_too_large_beside_the_others_is_refused_by_that_limit() {
        let mut waiting = Waiting::default();
        let large = || Utf8Bytes::from("x".repeat(MAX_BYTES));
        waiting.add(large());
        waiting.add(large());
        assert_eq!(next(&mut waiting).as_deref(), Some("x"));
        waiting.add(large());
        assert_eq!(next(&mut waiting), too_much("20 MiB of requests"));
        assert_eq!(next(&mut waiting).as_deref(), Some("x"));
        assert_eq!(next(&mut waiting), None);
    }

    #[test]
    fn a_flood_takes_no_room() {
        let mut waiting = Waiting::default();
        for _ in 0..10_000 {
            waiting.add("a".into());
        }
        assert_eq!(waiting.0.len(), MAX_MESSAGES + 1);
    }
}
