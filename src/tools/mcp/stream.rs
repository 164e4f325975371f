//! What an address sends: one text, or an event stream, of which each event is a message and has its place, from which the
//! stream can be taken up again.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::header::HeaderValue;

use super::conversation::Conversation;
use super::fault::Fault;
use super::message::MAX_MESSAGE_BYTES;
use crate::sse::{self, ReadError};

/// How long to wait before a stream is taken up again, where the server says nothing of it.
const PAUSE: Duration = Duration::from_secs(1);

/// What a server may make of it at least, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(60));

/// Where a stream broke off.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The id of the last event that had one.
    pub last: Option<HeaderValue>,
    pause: Option<Duration>,
}

impl Place {
    /// How long to wait before the stream is taken up again.
    pub fn pause(&self) -> Duration {
        let (least, most) = PAUSES;
        self.pause.unwrap_or(PAUSE).clamp(least, most)
    }

    /// Whether the server has said how long that is.
    pub fn is_paced(&self) -> bool {
        self.pause.is_some()
    }

    fn note(&mut self, event: &Event) {
        match event.id.as_deref() {
            None => {}
            Some("") => self.last = None,
            // One that no header can hold is none.
            Some(id) => self.last = HeaderValue::from_str(id).ok(),
        }
        self.pause = event.pause.or(self.pause);
    }
}

/// An event, which may hold no message.
#[derive(Debug, Default)]
struct Event {
    id: Option<String>,
    pause: Option<Duration>,
    is_message: bool,
    data: String,
}

fn event(text: &str) -> Option<Event> {
    let mut event = Event {
        is_message: true,
        ..Event::default()
    };
    for (field, value) in sse::fields(text) {
        match field {
            "id" => event.id = Some(value.to_owned()),
            "retry" => event.pause = value.parse().ok().map(Duration::from_millis),
            "event" => event.is_message = matches!(value, "" | "message"),
            "data" => {
                if !event.data.is_empty() {
                    event.data.push('\n');
                }
                event.data.push_str(value);
            }
            _ => {}
        }
    }
    Some(event)
}

/// Takes every message of a stream. Returns when it has ended, or broken off, at the place that is noted.
///
/// # Errors
/// When it holds what cannot be used.
pub async fn hear(
    bytes: impl Stream<Item = Result<Bytes, ()>> + Unpin,
    place: &mut Place,
    conversation: &Conversation,
) -> Result<(), Fault> {
    let mut events = sse::read_as(bytes, event);
    while let Some(event) = events.next().await {
        match event {
            Ok(event) if event.data.len() > MAX_MESSAGE_BYTES => return Err(Fault::Unusable),
            Ok(event) => {
                place.note(&event);
                if event.is_message {
                    conversation.take(&event.data).await;
                }
            }
            Err(ReadError::Source(())) => return Ok(()),
            Err(ReadError::TooLong | ReadError::NotUtf8) => return Err(Fault::Unusable),
        }
    }
    Ok(())
}

/// All of it as one text of at most `limit` bytes.
///
/// # Errors
/// When it is longer, or breaks off.
pub async fn whole(
    mut bytes: impl Stream<Item = Result<Bytes, ()>> + Unpin,
    limit: usize,
) -> Result<String, Fault> {
    let mut text = Vec::new();
    while let Some(piece) = bytes.next().await {
        let piece = piece.map_err(|()| Fault::Broken)?;
        if piece.len() > limit - text.len() {
            return Err(Fault::Unusable);
        }
        text.extend_from_slice(&piece);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, stream};

    use super::*;

    /// What became of a stream that breaks off, and where it did.
    fn heard(text: &str, conversation: &Conversation) -> (Result<(), Fault>, Place) {
        let mut place = Place::default();
        let bytes = [Ok(Bytes::copy_from_slice(text.as_bytes())), Err(())];
        let hearing = hear(stream::iter(bytes), &mut place, conversation).now_or_never();
        (hearing.expect("nothing to wait for"), place)
    }

    #[test]
    fn messages_are_taken_and_the_place_is_that_of_the_last_event() {
        let (conversation, _outgoing) = Conversation::new();
        let waiting = conversation.expect().unwrap();
        let (told, place) = heard(
            "id: a\nretry: 5000\ndata:\n\nevent: ping\ndata: {\n\n\
             event: message\nid: b\ndata: {\"jsonrpc\":\"2.0\",\ndata: \"id\":0,\"result\":{}}\n\nid: c\ndata: [",
            &conversation,
        );
        assert!(told.is_ok());
        assert_eq!(waiting.answer_by_now().unwrap().unwrap().get(), "{}");
        let last = Some(HeaderValue::from_static("b"));
        let pause = Some(Duration::from_secs(5));
        assert_eq!(place, Place { last, pause });
    }

    #[test]
    fn a_place_is_forgotten_where_the_server_says_so_or_no_header_can_hold_it() {
        let (conversation, _outgoing) = Conversation::new();
        for text in ["id: a\n\nid\n\n", "id: a\n\nid: \u{7f}\n\n", "data: x\n\n"] {
            assert_eq!(heard(text, &conversation).1.last, None, "{text}");
        }
    }

    #[test]
    fn a_pause_has_bounds() {
        let (conversation, _outgoing) = Conversation::new();
        for (text, pause) in [
            ("retry: 0\n\n", PAUSES.0),
            ("retry: 99999999999\n\n", PAUSES.1),
            ("retry: soon\n\n", PAUSE),
        ] {
            assert_eq!(heard(text, &conversation).1.pause(), pause, "{text}");
        }
    }

    #[test]
    fn a_message_that_is_too_long_ends_the_stream() {
        let (conversation, _outgoing) = Conversation::new();
        let text = format!("data: {}\n\n", "x".repeat(MAX_MESSAGE_BYTES + 1));
        let (told, _) = heard(&text, &conversation);
        assert!(matches!(told, Err(Fault::Unusable)));
    }
}
