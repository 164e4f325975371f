//! The outline against json5 itself: values written in every style of JSON5 are found where they stand.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn span(text: &str, path: &Path) -> Range<usize> {
    Outline::of(text).unwrap().find(path).unwrap().value.clone()
}

#[test]
fn keys_and_values_are_found_among_comments_quotes_and_escapes() {
    let text = "\u{feff}// {a: 1}\n{ 'it\\'s': [1, /* ] */ {\\u0061b: 'x\\\ny', }, ], \"ü\": -Infinity/**/,}\r\n";
    let outline = Outline::of(text).unwrap();
    let list = Path::default().key("it's");
    let deep = outline.find(&list.index(1).key("ab")).unwrap();
    assert_eq!(&text[deep.key.clone().unwrap()], "\\u0061b");
    assert_eq!(&text[deep.value.clone()], "'x\\\ny'");
    assert_eq!(
        &text[outline.find(&list).unwrap().key.clone().unwrap()],
        "'it\\'s'"
    );
    assert_eq!(&text[span(text, &Path::default().key("ü"))], "-Infinity");
    assert_eq!(
        outline
            .comments
            .iter()
            .map(|at| &text[at.clone()])
            .collect::<Vec<_>>(),
        ["// {a: 1}", "/* ] */", "/**/"]
    );
    assert!(outline.find(&list.index(2)).is_none());
}

#[test]
fn lines_and_columns_count_characters_from_one() {
    let text = "{\r\n  ü: 'é', b: 1,\n\tc: 2 }";
    let lines = Lines::of(text);
    let position = |key: &str| lines.position(span(text, &Path::default().key(key)).start);
    assert_eq!(position("ü"), Position { line: 2, column: 6 });
    assert_eq!(
        position("b"),
        Position {
            line: 2,
            column: 14
        }
    );
    assert_eq!(position("c"), Position { line: 3, column: 5 });
    assert_eq!(&text[lines.span(2)], "  ü: 'é', b: 1,");
    assert_eq!(&text[lines.span(9)], "");
}

#[test]
fn of_a_key_that_is_there_twice_the_last_counts() {
    let text = "{ a: { x: 1 }, a: { y: 2 } }";
    let outline = Outline::of(text).unwrap();
    assert!(outline.find(&Path::default().key("a").key("x")).is_none());
    assert_eq!(&text[span(text, &Path::default().key("a").key("y"))], "2");
}

#[test]
fn a_path_that_is_not_there_leads_to_what_is_around_it() {
    let text = "{ a: [{ x: 1 }] }";
    let outline = Outline::of(text).unwrap();
    let around = outline.find_around(&Path::default().key("a").index(0).key("y").key("z"));
    assert_eq!(&text[around.value.clone()], "{ x: 1 }");
    assert_eq!(
        &text[outline.find_around(&Path::default().key("b")).value.clone()],
        text
    );
}

#[test]
fn numbers_without_an_end_are_problems() {
    let outline = Outline::of("{ a: Infinity, l: [1, -NaN, 1e999, 'NaN'] }").unwrap();
    let root = Path::default();
    let problem =
        |path, token| Problem::at_value(path, format!("expected a finite number, found {token}"));
    let list = root.key("l");
    assert_eq!(
        outline.endless_numbers(),
        [
            problem(root.key("a"), "Infinity"),
            problem(list.index(1), "-NaN"),
            problem(list.index(2), "1e999")
        ]
    );
}

#[test]
fn only_what_lies_too_deep_is_refused() {
    let nested = |depth: usize| {
        format!(
            "{{ '}}': 1, a: [], b: {}{} }}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    assert_eq!(parse(&nested(64)).ok(), json5::from_str(&nested(64)).ok());
    assert!(parse(&nested(65)).is_err());
}

#[test]
fn a_text_that_breaks_off_says_where() {
    let place = |text: &str| broken_off_at(text).to_string();
    assert_eq!(place("{ a: { b: 1, apiKey: 'x"), "a.apiKey");
    assert_eq!(place("{ a: [1, "), "a[1]");
    assert_eq!(place("{ a: { b: 1, c"), "a");
    assert_eq!(place("{ a: 1 } ]"), "");
}

/// Writes JSON5, taking each choice of style from a stream of random bytes.
struct Writer<'a> {
    choices: std::iter::Cycle<std::slice::Iter<'a, u8>>,
    text: String,
}

impl Writer<'_> {
    fn choose(&mut self, ways: u8) -> u8 {
        self.choices.next().map_or(0, |byte| byte % ways)
    }

    fn blank(&mut self) {
        let ways = [
            "",
            " ",
            "\n",
            "\t",
            "/* } ' */",
            "// ] \"\n",
            "\u{a0}",
            "\r\n",
            "/**/",
            "//\u{2028}",
        ];
        let way = ways[usize::from(self.choose(10))];
        self.text += way;
    }

    fn value(&mut self, value: &Value) {
        self.blank();
        match value {
            Value::Object(members) => {
                self.all('{', '}', members.iter(), |writer, (key, member)| {
                    writer.key(key);
                    writer.blank();
                    writer.text.push(':');
                    writer.value(member);
                })
            }
            Value::Array(items) => self.all('[', ']', items.iter(), Self::value),
            Value::String(text) => self.string(text),
            Value::Number(number) => self.number(number),
            other => self.text += &other.to_string(),
        }
        self.blank();
    }

    fn all<T>(
        &mut self,
        open: char,
        close: char,
        items: impl ExactSizeIterator<Item = T>,
        write: fn(&mut Self, T),
    ) {
        self.text.push(open);
        let count = items.len();
        for (at, item) in items.enumerate() {
            self.blank();
            write(self, item);
            if at + 1 < count || self.choose(2) == 0 {
                self.text.push(',');
            }
        }
        self.blank();
        self.text.push(close);
    }

    fn key(&mut self, key: &str) {
        let bare = key.starts_with(|c: char| c.is_ascii_alphabetic())
            && key.chars().all(|c| c.is_ascii_alphanumeric());
        match self.choose(3) {
            0 if bare => self.text += key,
            1 if bare => {
                self.text += &format!("\\u{:04x}{}", u32::from(key.as_bytes()[0]), &key[1..])
            }
            _ => self.string(key),
        }
    }

    fn string(&mut self, text: &str) {
        let quote = ['"', '\''][usize::from(self.choose(2))];
        self.text.push(quote);
        for c in text.chars() {
            match self.choose(6) {
                0 => self.text += "\\\n",
                1 => self.text += "\\\r\n",
                _ => {}
            }
            if c == quote || c == '\\' {
                self.text.extend(['\\', c]);
            } else if c.is_control() || self.choose(8) == 0 {
                let mut units = [0; 2];
                self.text.extend(
                    c.encode_utf16(&mut units)
                        .iter()
                        .map(|unit| format!("\\u{unit:04X}")),
                );
            } else {
                self.text.push(c);
            }
        }
        self.text.push(quote);
    }

    fn number(&mut self, number: &serde_json::Number) {
        let written = match (self.choose(3), number.as_u64()) {
            (0, Some(whole)) => format!("0x{whole:X}"),
            (1, Some(whole)) => format!("+{whole}"),
            _ => json5::to_string(number).unwrap(),
        };
        self.text += &written;
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9).prop_map(|number: f64| json!(number + 0.5)),
        any::<String>().prop_map(Value::from),
        "[a/*'\"\\\\,:{}\\[\\]]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let key = prop_oneof!["[a-c][A-Z0-9]{0,2}", any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

fn every_path(path: &Path, value: &Value, visit: &mut dyn FnMut(&Path, &Value)) {
    visit(path, value);
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(at, item)| every_path(&path.index(at), item, visit)),
        Value::Object(members) => members
            .iter()
            .for_each(|(key, member)| every_path(&path.key(key), member, visit)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn every_value_is_found_in_every_style(value in any_json(), choices in prop::collection::vec(any::<u8>(), 1..200)) {
        let mut writer = Writer { choices: choices.iter().cycle(), text: String::new() };
        writer.value(&value);
        let text = writer.text;
        // What json5 reads is the measure: a float may come back as the nearest one to its text.
        let value: Value = json5::from_str(&text).unwrap();
        let outline = Outline::of(&text).unwrap();
        let lines = Lines::of(&text);
        let mut values = 0;
        every_path(&Path::default(), &value, &mut |path, value| {
            let node = outline.find(path).unwrap();
            assert_eq!(&json5::from_str::<Value>(&text[node.value.clone()]).unwrap(), value);
            if let Some(Segment::Key(key)) = path.segments().last() {
                let member: Value = json5::from_str(&format!("{{{}:0}}", &text[node.key.clone().unwrap()])).unwrap();
                assert_eq!(member, json!({ key.as_str(): 0 }));
            }
            let theirs = json5::Position::from_offset(node.value.start, &text);
            let position = Position { line: theirs.line + 1, column: theirs.column + 1 };
            assert_eq!(lines.position(node.value.start), position);
            assert_eq!(lines.offset(position), node.value.start);
            values += 1;
        });
        let mut visited = 0;
        outline.each(&mut |_, _| visited += 1);
        prop_assert_eq!(visited, values);
    }

    #[test]
    fn whatever_json5_takes_has_an_outline(
        value in any_json(), choices in prop::collection::vec(any::<u8>(), 1..60), cut: prop::sample::Index
    ) {
        let mut writer = Writer { choices: choices.iter().cycle(), text: String::new() };
        writer.value(&value);
        let cut = cut.index(writer.text.chars().count());
        let text: String = writer.text.chars().enumerate().filter(|(at, _)| *at != cut).map(|(_, c)| c).collect();
        let outline = Outline::of(&text);
        if json5::from_str::<Value>(&text).is_ok() {
            prop_assert!(outline.is_some(), "{}", text);
        }
        broken_off_at(&text);
    }
}
