//! What a person sees: the commands on a terminal, wide and narrow, with keys pressed.

use std::process::Command;

use serde_json::json;

use super::support::{
    Answer, Gate, Program, Scripted, Shell, Terminal, config_for, is_installed, merged,
};

/// The program at a terminal of 80 columns.
fn at_terminal(shell: &Shell, arguments: &[&str]) -> Terminal {
    Terminal::open(&shell.command(arguments), 80)
}

/// What a terminal shows of this: escape sequences and what a spinner drew over left out.
fn plain(shown: &str) -> String {
    let mut text = String::new();
    for (place, piece) in shown.split('\u{1b}').enumerate() {
        let sequence = piece
            .find(|c: char| c.is_ascii_alphabetic())
            .filter(|_| place > 0);
        text += &piece[sequence.map_or(0, |at| at + 1)..];
    }
    let lines = text.split('\n').map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.rsplit('\r').next().unwrap_or(line).to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn widest(shown: &str) -> usize {
    plain(shown)
        .lines()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0)
}

#[tokio::test]
async fn an_answer_is_styled_as_it_comes_and_cannot_steer_the_terminal() {
    let provider = Scripted::start().await;
    let gate = Gate::default();
    let text = [
        "a **bo",
        "ld** word\u{1b}]0;title\u{7}\n",
        "```rust\nlet a = 1;\n```",
    ];
    provider.push(Answer::chat_stream(&text).pause_before(2, &gate));
    let shell = Shell::with(&config_for(&provider));

    let mut terminal = at_terminal(&shell, &["agent", "hi"]);
    terminal.until("a \u{1b}[0;2m**\u{1b}[0;1mbo");
    gate.open();
    let (code, shown) = terminal.end();

    assert_eq!(code, Some(0));
    assert!(
        shown.starts_with("ld\u{1b}[0;2m**\u{1b}[0m word]0;title\r\n"),
        "{shown:?}"
    );
    assert!(
        shown.contains("\u{1b}[0;35mlet\u{1b}[0m a = \u{1b}[0;33m1\u{1b}[0m;"),
        "{shown:?}"
    );
    assert!(shown.ends_with("\u{1b}[0;2m```\u{1b}[0m\r\n"), "{shown:?}");
}

#[tokio::test]
async fn without_colour_the_text_is_plain_and_still_harmless() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["a **bold** \u{1b}[31mword\u{9b}2J"]));
    let shell = Shell::with(&config_for(&provider));
    let mut command = shell.command(&["agent", "hi"]);
    command.env("NO_COLOR", "1");

    let (code, shown) = Terminal::open(&command, 80).end();

    assert_eq!(code, Some(0));
    assert!(shown.ends_with("a **bold** [31mword2J\r\n"), "{shown:?}");
}

#[tokio::test]
async fn a_spinner_turns_until_the_first_word() {
    let provider = Scripted::start().await;
    let gate = Gate::default();
    provider.push(Answer::chat_stream(&["Hello"]).pause_before_head(&gate));
    let shell = Shell::with(&config_for(&provider));

    let mut terminal = at_terminal(&shell, &["agent", "hi"]);
    terminal.until("waiting for the answer");
    gate.open();
    let (code, shown) = terminal.end();

    assert_eq!(
        (code, plain(&shown).lines().last()),
        (Some(0), Some("Hello"))
    );
}

#[tokio::test]
async fn a_spinner_leaves_room_for_the_sign_of_ctrl_c_and_goes_with_it() {
    let provider = Scripted::start().await;
    provider.push(Answer::hang());
    let shell = Shell::with(&config_for(&provider));

    let mut terminal = at_terminal(&shell, &["agent", "hi"]);
    terminal.until("\u{2801} ");
    let line = terminal.until("\r");
    let columns = "\u{2801} ".chars().count() + line.trim_end_matches('\r').chars().count();
    assert_eq!(columns, 80 - "^C".len(), "{line:?}");
    terminal.press("\u{3}");
    let (code, shown) = terminal.end();

    assert_eq!(code, Some(130));
    // The sign may stand before the spinner, where that is just drawn anew: there is room for both.
    assert!(shown.contains("^C"), "{shown:?}");
    assert!(shown.ends_with("\r\u{1b}[2K\r\n"), "{shown:?}");
}

#[tokio::test]
async fn a_spinner_turns_again_while_a_tool_works() {
    let provider = Scripted::start().await;
    let gate = Gate::default();
    provider.push(Answer::chat_tool_calls(&[("c1", "ls", json!({}))]));
    provider.push(Answer::chat_text("Nothing there.").pause_before_head(&gate));
    let agent = json!({ "workspace": "~", "tools": { "profile": "full" } });
    let shell = Shell::with(&merged(
        config_for(&provider),
        json!({ "agents": { "defaults": agent } }),
    ));

    let mut terminal = at_terminal(&shell, &["agent", "--no-stream", "hi"]);
    terminal.until("tool: ls");
    terminal.until("waiting for the answer");
    gate.open();
    let (code, shown) = terminal.end();

    let last = plain(&shown);
    assert_eq!(
        (code, last.lines().last()),
        (Some(0), Some("Nothing there."))
    );
}

#[tokio::test]
async fn ctrl_c_keeps_what_was_said_and_leaves_the_terminal_in_order() {
    let provider = Scripted::start().await;
    provider.push(Answer::chat_stream(&["**Half of", " it**"]).pause_before(2, Gate::default()));
    let shell = Shell::with(&config_for(&provider));

    let mut terminal = at_terminal(&shell, &["agent", "--session-key", "cut", "hi"]);
    terminal.until("Half of");
    terminal.press("\u{3}");
    let (code, shown) = terminal.end();

    assert_eq!(code, Some(130));
    assert!(
        shown.contains("\u{1b}[0m\r\n"),
        "the style has ended: {shown:?}"
    );
    let kept = shell.run(&["sessions", "show", "cut"]).out;
    assert_eq!(kept, "user: hi\nassistant: **Half of\n(interrupted)\n");
}

#[tokio::test]
async fn what_tools_do_is_told_on_lines_of_their_own_and_harmless() {
    let provider = Scripted::start().await;
    let arguments = json!({ "path": "no\u{1b}[31m/such" });
    provider.push(Answer::chat_tool_calls(&[("c1", "ls", arguments)]));
    provider.push(Answer::chat_text("Nothing there."));
    let agent = json!({ "workspace": "~", "tools": { "profile": "full" } });
    let shell = Shell::with(&merged(
        config_for(&provider),
        json!({ "agents": { "defaults": agent } }),
    ));

    let (code, shown) = at_terminal(&shell, &["agent", "--no-stream", "hi"]).end();

    assert_eq!(code, Some(0));
    let told = plain(&shown);
    let lines: Vec<&str> = told.lines().filter(|line| !line.is_empty()).collect();
    assert!(lines[0].starts_with("tool: ls {\"path\":\"no"), "{lines:?}");
    assert!(lines[1].starts_with("tool: ls failed: "), "{lines:?}");
    assert_eq!(lines[2..], ["Nothing there."]);
    assert!(!shown.contains("\u{1b}[31m"), "{shown:?}");
}

#[test]
fn models_fit_the_terminal_and_their_refs_stay_whole() {
    let models = json!([
        { "id": "a-model-with-quite-a-long-id", "name": "A name that goes on and on ".repeat(6) },
        { "id": "名前", "name": "名前\u{1b}[31m" },
    ]);
    let provider = json!({ "baseUrl": "http://127.0.0.1:1/v1", "apiKey": "k", "models": models });
    let shell =
        Shell::with(&json!({ "models": { "mode": "replace", "providers": { "mock": provider } } }));

    let (code, shown) = at_terminal(&shell, &["models", "list"]).end();
    assert_eq!(code, Some(0));
    assert!(
        shown.contains("mock/a-model-with-quite-a-long-id  "),
        "{shown}"
    );
    assert!(widest(&shown) <= 80 && shown.contains('…'), "{shown}");
    assert!(!shown.contains("\u{1b}[31m"), "{shown:?}");

    let (_, wide) = Terminal::open(&shell.command(&["models", "list"]), 400).end();
    assert!(!wide.contains('…'), "{wide}");
}

#[test]
fn a_bare_openclaw_says_in_ten_lines_how_things_stand() {
    let shell = Shell::new();
    let (code, shown) = at_terminal(&shell, &[]).end();
    assert_eq!(code, Some(0));
    let shown = plain(&shown);
    assert_eq!(shown.lines().count(), 10, "{shown}");
    assert!(widest(&shown) <= 80, "{shown}");
    for part in [
        "none: defaults apply",
        "main on offline/echo",
        "openclaw agent \"hello\"",
        "config init",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
}

#[test]
fn a_bare_openclaw_knows_a_gateway_that_runs_and_a_broken_configuration() {
    let shell = Shell::with(&json!({ "gateway": { "auth": { "token": "t" } } }));
    let running = Program::serve_in(&shell);
    let mut command = shell.command(&[]);
    command.env(
        "OPENCLAW_GATEWAY_PORT",
        running.address().port().to_string(),
    );
    let (_, shown) = Terminal::open(&command, 200).end();
    let expected = format!("running on port {}", running.address().port());
    assert!(
        shown.contains(&expected) && !shown.contains("not running"),
        "{shown}"
    );

    let shell = Shell::with(&json!({ "gateway": "broken" }));
    let (code, shown) = at_terminal(&shell, &[]).end();
    assert_eq!(
        (code, plain(&shown).lines().count()),
        (Some(0), 10),
        "{shown}"
    );
    assert!(
        shown.contains("cannot be used") && shown.contains("openclaw config check"),
        "{shown}"
    );
    assert!(widest(&shown) <= 80, "{shown}");
}

#[test]
fn a_server_says_how_to_call_it_and_its_lines_work() {
    let shell = Shell::new();
    let arguments = [
        "gateway",
        "serve",
        "--port",
        "0",
        "--enable",
        "chat-completions",
    ];
    let mut terminal = Terminal::open(&shell.command(&arguments), 200);
    let shown = terminal.until("open-webui serve\r\n").replace('\r', "");
    let line = |begin: &str| {
        shown
            .lines()
            .find_map(|line| line.trim().strip_prefix(begin))
            .unwrap()
    };
    let token = line("export OPENCLAW_GATEWAY_TOKEN=");
    assert!(
        line("OPENAI_API_BASE_URL=").starts_with("http://127.0.0.1:"),
        "{shown}"
    );

    if is_installed("curl") {
        let curl = format!("curl -s {}", line("curl "));
        let mut call = Command::new("sh");
        let answer = call
            .args(["-c", &curl])
            .env("OPENCLAW_GATEWAY_TOKEN", token)
            .output()
            .unwrap();
        let answer = String::from_utf8(answer.stdout).unwrap();
        assert!(answer.contains("chat.completion"), "{answer}");
    }

    terminal.press("\u{3}");
    assert_eq!(terminal.end().0, Some(0));
}
