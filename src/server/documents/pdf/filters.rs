//! What compresses and encodes the streams of a PDF (ISO 32000-1, 7.4), undone within a budget. What is only ever used
//! for pictures is not here.

use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

use super::budget::{Budget, Stop};
use super::parser::is_space;

/// Filters of one stream.
pub const MAX_FILTERS: usize = 4;

/// What is inflated between two looks at the clock, in bytes.
const PIECE_BYTES: usize = 64 << 10;

/// Undoes the filter of this name; of broken data, what comes before the break. `None`: not a filter of text.
pub fn decode(name: &[u8], data: &[u8], budget: &Budget) -> Result<Option<Vec<u8>>, Stop> {
    budget.look()?;
    let decoded = match name {
        b"FlateDecode" | b"Fl" => inflated(data, budget)?,
        b"LZWDecode" | b"LZW" => lzw(data, budget.left())?,
        b"ASCII85Decode" | b"A85" => ascii85(data),
        b"ASCIIHexDecode" | b"AHx" => hex(data),
        _ => return Ok(None),
    };
    budget.spend(decoded.len())?;
    Ok(Some(decoded))
}

fn inflated(mut data: &[u8], budget: &Budget) -> Result<Vec<u8>, Stop> {
    let mut state = InflateState::new_boxed(DataFormat::Zlib);
    let mut piece = vec![0; PIECE_BYTES];
    let mut out = Vec::new();
    loop {
        budget.look()?;
        let step = inflate(&mut state, data, &mut piece, MZFlush::None);
        data = &data[step.bytes_consumed..];
        out.extend_from_slice(&piece[..step.bytes_written]);
        if out.len() > budget.left() {
            return Err(Stop::Memory);
        }
        let goes_on = step.bytes_consumed + step.bytes_written > 0;
        if !goes_on || step.status != Ok(MZStatus::Ok) {
            return Ok(out);
        }
    }
}

const CLEAR: usize = 256;
const END: usize = 257;

/// Codes of 9 to 12 bits, which change their width one code early, as PDF has it unless it says otherwise.
fn lzw(data: &[u8], most: usize) -> Result<Vec<u8>, Stop> {
    let mut out = Vec::new();
    // Where in `out` each code from 258 on stands.
    let mut table: Vec<(usize, usize)> = Vec::new();
    let (mut bits, mut held, mut width) = (0_u32, 0, 9);
    let mut previous: Option<(usize, usize)> = None;
    for byte in data {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        if held < width {
            continue;
        }
        held -= width;
        let code = (bits >> held) as usize & ((1 << width) - 1);
        match code {
            CLEAR => {
                table.clear();
                (width, previous) = (9, None);
                continue;
            }
            END => break,
            _ => {}
        }
        let start = out.len();
        match (code, table.get(code.wrapping_sub(END + 1)), previous) {
            (0..CLEAR, ..) => out.push((code & 0xff) as u8),
            (_, Some(&(from, to)), _) => out.extend_from_within(from..to),
            // The code that is being defined: what came before it, and its first byte once more.
            (_, None, Some((from, to))) if code == END + 1 + table.len() => {
                out.extend_from_within(from..to);
                out.extend_from_within(from..=from);
            }
            _ => break,
        }
        if out.len() > most {
            return Err(Stop::Memory);
        }
        if let Some((from, to)) = previous
            && table.len() < 4096 - END - 1
        {
            // What a code stands for is always followed by the byte that makes the next one.
            table.push((from, to + 1));
        }
        previous = Some((start, out.len()));
        width = match END + 2 + table.len() {
            ..512 => 9,
            512..1024 => 10,
            1024..2048 => 11,
            _ => 12,
        };
    }
    Ok(out)
}

fn ascii85(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let (mut group, mut count) = (0_u32, 0);
    let bytes = data.iter().copied().filter(|byte| !is_space(*byte));
    for byte in bytes {
        match byte {
            b'z' if count == 0 => out.extend([0; 4]),
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                count += 1;
                if count == 5 {
                    out.extend(group.to_be_bytes());
                    (group, count) = (0, 0);
                }
            }
            _ => break,
        }
    }
    if count > 1 {
        for _ in count..5 {
            group = group.wrapping_mul(85).wrapping_add(84);
        }
        out.extend(&group.to_be_bytes()[..count - 1]);
    }
    out
}

fn hex(data: &[u8]) -> Vec<u8> {
    let digits = data.iter().take_while(|byte| **byte != b'>');
    let digits = digits.filter_map(|byte| char::from(*byte).to_digit(16));
    let digits: Vec<u8> = digits.map(|digit| (digit & 0xf) as u8).collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn decoded(name: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        let ends = Instant::now() + Duration::from_secs(10);
        decode(name, data, &Budget::new(1000, ends)).unwrap()
    }

    #[test]
    fn each_filter_is_undone() {
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(b"aaaaaaaaaa", 6);
        assert_eq!(
            decoded(b"FlateDecode", &packed),
            Some(b"aaaaaaaaaa".to_vec())
        );
        // The example of ISO 32000-1, 7.4.4.2.
        let example = [0x80, 0x0b, 0x60, 0x50, 0x22, 0x0c, 0x0c, 0x85, 0x01];
        let expected = [45, 45, 45, 45, 45, 65, 45, 45, 45, 66];
        assert_eq!(decoded(b"LZWDecode", &example), Some(expected.to_vec()));
        assert_eq!(
            decoded(b"ASCII85Decode", b"87cUR\nD]i,\"Ebo80~>"),
            Some(b"Hello World!".to_vec())
        );
        assert_eq!(
            decoded(b"ASCIIHexDecode", b"48 69 2>rest"),
            Some(b"Hi ".to_vec())
        );
        assert_eq!(decoded(b"DCTDecode", b"\xff\xd8"), None);
    }

    #[test]
    fn a_bomb_goes_off_at_the_limit_and_broken_data_gives_its_beginning() {
        let ends = Instant::now() + Duration::from_secs(10);
        let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; 1_000_000], 6);
        let budget = Budget::new(10_000, ends);
        assert_eq!(decode(b"FlateDecode", &bomb, &budget), Err(Stop::Memory));
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(b"whole", 0);
        assert_eq!(
            decoded(b"Fl", &packed[..packed.len() - 2]),
            Some(b"whole".to_vec())
        );
    }
}
