//! Who can read and change the files of the configuration and of the state.

use std::path::{Path, PathBuf};

use super::finding::{Finding, Severity};
use crate::config::{Loaded, Secrets};

const CHECK: &str = "permissions";

/// The largest file that is searched for secrets, in bytes.
const MAX_SEARCHED_BYTES: u64 = 16 << 20;

/// Every file that others can read or change; or that there is none.
pub fn check(loaded: &Loaded) -> Vec<Finding> {
    let state = loaded.paths.state_dir();
    let kept = [
        "openclaw.sqlite",
        "openclaw.sqlite-wal",
        "openclaw.sqlite-shm",
        "gateway-token",
    ];
    let mut files = loaded.sources();
    files.extend(state.map(Path::to_owned));
    files.extend(
        state
            .into_iter()
            .flat_map(|state| kept.map(|name| state.join(name))),
    );
    let secrets = Secrets::of(&loaded.config, &loaded.env);
    let there: Vec<PathBuf> = files.into_iter().filter(|file| file.exists()).collect();
    let open: Vec<Finding> = there
        .iter()
        .filter_map(|file| openness(file, &secrets))
        .collect();
    if !open.is_empty() {
        return open;
    }
    let count = there.len();
    vec![Finding::ok(
        CHECK,
        format!("only this user can read and change what is kept (files and folders: {count})"),
    )]
}

#[cfg(unix)]
fn openness(file: &Path, secrets: &Secrets) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt;
    const CHANGE: u32 = 0o022;
    const READ: u32 = 0o044;
    const LIST: u32 = 0o055;
    let metadata = file.metadata().ok()?;
    let mode = metadata.permissions().mode();
    let private = if metadata.is_dir() { "700" } else { "600" };
    let (severity, what) = if mode & CHANGE != 0 {
        (Severity::Failure, "can be changed by other users")
    } else if metadata.is_dir() {
        let severity = (mode & LIST != 0).then_some(Severity::Warning)?;
        (severity, "can be entered by other users")
    } else if mode & READ == 0 {
        return None;
    } else if holds_secret(file, secrets) {
        let what = "holds a secret that other users can read";
        (Severity::Failure, what)
    } else {
        (Severity::Warning, "can be read by other users")
    };
    let message = format!("{} {what}", file.display());
    let remedy = format!("chmod {private} {}", file.display());
    Some(Finding::new(CHECK, severity, message).remedy(remedy))
}

#[cfg(not(unix))]
fn openness(_: &Path, _: &Secrets) -> Option<Finding> {
    None
}

/// Whether a secret that is in force, or one of ours, is written in the file.
#[cfg(unix)]
fn holds_secret(file: &Path, secrets: &Secrets) -> bool {
    let is_token = file.file_name().is_some_and(|name| name == "gateway-token");
    let is_small = file
        .metadata()
        .is_ok_and(|file| file.len() <= MAX_SEARCHED_BYTES && file.is_file());
    let text = is_small
        .then(|| std::fs::read_to_string(file).ok())
        .flatten();
    is_token || text.is_some_and(|text| secrets.redact(&text) != text)
}
