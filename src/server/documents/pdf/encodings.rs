//! The encodings of simple fonts and the names of glyphs (ISO 32000-1, annex D; the Adobe Glyph List), as far as Latin
//! and Greek text needs them. Tables, and what reads them.

/// What the codes from 128 say, 32 in a row; a NUL says nothing.
const STANDARD: [&str; 4] = [
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    "\0¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ\0–†‡·\0¶•‚„”»…‰\0¿",
    "\0`´ˆ˜¯˘˙¨\0˚¸\0˝˛ˇ—\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    "\0Æ\0ª\0\0\0\0ŁØŒº\0\0\0\0\0æ\0\0\0ı\0\0łøœß\0\0\0\0",
];

/// As above.
const WIN_ANSI: [&str; 4] = [
    "€•‚ƒ„…†‡ˆ‰Š‹Œ•Ž••‘’“”•–—˜™š›œ•žŸ",
    " ¡¢£¤¥¦§¨©ª«¬-®¯°±²³´µ¶·¸¹º»¼½¾¿",
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß",
    "àáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ",
];

/// As above.
const MAC_ROMAN: [&str; 4] = [
    "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü",
    "†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø",
    "¿¡¬√ƒ≈∆«»… ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄¤‹›ﬁﬂ",
    "‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ",
];

/// Accents, and each letter that may have one, without it and with it.
const ACCENTED: [(&str, &str); 13] = [
    ("acute", "AÁCĆEÉIÍLĹNŃOÓRŔSŚUÚYÝZŹaácćeéiílĺnńoórŕsśuúyýzź"),
    ("breve", "AĂEĔGĞIĬOŎUŬaăeĕgğiĭoŏuŭ"),
    ("caron", "CČDĎEĚLĽNŇRŘSŠTŤZŽcčdďeělľnňrřsštťzž"),
    ("cedilla", "CÇSŞTŢcçsştţ"),
    (
        "circumflex",
        "AÂCĈEÊGĜHĤIÎJĴOÔSŜUÛWŴYŶaâcĉeêgĝhĥiîjĵoôsŝuûwŵyŷ",
    ),
    ("commaaccent", "GĢKĶLĻNŅRŖSȘTȚgģkķlļnņrŗsștț"),
    ("dieresis", "AÄEËIÏOÖUÜYŸaäeëiïoöuüyÿ"),
    ("dotaccent", "CĊEĖGĠIİZŻcċeėgġzż"),
    ("grave", "AÀEÈIÌOÒUÙaàeèiìoòuù"),
    ("hungarumlaut", "OŐUŰoőuű"),
    ("macron", "AĀEĒIĪOŌUŪaāeēiīoōuū"),
    ("ogonek", "AĄEĘIĮUŲaąeęiįuų"),
    ("tilde", "AÃIĨNÑOÕUŨaãiĩnñoõuũ"),
];

/// Every other name, sorted.
const GLYPHS: [(&str, &str); 180] = [
    ("AE", "Æ"),
    ("Alpha", "Α"),
    ("Aring", "Å"),
    ("Beta", "Β"),
    ("Dcroat", "Đ"),
    ("Delta", "Δ"),
    ("Epsilon", "Ε"),
    ("Eth", "Ð"),
    ("Euro", "€"),
    ("Gamma", "Γ"),
    ("Lambda", "Λ"),
    ("Lslash", "Ł"),
    ("OE", "Œ"),
    ("Omega", "Ω"),
    ("Oslash", "Ø"),
    ("Phi", "Φ"),
    ("Pi", "Π"),
    ("Psi", "Ψ"),
    ("Sigma", "Σ"),
    ("Theta", "Θ"),
    ("Thorn", "Þ"),
    ("Upsilon", "Υ"),
    ("Uring", "Ů"),
    ("Xi", "Ξ"),
    ("acute", "´"),
    ("ae", "æ"),
    ("alpha", "α"),
    ("ampersand", "&"),
    ("approxequal", "≈"),
    ("aring", "å"),
    ("arrowdown", "↓"),
    ("arrowleft", "←"),
    ("arrowright", "→"),
    ("arrowup", "↑"),
    ("asciicircum", "^"),
    ("asciitilde", "~"),
    ("asterisk", "*"),
    ("at", "@"),
    ("backslash", "\\"),
    ("bar", "|"),
    ("beta", "β"),
    ("braceleft", "{"),
    ("braceright", "}"),
    ("bracketleft", "["),
    ("bracketright", "]"),
    ("breve", "˘"),
    ("brokenbar", "¦"),
    ("bullet", "•"),
    ("caron", "ˇ"),
    ("cedilla", "¸"),
    ("cent", "¢"),
    ("chi", "χ"),
    ("circumflex", "ˆ"),
    ("colon", ":"),
    ("comma", ","),
    ("copyright", "©"),
    ("currency", "¤"),
    ("dagger", "†"),
    ("daggerdbl", "‡"),
    ("dcroat", "đ"),
    ("degree", "°"),
    ("delta", "δ"),
    ("dieresis", "¨"),
    ("divide", "÷"),
    ("dollar", "$"),
    ("dotaccent", "˙"),
    ("dotlessi", "ı"),
    ("dotlessj", "ȷ"),
    ("eight", "8"),
    ("element", "∈"),
    ("ellipsis", "…"),
    ("emdash", "—"),
    ("endash", "–"),
    ("epsilon", "ε"),
    ("equal", "="),
    ("eta", "η"),
    ("eth", "ð"),
    ("exclam", "!"),
    ("exclamdown", "¡"),
    ("ff", "ff"),
    ("ffi", "ffi"),
    ("ffl", "ffl"),
    ("fi", "fi"),
    ("five", "5"),
    ("fl", "fl"),
    ("florin", "ƒ"),
    ("four", "4"),
    ("fraction", "⁄"),
    ("gamma", "γ"),
    ("germandbls", "ß"),
    ("grave", "`"),
    ("greater", ">"),
    ("greaterequal", "≥"),
    ("guillemotleft", "«"),
    ("guillemotright", "»"),
    ("guilsinglleft", "‹"),
    ("guilsinglright", "›"),
    ("hungarumlaut", "˝"),
    ("hyphen", "-"),
    ("infinity", "∞"),
    ("integral", "∫"),
    ("iota", "ι"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("less", "<"),
    ("lessequal", "≤"),
    ("logicalnot", "¬"),
    ("lozenge", "◊"),
    ("lslash", "ł"),
    ("macron", "¯"),
    ("minus", "−"),
    ("mu", "µ"),
    ("multiply", "×"),
    ("nbspace", " "),
    ("nine", "9"),
    ("notequal", "≠"),
    ("nu", "ν"),
    ("numbersign", "#"),
    ("oe", "œ"),
    ("ogonek", "˛"),
    ("omega", "ω"),
    ("one", "1"),
    ("onehalf", "½"),
    ("onequarter", "¼"),
    ("ordfeminine", "ª"),
    ("ordmasculine", "º"),
    ("oslash", "ø"),
    ("paragraph", "¶"),
    ("parenleft", "("),
    ("parenright", ")"),
    ("partialdiff", "∂"),
    ("percent", "%"),
    ("period", "."),
    ("periodcentered", "·"),
    ("perthousand", "‰"),
    ("phi", "φ"),
    ("pi", "π"),
    ("plus", "+"),
    ("plusminus", "±"),
    ("product", "∏"),
    ("psi", "ψ"),
    ("question", "?"),
    ("questiondown", "¿"),
    ("quotedbl", "\""),
    ("quotedblbase", "„"),
    ("quotedblleft", "“"),
    ("quotedblright", "”"),
    ("quoteleft", "‘"),
    ("quoteright", "’"),
    ("quotesinglbase", "‚"),
    ("quotesingle", "'"),
    ("radical", "√"),
    ("registered", "®"),
    ("rho", "ρ"),
    ("ring", "˚"),
    ("section", "§"),
    ("semicolon", ";"),
    ("seven", "7"),
    ("sfthyphen", "-"),
    ("sigma", "σ"),
    ("six", "6"),
    ("slash", "/"),
    ("space", " "),
    ("sterling", "£"),
    ("summation", "∑"),
    ("tau", "τ"),
    ("theta", "θ"),
    ("thorn", "þ"),
    ("three", "3"),
    ("threequarters", "¾"),
    ("tilde", "˜"),
    ("trademark", "™"),
    ("two", "2"),
    ("underscore", "_"),
    ("upsilon", "υ"),
    ("uring", "ů"),
    ("xi", "ξ"),
    ("yen", "¥"),
    ("zero", "0"),
    ("zeta", "ζ"),
];

/// What a code says in the encoding of this name; an unknown name is taken for Windows', the one that is most used.
pub fn encoded(encoding: &[u8], code: u8) -> Option<char> {
    let rows = match encoding {
        b"StandardEncoding" => &STANDARD,
        b"MacRomanEncoding" => &MAC_ROMAN,
        _ => &WIN_ANSI,
    };
    match (code, encoding) {
        (b'\'', b"StandardEncoding") => Some('’'),
        (b'`', b"StandardEncoding") => Some('‘'),
        (..128, _) => Some(char::from(code)).filter(|char| !char.is_control()),
        _ => {
            let at = usize::from(code - 128);
            rows[at / 32]
                .chars()
                .nth(at % 32)
                .filter(|char| *char != '\0')
        }
    }
}

/// What a glyph of this name says.
pub fn glyph(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    // `a.sc` is an `a` in another form.
    let (name, _) = name.split_once('.').unwrap_or((name, ""));
    if name.len() == 1 {
        return Some(name.to_owned());
    }
    if let Ok(at) = GLYPHS.binary_search_by_key(&name, |(name, _)| name) {
        return Some(GLYPHS[at].1.to_owned());
    }
    accented(name).or_else(|| numbered(name)).map(String::from)
}

fn accented(name: &str) -> Option<char> {
    let letter = name.chars().next()?;
    let accent = &name[letter.len_utf8()..];
    let (_, letters) = ACCENTED.iter().find(|(known, _)| *known == accent)?;
    let mut letters = letters.chars();
    while let (Some(plain), Some(accented)) = (letters.next(), letters.next()) {
        if plain == letter {
            return Some(accented);
        }
    }
    None
}

/// `uni20AC`, `u1F600`.
fn numbered(name: &str) -> Option<char> {
    let digits = name
        .strip_prefix("uni")
        .or_else(|| name.strip_prefix('u'))?;
    let digits = digits
        .get(..4)
        .filter(|_| name.starts_with("uni"))
        .or(Some(digits))?;
    if !(4..=6).contains(&digits.len()) {
        return None;
    }
    char::from_u32(u32::from_str_radix(digits, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_glyphs_and_codes_say_their_characters() {
        assert!(GLYPHS.is_sorted());
        let said = |names: &[&str]| -> Vec<Option<String>> {
            names.iter().map(|name| glyph(name.as_bytes())).collect()
        };
        let known = [
            "A",
            "eacute",
            "Scaron",
            "fi",
            "quoteright",
            "uni20AC",
            "u1F600",
            "a.sc",
        ];
        let expected = ["A", "é", "Š", "fi", "’", "€", "😀", "a"].map(|text| Some(text.to_owned()));
        assert_eq!(said(&known), expected);
        assert_eq!(
            said(&["g37", "uni", "uniD800", "", "éacute", "\u{1F600}"]),
            [const { None }; 6]
        );
        assert_eq!(encoded(b"WinAnsiEncoding", 0x80), Some('€'));
        assert_eq!(encoded(b"MacRomanEncoding", 0xa5), Some('•'));
        assert_eq!(encoded(b"StandardEncoding", 0xae), Some('ﬁ'));
        assert_eq!(encoded(b"StandardEncoding", 0x80), None);
        assert_eq!(encoded(b"", 0x07), None);
    }

    #[test]
    fn every_row_has_its_codes() {
        for row in STANDARD.iter().chain(&WIN_ANSI).chain(&MAC_ROMAN) {
            assert_eq!(row.chars().count(), 32, "{row}");
        }
    }
}
