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

/// Session keys that mean something to a shell. Each begins as no other does.
const HOSTILE: &[&str] = &[
    "b\\n\\\\",
    "e$(touch pwn)",
    "it's so",
    "q\"; touch pwn; \"",
    "s'; touch pwn; '",
    "t`touch pwn`",
    "wow!!",
];

/// A home with sessions, agents, models, and a picture.
fn furnished() -> Shell {
    furnished_with(&["notes", "work"])
}

fn furnished_with(sessions: &[&str]) -> Shell {
    let shell = Shell::with(&config());
    for key in sessions {
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

/// Types the first letter of each hostile key, in no quotes and in open ones, presses Tab and Enter, and has the program
/// say what it was given.
fn types_hostile_keys(home: &Shell, mut terminal: Terminal, set_up: &str) {
    terminal.press(&format!("{set_up}; echo re''ady\n"));
    terminal.until("ready\r\n");
    for key in HOSTILE {
        for open in ["", "\"", "'"] {
            let first = &key[..1];
            terminal.press(&format!("openclaw sessions show {open}agent:main:{first}"));
            terminal.press("\t");
            terminal.press("\n");
            let shown = terminal.until("]]\r\n");
            let given = shown.rsplit("[[").next().unwrap_or_default();
            assert_eq!(
                given.trim_end_matches("]]\r\n"),
                format!("agent:main:{key}"),
                "{open:?}: {shown:?}"
            );
        }
    }
    assert!(!home.home.path().join("pwn").exists());
}

/// A function of bash and zsh in the place of the program, which says its third argument.
const STAND_IN: &str = "openclaw() { if [[ $1 == __complete ]]; then command openclaw \"$@\"; \
                        else printf '[[%s]]\\n' \"$3\"; fi; }";

#[test]
fn bash_inserts_a_session_key_as_text_whatever_quote_is_open() {
    if !is_installed("bash") {
        return;
    }
    let home = furnished_with(HOSTILE);
    let bash = shell_in(&home, "bash", &["--norc", "--noprofile", "-i"]);
    let set_up = format!("source '{}'; {STAND_IN}", script("openclaw.bash").display());
    types_hostile_keys(&home, Terminal::open(&bash, 200), &set_up);
}

#[test]
fn bash_offers_nothing_where_it_cannot_tell_what_a_quote_means() {
    if !is_installed("bash") {
        return;
    }
    let home = furnished_with(&["it's so"]);
    let bash = shell_in(&home, "bash", &["--norc", "--noprofile", "-i"]);
    let mut terminal = Terminal::open(&bash, 200);
    let script = script("openclaw.bash");
    terminal.press(&format!("source '{}'; {STAND_IN}\n", script.display()));
    for (typed, rest, given) in [
        ("$'agent:main:i", "'", "agent:main:i"),
        ("\"agent:main:i\"", "", "agent:main:i"),
        ("\"agent\":main:'i", "'", "agent:main:it's so"),
    ] {
        terminal.press(&format!("openclaw sessions show {typed}\t"));
        // Behind a Tab that inserts nothing; behind one that does, all is closed.
        let rest = if given.ends_with('i') { rest } else { "" };
        terminal.press(&format!("{rest}\n"));
        let shown = terminal.until("]]\r\n");
        assert!(shown.ends_with(&format!("[[{given}]]\r\n")), "{shown:?}");
    }
}

#[test]
fn zsh_inserts_a_session_key_as_text_whatever_quote_is_open() {
    if !is_installed("zsh") {
        return;
    }
    let home = furnished_with(HOSTILE);
    let zsh = shell_in(&home, "zsh", &["-f", "-i"]);
    let set_up = format!(
        "autoload -U compinit; compinit -u -D; source '{}'; setopt nobeep; {STAND_IN}",
        script("_openclaw").display()
    );
    types_hostile_keys(&home, Terminal::open(&zsh, 200), &set_up);
}

#[test]
fn fish_inserts_a_session_key_as_text_whatever_quote_is_open() {
    if !is_installed("fish") {
        return;
    }
    let home = furnished_with(HOSTILE);
    let fish = shell_in(&home, "fish", &["--no-config", "-i"]);
    let set_up = format!(
        "source '{}'; function openclaw; printf '[[%s]]\\n' $argv[3]; end",
        script("openclaw.fish").display()
    );
    types_hostile_keys(&home, Terminal::open(&fish, 200), &set_up);
}

#[test]
fn fish_completes_files_inside_an_open_quote() {
    if !is_installed("fish") {
        return;
    }
    let home = furnished_with(&[]);
    std::fs::write(home.home.path().join("a photo.png"), "").unwrap();
    let ask = format!(
        "source '{}'; complete -C 'openclaw agent --image \"a ph'",
        script("openclaw.fish").display()
    );
    let mut fish = shell_in(&home, "fish", &["--no-config", "-c", &ask]);
    assert_eq!(Ran::of(&fish.output().unwrap()).out, "a photo.png\n");
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
