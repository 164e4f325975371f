//! The time of a line, as RFC 3339 has it: in UTC, to the microsecond.

use jiff::Timestamp;
use jiff::tz::Offset;

/// Appends `2024-02-29T23:59:59.000001Z`.
pub fn write(out: &mut Vec<u8>, time: Timestamp) {
    let time = Offset::UTC.to_datetime(time);
    // The clock of no system is before year 0.
    let year = time.year().unsigned_abs().into();
    let micros = time.subsec_nanosecond().unsigned_abs() / 1_000;
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    digits(&mut text[0..4], year);
    digits(&mut text[5..7], time.month().unsigned_abs().into());
    digits(&mut text[8..10], time.day().unsigned_abs().into());
    digits(&mut text[11..13], time.hour().unsigned_abs().into());
    digits(&mut text[14..16], time.minute().unsigned_abs().into());
    digits(&mut text[17..19], time.second().unsigned_abs().into());
    digits(&mut text[20..26], micros);
    out.extend_from_slice(&text);
}

/// Fills `places` with the last digits of the number.
fn digits(places: &mut [u8], mut number: u32) {
    for place in places.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_is_written_as_it_is_read(second in 0..253_000_000_000_i64, nanosecond in 0..1_000_000_000) {
            let time = Timestamp::new(second, nanosecond).unwrap();
            let mut out = Vec::new();
            write(&mut out, time);
            let micros = Timestamp::from_microsecond(time.as_microsecond()).unwrap();
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("{micros:.6}"));
        }
    }
}
