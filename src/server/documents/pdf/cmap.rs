//! Character maps (ISO 32000-1, 9.7.5 and 9.10.3): what the codes of a font say in Unicode.

use std::collections::BTreeMap;

use super::budget::{Budget, Stop};
use super::object::Object;
use super::parser::{Item, Parser};

/// What one mapping takes, in bytes.
const ENTRY_BYTES: usize = 64;

/// Characters that one code may stand for.
const MAX_TARGET_CHARS: usize = 16;

/// By the first code: the last code, and what the first one says.
#[derive(Debug, Default)]
pub struct CMap(BTreeMap<u32, (u32, String)>);

impl CMap {
    pub fn parse(bytes: &[u8], budget: &Budget) -> Result<Self, Stop> {
        let mut map = Self::default();
        let mut parser = Parser::new(bytes, 0);
        let mut operands: Vec<Object> = Vec::new();
        while let Some(item) = parser.next() {
            budget.step()?;
            match item {
                Item::Operand(operand) => operands.push(operand),
                Item::Operator(operator) => {
                    map.section(operator, &operands, budget)?;
                    operands.clear();
                }
            }
        }
        Ok(map)
    }

    fn section(
        &mut self,
        operator: &[u8],
        operands: &[Object],
        budget: &Budget,
    ) -> Result<(), Stop> {
        match operator {
            b"endbfchar" => {
                for pair in operands.chunks_exact(2) {
                    self.insert((&pair[0], &pair[0]), &pair[1], budget)?;
                }
            }
            b"endbfrange" => {
                for range in operands.chunks_exact(3) {
                    self.insert((&range[0], &range[1]), &range[2], budget)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn insert(
        &mut self,
        codes: (&Object, &Object),
        target: &Object,
        budget: &Budget,
    ) -> Result<(), Stop> {
        let (Some(first), Some(last)) = (code(codes.0), code(codes.1)) else {
            return Ok(());
        };
        match target {
            Object::String(target) => {
                budget.spend(ENTRY_BYTES)?;
                self.0.insert(first, (last, utf16(target)));
            }
            Object::Array(targets) => {
                for (code, target) in (first..=last).zip(targets) {
                    if let Object::String(target) = target {
                        budget.spend(ENTRY_BYTES)?;
                        self.0.insert(code, (code, utf16(target)));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds to `text` what a code says; whether it says anything.
    pub fn write(&self, code: u32, text: &mut String) -> bool {
        let Some((first, (last, target))) = self.0.range(..=code).next_back() else {
            return false;
        };
        if code > *last {
            return false;
        }
        let mut chars = target.chars();
        // In a range it is the last character that counts up.
        let Some(end) = chars.next_back() else {
            return true;
        };
        text.push_str(chars.as_str());
        text.extend(char::from_u32(u32::from(end).saturating_add(code - first)));
        true
    }
}

fn code(object: &Object) -> Option<u32> {
    let Object::String(bytes) = object else {
        return None;
    };
    (bytes.len() <= 4).then(|| {
        bytes
            .iter()
            .fold(0, |code, byte| code << 8 | u32::from(*byte))
    })
}

/// UTF-16, big end first.
fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks(2).map(|pair| match *pair {
        [high, low] => u16::from_be_bytes([high, low]),
        [byte, ..] => u16::from(byte),
        [] => 0,
    });
    let chars = char::decode_utf16(units).filter_map(Result::ok);
    chars.take(MAX_TARGET_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn codes_say_what_characters_and_ranges_map_them_to() {
        let source = b"begincmap 2 beginbfchar <01> <00660069> <0002> <D83DDE00> endbfchar
            2 beginbfrange <10> <12> <0041> <20> <21> [<0078> <0079>] endbfrange endcmap";
        let budget = Budget::new(10_000, Instant::now() + Duration::from_secs(10));
        let map = CMap::parse(source, &budget).unwrap();
        let mut text = String::new();
        let known: Vec<bool> = [0x01, 0x02, 0x10, 0x12, 0x20, 0x21, 0x13, 0x00]
            .into_iter()
            .map(|code| map.write(code, &mut text))
            .collect();
        assert_eq!(text, "fi😀ACxy");
        assert_eq!(known, [true, true, true, true, true, true, false, false]);
    }
}
