//! A terminal with a program in it: what it shows, and keys to press.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver};
use std::time::Instant;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::waiting::PATIENCE;

/// Whether a program that a test would use is there; where it is not, says that the test is skipped.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !is_there {
        // Not `eprintln!`: the test harness would keep it to itself.
        let mut terminal = std::io::stderr();
        writeln!(terminal, "\n*** SKIPPED: there is no {program} here ***").unwrap();
    }
    is_there
}

/// A pseudo-terminal that is the program's stdin, stdout, stderr, and the place where its keys come from.
pub struct Terminal {
    child: Child,
    keys: File,
    output: Receiver<Vec<u8>>,
    shown: Vec<u8>,
}

impl Terminal {
    /// Runs the command on so many columns.
    pub fn open(command: &Command, columns: u16) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize {
            ws_row: 50,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let end: OwnedFd = rustix::fs::open(name, flags, Mode::empty()).unwrap();
        // Makes the terminal the controlling one, so that Ctrl-C is a signal.
        let mut on_terminal = Command::new("setsid");
        on_terminal
            .arg("-c")
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear();
        on_terminal.envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        if let Some(folder) = command.get_current_dir() {
            on_terminal.current_dir(folder);
        }
        on_terminal
            .env("TERM", "xterm-256color")
            .stdin(end.try_clone().unwrap())
            .stdout(end.try_clone().unwrap())
            .stderr(end);
        let child = on_terminal.spawn().unwrap();
        // The ends that it keeps would keep the terminal from closing.
        drop(on_terminal);
        let keys = File::from(master);
        Self {
            child,
            output: read(keys.try_clone().unwrap()),
            keys,
            shown: Vec::new(),
        }
    }

    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until `text` has been shown since the last wait, and gives everything up to there.
    pub fn until(&mut self, text: &str) -> String {
        let begun = Instant::now();
        loop {
            let shown = String::from_utf8_lossy(&self.shown).into_owned();
            if let Some(at) = shown.find(text) {
                let (until, rest) = shown.split_at(at + text.len());
                self.shown = rest.as_bytes().to_vec();
                return until.to_owned();
            }
            let left = PATIENCE.saturating_sub(begun.elapsed());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.shown.extend(bytes),
                Err(_) => panic!("no {text:?} in {shown:?}"),
            }
        }
    }

    /// Waits for the end: the exit code, and what was shown since the last wait.
    pub fn end(mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        while let Ok(bytes) = self
            .output
            .recv_timeout(PATIENCE.saturating_sub(begun.elapsed()))
        {
            self.shown.extend(bytes);
        }
        let shown = String::from_utf8_lossy(&self.shown).into_owned();
        assert!(begun.elapsed() < PATIENCE, "it has not ended: {shown:?}");
        (self.child.wait().unwrap().code(), shown)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads to the end, in a thread that ends with the terminal.
fn read(mut master: File) -> Receiver<Vec<u8>> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count) = master.read(&mut buffer) {
            if count == 0 || tell.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    told
}
