//! Where a JSON list of numbers ends, and how many there are: exact, block by block where the numbers are of the usual
//! form, and one by one where they are not (RFC 8259, §5 and §6).

use super::block::{self, BLOCK};
use super::number::end;

/// The end of a list of finite numbers, and their count.
pub fn scan(json: &[u8]) -> Option<(usize, usize)> {
    scan_by(json, block::usual)
}

/// The same, with `usual` for how many bytes from a place on need no look at each number, and how many commas they hold.
fn scan_by(json: &[u8], usual: impl Fn(&[u8], usize) -> (usize, usize)) -> Option<(usize, usize)> {
    if json.first() != Some(&b'[') {
        return None;
    }
    let mut at = blank(json, 1);
    if json.get(at) == Some(&b']') {
        return Some((at + 1, 0));
    }
    let mut count = 1;
    let mut until = at;
    loop {
        loop {
            at = blank(json, end(json, at)?);
            match json.get(at)? {
                b',' => at = blank(json, at + 1),
                b']' => return Some((at + 1, count)),
                _ => return None,
            }
            count += 1;
            if at > until {
                break;
            }
        }
        let (passed, commas) = usual(json, at);
        count += commas;
        // What comes next is not usual: the number that it is in is looked at from its beginning.
        let comma = json[at..at + passed].iter().rposition(|b| *b == b',');
        until = at + passed + BLOCK;
        at = comma.map_or(at, |comma| blank(json, at + comma + 1));
    }
}

/// The first byte from a place on that is no white space.
pub fn blank(json: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = json.get(at) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests;
