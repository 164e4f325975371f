//! The real binary: as a server that a client library calls, and as a command of a shell script.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::waiting::{PATIENCE, within};

/// The program in an environment of its own: nothing of this machine's keys, files or state reaches it.
pub fn openclaw(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openclaw"));
    command
        .env_clear()
        .env("HOME", home)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null());
    command
}

/// A home folder, and the program in it.
pub struct Shell {
    pub home: TempDir,
}

impl Shell {
    pub fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    /// A home with this configuration in the place where it is looked for.
    pub fn with(config: &Value) -> Self {
        let shell = Self::new();
        std::fs::create_dir(shell.home.path().join(".openclaw")).unwrap();
        shell.configure(&config.to_string());
        shell
    }

    /// The place where the configuration is looked for.
    pub fn config_file(&self) -> PathBuf {
        self.home.path().join(".openclaw/openclaw.json")
    }

    /// Puts this configuration in the place of the last one, as an editor does: whole, under a new file.
    pub fn configure(&self, config: &str) {
        let draft = self.config_file().with_extension("draft");
        std::fs::write(&draft, config).unwrap();
        std::fs::rename(draft, self.config_file()).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = openclaw(self.home.path());
        command.args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// Runs with this on standard input.
    pub fn pipe(&self, input: &[u8], arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran::of(&output)
    }
}

/// What a command printed, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// `openclaw gateway serve` on a free port; ended when dropped.
pub struct Program {
    /// `None` once its end is awaited.
    child: Option<Child>,
    address: SocketAddr,
    log: UnboundedReceiver<Value>,
    /// All that it has logged so far.
    kept: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    /// Its own home; `None` where that is somebody else's.
    shell: Option<Shell>,
}

impl Program {
    pub fn serve(config: &Value) -> Self {
        let shell = Shell::with(config);
        let mut program = Self::serve_in(&shell);
        program.shell = Some(shell);
        program
    }

    /// In a home that is there, and stays when the server has ended.
    pub fn serve_in(shell: &Shell) -> Self {
        Self::start(shell.command(&["gateway", "serve", "--port", "0"]))
    }

    /// A command that serves, however it was put together.
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        let (tell, told) = mpsc::channel();
        let (write, log) = unbounded_channel();
        let kept = Arc::new(Mutex::new(String::new()));
        let keeping = Arc::clone(&kept);
        // Reads the log to its end, so that the program never waits for a reader.
        let reader = std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if write.is_closed() {
                    break;
                }
                *keeping.lock().unwrap() += &format!("{line}\n");
                let line: Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(address) = line["fields"]["address"].as_str() {
                    let _told = tell.send(address.parse().unwrap());
                }
                let _told = write.send(line["fields"].clone());
            }
        });
        let address = told
            .recv_timeout(PATIENCE)
            .expect("the server says where it listens");
        Self {
            child: Some(child),
            address,
            log,
            kept,
            reader: Some(reader),
            shell: None,
        }
    }

    /// The fields of the next line of its log with this message.
    pub async fn logged(&mut self, message: &str) -> Value {
        let logged = async {
            loop {
                let line = self.log.recv().await.expect("the server is there");
                if line["message"] == message {
                    return line;
                }
            }
        };
        within(|| format!("`{message}` in the log"), logged).await
    }

    /// Reads one line more of its log, and closes it.
    pub fn leave_the_log(&mut self) {
        self.log.close();
    }

    pub fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it has not ended");
        kill_process(Pid::from_child(child), signal).unwrap();
    }

    /// Lets none of its files grow over so many bytes, as a full disk would.
    #[cfg(target_os = "linux")]
    pub fn limit_files(&self, bytes: Option<u64>) {
        use rustix::process::{Resource, Rlimit, prlimit};
        let child = self.child.as_ref().expect("it has not ended");
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(Some(Pid::from_child(child)), Resource::Fsize, limit).unwrap();
    }

    /// The code with which it ends by itself; `None` for a signal.
    pub async fn ended(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("it has not ended");
        let ended = tokio::task::spawn_blocking(move || child.wait().unwrap());
        let ended = within(|| "the end of the program".to_owned(), ended).await;
        ended.unwrap().code()
    }

    /// Ends the server and gives all that it has logged.
    pub fn whole_log(mut self) -> String {
        if let Some(child) = &mut self.child {
            drop(child.kill());
        }
        self.rest_of_log()
    }

    /// All that it has logged, once it has ended.
    pub fn rest_of_log(&mut self) -> String {
        drop(self.reader.take().map(JoinHandle::join));
        self.kept.lock().unwrap().clone()
    }

    /// The memory that it occupies, where the system tells; otherwise nothing.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!(
            "/proc/{}/status",
            self.child.as_ref().map_or(0, Child::id)
        ));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kilobytes.unwrap_or_default() * 1024
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A command in the server's own home: it sees what the server has kept.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let shell = self.shell.as_ref();
        shell.expect("a home of its own").run(arguments)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
