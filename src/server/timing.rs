//! How long things took, as the access log and `Server-Timing` tell it: in milliseconds, to the tenth.

use std::time::Duration;

use hyper::header::HeaderValue;

use crate::chat::{Notes, Phase};

/// Enough for every phase.
const HEADER_BYTES: usize = 160;
/// The digits of the largest number, and a point.
const MAX_DIGITS: usize = 21;

/// In thousandths of a second, those that are over.
pub fn whole_milliseconds(time: Duration) -> u64 {
    let whole = time.as_secs().saturating_mul(1_000);
    whole.saturating_add(time.subsec_millis().into())
}

/// In thousandths of a second, to the tenth.
pub fn milliseconds(time: Duration) -> f64 {
    tenths(time) as f64 / 10.0
}

/// Where the time has gone: the phases that were reached, and the whole.
pub fn header(notes: &Notes, total: Duration) -> HeaderValue {
    let mut text = Vec::with_capacity(HEADER_BYTES);
    for phase in Phase::ALL {
        if let Some(time) = notes.spent(phase) {
            push(&mut text, phase.name(), time);
            text.extend_from_slice(b", ");
        }
    }
    push(&mut text, "total", total);
    HeaderValue::try_from(text).expect("names and numbers are visible ASCII")
}

fn push(text: &mut Vec<u8>, name: &str, time: Duration) {
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b";dur=");
    push_tenths(text, tenths(time));
}

/// Appends `12.3` for 123.
fn push_tenths(text: &mut Vec<u8>, tenths: u64) {
    let digit = |number: u64| b'0' + (number % 10) as u8;
    let mut digits = [b'.'; MAX_DIGITS];
    let mut first = MAX_DIGITS - 1;
    digits[first] = digit(tenths);
    // The last place but one is the point's.
    first -= 1;
    let mut whole = tenths / 10;
    loop {
        first -= 1;
        digits[first] = digit(whole);
        whole /= 10;
        if whole == 0 {
            break;
        }
    }
    text.extend_from_slice(&digits[first..]);
}

/// In tenths of a millisecond, to the nearest.
fn tenths(time: Duration) -> u64 {
    const PER_SECOND: u64 = 10_000;
    const NANOSECONDS: u32 = 100_000;
    let part = (time.subsec_nanos() + NANOSECONDS / 2) / NANOSECONDS;
    time.as_secs()
        .saturating_mul(PER_SECOND)
        .saturating_add(part.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_names_the_phases_that_were_reached_and_the_whole() {
        let notes = Notes::default();
        notes.spend(Phase::Queue, Duration::ZERO);
        notes.spend(Phase::FirstEvent, Duration::from_micros(9_950));
        notes.spend(Phase::Store, Duration::from_micros(7_049));
        let whole = header(&notes, Duration::from_secs(100));
        let expected = "queue;dur=0.0, store;dur=7.0, first-event;dur=10.0, total;dur=100000.0";
        assert_eq!(whole, expected);
        let longest = header(&Notes::default(), Duration::MAX);
        assert_eq!(longest, "total;dur=1844674407370955161.5");
    }

    proptest! {
        #[test]
        fn a_time_is_written_as_the_number_that_is_nearest(nanoseconds in 0..1_u64 << 50) {
            let time = Duration::from_nanos(nanoseconds);
            let mut text = Vec::new();
            push(&mut text, "x", time);
            let shown = format!("x;dur={:.1}", milliseconds(time));
            prop_assert_eq!(String::from_utf8(text).unwrap(), shown);
            let off = milliseconds(time) * 1e6 - nanoseconds as f64;
            prop_assert!(off.abs() <= 50_001.0, "{}", off);
        }
    }
}
