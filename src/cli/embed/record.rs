//! One input: where it stands, and how its text is found in the bytes that hold it. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use clap::ValueEnum;
use serde_json::value::{RawValue, to_raw_value};

use super::frame::Body;
use crate::gateway::MAX_INPUT_CHARS;

/// What one input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum InputFormat {
    /// A line of text
    Lines,
    /// A line of JSON: an object, its text in the member that --field names, or a string
    Jsonl,
    /// What stands between two NUL bytes
    Nul,
    /// A row of comma-separated values, its text in the column that --field names; the first row names the columns
    Csv,
    /// The same with tabs
    Tsv,
    /// A whole file
    Whole,
}

impl InputFormat {
    /// Whether an input has parts with names.
    pub fn has_fields(self) -> bool {
        match self {
            Self::Jsonl | Self::Csv | Self::Tsv => true,
            Self::Lines | Self::Nul | Self::Whole => false,
        }
    }
}

/// The members of a JSON object, or the columns of a table, that are used.
#[derive(Debug, Clone)]
pub struct Fields {
    pub text: String,
    pub id: Option<String>,
}

/// Where an input stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub source: Arc<str>,
    /// Which input of its source, from 1, and what that is called; `None` for the only one.
    pub number: Option<(&'static str, u64)>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some((unit, number)) => write!(f, "{}, {unit} {number}", self.source),
            None => f.write_str(&self.source),
        }
    }
}

/// A text to embed.
#[derive(Debug, Clone)]
pub struct Record {
    /// Counts the inputs, from 0; those that were bad too, blank ones that are passed over not.
    pub index: u64,
    pub text: String,
    /// The member that was asked for with `--id-field`, as it was written; the path of a whole file.
    pub id: Option<Box<RawValue>>,
    pub place: Place,
    /// How many bytes further in the input this one is than the last.
    pub bytes: u64,
}

/// Finds the texts of inputs.
#[derive(Debug, Clone)]
pub struct Parser {
    pub format: InputFormat,
    pub fields: Fields,
    pub skip_empty: bool,
}

/// What an input says: its text, and its id where one was asked for.
type Said = (String, Option<Box<RawValue>>);

impl Parser {
    /// The text of an input; `None` for a blank one that is to be passed over.
    ///
    /// # Errors
    /// What is wrong with it: blank, too long, no UTF-8, no such JSON, no such row.
    pub fn parse(&self, body: Body<'_>) -> Result<Option<Said>, String> {
        let said = match body {
            Body::Bad(what) => return Err(what),
            Body::Bytes(bytes) => self.said(utf8(bytes)?)?,
            Body::Row { text, id } => (utf8(text)?.to_owned(), id.map(id_of).transpose()?),
        };
        if said.0.trim().is_empty() {
            return match self.skip_empty {
                true => Ok(None),
                false => Err("blank (pass over it with --skip-empty)".to_owned()),
            };
        }
        // Bytes are the cheap upper bound of characters.
        if said.0.len() > MAX_INPUT_CHARS && said.0.chars().count() > MAX_INPUT_CHARS {
            return Err(format!("longer than {MAX_INPUT_CHARS} characters"));
        }
        Ok(Some(said))
    }

    fn said(&self, text: &str) -> Result<Said, String> {
        Ok(match self.format {
            // A blank line of JSON is told to be blank, not to be no JSON.
            InputFormat::Jsonl if !text.trim().is_empty() => self.member(text)?,
            InputFormat::Lines => (text.strip_suffix('\r').unwrap_or(text).to_owned(), None),
            InputFormat::Jsonl
            | InputFormat::Nul
            | InputFormat::Csv
            | InputFormat::Tsv
            | InputFormat::Whole => (text.to_owned(), None),
        })
    }

    fn member(&self, line: &str) -> Result<Said, String> {
        if let Ok(text) = serde_json::from_str::<String>(line)
            && self.fields.id.is_none()
        {
            return Ok((text, None));
        }
        let members: BTreeMap<Cow<'_, str>, &RawValue> =
            serde_json::from_str(line).map_err(|_| "not a JSON object".to_owned())?;
        let member = |name: &str| {
            let value = members.get(name);
            value.ok_or_else(|| format!("no member `{name}`"))
        };
        let name = &self.fields.text;
        let text = serde_json::from_str(member(name)?.get())
            .map_err(|_| format!("`{name}` is not a string"))?;
        let id = self.fields.id.as_deref().map(member).transpose()?;
        Ok((text, id.map(|id| (*id).to_owned())))
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())
}

fn id_of(cell: &[u8]) -> Result<Box<RawValue>, String> {
    Ok(to_raw_value(utf8(cell)?).expect("a string is JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(
        format: InputFormat,
        id: Option<&str>,
        body: Body<'_>,
    ) -> Result<Option<(String, Option<String>)>, String> {
        let parser = Parser {
            format,
            fields: Fields {
                text: "text".to_owned(),
                id: id.map(str::to_owned),
            },
            skip_empty: false,
        };
        let said = parser.parse(body)?;
        Ok(said.map(|(text, id)| (text, id.map(|id| id.get().to_owned()))))
    }

    fn said(text: &str, id: Option<&str>) -> Result<Option<(String, Option<String>)>, String> {
        Ok(Some((text.to_owned(), id.map(str::to_owned))))
    }

    #[test]
    fn a_line_loses_its_carriage_return_and_nothing_else() {
        assert_eq!(
            parse(InputFormat::Lines, None, Body::Bytes(b" a b \r")),
            said(" a b ", None)
        );
        assert_eq!(
            parse(InputFormat::Nul, None, Body::Bytes(b"a\nb\r")),
            said("a\nb\r", None)
        );
    }

    #[test]
    fn a_json_line_gives_its_text_and_its_id_as_written() {
        let line = br#"{"n": 1, "text": "a\nb", "id": 1.50}"#;
        assert_eq!(
            parse(InputFormat::Jsonl, Some("id"), Body::Bytes(line)),
            said("a\nb", Some("1.50"))
        );
        assert_eq!(
            parse(InputFormat::Jsonl, None, Body::Bytes(br#""just text""#)),
            said("just text", None)
        );
    }

    #[test]
    fn a_row_gives_its_text_and_its_id_as_a_string() {
        let row = Body::Row {
            text: b"a",
            id: Some(b"say \"x\""),
        };
        assert_eq!(
            parse(InputFormat::Csv, Some("id"), row),
            said("a", Some(r#""say \"x\"""#))
        );
    }

    #[test]
    fn what_cannot_be_embedded_is_told() {
        let error = |format, bytes: &[u8]| parse(format, Some("id"), Body::Bytes(bytes)).err();
        let told = |what: &str| Some(what.to_owned());
        let blank = told("blank (pass over it with --skip-empty)");
        assert_eq!(error(InputFormat::Lines, b" \r"), blank);
        assert_eq!(error(InputFormat::Jsonl, b""), blank);
        assert_eq!(error(InputFormat::Lines, b"\xff"), told("not UTF-8"));
        let json = |line: &[u8]| error(InputFormat::Jsonl, line);
        assert_eq!(json(b"[1]"), told("not a JSON object"));
        assert_eq!(json(b"{}"), told("no member `text`"));
        assert_eq!(json(br#"{"text": 1}"#), told("`text` is not a string"));
        assert_eq!(json(br#"{"text": "a"}"#), told("no member `id`"));
        let long = "x".repeat(MAX_INPUT_CHARS + 1);
        assert_eq!(
            error(InputFormat::Lines, long.as_bytes()),
            told("longer than 300000 characters")
        );
    }

    #[test]
    fn a_text_of_wide_characters_may_have_more_bytes_than_characters() {
        let wide = "ü".repeat(MAX_INPUT_CHARS);
        assert_eq!(
            parse(InputFormat::Lines, None, Body::Bytes(wide.as_bytes())),
            said(&wide, None)
        );
    }
}
