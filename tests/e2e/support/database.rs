//! A PostgreSQL server of the tests' own: in a folder of its own, on a socket in it, gone with the process that started
//! it however that ends.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

/// Where packages put the programs of a server, beside the search path.
const PACKAGED: &str = "/usr/lib/postgresql";

/// The variable with which nothing may be skipped.
const REQUIRED: &str = "REQUIRE_CLIENTS";

/// Whose the server is where the tests are run by root, which PostgreSQL refuses to be run by: `nobody`.
const NOBODY: u32 = 65_534;

/// Runs the server until its standard input ends, then leaves nothing behind.
const KEEPER: &str = r#"
    trap '' HUP INT TERM
    serve() {
        "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=400 -c fsync="$3" \
            </dev/null >>"$2/log" 2>&1 &
        server=$!
    }
    serve "$@"
    while read -r word; do
        case $word in
            START) serve "$@" ;;
            *) kill "-$word" "$server"; wait "$server" ;;
        esac
    done
    kill -QUIT "$server"
    wait "$server"
    rm -rf "$2"
"#;

/// A running server.
struct Server {
    folder: PathBuf,
    programs: PathBuf,
    keeper: Child,
}

/// The server that the tests of this process share. A static is never dropped: the end of the process ends it.
static SHARED: LazyLock<Option<Arc<Server>>> = LazyLock::new(|| Server::start("off").map(Arc::new));

impl Server {
    /// `None`, said aloud, where PostgreSQL is not installed.
    fn start(fsync: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            skipped();
            return None;
        };
        // Not where TMPDIR says: the path of a socket is short.
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp");
        let folder = folder.unwrap().keep();
        if rustix::process::getuid().is_root() {
            std::os::unix::fs::chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let mut make = unprivileged(&programs.join("initdb"), &folder);
        make.args(["--username=openclaw", "--auth=trust", "--encoding=UTF8"])
            .args(["--no-locale", "--no-sync", "--pgdata"])
            .arg(folder.join("data"));
        let made = make.output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let mut keep = unprivileged(Path::new("/bin/sh"), &folder);
        keep.args(["-c", KEEPER, "keeper"])
            .args([&programs, &folder])
            .arg(fsync);
        let keeper = keep.stdin(Stdio::piped()).spawn().unwrap();
        let server = Self {
            folder,
            programs,
            keeper,
        };
        server.wait_for();
        Some(server)
    }

    /// Returns when it answers.
    fn wait_for(&self) {
        // The program waits itself; a server that is not there yet is asked again.
        const TRIES: usize = 600;
        let asked = || {
            let mut ask = Command::new(self.programs.join("pg_isready"));
            ask.arg("--quiet").arg("--host").arg(&self.folder);
            let is_ready = ask.status().is_ok_and(|status| status.success());
            if !is_ready {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            is_ready
        };
        assert!(
            (0..TRIES).any(|_| asked()),
            "{}",
            std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
        );
    }

    /// What it says to this, in plain text.
    fn run(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        psql.args([
            "--quiet",
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--username=openclaw",
            "--dbname",
            database,
        ])
        .arg("--host")
        .arg(&self.folder)
        .args(["--command", sql]);
        let done = psql.stdin(Stdio::null()).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        drop(self.keeper.wait());
    }
}

/// An empty database.
pub struct Database {
    server: Arc<Server>,
    name: String,
}

impl Database {
    /// On the server that the tests of this process share; `None`, said aloud, where there can be none.
    pub fn shared() -> Option<Self> {
        SHARED.clone().map(Self::on)
    }

    /// On a server of its own, which can be restarted, and which writes to the disk as one in earnest does.
    pub fn alone() -> Option<Self> {
        Server::start("on").map(Arc::new).map(Self::on)
    }

    fn on(server: Arc<Server>) -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", LAST.fetch_add(1, Ordering::Relaxed));
        server.run("postgres", &format!("CREATE DATABASE {name}"));
        Self { server, name }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn url(&self) -> String {
        let folder = self.server.folder.display().to_string().replace('/', "%2F");
        format!("postgres://openclaw:not-a-secret@{folder}/{}", self.name)
    }

    /// Where its server listens.
    pub fn socket(&self) -> PathBuf {
        self.server.folder.join(".s.PGSQL.5432")
    }

    pub fn run(&self, sql: &str) {
        self.ask(sql);
    }

    /// The only value of the only row.
    pub fn ask(&self, sql: &str) -> String {
        self.server.run(&self.name, sql)
    }

    /// Ends the server with this signal: `INT` in good order, `QUIT` as a crash does.
    ///
    /// # Panics
    /// Where others use the same server.
    pub fn stop(&mut self, signal: &str) {
        self.tell(signal);
    }

    /// Starts it again, once it has ended.
    pub fn start(&mut self) {
        self.tell("START");
    }

    fn tell(&mut self, word: &str) {
        let server = Arc::get_mut(&mut self.server).expect("a server of its own");
        let keeper = server.keeper.stdin.as_mut().expect("it is kept");
        writeln!(keeper, "{word}").unwrap();
    }

    /// Returns when the server answers.
    pub fn wait_for(&self) {
        self.server.wait_for();
    }
}

/// A command of somebody who may run a server.
fn unprivileged(program: &Path, folder: &Path) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env("LC_ALL", "C")
        .process_group(0);
    if rustix::process::getuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// The folder with the programs of the newest server that is installed.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let packaged = std::fs::read_dir(PACKAGED).into_iter().flatten().flatten();
    let mut packaged: Vec<PathBuf> = packaged.map(|entry| entry.path().join("bin")).collect();
    packaged.sort();
    let all = packaged
        .into_iter()
        .rev()
        .chain(std::env::split_paths(&path));
    let has_all = |folder: &PathBuf| {
        ["initdb", "pg_isready", "postgres", "psql"]
            .iter()
            .all(|name| folder.join(name).is_file())
    };
    all.into_iter().find(has_all)
}

/// Says on the terminal that a test proved nothing.
///
/// # Panics
/// Where [`REQUIRED`] is set.
fn skipped() {
    const NEEDED: &str = "a PostgreSQL server is not installed here";
    assert!(
        std::env::var_os(REQUIRED).is_none(),
        "{NEEDED}, and {REQUIRED} is set"
    );
    // Not `eprintln!`: the test harness would keep it to itself.
    let mut terminal = std::io::stderr();
    writeln!(terminal, "\n*** SKIPPED: {NEEDED} ***").unwrap();
}
