//! A text that comes in pieces, kept as the JSON string that it is told as: each piece is escaped once. Pure.

use serde_json::value::RawValue;

use super::item::Text;

/// From the opening quote to the end of the last piece.
#[derive(Debug)]
pub struct Growing(Vec<u8>);

impl Growing {
    pub fn new() -> Self {
        Self(b"\"".to_vec())
    }

    /// Adds a piece; the piece, escaped.
    pub fn push(&mut self, piece: &str) -> &[u8] {
        let at = self.0.len();
        // The opening quote of the piece is written where the last byte so far is, which then takes its place again.
        let last = self.0.pop().unwrap_or(b'"');
        serde_json::to_writer(&mut self.0, piece).expect("a string is written to memory");
        self.0[at - 1] = last;
        self.0.pop();
        &self.0[at..]
    }

    pub fn end(mut self) -> Text {
        self.0.push(b'"');
        let json = String::from_utf8(self.0).expect("JSON of a string is UTF-8");
        Text::Json(RawValue::from_string(json).expect("it was written as a JSON string"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_pieces_make_the_text_and_each_is_what_a_string_of_it_holds(pieces: Vec<String>) {
            let mut growing = Growing::new();
            for piece in &pieces {
                let escaped = growing.push(piece).to_vec();
                let quoted = serde_json::to_vec(piece).unwrap();
                prop_assert_eq!(&quoted[1..quoted.len() - 1], escaped);
            }
            prop_assert_eq!(growing.end().into_string(), pieces.concat());
        }
    }
}
