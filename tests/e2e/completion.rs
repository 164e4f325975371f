//! Completion, in the real shells: what a person gets who presses Tab.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::{Ran, Shell, Terminal, is_installed};

/// What is typed, and what it becomes.
const TYPED: &[(&str, &str)] = &[
    ("openclaw sess", "openclaw sessions "),
    ("openclaw agent --session", "openclaw agent --session-key "),
    (
        "openclaw agent --model mock/s",
        "openclaw agent --model mock/sub/m2 ",
    ),
    (
        "openclaw agent --model=mock/s",
        "openclaw agent --model=mock/sub/m2 ",
    ),
    (
        "openclaw agent --agent res",
        "openclaw agent --agent research ",
    ),
    (
        "openclaw sessions show agent:main:no",
        "openclaw sessions show agent:main:notes ",
    ),
    (
        "openclaw agent --session-key=agent:main:no",
        "openclaw agent --session-key=agent:main:notes ",
    ),
    (
        "openclaw gateway --bind tail",
        "openclaw gateway --bind tailnet ",
    ),
    (
        "openclaw agent --image pho",
        "openclaw agent --image photo.png ",
    ),
    (
        "openclaw agent --image=pho",
        "openclaw agent --image=photo.png ",
    ),
];

fn config() -> Value {
    let models = json!([{ "id": "m1" }, { "id": "sub/m2" }]);
    let provider = json!({ "baseUrl": "http://127.0.0.1:1/v1", "apiKey": "k", "models": models });
    json!({
        "models": { "providers": { "mock": provider } },
        "agents": { "list": [{ "id": "main", "default": true }, { "id": "research" }] },
    })
}

/// A home with sessions, agents, models, and a picture.
fn furnished() -> Shell {
    let shell = Shell::with(&config());
    for key in ["notes", "work"] {
        let ran = shell.run(&[
            "agent",
            "--model",
            "offline/echo",
            "--session-key",
            key,
            "hi",
        ]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    std::fs::write(shell.home.path().join("photo.png"), "").unwrap();
    shell
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("completions")
        .join(name)
}

/// A shell in the home, where `openclaw` is this program.
fn shell_in(home: &Shell, program: &str, arguments: &[&str]) -> Command {
    let bin = home.home.path().join("bin");
    if !bin.exists() {
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_openclaw"), bin.join("openclaw")).unwrap();
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("HOME", home.home.path())
        .env("PATH", path)
        .current_dir(home.home.path());
    command
}

/// Types each line, presses Tab, and has the shell say what its line has become.
fn types_all(mut terminal: Terminal, set_up: &str) {
    terminal.press(&format!("{set_up}; echo re''ady\n"));
    terminal.until("ready\r\n");
    for (typed, becomes) in TYPED {
        // A mark where Tab has left the cursor, and the whole line in quotes behind a command that says it.
        terminal.press(typed);
        terminal.press("\t");
        terminal.press(".\u{1}says '\u{5}'\n");
        let shown = terminal.until("]]\r\n");
        let said = shown.rsplit("[[").next().unwrap_or_default();
        assert_eq!(
            said.trim_end_matches("]]\r\n"),
            format!("{becomes}."),
            "{typed:?}: {shown:?}"
        );
    }
}

#[test]
fn bash_completes_without_bash_completion_and_through_its_word_breaks() {
    if !is_installed("bash") {
        return;
    }
    let home = furnished();
    let bash = shell_in(&home, "bash", &["--norc", "--noprofile", "-i"]);
    let says = "says() { printf '[[%s]]\\n' \"$1\"; }";
    let set_up = format!("source '{}'; {says}", script("openclaw.bash").display());
    types_all(Terminal::open(&bash, 200), &set_up);
}

#[test]
fn zsh_completes() {
    if !is_installed("zsh") {
        return;
    }
    let home = furnished();
    let zsh = shell_in(&home, "zsh", &["-f", "-i"]);
    let says = "says() { print -r -- \"[[$1]]\" }";
    let set_up = format!(
        "autoload -U compinit; compinit -u -D; source '{}'; setopt nobeep; {says}",
        script("_openclaw").display()
    );
    types_all(Terminal::open(&zsh, 200), &set_up);
}

#[test]
fn fish_completes_with_descriptions() {
    if !is_installed("fish") {
        return;
    }
    let home = furnished();
    for (typed, becomes) in TYPED {
        let ask = format!(
            "source '{}'; complete -C '{typed}'",
            script("openclaw.fish").display()
        );
        let ran = Ran::of(
            &shell_in(&home, "fish", &["--no-config", "-c", &ask])
                .output()
                .unwrap(),
        );
        let offered: Vec<&str> = ran
            .out
            .lines()
            .map(|line| line.split('\t').next().unwrap())
            .collect();
        let word = becomes.trim_end().rsplit(' ').next().unwrap();
        assert_eq!(offered, [word], "{typed:?}: {ran:?}");
    }
}

#[test]
fn every_script_is_the_one_that_is_shipped() {
    let shell = Shell::new();
    for (name, file) in [
        ("bash", "openclaw.bash"),
        ("elvish", "openclaw.elv"),
        ("fish", "openclaw.fish"),
        ("powershell", "_openclaw.ps1"),
        ("zsh", "_openclaw"),
    ] {
        let shipped = std::fs::read_to_string(script(file)).unwrap();
        assert_eq!(shell.run(&["completion", name]).out, shipped);
    }
}

#[test]
fn whatever_is_broken_the_answer_is_silence() {
    let silence = Ran {
        code: Some(0),
        out: "values\n".to_owned(),
        err: String::new(),
    };
    let ask = ["__complete", "--current=m", "--", "agent", "--model"];
    let broken = Shell::with(&json!({ "gateway": "broken" }));
    assert_eq!(broken.run(&ask), silence);
    let sessions = ["__complete", "--current=a", "--", "sessions", "show"];
    std::fs::create_dir_all(broken.home.path().join(".local/state/openclaw")).unwrap();
    assert_eq!(broken.run(&sessions).err, "");

    let empty = Shell::new();
    let homeless = empty.command(&sessions).env("HOME", "/no/such").output();
    assert_eq!(Ran::of(&homeless.unwrap()).err, "");
    assert_eq!(empty.run(&sessions), silence);
    let absent = [
        "__complete",
        "--current=m",
        "--",
        "--config",
        "/no/such",
        "agent",
        "--model",
    ];
    assert_eq!(empty.run(&absent), silence);
    assert_eq!(
        empty
            .run(&["__complete", "--current=-x=", "--", "-", "--=", "-é", ""])
            .err,
        ""
    );
    let left = std::fs::read_dir(empty.home.path()).unwrap().count();
    assert_eq!(left, 0, "asking writes nothing");
}

#[test]
fn an_answer_comes_before_a_finger_leaves_the_key() {
    let home = furnished();
    for ask in [
        ["__complete", "--current=", "--", "agent", "--model"],
        ["__complete", "--current=", "--", "sessions", "show"],
    ] {
        // The best of many: what else the machine does is not what is measured.
        let times = (0..20).map(|_| {
            let begun = Instant::now();
            assert_eq!(home.run(&ask).code, Some(0));
            begun.elapsed()
        });
        let best = times.min().unwrap();
        // Of the program as it is shipped; without optimization, and beside other tests, it may take longer.
        let limit = if cfg!(debug_assertions) { 100 } else { 20 };
        assert!(best < Duration::from_millis(limit), "{ask:?}: {best:?}");
    }
}
