use proptest::prelude::*;

use super::*;

/// The text as a terminal gets it, with the styles as letters, however it is cut into pieces.
fn shown(text: &str) -> String {
    let whole = styled(&[text]);
    let pieces: Vec<String> = text.chars().map(String::from).collect();
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    assert_eq!(styled(&pieces), whole, "the pieces make no difference");
    [
        ("\x1b[0m", "·"),
        ("\x1b[0;1m", "<b>"),
        ("\x1b[0;1;3m", "<bi>"),
        ("\x1b[0;3m", "<i>"),
        ("\x1b[0;2m", "<f>"),
        ("\x1b[0;1;34m", "<h>"),
        ("\x1b[0;34m", "<•>"),
        ("\x1b[0;32m", "<q>"),
        ("\x1b[0;35m", "<w>"),
        ("\x1b[0;36m", "<c>"),
    ]
    .iter()
    .fold(whole, |text, (code, name)| text.replace(code, name))
}

fn styled(pieces: &[&str]) -> String {
    let mut terminal = TerminalText::new(true);
    let mut out: String = pieces.iter().map(|piece| terminal.push(piece)).collect();
    out += &terminal.finish();
    out
}

#[test]
fn marks_are_faint_and_what_they_mark_stands_out() {
    assert_eq!(shown("a **b c** d"), "a <f>**<b>b c<f>**· d");
    assert_eq!(shown("*a* ***b***"), "<f>*<i>a<f>*· <f>***<bi>b<f>***·");
    assert_eq!(shown("run `x * y` now"), "run <f>`<c>x * y<f>`· now");
    assert_eq!(shown("``a`b``"), "<f>``<c>a`b<f>``·");
    assert_eq!(shown("这是**重点**吗"), "这是<f>**<b>重点<f>**·吗");
}

#[test]
fn a_line_is_what_it_begins_with() {
    assert_eq!(shown("# Title\ntext"), "<h># Title·\ntext");
    assert_eq!(
        shown("- one\n  * `two`"),
        "<•>- ·one\n<•>  * <f>`<c>two<f>`·"
    );
    assert_eq!(shown("10. ten"), "<•>10. ·ten");
    assert_eq!(shown("> said"), "<f>><q> said·");
    assert_eq!(shown("a\n---\nb"), "a\n<f>---·\nb");
}

#[test]
fn a_block_of_code_is_highlighted_to_its_own_end() {
    assert_eq!(
        shown("````rust\nlet a = **b;\n```\n````\n**end**"),
        "<f>````rust·\n<w>let· a = **b;\n```\n<f>````·\n<f>**<b>end<f>**·"
    );
    assert_eq!(shown("~~~\na\n~~~"), "<f>~~~·\n<c>a·\n<f>~~~·");
}

#[test]
fn what_only_looks_like_a_mark_stays_plain() {
    for plain in [
        "2 ** 3, #1, * item",
        "#!/bin/sh",
        "2*3*4 snake_case_name",
        "1.5 is a number",
        "\\*not\\*",
        "-1 -x --long",
    ] {
        assert_eq!(shown(plain), plain);
    }
}

#[test]
fn no_style_is_left_open() {
    assert_eq!(shown("a `b\nc"), "a <f>`<c>b·\nc");
    assert_eq!(shown("```\ncode"), "<f>```·\n<c>code·");
    assert_eq!(shown("**"), "**");
}

#[test]
fn text_is_not_kept_waiting() {
    let mut terminal = TerminalText::new(true);
    assert_eq!(terminal.push("Hello wor"), "Hello wor");
    assert_eq!(terminal.push("ld"), "ld");
    assert!(
        terminal
            .push(&format!("\n```\n{}", "x".repeat(5_000)))
            .len()
            > 4_000
    );
}

#[test]
fn escape_sequences_do_not_reach_the_terminal() {
    assert_eq!(shown("a\u{1b}]0;title\u{7}b\tc\n"), "a]0;titleb\tc\n");
}

#[test]
fn without_colour_nothing_is_held_back() {
    assert_eq!(TerminalText::new(false).push("**a** `b`"), "**a** `b`");
}

proptest! {
    #[test]
    fn no_character_is_lost_however_it_comes(
        pieces in prop::collection::vec("[-#*_`~>+. 1a\n\\\\]{0,6}", 0..12),
    ) {
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        let styled = styled(&pieces);
        let bare = styled.split('\u{1b}').enumerate();
        let bare: String = bare
            .map(|(place, piece)| if place == 0 { piece } else { piece.split_once('m').unwrap().1 })
            .collect();
        prop_assert_eq!(bare, pieces.concat());
    }
}
