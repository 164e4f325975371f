//! What a skill says of itself: the lines between `---` and `---` at the top of its file. Pure.
//!
//! Of YAML this reads what skills are written in: `key: value` at the margin, the value plain, quoted, a block (`|`, `>`)
//! or continued on indented lines. White space between words counts as one space. What is deeper is passed over, and what
//! YAML would refuse, as a plain value with `: ` in it, is taken as it stands.

/// What the front matter says; a key that is not there, or says nothing, is `None`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FrontMatter {
    pub name: Option<String>,
    pub description: Option<String>,
    /// Whether the skill is only for people to ask for.
    pub is_hidden: bool,
    /// What stands where it says whether it is, and says neither: it counts as hidden.
    pub unclear: Option<String>,
}

/// Reads the top of a file.
///
/// # Errors
/// Why there is no front matter.
pub fn parse(text: &str) -> Result<FrontMatter, &'static str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().map(str::trim_end);
    if lines.next() != Some("---") {
        return Err("it does not begin with `---`");
    }
    let mut entries: Vec<(&str, String)> = Vec::new();
    let mut has_end = false;
    for line in lines {
        if matches!(line, "---" | "...") {
            has_end = true;
            break;
        }
        if line.starts_with([' ', '\t']) || line.is_empty() {
            // Goes on with the value above.
            if let Some((_, value)) = entries.last_mut() {
                value.push(' ');
                value.push_str(line.trim_start());
            }
        } else if let Some((key, value)) = line.split_once(':') {
            entries.push((key.trim_end(), value.trim_start().to_owned()));
        }
    }
    if !has_end {
        return Err("its front matter has no end");
    }
    let mut found = FrontMatter::default();
    for (key, raw) in entries {
        let value = || Some(value(&raw)).filter(|value| !value.is_empty());
        match key.trim_matches(['"', '\'']) {
            "name" => found.name = value(),
            "description" => found.description = value(),
            "disable-model-invocation" => {
                let says = value();
                let is_hidden = says.as_deref().map(boolean);
                found.is_hidden |= is_hidden.unwrap_or(Some(false)).unwrap_or(true);
                found.unclear = says.filter(|_| is_hidden == Some(None)).or(found.unclear);
            }
            _ => {}
        }
    }
    Ok(found)
}

/// A yes or no, in all the ways that readers of YAML know; `None` for anything else.
fn boolean(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" | "null" | "~" => Some(false),
        _ => None,
    }
}

/// The text of a value.
fn value(raw: &str) -> String {
    let raw = raw.trim();
    let text = match raw.chars().next() {
        Some('"') => double_quoted(raw),
        Some('\'') => {
            let inner = raw.trim_matches('\'');
            inner.replace("''", "'")
        }
        Some('|' | '>') => {
            // The mark and its indicators, as in `>-`, are no part of the text.
            let (_, block) = raw.split_once(' ').unwrap_or_default();
            block.to_owned()
        }
        Some('#') | None => String::new(),
        Some(_) => raw.split(" #").next().unwrap_or_default().to_owned(),
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

fn double_quoted(raw: &str) -> String {
    // The escapes that anyone writes are those of JSON.
    let mut values = serde_json::Deserializer::from_str(raw).into_iter::<String>();
    match values.next() {
        Some(Ok(text)) => text,
        Some(Err(_)) | None => raw.trim_matches('"').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> (Option<String>, Option<String>) {
        let found = parse(text).unwrap();
        (found.name, found.description)
    }

    fn described(value: &str) -> String {
        let (_, description) = says(&format!("---\ndescription: {value}\nlicense: MIT\n---\n"));
        description.unwrap()
    }

    #[test]
    fn a_skill_says_its_name_and_what_it_is_for() {
        let text = "\u{feff}---\r\nname: pdf\r\ndescription: Fills in forms.\r\nmetadata:\r\n  name: other\r\n---\r\n\r\nname: body\r\n";
        assert_eq!(
            says(text),
            (Some("pdf".to_owned()), Some("Fills in forms.".to_owned()))
        );
    }

    #[test]
    fn a_value_is_read_however_it_is_written() {
        for (written, read) in [
            ("Use when: a form is open", "Use when: a form is open"),
            ("plain # not this", "plain"),
            ("a#b", "a#b"),
            (r#""quoted: \"so\" \u00e9" # not this"#, "quoted: \"so\" é"),
            ("\"broken \\q\"", "broken \\q"),
            ("'it''s'", "it's"),
            (">-\n  folded\n  text\n\n  more", "folded text more"),
            ("|\n  literal\n    text", "literal text"),
            ("\n  on the next line", "on the next line"),
            ("goes\n  on", "goes on"),
            ("\"goes\n  on\"", "goes on"),
        ] {
            assert_eq!(described(written), read, "{written}");
        }
    }

    #[test]
    fn a_key_that_says_nothing_is_not_there() {
        for text in [
            "---\n---\n",
            "---\nname:\ndescription: ''\n---\n",
            "---\nname: # none\ndescription: |\n---\n",
            "---\n name: indented\n- a list\n---\n",
        ] {
            assert_eq!(says(text), (None, None), "{text}");
        }
    }

    #[test]
    fn a_skill_can_be_hidden_from_models() {
        let hidden = |value| {
            let text = format!("---\ndisable-model-invocation: {value}\n---");
            parse(&text).unwrap().is_hidden
        };
        for word in ["true", "\"true\"", "True", "TRUE", "yes", "on", "Y"] {
            assert!(hidden(word), "{word}");
        }
        for word in ["false", "False", "no", "OFF", "", "~"] {
            assert!(!hidden(word), "{word}");
        }
        assert!(
            parse("---\n'disable-model-invocation': true\n---")
                .unwrap()
                .is_hidden
        );
    }

    #[test]
    fn a_skill_that_does_not_say_clearly_whether_it_is_hidden_is() {
        let found = parse("---\ndisable-model-invocation: ture\n---").unwrap();
        assert_eq!(
            (found.is_hidden, found.unclear.as_deref()),
            (true, Some("ture"))
        );
        let found = parse("---\ndisable-model-invocation: yes\n---").unwrap();
        assert_eq!((found.is_hidden, found.unclear), (true, None));
    }

    #[test]
    fn what_has_no_front_matter_is_told() {
        assert_eq!(parse(""), Err("it does not begin with `---`"));
        assert_eq!(parse("# Title"), Err("it does not begin with `---`"));
        assert_eq!(parse("---\nname: x\n"), Err("its front matter has no end"));
    }
}
