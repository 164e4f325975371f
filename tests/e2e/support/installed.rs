//! Client libraries of other languages, installed by the tests themselves below the target folder: once for all tests
//! of one run, kept for the next until the list of what is wanted changes.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex};

/// Nothing older runs the libraries.
const OLDEST_NODE: u32 = 20;

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
static NODE: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let home = place("node");
    let version = format!("if (parseInt(process.versions.node) < {OLDEST_NODE}) process.exit(1)");
    let runs = succeeds(Command::new("node").args(["--eval", &version]));
    let installed = runs
        && kept("package.json", &home, || {
            std::fs::create_dir_all(&home).unwrap();
            std::fs::copy(clients().join("package.json"), home.join("package.json")).unwrap();
            let mut npm = Command::new("npm");
            npm.args(["install", "--silent", "--no-audit", "--no-fund"])
                .args(["--no-package-lock", "--prefix"]);
            succeeds(npm.arg(&home))
        });
    installed.then_some(home)
});

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
        let needed = format!("node {OLDEST_NODE} or later with npm, and its registry, are needed");
        skipped(program, &needed);
        return None;
    };
    // A module finds its libraries from where it lies.
    let script = home.join(program);
    std::fs::copy(source, &script).unwrap();
    let mut command = Command::new("node");
    command.arg(script);
    Some(command)
}

fn clients() -> PathBuf {
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
fn skipped(program: &str, needed: &str) {
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
