//! The ids of a response and of its items. Each item's id names its response, so that an item can be found again by its
//! id alone. Pure.

use uuid::Uuid;

/// Hexadecimal digits of a response.
const DIGITS: usize = 32;

const RESPONSE: &str = "resp_";

/// Makes the ids of one response.
#[derive(Debug)]
pub struct Ids {
    digits: String,
    /// How many items have one.
    items: u32,
}

impl Ids {
    pub fn new() -> Self {
        Self {
            digits: Uuid::new_v4().simple().to_string(),
            items: 0,
        }
    }

    /// The id of the response: `resp_…`.
    pub fn response(&self) -> String {
        format!("{RESPONSE}{}", self.digits)
    }

    /// The id of one more item: `msg_…`.
    pub fn item(&mut self, prefix: &str) -> String {
        let place = self.items;
        self.items += 1;
        format!("{prefix}_{}{place:04x}", self.digits)
    }
}

/// The id of the response that an item of this id is in, if it is an id of ours.
pub fn response_of(item: &str) -> Option<String> {
    let (_, digits) = item.split_once('_')?;
    let is_ours = digits.len() > DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_ours.then(|| format!("{RESPONSE}{}", &digits[..DIGITS]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_tells_which_response_it_is_in() {
        let mut ids = Ids::new();
        let (first, second) = (ids.item("msg"), ids.item("fc"));
        assert_ne!(first[4..], second[3..]);
        for item in [first, second] {
            assert_eq!(response_of(&item), Some(ids.response()));
        }
        for foreign in [
            "",
            "msg_",
            "msg_abc",
            "msg_0123456789abcdef0123456789abcdeg0000",
            "ä_ä",
        ] {
            assert_eq!(response_of(foreign), None, "{foreign}");
        }
    }
}
