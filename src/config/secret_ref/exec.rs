//! Secrets that a program hands out. It is run without a shell, in an environment of its own, and within limits of time
//! and of output.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::file::without_line_end;
use super::provider::ExecProvider;
use super::{Outcome, secret};
use crate::config::Environment;

const PROTOCOL: u64 = 1;

/// The largest question, in bytes.
const MAX_QUESTION_BYTES: usize = 256 * 1024;

/// The longest message of a program that is repeated, in characters.
const MAX_MESSAGE_CHARS: usize = 200;

/// Pieces of output that wait to be taken.
const PIECES: usize = 4;

/// The pause between two looks at a program that has nothing more to say.
const PAUSE: Duration = Duration::from_millis(2);

/// What a program answered.
pub enum Answer {
    /// One secret, as it is.
    Plain(String),
    Object(Value),
}

impl Answer {
    fn parse(text: &str, provider: &ExecProvider, ids: &[&str]) -> Result<Self, String> {
        let text = text.trim();
        let plain = !provider.json_only && ids.len() == 1;
        match serde_json::from_str::<Value>(text) {
            Ok(Value::String(one)) if plain => Ok(Self::Plain(one)),
            Ok(object @ Value::Object(_)) => {
                if object["protocolVersion"] != PROTOCOL {
                    return Err(format!("its answer has no `protocolVersion` {PROTOCOL}"));
                }
                Ok(Self::Object(object))
            }
            _ if plain => Ok(Self::Plain(without_line_end(text).to_owned())),
            // Not repeated: a secret may stand there.
            _ => Err("its answer is no JSON object".to_owned()),
        }
    }

    pub fn get(&self, id: &str) -> Outcome {
        let object = match self {
            Self::Plain(text) => return secret(&Value::from(text.as_str())),
            Self::Object(object) => object,
        };
        if let Some(error) = object["errors"].get(id) {
            let message = error["message"].as_str().unwrap_or("without a reason");
            let message: String = message.chars().take(MAX_MESSAGE_CHARS).collect();
            return Err(format!("its program refuses `{id}`: {message}"));
        }
        match object["values"].get(id) {
            Some(value) => secret(value),
            None => Err(format!("its program does not have `{id}`")),
        }
    }
}

/// Asks the program of the provider of this name for all of `ids`.
///
/// # Errors
/// A program that may not be run, fails, or does not answer within its limits; in words.
pub fn run(
    provider: &ExecProvider,
    (name, ids): (&str, &[&str]),
    env: &Environment,
) -> Result<Answer, String> {
    let program = permitted(provider)?;
    let question = json!({ "protocolVersion": PROTOCOL, "provider": name, "ids": ids }).to_string();
    if question.len() > MAX_QUESTION_BYTES {
        return Err(format!(
            "the question is larger than {MAX_QUESTION_BYTES} bytes"
        ));
    }
    let mut command = Command::new(&program);
    command.args(&provider.args).env_clear();
    let passed = provider
        .pass_env
        .iter()
        .filter_map(|name| Some((name, env.get(name)?)));
    command.envs(passed);
    command.envs(
        provider
            .env
            .iter()
            .map(|(name, value)| (name, value.expose())),
    );
    command.current_dir(program.parent().unwrap_or(Path::new("/")));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let shown = program.display();
    let spawned = command.spawn();
    let mut child = spawned.map_err(|error| format!("{shown} cannot be run: {}", error.kind()))?;
    let text = within_limits(&mut child, provider, question);
    let text = text.map_err(|reason| format!("{shown} {reason}"))?;
    Answer::parse(&text, provider, ids).map_err(|reason| format!("{shown}: {reason}"))
}

/// All that the program writes; it has ended then, well or by force.
fn within_limits(
    child: &mut Child,
    provider: &ExecProvider,
    question: String,
) -> Result<String, String> {
    let deadline = Instant::now() + provider.time_limit();
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    // Ends when all is written, or the program is gone.
    std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(question.as_bytes())));
    let output = stdout.map(pieces).ok_or("has no output")?;
    let ended = gather(&output, provider, deadline).and_then(|text| {
        let status = end_of(child, deadline)?;
        if !status.success() {
            return Err(format!("failed: {status}"));
        }
        String::from_utf8(text).map_err(|_| "did not write UTF-8".to_owned())
    });
    // What it has started and left behind goes with it.
    end_by_force(child);
    ended
}

/// The output piece by piece; the channel closes with it.
fn pieces(mut stdout: ChildStdout) -> Receiver<Vec<u8>> {
    let (write, read) = sync_channel(PIECES);
    // Ends with the output, or when nobody takes it any more.
    std::thread::spawn(move || {
        let mut piece = vec![0; 8192];
        while let Ok(length @ 1..) = stdout.read(&mut piece) {
            if write.send(piece[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    read
}

fn gather(
    output: &Receiver<Vec<u8>>,
    provider: &ExecProvider,
    deadline: Instant,
) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match output.recv_timeout(left.min(provider.silence_limit())) {
            Ok(piece) => text.extend(piece),
            Err(RecvTimeoutError::Disconnected) => return Ok(text),
            Err(RecvTimeoutError::Timeout) if left <= provider.silence_limit() => {
                return Err(too_late(provider));
            }
            Err(RecvTimeoutError::Timeout) => {
                let silence = provider.silence_limit().as_millis();
                return Err(format!("said nothing for {silence} ms"));
            }
        }
        if text.len() as u64 > provider.max_output_bytes {
            return Err(format!(
                "wrote more than {} bytes",
                provider.max_output_bytes
            ));
        }
        if Instant::now() >= deadline {
            return Err(too_late(provider));
        }
    }
}

fn too_late(provider: &ExecProvider) -> String {
    format!("took longer than {} ms", provider.timeout_ms)
}

fn end_of(child: &mut Child, deadline: Instant) -> Result<ExitStatus, String> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Ok(None) => return Err("does not end".to_owned()),
            Err(error) => return Err(format!("cannot be waited for: {}", error.kind())),
        }
    }
}

fn end_by_force(child: &mut Child) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        // There may be nobody left.
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// The program, where nobody but its owner can have changed what it is.
fn permitted(provider: &ExecProvider) -> Result<PathBuf, String> {
    let command = &provider.command;
    let shown = command.display();
    if !command.is_absolute() {
        return Err(format!(
            "`command` must be an absolute path, and {shown} is none"
        ));
    }
    let failed = |error: std::io::Error| format!("{shown} cannot be run: {}", error.kind());
    let link = command.symlink_metadata().map_err(failed)?.is_symlink();
    if link && !provider.allow_symlink_command {
        return Err(format!(
            "{shown} is a symbolic link: name its target, or set `allowSymlinkCommand`"
        ));
    }
    let real = command.canonicalize().map_err(failed)?;
    let metadata = real.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(format!("{shown} is no regular file"));
    }
    let trusted = &provider.trusted_dirs;
    let inside = |folder: &PathBuf| {
        folder
            .canonicalize()
            .is_ok_and(|folder| real.starts_with(folder))
    };
    if !trusted.is_empty() && !trusted.iter().any(inside) {
        return Err(format!("{shown} is in none of `trustedDirs`"));
    }
    #[cfg(unix)]
    if !provider.allow_insecure_path {
        use std::os::unix::fs::MetadataExt;
        const WRITABLE_BY_OTHERS: u32 = 0o022;
        super::file::owned(&metadata).map_err(|reason| format!("{shown} {reason}"))?;
        if metadata.mode() & WRITABLE_BY_OTHERS != 0 {
            return Err(format!(
                "{shown} can be changed by others: chmod go-w, or set `allowInsecurePath`"
            ));
        }
    }
    Ok(real)
}
