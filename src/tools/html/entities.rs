//! Characters that HTML writes by name or number (`&amp;`, `&#8364;`). Pure.

use std::borrow::Cow;

/// The longest reference that is looked at, in bytes, from `&` to `;`.
const MAX_BYTES: usize = 12;

/// The names that pages use, sorted; each other stays as it is written.
#[rustfmt::skip]
const NAMES: [(&str, char); 54] = [
    ("Auml", 'Ä'), ("Eacute", 'É'), ("Ouml", 'Ö'), ("Uuml", 'Ü'), ("aacute", 'á'), ("acirc", 'â'),
    ("aelig", 'æ'), ("agrave", 'à'), ("amp", '&'), ("apos", '\''), ("aring", 'å'), ("auml", 'ä'),
    ("bull", '•'), ("ccedil", 'ç'), ("cent", '¢'), ("copy", '©'), ("deg", '°'), ("eacute", 'é'),
    ("ecirc", 'ê'), ("egrave", 'è'), ("euml", 'ë'), ("euro", '€'), ("frac12", '½'), ("gt", '>'),
    ("hellip", '…'), ("iacute", 'í'), ("icirc", 'î'), ("iuml", 'ï'), ("laquo", '«'), ("larr", '←'),
    ("ldquo", '“'), ("lsquo", '‘'), ("lt", '<'), ("mdash", '—'), ("middot", '·'), ("nbsp", ' '),
    ("ndash", '–'), ("ntilde", 'ñ'), ("oacute", 'ó'), ("ocirc", 'ô'), ("ouml", 'ö'), ("para", '¶'),
    ("plusmn", '±'), ("pound", '£'), ("quot", '"'), ("raquo", '»'), ("rarr", '→'), ("rdquo", '”'),
    ("reg", '®'), ("rsquo", '’'), ("sect", '§'), ("szlig", 'ß'), ("times", '×'), ("uuml", 'ü'),
];

/// The text with every reference that is known replaced by its character.
pub fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else {
        return Cow::Borrowed(text);
    };
    let mut decoded = text[..first].to_owned();
    let mut rest = &text[first..];
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        match reference(rest) {
            Some((character, length)) => {
                decoded.push(character);
                rest = &rest[length..];
            }
            None => {
                decoded.push('&');
                rest = &rest[1..];
            }
        }
    }
    Cow::Owned(decoded + rest)
}

/// The character that the reference at the beginning means, and how long the reference is, in bytes.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(MAX_BYTES).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let character = match name.strip_prefix('#') {
        Some(number) => numbered(number)?,
        None => {
            let place = NAMES.binary_search_by_key(&name, |(name, _)| name).ok()?;
            NAMES[place].1
        }
    };
    Some((character, end + 1))
}

fn numbered(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    char::from_u32(code.ok()?).filter(|c| !c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_characters_and_everything_else_stays() {
        assert_eq!(decode("a &lt;b&gt; &amp;amp; &uuml;"), "a <b> &amp; ü");
        assert_eq!(decode("&#8364;&#x20ac;&#X20AC;"), "€€€");
        assert_eq!(
            decode("&nope; &; & &#0; &#xd800; &#99999999; AT&T"),
            "&nope; &; & &#0; &#xd800; &#99999999; AT&T"
        );
        assert_eq!(decode("&ampü;"), "&ampü;");
    }

    #[test]
    fn every_name_is_found() {
        for (name, character) in NAMES {
            assert_eq!(decode(&format!("&{name};")), character.to_string());
        }
    }
}
