//! Fonts (ISO 32000-1, 9.5 to 9.10): what the bytes of a string say, and how wide it is drawn.

use std::collections::HashMap;

use super::budget::{Budget, Stop};
use super::cmap::CMap;
use super::encodings::{encoded, glyph};
use super::file::File;
use super::object::{Dict, Object};

/// The width of a glyph where the file does not say, in ems.
const USUAL_WIDTH: f64 = 0.5;

/// What one width takes, in bytes.
const WIDTH_BYTES: usize = 32;

/// Glyphs that have a width of their own.
const MAX_WIDTHS: usize = 65_536;

#[derive(Debug)]
pub struct Font {
    coding: Coding,
    to_unicode: Option<CMap>,
    /// In ems, by code.
    widths: HashMap<u32, f64>,
    usual_width: f64,
}

#[derive(Debug)]
enum Coding {
    /// A byte a glyph; the name of the encoding, and where the font differs from it.
    Simple {
        base: Vec<u8>,
        differences: HashMap<u8, String>,
    },
    /// Two bytes a glyph; whether they are UTF-16.
    Composite { is_unicode: bool },
}

impl Font {
    pub fn read(dict: &Dict, file: &File) -> Result<Self, Stop> {
        let stream = file.stream(dict.get(b"ToUnicode"));
        let stream = stream
            .map(|stream| file.decoded(&stream))
            .transpose()?
            .flatten();
        let to_unicode = stream
            .map(|bytes| CMap::parse(&bytes, file.budget()))
            .transpose()?;
        let mut font = Self {
            coding: Coding::Composite { is_unicode: false },
            to_unicode,
            widths: HashMap::new(),
            usual_width: USUAL_WIDTH,
        };
        match dict.is(b"Subtype", b"Type0") {
            true => font.composite(dict, file)?,
            false => font.simple(dict, file)?,
        }
        Ok(font)
    }

    fn simple(&mut self, dict: &Dict, file: &File) -> Result<(), Stop> {
        let encoding = file.resolve(dict.get(b"Encoding"));
        let (base, differences) = match encoding {
            Object::Name(base) => (base, HashMap::new()),
            Object::Dict(encoding) => {
                let base = encoding.get(b"BaseEncoding").name().unwrap_or_default();
                let differences = file.resolve(encoding.get(b"Differences"));
                (
                    base.to_vec(),
                    named(differences.array().unwrap_or_default()),
                )
            }
            _ => (Vec::new(), HashMap::new()),
        };
        self.coding = Coding::Simple { base, differences };
        let first = dict.get(b"FirstChar").count().unwrap_or(0);
        let widths = file.resolve(dict.get(b"Widths"));
        // The glyphs of a Type 3 font have a space of their own.
        let matrix = file.resolve(dict.get(b"FontMatrix"));
        let scale = matrix.array().and_then(|matrix| matrix.first()?.number());
        for (code, width) in (first..256).zip(widths.array().unwrap_or_default()) {
            self.width(
                code,
                file.resolve(width).number(),
                scale.unwrap_or(0.001),
                file.budget(),
            )?;
        }
        Ok(())
    }

    fn composite(&mut self, dict: &Dict, file: &File) -> Result<(), Stop> {
        let encoding = file.resolve(dict.get(b"Encoding"));
        let encoding = encoding.name().unwrap_or_default();
        let is_unicode = [b"UCS2".as_slice(), b"UTF16"]
            .iter()
            .any(|coding| encoding.windows(coding.len()).any(|part| part == *coding));
        self.coding = Coding::Composite { is_unicode };
        let descendants = file.resolve(dict.get(b"DescendantFonts"));
        let descendant = descendants.array().and_then(|fonts| fonts.first());
        let descendant = file.dict(descendant.unwrap_or(&Object::Null));
        self.usual_width = descendant.get(b"DW").number().unwrap_or(1000.0) / 1000.0;
        let widths = file.resolve(descendant.get(b"W"));
        let mut widths = widths.array().unwrap_or_default().iter();
        while let (Some(first), Some(second)) = (widths.next(), widths.next()) {
            let first = first.count().unwrap_or(0);
            match file.resolve(second) {
                // `first [w w w]`
                Object::Array(each) => {
                    for (code, width) in (first..).zip(&each) {
                        self.width(code, width.number(), 0.001, file.budget())?;
                    }
                }
                // `first last w`
                second => {
                    let last = second
                        .count()
                        .unwrap_or(0)
                        .min(first.saturating_add(MAX_WIDTHS));
                    let width = widths.next().and_then(Object::number);
                    for code in first..=last {
                        self.width(code, width, 0.001, file.budget())?;
                    }
                }
            }
        }
        Ok(())
    }

    fn width(
        &mut self,
        code: usize,
        width: Option<f64>,
        scale: f64,
        budget: &Budget,
    ) -> Result<(), Stop> {
        if let (Ok(code), Some(width)) = (u32::try_from(code), width) {
            budget.step()?;
            if self.widths.len() < MAX_WIDTHS && self.widths.insert(code, width * scale).is_none() {
                budget.spend(WIDTH_BYTES)?;
            }
        }
        Ok(())
    }

    /// The codes of a string.
    pub fn codes<'a>(&self, string: &'a [u8]) -> impl Iterator<Item = u32> + use<'a> {
        let bytes_a_code = match self.coding {
            Coding::Simple { .. } => 1,
            Coding::Composite { .. } => 2,
        };
        let code = |code: &[u8]| {
            code.iter()
                .fold(0, |code, byte| code << 8 | u32::from(*byte))
        };
        string.chunks(bytes_a_code).map(code)
    }

    /// Whether the space between words is added at this code.
    pub fn is_space(&self, code: u32) -> bool {
        code == 32 && matches!(self.coding, Coding::Simple { .. })
    }

    /// How far the glyph of a code advances, in ems.
    pub fn advance(&self, code: u32) -> f64 {
        self.widths.get(&code).copied().unwrap_or(self.usual_width)
    }

    /// Adds to `text` what a code says, if that is known.
    pub fn write(&self, code: u32, text: &mut String) {
        if self
            .to_unicode
            .as_ref()
            .is_some_and(|map| map.write(code, text))
        {
            return;
        }
        match &self.coding {
            Coding::Composite { is_unicode: true } => text.extend(char::from_u32(code)),
            Coding::Composite { is_unicode: false } => {}
            Coding::Simple { base, differences } => {
                let Ok(code) = u8::try_from(code) else {
                    return;
                };
                match differences.get(&code) {
                    Some(said) => text.push_str(said),
                    None => text.extend(encoded(base, code)),
                }
            }
        }
    }
}

/// `[32 /space /exclam 97 /alpha]`
fn named(differences: &[Object]) -> HashMap<u8, String> {
    let mut named = HashMap::new();
    let mut code = 0_usize;
    for item in differences {
        match item {
            Object::Name(name) => {
                if let Ok(code) = u8::try_from(code) {
                    named.insert(code, glyph(name).unwrap_or_default());
                }
                code = code.saturating_add(1);
            }
            other => code = other.count().unwrap_or(code),
        }
    }
    named
}
