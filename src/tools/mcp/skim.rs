//! What can be known of a message that is too long to keep: the request that it answers. Pure.

/// The longest key or id that matters, in bytes.
const MAX_TOKEN_BYTES: usize = 20;

/// Reads one JSON object piece by piece and keeps nothing of it but its id.
#[derive(Debug, Default)]
pub struct Skim {
    depth: u32,
    in_string: bool,
    is_escaped: bool,
    /// Of what stands at the top: the key or value at hand.
    token: Vec<u8>,
    is_id: bool,
    /// Whether it has a method: then it is a request, and the id is the server's.
    asks: bool,
    id: Option<u64>,
}

impl Skim {
    pub fn read(&mut self, piece: &[u8]) {
        for &byte in piece {
            self.step(byte);
        }
    }

    /// The id of ours that the message answers.
    pub fn answers(&self) -> Option<u64> {
        self.id.filter(|_| !self.asks)
    }

    fn step(&mut self, byte: u8) {
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' if self.in_string => {
                self.is_escaped = true;
                self.keep(byte);
            }
            b'"' => self.in_string = !self.in_string,
            _ if self.in_string => self.keep(byte),
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => {
                self.end_of_value();
                self.depth = self.depth.saturating_sub(1);
            }
            b',' => self.end_of_value(),
            b':' if self.depth == 1 => {
                self.is_id = self.token == b"id";
                self.asks |= self.token == b"method";
                self.token.clear();
            }
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.token.len() <= MAX_TOKEN_BYTES {
            self.token.push(byte);
        }
    }

    fn end_of_value(&mut self) {
        if self.depth != 1 {
            return;
        }
        if std::mem::take(&mut self.is_id) {
            let text = std::str::from_utf8(&self.token).ok();
            self.id = text.and_then(|text| text.parse().ok());
        }
        self.token.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn answers(text: &str, size: usize) -> Option<u64> {
        let mut skim = Skim::default();
        text.as_bytes()
            .chunks(size)
            .for_each(|piece| skim.read(piece));
        skim.answers()
    }

    #[test]
    fn the_id_is_found_wherever_it_stands_and_no_other() {
        for (text, id) in [
            (r#"{"jsonrpc":"2.0","id":3,"result":{"content":["#, Some(3)),
            (
                r#"{"result":{"id":4,"a":"}\",\"id\":5"},"jsonrpc":"2.0","id":"3"}"#,
                Some(3),
            ),
            (r#"{"id" : 3 , "error":{}}"#, Some(3)),
            (r#"{"id":3,"method":"ping","params":"#, None),
            (r#"{"result":{"id":3}}"#, None),
            (r#"[{"id":3,"result":{}}]"#, None),
            (r#"{"id":[3],"result":{}}"#, None),
            (r#"{"a":"id","b":3}"#, None),
            (r#"{"i\nd":3,"result":1}"#, None),
            (r#"{"id":100000000000000000003,"result":1}"#, None),
        ] {
            for size in [1, 2, 3, text.len()] {
                assert_eq!(answers(text, size), id, "{text} {size}");
            }
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("id|a|.*", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_finds_what_a_whole_reading_finds(
            members in prop::collection::vec(("result|error|x|.*", value()), 0..5),
            id in any::<u64>(),
            at in any::<prop::sample::Index>(),
            size in 1_usize..9,
        ) {
            let mut object = Map::new();
            for (key, value) in members.into_iter().filter(|(key, _)| key != "id" && key != "method") {
                object.insert(key, value);
            }
            object.shift_insert(at.index(object.len() + 1), "id".to_owned(), json!(id));
            let text = Value::Object(object).to_string();
            prop_assert_eq!(answers(&text, size), Some(id), "{}", text);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            Skim::default().read(&bytes);
        }
    }
}
