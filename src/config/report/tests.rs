//! Whole reports, as people see them.

use super::*;
use crate::config::include::{Reach, assemble};
use crate::config::locate::parse;
use crate::config::sources::{Origin, Piece};

fn report(text: &str, problems: &[Problem]) -> String {
    error("dir/openclaw.json5", text, problems).to_string()
}

fn error(file: &str, text: &str, problems: &[Problem]) -> ConfigError {
    let assembled = assemble(FilePath::new(file), text, Reach::Nothing);
    let sources = assembled.map_or_else(|_| lone(document(file, text)), |whole| whole.sources);
    let located = problems.iter().cloned().map(|one| sources.locate(one));
    ConfigError::new(&sources, located.collect())
}

fn document(file: &str, text: &str) -> Document {
    Document {
        file: FilePath::new(file).into(),
        text: text.to_owned(),
        mount: Path::default(),
    }
}

/// The sources of a text that cannot be read.
fn lone(document: Document) -> Sources {
    let origin = Origin {
        document: 0,
        path: Path::default(),
    };
    let root = Piece::of(serde_json::Value::Null, origin);
    Sources::new(vec![document], Vec::new(), root).1
}

fn syntax_report(text: &str) -> String {
    let error = parse(text).unwrap_err();
    ConfigError::syntax_at(&document("openclaw.json5", text), &error).to_string()
}

fn path(keys: &str) -> Path {
    keys.split('.')
        .fold(Path::default(), |path, key| path.key(key))
}

#[test]
fn every_problem_has_its_place_its_line_and_its_remedy() {
    let text = "{\n\tgateway: {\n\t\tport: \"abc\", // the door\n\t\tauht: {},\n\t},\n}\n";
    let problems = [
        Problem::at_key(path("gateway.auht"), "unknown key")
            .with_hint(Some("did you mean `auth`?".to_owned())),
        Problem::at_value(
            path("gateway.port"),
            "expected a whole number, found the string \"abc\"",
        ),
    ];
    let expected = "\
error: gateway.port: expected a whole number, found the string \"abc\"
 --> dir/openclaw.json5:3:9
  |
3 | \t\tport: \"abc\", // the door
  | \t\t      ^^^^^

error: gateway.auht: unknown key
 --> dir/openclaw.json5:4:3
  |
4 | \t\tauht: {},
  | \t\t^^^^
help: did you mean `auth`?

2 errors in dir/openclaw.json5";
    assert_eq!(report(text, &problems), expected);
}

#[test]
fn a_missing_key_is_shown_at_the_key_of_its_object_and_a_long_value_at_its_beginning() {
    let text = "{\n  models: {\n    p: { x: 1 } } }";
    let problems = [
        Problem::at_value(
            path("models.p.id"),
            "expected a string, but the key is missing",
        ),
        Problem::at_value(path("models"), "expected a list, found an object"),
        Problem::at_value(Path::default(), "expected a list, found an object"),
    ];
    let expected = "\
error: expected a list, found an object
 --> dir/openclaw.json5:1:1
  |
1 | {
  | ^

error: models: expected a list, found an object
 --> dir/openclaw.json5:2:11
  |
2 |   models: {
  |           ^

error: models.p.id: expected a string, but the key is missing
 --> dir/openclaw.json5:3:5
  |
3 |     p: { x: 1 } } }
  |     ^

3 errors in dir/openclaw.json5";
    assert_eq!(report(text, &problems), expected);
}

#[test]
fn a_secret_on_the_line_is_masked_and_is_nowhere_in_the_error() {
    let text = "{ models: { p: { api: 'opnai', apiKey: 'sk-123', headers: { X: \"t\u{fc}r\" } } }, apiKye: 'sk-456', n: 7 }";
    let problems = [
        Problem::at_value(path("models.p.api"), "unknown word"),
        Problem::at_key(path("apiKye"), "unknown key"),
    ];
    let error = self::error("f", text, &problems);
    let shown = "1 | { models: { p: { api: '*****', apiKey: '******', headers: { X: \"***\" } } }, apiKye: '******', n: 7 }";
    assert!(error.to_string().contains(shown), "{error}");
    let whole = format!("{error}{error:?}");
    assert!(
        !["sk-123", "sk-456", "tür"]
            .iter()
            .any(|secret| whole.contains(secret)),
        "{whole}"
    );
}

#[test]
fn the_value_of_an_unknown_key_is_masked_because_it_may_be_a_mistyped_secret() {
    let told = report(
        "{ tokne: 'hunter2', p: 'x' }",
        &[Problem::at_key(path("tokne"), "unknown key")],
    );
    assert!(
        told.contains("1 | { tokne: '*******', p: '*' }\n  |   ^^^^^\n"),
        "{told}"
    );
}

#[test]
fn a_wide_line_is_cut_around_the_caret() {
    let text = format!(
        "{{ a: '{}', b: 'wrong', c: '{}' }}",
        "x".repeat(200),
        "y".repeat(200)
    );
    let told = report(&text, &[Problem::at_value(path("b"), "expected a number")]);
    let line = format!(
        "1 | …{}', b: 'wrong', c: '{}…",
        "x".repeat(34),
        "y".repeat(47)
    );
    let carets = format!("  | {}^^^^^^^", " ".repeat(41));
    assert!(
        told.contains(&format!(
            "--> dir/openclaw.json5:1:213\n  |\n{line}\n{carets}\n"
        )),
        "{told}"
    );
}

#[test]
fn a_mark_wider_than_the_cut_ends_with_it() {
    let excerpt = Excerpt::of(&"x".repeat(300), 100..250);
    let expected = Excerpt {
        line: format!("…{}…", "x".repeat(100)),
        carets: format!("{}{}", " ".repeat(41), "^".repeat(60)),
    };
    assert_eq!(excerpt, expected);
}

#[test]
fn a_control_character_does_not_reach_the_terminal() {
    let told = report(
        "{ a: '\u{1b}[31m', b: 1 }",
        &[Problem::at_value(path("b"), "expected a string")],
    );
    assert!(
        told.contains("1 | { a: '\u{fffd}[31m', b: 1 }\n  |                  ^\n"),
        "{told}"
    );
}

#[test]
fn a_syntax_error_is_shown_where_it_is() {
    let expected = "\
error: expected `,` before this
 --> openclaw.json5:3:3
  |
3 |   bind: \"lan\",
  |   ^

1 error in openclaw.json5";
    assert_eq!(syntax_report("{\n  port: 1\n  bind: \"lan\",\n}"), expected);
}

#[test]
fn a_file_that_ends_too_early_is_shown_where_it_was_left_open() {
    let begins = |text: &str, beginning: &str| {
        assert!(
            syntax_report(text).starts_with(beginning),
            "{}",
            syntax_report(text)
        )
    };
    begins(
        "{\n  gateway: {\n  port: 1,\n",
        "error: this object is not closed: expected `}` before the end of the file\n --> openclaw.json5:2:12\n",
    );
    begins(
        "{\n  port: 'x",
        "error: the file ends inside a string: expected its closing quote\n --> openclaw.json5:2:11\n",
    );
    begins(
        "",
        "error: the file ends where a value is expected\n --> openclaw.json5:1:1\n",
    );
}

#[test]
fn what_json5_says_in_its_own_words_is_told_once_with_its_place() {
    let told = |text: &str| {
        syntax_report(text)
            .lines()
            .take(2)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told("{ a: 1e }"),
        ["error: invalid float literal", " --> openclaw.json5:1:6"]
    );
    let deep = format!("{{ a: '[', b: {}", "[".repeat(100_000));
    assert_eq!(
        told(&deep),
        [
            "error: more than 64 objects and lists in each other",
            " --> openclaw.json5:1:77"
        ]
    );
}

#[test]
fn a_syntax_error_shows_no_secret() {
    for text in [
        "{ apiKey: sk-123 }",
        "{ apiKey: 'sk-123\n }",
        "{ apiKey:\n sk-123 }",
        "{ apiKey 'sk-123' }",
        "{ env: {\n NAME: sk-123 } }",
        "{ headers: {\n X: 'sk-123' }, port: 1 x }",
        "{ headers:\n{ X: 'sk-123',",
        "{ headers: {\n 'X-Y':\n 'a:sk-123\n",
        "{ token: 12 sk-123 }",
        "{ password: 'sk-123",
    ] {
        let told = syntax_report(text);
        assert!(!told.contains("sk-123"), "{told}");
    }
}
