//! Whether many bytes at once belong to a list of numbers of the usual form: `-?\d\.\d+`, a comma right behind each, and
//! spaces and line feeds, if any, right behind the commas. Says only "yes" or "not known". The loops are plain, of one
//! byte in each lane, so that the compiler makes vector instructions of them.
//!
//! Why it is enough to look at a byte and the two before it:
//! - A point stands where the byte before it is a digit that begins a number (one behind a comma, a blank or a minus), and
//!   nowhere else. So every number has one point, behind its first digit.
//! - A comma has a digit before it; a blank and a minus have a comma or a blank before them. So what follows a minus or a
//!   point is a digit, and what follows a number is its comma.

/// How many bytes are judged at once.
pub const BLOCK: usize = 128;

/// Bytes that are worked on together.
const LANES: usize = 16;

/// How many bytes from `start` on, where a number begins that is not the first, are of the usual form, in whole blocks;
/// and how many commas they hold. What is passed may end within a number.
pub fn usual(json: &[u8], start: usize) -> (usize, usize) {
    let (mut passed, mut commas) = (0, 0);
    let from = |at: usize| json.get(at - 2..).and_then(|rest| rest.first_chunk());
    while let Some(found) = from(start + passed).and_then(commas_of_usual) {
        passed += BLOCK;
        commas += found;
    }
    (passed, commas)
}

/// The commas of a block behind two bytes that are known to be right. `None` where it is not of the usual form.
fn commas_of_usual(bytes: &[u8; BLOCK + 2]) -> Option<usize> {
    let before_last = bytes[..BLOCK].chunks_exact(LANES);
    let last = bytes[1..=BLOCK].chunks_exact(LANES);
    let this = bytes[2..].chunks_exact(LANES);
    let (mut most, mut wrong, mut commas) = ([0; LANES], [0; LANES], [0_u8; LANES]);
    for ((before_last, last), this) in before_last.zip(last).zip(this) {
        for lane in 0..LANES {
            most[lane] = this[lane].max(most[lane]);
            // As signed bytes, which is what baseline x86-64 compares. What is beyond ASCII is found by `most`.
            let [q, p, c] = [before_last[lane], last[lane], this[lane]].map(u8::cast_signed);
            let is_comma = mask(c == COMMA);
            let is_beginning = mask(c == MINUS) | mask(c == SPACE) | mask(c == LINE_FEED);
            let is_behind_digit = mask(p > SLASH);
            let is_behind_comma_or_blank = mask(p < MINUS);
            let wants_point = is_behind_digit & mask(q < POINT);
            let fits = (is_comma & is_behind_digit) | (is_beginning & is_behind_comma_or_blank);
            wrong[lane] |= wants_point ^ mask(c == POINT);
            // What is no digit fits, or is the point that is wanted.
            wrong[lane] |= mask(c < ZERO) ^ fits ^ wants_point;
            commas[lane] = commas[lane].wrapping_sub(is_comma);
        }
    }
    let is_usual = wrong == [0; LANES] && most.iter().all(|byte| *byte <= b'9');
    // All bits of a mask are one as a number below zero, and a lane sees less than 256 bytes.
    is_usual.then(|| commas.iter().map(|count| usize::from(*count)).sum())
}

const LINE_FEED: i8 = b'\n'.cast_signed();
const SPACE: i8 = b' '.cast_signed();
const COMMA: i8 = b','.cast_signed();
const MINUS: i8 = b'-'.cast_signed();
const POINT: i8 = b'.'.cast_signed();
const SLASH: i8 = b'/'.cast_signed();
const ZERO: i8 = b'0'.cast_signed();

/// All bits of a lane, or none.
fn mask(is_so: bool) -> u8 {
    if is_so { u8::MAX } else { 0 }
}
