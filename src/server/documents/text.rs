//! Plain text, and whatever is read as it stands: Markdown, CSV, JSON. Pure.

use super::DocumentError;

/// What windows-1252 has at 0x80 to 0x9f; elsewhere it is Latin-1.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The longest name of a charset, in bytes.
const MAX_CHARSET_BYTES: usize = 40;

/// The charset in the parameters of a MIME type.
pub fn charset(declared: Option<&str>) -> Option<&str> {
    let parameters = declared?.split(';').skip(1);
    let mut pairs = parameters.filter_map(|parameter| parameter.split_once('='));
    let (_, charset) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    let charset = charset.trim().trim_matches('"');
    (charset.len() <= MAX_CHARSET_BYTES).then_some(charset)
}

/// The characters of a text; without a charset UTF-8, or UTF-16 by its mark.
pub fn decode(bytes: &[u8], charset: Option<&str>) -> Result<String, DocumentError> {
    let charset = charset.map(str::to_ascii_lowercase);
    let text = match (bytes, charset.as_deref()) {
        ([0xff, 0xfe, rest @ ..], _) => utf16(rest, u16::from_le_bytes),
        ([0xfe, 0xff, rest @ ..], _) => utf16(rest, u16::from_be_bytes),
        (_, Some("utf-16" | "utf-16le")) => utf16(bytes, u16::from_le_bytes),
        (_, Some("utf-16be")) => utf16(bytes, u16::from_be_bytes),
        (_, None | Some("utf-8" | "utf8" | "us-ascii" | "ascii")) => utf8(bytes),
        (_, Some("iso-8859-1" | "latin1" | "windows-1252" | "cp1252")) => {
            Ok(bytes.iter().copied().map(windows_1252).collect())
        }
        (_, Some(unknown)) => Err(DocumentError::UnknownCharset(unknown.to_owned())),
    }?;
    Ok(readable(&text))
}

fn utf8(bytes: &[u8]) -> Result<String, DocumentError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'));
    text.map(str::to_owned)
        .ok_or(DocumentError::NotText("utf-8"))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, DocumentError> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let units = pairs.iter().copied().map(unit);
    let text: Result<String, _> = char::decode_utf16(units).collect();
    let text = text.ok().filter(|_| odd.is_empty());
    text.ok_or(DocumentError::NotText("utf-16"))
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Lines end in one way, and nothing is left that no one can see and a terminal may obey.
fn readable(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.replace(
        |char: char| char.is_control() && !matches!(char, '\n' | '\t'),
        "",
    )
}

/// The beginning of so many characters, and whether there is more.
pub fn bounded(mut text: String, chars: usize) -> (String, bool) {
    match text.char_indices().nth(chars) {
        Some((end, _)) => {
            text.truncate(end);
            (text, true)
        }
        None => (text, false),
    }
}
