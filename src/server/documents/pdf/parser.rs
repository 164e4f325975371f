//! From bytes to objects and operators (ISO 32000-1, 7.2 and 7.3). Forgiving: what is malformed is passed over, nothing
//! is an error. Never deeper than [`MAX_DEPTH`], never more than [`MAX_NODES`] objects at a time.

use super::object::{Dict, Object};

/// How deep arrays and dictionaries may lie in each other.
const MAX_DEPTH: usize = 32;

/// Objects inside one object, or between two operators.
const MAX_NODES: usize = 200_000;

/// What stands in a content stream, a character map or a file.
#[derive(Debug, PartialEq)]
pub enum Item<'a> {
    Operand(Object),
    /// Any word that is no object: `Tj`, `endobj`, `stream`.
    Operator(&'a [u8]),
}

pub struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: usize,
}

impl<'a> Parser<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at: at.min(bytes.len()),
            nodes: MAX_NODES,
        }
    }

    /// How far it has read.
    pub fn position(&self) -> usize {
        self.at
    }

    pub fn skip(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.bytes.len());
    }

    /// The bytes that are still to be read.
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    pub fn next(&mut self) -> Option<Item<'a>> {
        self.nodes = MAX_NODES;
        self.item(0)
    }

    /// The next object; `None` where an operator stands, or nothing.
    pub fn object(&mut self) -> Option<Object> {
        match self.next()? {
            Item::Operand(object) => Some(object),
            Item::Operator(_) => None,
        }
    }

    fn item(&mut self, depth: usize) -> Option<Item<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.nodes = self.nodes.checked_sub(1)?;
        loop {
            self.blank();
            let object = match *self.rest() {
                [] => return None,
                [b'/', ..] => Object::Name(self.name()),
                [b'(', ..] => Object::String(self.literal()),
                [b'<', b'<', ..] => self.dict(depth),
                [b'<', ..] => Object::String(self.hex()),
                [b'[', ..] => self.array(depth),
                [b'+' | b'-' | b'.' | b'0'..=b'9', ..] => self.number(),
                [b')' | b']' | b'>' | b'{' | b'}', ..] => {
                    self.at += 1;
                    continue;
                }
                _ => return Some(self.word()),
            };
            return Some(Item::Operand(object));
        }
    }

    /// Passes white space and comments.
    fn blank(&mut self) {
        let mut in_comment = false;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\r' | b'\n' => in_comment = false,
                b'%' => in_comment = true,
                byte if in_comment || is_space(byte) => {}
                _ => return,
            }
            self.at += 1;
        }
    }

    fn word(&mut self) -> Item<'a> {
        match self.regular() {
            b"true" | b"false" | b"null" => Item::Operand(Object::Null),
            word => Item::Operator(word),
        }
    }

    fn regular(&mut self) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| is_regular(**byte)).count();
        self.at += length;
        &rest[..length]
    }

    fn name(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut bytes = self.regular().iter().copied();
        let mut name = Vec::new();
        while let Some(byte) = bytes.next() {
            let mut ahead = bytes.clone();
            match (
                byte,
                ahead.next().and_then(digit),
                ahead.next().and_then(digit),
            ) {
                (b'#', Some(high), Some(low)) => {
                    name.push(high << 4 | low);
                    bytes = ahead;
                }
                _ => name.push(byte),
            }
        }
        name
    }

    fn number(&mut self) -> Object {
        let text = self.regular();
        if let Some(reference) = self.reference(text) {
            return reference;
        }
        let text = std::str::from_utf8(text).unwrap_or_default();
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        Object::Number(number.unwrap_or(0.0))
    }

    /// `12 0 R`, of which the first word is read.
    fn reference(&mut self, first: &[u8]) -> Option<Object> {
        let number = std::str::from_utf8(first).ok()?.parse().ok()?;
        let mut ahead = Self::new(self.bytes, self.at);
        ahead.blank();
        if !ahead.rest().first()?.is_ascii_digit() {
            return None;
        }
        ahead.regular();
        ahead.blank();
        if ahead.regular() != b"R" {
            return None;
        }
        self.at = ahead.at;
        Some(Object::Reference(number))
    }

    fn literal(&mut self) -> Vec<u8> {
        self.at += 1;
        let mut string = Vec::new();
        let mut open = 1_usize;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => {
                    string.extend(self.escape());
                    continue;
                }
                b'(' => open += 1,
                b')' => open -= 1,
                _ => {}
            }
            if open == 0 {
                break;
            }
            string.push(byte);
        }
        string
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        match byte {
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'b' => Some(8),
            b'f' => Some(12),
            b'\r' => {
                self.at += usize::from(self.rest().first() == Some(&b'\n'));
                None
            }
            b'\n' => None,
            b'0'..=b'7' => {
                let mut code = u32::from(byte - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.rest().first() else {
                        break;
                    };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                // Of three octal digits the overflow is to be ignored.
                Some((code & 0xff) as u8)
            }
            other => Some(other),
        }
    }

    fn hex(&mut self) -> Vec<u8> {
        self.at += 1;
        let rest = self.rest();
        let length = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        self.skip(length + 1);
        let digits: Vec<u8> = rest[..length].iter().copied().filter_map(digit).collect();
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0))
            .collect()
    }

    fn array(&mut self, depth: usize) -> Object {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blank();
            if self.rest().first() == Some(&b']') {
                self.at += 1;
                break;
            }
            match self.item(depth + 1) {
                Some(Item::Operand(object)) => items.push(object),
                // An array that nobody closed.
                Some(Item::Operator(_)) | None => break,
            }
        }
        Object::Array(items)
    }

    fn dict(&mut self, depth: usize) -> Object {
        self.at += 2;
        let mut entries = Vec::new();
        loop {
            self.blank();
            if self.rest().starts_with(b">>") {
                self.at += 2;
                break;
            }
            let before = self.at;
            match self.item(depth + 1) {
                Some(Item::Operand(Object::Name(key))) => {
                    self.blank();
                    if self.rest().starts_with(b">>") {
                        continue;
                    }
                    if let Some(Item::Operand(value)) = self.item(depth + 1) {
                        entries.push((key, value));
                    }
                }
                Some(Item::Operand(_)) => {}
                // A dictionary that nobody closed: the word belongs to what follows.
                Some(Item::Operator(_)) => {
                    self.at = before;
                    break;
                }
                None => break,
            }
        }
        Object::Dict(Dict::new(entries))
    }
}

pub fn is_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !b"()<>[]{}/%".contains(&byte)
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}
