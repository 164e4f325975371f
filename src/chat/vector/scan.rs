//! Where a JSON list of numbers ends, and how many there are: exact, block by block where the numbers are of the usual
//! form, and one by one where they are not (RFC 8259, §5 and §6).

use super::block::{self, BLOCK};

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
            at = blank(json, short(json, at).or_else(|| number(json, at))?);
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

fn blank(json: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = json.get(at) {
        at += 1;
    }
    at
}

/// The end of a number of at most fifteen bytes with a point and no exponent, which nearly all are: in one look.
fn short(json: &[u8], start: usize) -> Option<usize> {
    let word = u128::from_le_bytes(*json.get(start..)?.first_chunk()?);
    let sign = usize::from(word as u8 == b'-');
    let word = word >> (8 * sign);
    let others = not_digits(word);
    let byte = |at: usize| (word >> (8 * at)) as u8;
    let point = others.trailing_zeros() as usize / 8;
    // Each byte has one bit in it: without the lowest, the lowest is that of the next byte.
    let end = (others & others.wrapping_sub(1)).trailing_zeros() as usize / 8;
    let is_whole = point == 1 || (point > 1 && byte(0) != b'0');
    let is_number = is_whole && end > point + 1 && end < size_of::<u128>() - sign;
    (is_number && byte(point) == b'.' && byte(end) | 0x20 != b'e').then_some(start + sign + end)
}

/// Digits before the point that no 32-bit float is too small for.
const SURE_DIGITS: usize = 38;

/// The end of the number that begins here.
fn number(json: &[u8], start: usize) -> Option<usize> {
    let first = start + usize::from(json.get(start) == Some(&b'-'));
    let mut at = digits(json, first);
    let whole = at - first;
    if whole == 0 || (whole > 1 && json[first] == b'0') {
        return None;
    }
    if json.get(at) == Some(&b'.') {
        let fraction = at + 1;
        at = digits(json, fraction);
        if at == fraction {
            return None;
        }
    }
    let has_exponent = matches!(json.get(at), Some(b'e' | b'E'));
    if has_exponent {
        at += 1;
        at += usize::from(matches!(json.get(at), Some(b'+' | b'-')));
        let exponent = at;
        at = digits(json, exponent);
        if at == exponent {
            return None;
        }
    }
    let is_sure = whole <= SURE_DIGITS && !has_exponent;
    let is_finite = || read(&json[start..at]).is_some_and(f32::is_finite);
    (is_sure || is_finite()).then_some(at)
}

pub(super) fn read(number: &[u8]) -> Option<f32> {
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// The end of the digits that begin here. Looks at sixteen bytes at a time.
fn digits(json: &[u8], mut at: usize) -> usize {
    while let Some(word) = json.get(at..).and_then(|rest| rest.first_chunk()) {
        let others = not_digits(u128::from_le_bytes(*word));
        if others != 0 {
            return at + others.trailing_zeros() as usize / 8;
        }
        at += size_of::<u128>();
    }
    while json.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// The high bit of every byte that is no digit.
fn not_digits(word: u128) -> u128 {
    const EACH: u128 = u128::MAX / 255;
    // Digits become 0 to 9; what is more carries into the high bit, or has it.
    let values = word ^ (EACH * 0x30);
    (((values & (EACH * 0x7f)) + EACH * 0x76) | values) & (EACH * 0x80)
}

#[cfg(test)]
mod tests;
