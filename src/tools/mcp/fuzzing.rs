//! What servers say, for the fuzz targets.

use super::message::{self, Message, refusal};
use super::outcome::Outcome;
use super::page::Page;

/// What we answer is one message, of the id that was asked for; any answer can be read as anything.
pub fn message(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let _ = refusal(text);
    message::read(text, |message| match message {
        Message::Request(asked) => {
            let answer = asked.answer();
            assert!(!answer.contains('\n'), "{answer}");
            serde_json::from_str::<serde_json::Value>(&answer).expect("an answer is JSON");
        }
        Message::Answer(_, Ok(result)) => {
            if let Some(page) = Page::read(&result) {
                page.entries().for_each(drop);
            }
            let _ = Outcome::read(&result).map(Outcome::into_text);
        }
        Message::Answer(_, Err(_)) | Message::Notification(_) => {}
    });
}
