//! One input: where it stands, and how its text is found in the bytes that hold it. Pure.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use clap::ValueEnum;
use serde_json::value::RawValue;

use crate::cli::CliError;
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
    /// A whole file
    Whole,
}

/// The members of a JSON object that are used.
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
    pub text: String,
    /// The member that was asked for with `--id-field`, as it was written.
    pub id: Option<Box<RawValue>>,
    pub place: Place,
    /// How many bytes further in the input this one is than the last.
    pub bytes: u64,
}

/// Turns the bytes of inputs into their texts.
#[derive(Debug, Clone)]
pub struct Parser {
    pub fields: Fields,
    pub skip_empty: bool,
}

/// What an input says: its text, and its id where one was asked for.
type Said = (String, Option<Box<RawValue>>);

impl Parser {
    /// The text of an input; `None` for a blank one that is to be passed over.
    ///
    /// # Errors
    /// What is blank, too long, no UTF-8 or no such JSON, with its place.
    pub fn parse(
        &self,
        bytes: &[u8],
        format: InputFormat,
        place: &Place,
    ) -> Result<Option<Said>, CliError> {
        let bad = |what: &str| CliError::BadInput(format!("{place}: {what}"));
        let text = std::str::from_utf8(bytes).map_err(|_| bad("not UTF-8"))?;
        let said = match format {
            // A blank line of JSON is told to be blank, not to be no JSON.
            InputFormat::Jsonl if !text.trim().is_empty() => {
                self.member(text).map_err(|what| bad(&what))?
            }
            InputFormat::Lines => (text.strip_suffix('\r').unwrap_or(text).to_owned(), None),
            InputFormat::Jsonl | InputFormat::Nul | InputFormat::Whole => (text.to_owned(), None),
        };
        if said.0.trim().is_empty() {
            return if self.skip_empty {
                Ok(None)
            } else {
                Err(bad("blank (pass over it with --skip-empty)"))
            };
        }
        // Bytes are the cheap upper bound of characters.
        if said.0.len() > MAX_INPUT_CHARS && said.0.chars().count() > MAX_INPUT_CHARS {
            return Err(bad(&format!("longer than {MAX_INPUT_CHARS} characters")));
        }
        Ok(Some(said))
    }

    fn member(&self, line: &str) -> Result<Said, String> {
        if let Ok(text) = serde_json::from_str::<String>(line)
            && self.fields.id.is_none()
        {
            return Ok((text, None));
        }
        let members: BTreeMap<Cow<'_, str>, &RawValue> =
            serde_json::from_str(line).map_err(|_| "not a JSON object".to_owned())?;
        let text = &self.fields.text;
        let said = members
            .get(text.as_str())
            .ok_or_else(|| format!("no member `{text}`"))?;
        let said =
            serde_json::from_str(said.get()).map_err(|_| format!("`{text}` is not a string"))?;
        let id = match &self.fields.id {
            None => None,
            Some(id) => {
                let value = members
                    .get(id.as_str())
                    .ok_or_else(|| format!("no member `{id}`"))?;
                Some((*value).to_owned())
            }
        };
        Ok((said, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(
        format: InputFormat,
        id: Option<&str>,
        bytes: &[u8],
    ) -> Result<Option<(String, Option<String>)>, String> {
        let parser = Parser {
            fields: Fields {
                text: "text".to_owned(),
                id: id.map(str::to_owned),
            },
            skip_empty: false,
        };
        let place = Place {
            source: "in.txt".into(),
            number: Some(("line", 3)),
        };
        let said = parser
            .parse(bytes, format, &place)
            .map_err(|error| error.to_string())?;
        Ok(said.map(|(text, id)| (text, id.map(|id| id.get().to_owned()))))
    }

    fn said(text: &str, id: Option<&str>) -> Result<Option<(String, Option<String>)>, String> {
        Ok(Some((text.to_owned(), id.map(str::to_owned))))
    }

    #[test]
    fn a_line_loses_its_carriage_return_and_nothing_else() {
        assert_eq!(
            parse(InputFormat::Lines, None, b" a b \r"),
            said(" a b ", None)
        );
        assert_eq!(
            parse(InputFormat::Nul, None, b"a\nb\r"),
            said("a\nb\r", None)
        );
    }

    #[test]
    fn a_json_line_gives_its_text_and_its_id_as_written() {
        let line = br#"{"n": 1, "text": "a\nb", "id": 1.50}"#;
        assert_eq!(
            parse(InputFormat::Jsonl, Some("id"), line),
            said("a\nb", Some("1.50"))
        );
        assert_eq!(
            parse(InputFormat::Jsonl, None, br#""just text""#),
            said("just text", None)
        );
    }

    #[test]
    fn what_cannot_be_embedded_is_named_by_its_line() {
        let error = |format, bytes: &[u8]| parse(format, Some("id"), bytes).unwrap_err();
        assert_eq!(
            error(InputFormat::Lines, b" \r"),
            "in.txt, line 3: blank (pass over it with --skip-empty)"
        );
        assert_eq!(
            error(InputFormat::Jsonl, b""),
            "in.txt, line 3: blank (pass over it with --skip-empty)"
        );
        assert_eq!(
            error(InputFormat::Lines, b"\xff"),
            "in.txt, line 3: not UTF-8"
        );
        assert_eq!(
            error(InputFormat::Jsonl, b"[1]"),
            "in.txt, line 3: not a JSON object"
        );
        assert_eq!(
            error(InputFormat::Jsonl, b"{}"),
            "in.txt, line 3: no member `text`"
        );
        assert_eq!(
            error(InputFormat::Jsonl, br#"{"text": 1}"#),
            "in.txt, line 3: `text` is not a string"
        );
        assert_eq!(
            error(InputFormat::Jsonl, br#"{"text": "a"}"#),
            "in.txt, line 3: no member `id`"
        );
        let long = "x".repeat(MAX_INPUT_CHARS + 1);
        assert_eq!(
            error(InputFormat::Lines, long.as_bytes()),
            "in.txt, line 3: longer than 300000 characters"
        );
    }

    #[test]
    fn a_text_of_wide_characters_may_have_more_bytes_than_characters() {
        let wide = "ü".repeat(MAX_INPUT_CHARS);
        assert_eq!(
            parse(InputFormat::Lines, None, wide.as_bytes()),
            said(&wide, None)
        );
    }
}
