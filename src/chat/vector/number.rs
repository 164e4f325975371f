//! One number of a JSON list: where it ends, and what it is (RFC 8259, §6).

/// The end of the finite number that begins here.
pub fn end(json: &[u8], start: usize) -> Option<usize> {
    match Short::at(json, start) {
        Some(short) => Some(short.end(start)),
        None => long(json, start),
    }
}

/// The number that begins here and its end. `None` where there is no finite one.
pub fn value(json: &[u8], start: usize) -> Option<(f32, usize)> {
    let short = Short::at(json, start);
    if let Some(short) = &short
        && let Some(value) = short.value()
    {
        return Some((value, short.end(start)));
    }
    let end = end(json, start)?;
    Some((read(&json[start..end])?, end))
}

/// A number of at most fifteen bytes with a point and no exponent, which nearly all are: seen in one look.
struct Short {
    /// Its bytes behind the sign, the first of them lowest, and others behind them.
    bytes: u128,
    sign: usize,
    point: usize,
    length: usize,
}

impl Short {
    fn at(json: &[u8], start: usize) -> Option<Self> {
        let word = u128::from_le_bytes(*json.get(start..)?.first_chunk()?);
        let sign = usize::from(word as u8 == b'-');
        let bytes = word >> (8 * sign);
        let others = not_digits(bytes);
        let byte = |at: usize| (bytes >> (8 * at)) as u8;
        let point = others.trailing_zeros() as usize / 8;
        // Each byte has one bit in it: without the lowest, the lowest is that of the next byte.
        let length = (others & others.wrapping_sub(1)).trailing_zeros() as usize / 8;
        let is_whole = point == 1 || (point > 1 && byte(0) != b'0');
        let is_number = is_whole && length > point + 1 && length < size_of::<u128>() - sign;
        let short = Self {
            bytes,
            sign,
            point,
            length,
        };
        (is_number && byte(point) == b'.' && byte(length) | 0x20 != b'e').then_some(short)
    }

    fn end(&self, start: usize) -> usize {
        start + self.sign + self.length
    }

    /// The nearest 32-bit float. `None` where 64 bits do not tell which that is.
    fn value(&self) -> Option<f32> {
        let before_point = (1 << (8 * self.point)) - 1;
        let digits = (self.bytes & before_point) | ((self.bytes >> 8) & !before_point);
        let count = self.length - 1;
        let aligned = (digits ^ (EACH * 0x30)) << (8 * (size_of::<u128>() - count));
        let integer = eight(aligned as u64) * 100_000_000 + eight((aligned >> 64) as u64);
        // Both are exact, so that this is the 64-bit float nearest to the number; the nearest 32-bit float to that is also
        // the nearest to the number, unless it lies in the very middle of two.
        let nearest = integer as f64 / POWERS_OF_TEN[count - self.point];
        let is_between = nearest.to_bits() % (2 * HALF) == HALF;
        let value = nearest as f32;
        (!is_between).then_some(if self.sign == 1 { -value } else { value })
    }
}

/// The highest of the bits of a 64-bit float that a 32-bit one has no room for.
const HALF: u64 = 1 << 28;

const POWERS_OF_TEN: [f64; 15] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
];

/// The number that eight digits are, the first of them in the lowest byte: neighbours are joined to pairs, pairs to fours,
/// and these to one.
fn eight(digits: u64) -> u64 {
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours * 10_000 + (fours >> 32)) & 0xffff_ffff
}

/// Digits before the point that no 32-bit float is too small for.
const SURE_DIGITS: usize = 38;

/// The end of the finite number that begins here.
fn long(json: &[u8], start: usize) -> Option<usize> {
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

fn read(number: &[u8]) -> Option<f32> {
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

/// One in each byte.
const EACH: u128 = u128::MAX / 255;

/// The high bit of every byte that is no digit.
fn not_digits(word: u128) -> u128 {
    // Digits become 0 to 9; what is more carries into the high bit, or has it.
    let values = word ^ (EACH * 0x30);
    (((values & (EACH * 0x7f)) + EACH * 0x76) | values) & (EACH * 0x80)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_between_two_floats_go_to_the_even_one() {
        // 2^24 + 1 and + 3 lie in the middle of two 32-bit floats, and so does 1 + 2^-24 but for its last digits.
        for (number, wanted) in [
            ("16777217.0", 16_777_216.0),
            ("16777219.0", 16_777_220.0),
            ("-16777217.00001", -16_777_218.0),
            ("1.0000000596046", 1.0),
            ("1.0000000596047", 1.000_000_1),
            ("-0.0", -0.0),
        ] {
            let json = format!("{number},               ");
            let (value, end) = value(json.as_bytes(), 0).unwrap();
            assert_eq!((value.to_bits(), end), (f32::to_bits(wanted), number.len()));
        }
    }

    proptest! {
        #[test]
        fn a_value_is_what_the_standard_library_reads(
            number in "-?(0|[1-9][0-9]{0,9})\\.[0-9]{1,13}(e-?[0-9])?",
        ) {
            let json = format!("{number},               ");
            let wanted = (number.parse::<f32>().unwrap().to_bits(), number.len());
            let found = value(json.as_bytes(), 0).map(|(value, end)| (value.to_bits(), end));
            prop_assert_eq!(found, Some(wanted));
        }
    }
}
