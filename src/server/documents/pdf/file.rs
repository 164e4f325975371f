//! The file: where its objects are, and its streams decoded (ISO 32000-1, 7.5).
//!
//! The cross-reference tables are not read: the objects themselves are looked for, from the first byte to the last, and
//! of two with one number the later one counts. That is what every reader does with a damaged file, it is right for an
//! intact one, and it leaves nothing in a table to lie.

use std::collections::HashMap;

use memchr::memmem;

use super::PdfError;
use super::budget::{Budget, Stop};
use super::filters::{self, MAX_FILTERS};
use super::object::{Dict, Object};
use super::parser::{Item, Parser, is_space};

/// References that lead to references.
const MAX_HOPS: usize = 16;

const TRAILER: &[u8] = b"trailer";

/// What one known object takes, in bytes.
const PLACE_BYTES: usize = 48;

#[derive(Debug, Clone, Copy)]
enum Place {
    /// The offset in the file, after `obj`.
    Plain(usize),
    /// The offset in an object stream.
    Packed { stream: usize, at: usize },
}

pub struct File<'a> {
    bytes: &'a [u8],
    budget: &'a Budget,
    places: HashMap<u32, Place>,
    /// Object streams, decoded.
    packed: Vec<Vec<u8>>,
    /// The catalog.
    root: Object,
}

/// A stream as it is in the file.
pub struct Stream<'a> {
    pub dict: Dict,
    data: &'a [u8],
}

impl<'a> File<'a> {
    /// Finds every object.
    ///
    /// # Errors
    /// No PDF, an encrypted one, and one that takes more than the budget.
    pub fn open(bytes: &'a [u8], budget: &'a Budget) -> Result<Self, PdfError> {
        let mut file = Self {
            bytes,
            budget,
            places: HashMap::new(),
            packed: Vec::new(),
            root: Object::Null,
        };
        file.scan()?;
        if file.root == Object::Null {
            return Err(PdfError::Damaged);
        }
        Ok(file)
    }

    pub fn budget(&self) -> &'a Budget {
        self.budget
    }

    pub fn catalog(&self) -> Dict {
        self.dict(&self.root)
    }

    /// The object itself, wherever a reference leads.
    pub fn resolve(&self, object: &Object) -> Object {
        let mut object = object.clone();
        for _ in 0..MAX_HOPS {
            let Object::Reference(number) = object else {
                return object;
            };
            object = match self.places.get(&number) {
                Some(Place::Plain(at)) => Parser::new(self.bytes, *at).object(),
                Some(Place::Packed { stream, at }) => {
                    Parser::new(&self.packed[*stream], *at).object()
                }
                None => None,
            }
            .unwrap_or(Object::Null);
        }
        Object::Null
    }

    /// Empty where there is none.
    pub fn dict(&self, object: &Object) -> Dict {
        match self.resolve(object) {
            Object::Dict(dict) => dict,
            _ => Dict::default(),
        }
    }

    /// The stream that a reference leads to.
    pub fn stream(&self, object: &Object) -> Option<Stream<'a>> {
        let Object::Reference(number) = object else {
            return None;
        };
        let Place::Plain(at) = *self.places.get(number)? else {
            return None;
        };
        let mut parser = Parser::new(self.bytes, at);
        let Object::Dict(dict) = parser.object()? else {
            return None;
        };
        self.stream_after(dict, &mut parser)
    }

    /// The bytes of a stream, every filter undone; `None` where one of them is not for text.
    pub fn decoded(&self, stream: &Stream) -> Result<Option<Vec<u8>>, Stop> {
        let filters = match self.resolve(stream.dict.get(b"Filter")) {
            Object::Array(filters) => filters,
            Object::Null => Vec::new(),
            filter => vec![filter],
        };
        if filters.len() > MAX_FILTERS {
            return Ok(None);
        }
        let mut data = None;
        for filter in &filters {
            let filter = self.resolve(filter);
            let input = data.as_deref().unwrap_or(stream.data);
            let Some(output) =
                filters::decode(filter.name().unwrap_or_default(), input, self.budget)?
            else {
                return Ok(None);
            };
            data = Some(output);
        }
        match data {
            Some(data) => Ok(Some(data)),
            None => {
                self.budget.spend(stream.data.len())?;
                Ok(Some(stream.data.to_vec()))
            }
        }
    }

    fn scan(&mut self) -> Result<(), PdfError> {
        let finder = memmem::Finder::new(b"obj");
        let (mut at, mut object_end) = (0, 0);
        while let Some(found) = finder.find(&self.bytes[at..]) {
            self.budget.step()?;
            let end = at + found + 3;
            at = end;
            let Some(number) = header(&self.bytes[..end - 3]) else {
                continue;
            };
            self.trailers(object_end..end)?;
            self.place(number, Place::Plain(end))?;
            let mut parser = Parser::new(self.bytes, end);
            if let Some(Object::Dict(dict)) = parser.object()
                && let Some(stream) = self.stream_after(dict, &mut parser)
            {
                self.known(&stream)?;
            }
            at = parser.position().max(end);
            object_end = at;
        }
        self.trailers(object_end..self.bytes.len())
    }

    fn place(&mut self, number: u32, place: Place) -> Result<(), Stop> {
        self.budget.spend(PLACE_BYTES)?;
        self.places.insert(number, place);
        Ok(())
    }

    /// Takes what streams say of the file itself.
    fn known(&mut self, stream: &Stream) -> Result<(), PdfError> {
        if stream.dict.is(b"Type", b"XRef") {
            return self.trailer(&stream.dict);
        }
        if !stream.dict.is(b"Type", b"ObjStm") {
            return Ok(());
        }
        let first = stream.dict.get(b"First").count().unwrap_or(0);
        let Some(data) = self.decoded(stream)? else {
            return Ok(());
        };
        let mut parser = Parser::new(&data, 0);
        // The numbers end where the objects begin.
        while parser.position() < first {
            self.budget.step()?;
            let mut next = || parser.object()?.count();
            let (Some(number), Some(offset)) = (next(), next()) else {
                break;
            };
            if let Ok(number) = u32::try_from(number) {
                let (stream, at) = (self.packed.len(), first.saturating_add(offset));
                self.place(number, Place::Packed { stream, at })?;
            }
        }
        self.packed.push(data);
        Ok(())
    }

    /// Reads the trailers that stand between objects.
    fn trailers(&mut self, between: std::ops::Range<usize>) -> Result<(), PdfError> {
        for found in memmem::find_iter(&self.bytes[between.clone()], TRAILER) {
            self.budget.step()?;
            let at = between.start + found + TRAILER.len();
            if let Some(Object::Dict(dict)) = Parser::new(self.bytes, at).object() {
                self.trailer(&dict)?;
            }
        }
        Ok(())
    }

    fn trailer(&mut self, dict: &Dict) -> Result<(), PdfError> {
        if *dict.get(b"Encrypt") != Object::Null {
            return Err(PdfError::Encrypted);
        }
        if let root @ Object::Reference(_) = dict.get(b"Root") {
            self.root = root.clone();
        }
        Ok(())
    }

    /// The stream whose dictionary has just been read.
    fn stream_after(&self, dict: Dict, parser: &mut Parser<'a>) -> Option<Stream<'a>> {
        let before = parser.position();
        if parser.next() != Some(Item::Operator(b"stream")) {
            *parser = Parser::new(self.bytes, before);
            return None;
        }
        let line = match parser.rest() {
            [b'\r', b'\n', ..] => 2,
            [b'\r' | b'\n', ..] => 1,
            _ => 0,
        };
        parser.skip(line);
        let rest = parser.rest();
        let length = self.resolve(dict.get(b"Length")).count();
        let is_end = |length: &usize| {
            let after = rest.get(*length..).unwrap_or_default();
            let blank = after.iter().take_while(|byte| is_space(**byte)).count();
            after[blank..].starts_with(b"endstream")
        };
        let length = length.filter(is_end);
        let length = length.or_else(|| memmem::find(rest, b"endstream"));
        let length = length.unwrap_or(rest.len());
        parser.skip(length);
        let data = &rest[..length];
        Some(Stream { dict, data })
    }
}

/// The number in `12 0 ` at the end of these bytes.
fn header(before: &[u8]) -> Option<u32> {
    let (before, _generation) = last_number(before)?;
    let (_, number) = last_number(before)?;
    Some(number)
}

fn last_number(bytes: &[u8]) -> Option<(&[u8], u32)> {
    let bytes = bytes.trim_ascii_end();
    let digits = bytes
        .iter()
        .rev()
        .take(10)
        .take_while(|byte| byte.is_ascii_digit());
    let (rest, digits) = bytes.split_at(bytes.len() - digits.count());
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((rest, number))
}
