//! Client libraries of other languages, installed by the tests themselves below the target folder: once for all tests
//! of one run, kept for the next until the list of what is wanted changes. A client that cannot be installed is skipped,
//! aloud; where [`REQUIRED`] is set, its test fails.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};

/// Nothing older runs the libraries.
const OLDEST_NODE: u32 = 20;

/// The variable with which nothing may be skipped.
const REQUIRED: &str = "REQUIRE_CLIENTS";

/// The Python that has what `requirements.txt` lists.
static PYTHON: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let home = place("python");
    let python = home.join("bin/python");
    let installed = kept("requirements.txt", &home, || {
        let mut make = Command::new("python3");
        let mut fill = Command::new(&python);
        succeeds(make.args(["-m", "venv", "--clear"]).arg(&home))
            && succeeds(
                fill.args(["-m", "pip", "install", "--quiet", "-r"])
                    .arg(clients().join("requirements.txt")),
            )
    });
    installed.then_some(python)
});

/// The folder that has what `package.json` lists.
static NODE: LazyLock<Option<PathBuf>> = LazyLock::new(|| node_modules("node", "package.json"));

/// The folder that has the Codex CLI, which is large: it is no reason to be without the libraries.
static CODEX: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let home = node_modules("codex", "codex/package.json")?;
    let runs = succeeds(Command::new(codex_program(&home)).arg("--version"));
    runs.then_some(home)
});

/// The folder of this name, with what `list` lists.
fn node_modules(name: &str, list: &str) -> Option<PathBuf> {
    let home = place(name);
    let version = format!("if (parseInt(process.versions.node) < {OLDEST_NODE}) process.exit(1)");
    let runs = succeeds(Command::new("node").args(["--eval", &version]));
    let installed = runs
        && kept(list, &home, || {
            std::fs::create_dir_all(&home).unwrap();
            std::fs::copy(clients().join(list), home.join("package.json")).unwrap();
            let mut npm = Command::new("npm");
            npm.args(["install", "--silent", "--no-audit", "--no-fund"])
                .args(["--no-package-lock", "--prefix"]);
            succeeds(npm.arg(&home))
        });
    installed.then_some(home)
}

fn codex_program(home: &Path) -> PathBuf {
    home.join("node_modules/.bin/codex")
}

/// The Codex CLI; `None`, said aloud, where it cannot be installed or does not run.
pub fn codex() -> Option<Command> {
    let Some(home) = &*CODEX else {
        skipped("codex", &needs_node());
        return None;
    };
    Some(Command::new(codex_program(home)))
}

/// A command that runs this program of `tests/clients`; `None`, said aloud, where its libraries cannot be installed.
pub fn client(program: &str) -> Option<Command> {
    let source = clients().join(program);
    if program.ends_with(".py") {
        let Some(python) = &*PYTHON else {
            skipped(program, "python3 with venv, and PyPI, are needed");
            return None;
        };
        let mut command = Command::new(python);
        command.arg(source);
        return Some(command);
    }
    let Some(home) = &*NODE else {
        skipped(program, &needs_node());
        return None;
    };
    // A module finds its libraries from where it lies.
    let script = home.join(program);
    std::fs::copy(source, &script).unwrap();
    let mut command = Command::new("node");
    command.arg(script);
    Some(command)
}

fn needs_node() -> String {
    format!("node {OLDEST_NODE} or later with npm, and its registry, are needed")
}

/// The Python that runs the programs of `tests/clients`; `None`, said aloud, where it cannot be had.
pub fn python() -> Option<&'static Path> {
    if PYTHON.is_none() {
        skipped("python", "python3 with venv, and PyPI, are needed");
    }
    PYTHON.as_deref()
}

pub fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

fn place(language: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(language)
}

/// Whether what `list` wants is in `home`: from an earlier run, or because `install` has put it there.
fn kept(list: &str, home: &Path, install: impl FnOnce() -> bool) -> bool {
    let wanted = std::fs::read(clients().join(list)).unwrap();
    let marker = home.join("installed.txt");
    if std::fs::read(&marker).is_ok_and(|found| found == wanted) {
        return true;
    }
    let installed = install();
    if installed {
        std::fs::write(marker, wanted).unwrap();
    }
    installed
}

fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Says on the terminal that a test proved nothing.
///
/// # Panics
/// Where [`REQUIRED`] is set.
fn skipped(program: &str, needed: &str) {
    assert!(
        std::env::var_os(REQUIRED).is_none(),
        "{program} cannot be run here, and {REQUIRED} is set: {needed}"
    );
    static SAID: Mutex<()> = Mutex::new(());
    let _one_at_a_time = SAID.lock().unwrap();
    // Not `eprintln!`: the test harness would keep it to itself.
    let mut terminal = std::io::stderr();
    writeln!(
        terminal,
        "\n*** SKIPPED: {program} cannot be run here: {needed} ***"
    )
    .unwrap();
}
