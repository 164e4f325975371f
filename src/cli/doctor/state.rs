//! Whether state can be kept, and how much there is.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use indicatif::HumanBytes;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::finding::Finding;
use crate::cli::CliError;
use crate::gateway::Gateway;

const CHECK: &str = "state";

/// Folders in the folder of state whose files are counted.
const MAX_DEPTH: usize = 3;

/// More than this is worth a word, in bytes.
const MUCH_BYTES: u64 = 10 << 30;

/// A database has this long to answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub fn check(folder: Option<&Path>) -> Finding {
    let Some(folder) = folder else {
        let message = "there is no folder for it: sessions and responses are not kept";
        return Finding::warning(CHECK, message).remedy("set OPENCLAW_STATE_DIR");
    };
    let shown = folder.display();
    if let Err(error) = writable(folder) {
        let message = format!("{shown} cannot be written: {error}");
        let remedy = "make room, give this user the folder, or set OPENCLAW_STATE_DIR";
        return Finding::failure(CHECK, message).remedy(remedy);
    }
    let bytes = bytes_in(folder, MAX_DEPTH);
    let message = format!("{shown}, {}, can be written", HumanBytes(bytes));
    if bytes > MUCH_BYTES {
        let remedy = "set `session.maintenance: { mode: \"enforce\" }`";
        return Finding::warning(CHECK, message).remedy(remedy);
    }
    Finding::ok(CHECK, message)
}

/// Of a database that several gateways share: whether it takes a write.
///
/// # Errors
/// Where that cannot be found out.
pub fn check_shared(gateway: &Gateway) -> anyhow::Result<Finding> {
    let remedy = "check the database, and `session.store`";
    let store = match gateway.store() {
        Ok(store) => store.clone(),
        Err(error) => return Ok(Finding::failure(CHECK, error.to_string()).remedy(remedy)),
    };
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let probed = runtime.block_on(async {
        tokio::select! {
            probed = timeout(PATIENCE, store.probe()) => Ok(probed),
            _ = tokio::signal::ctrl_c() => Err(CliError::Interrupted),
        }
    })?;
    runtime.shutdown_background();
    let failure = |reason: String| {
        let message = format!("the database of `session.store` cannot be written: {reason}");
        Finding::failure(CHECK, message).remedy(remedy)
    };
    Ok(match probed {
        Ok(Ok(())) => Finding::ok(CHECK, "the database of `session.store` can be written"),
        Ok(Err(error)) => failure(error.to_string()),
        Err(_) => failure(format!("no answer within {} s", PATIENCE.as_secs())),
    })
}

/// Writes a file and takes it away again; where there is no folder yet, looks at the place for it.
fn writable(folder: &Path) -> io::Result<()> {
    if !folder.exists() {
        let above = folder.ancestors().skip(1).find(|above| above.exists());
        return may_make_folders(above.unwrap_or(Path::new("/")));
    }
    let file = folder.join(format!("doctor.{}.draft", std::process::id()));
    let mut created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&file)?;
    let written = created.write_all(b"x").and_then(|()| created.sync_all());
    std::fs::remove_file(&file)?;
    written
}

#[cfg(unix)]
fn may_make_folders(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, access};
    Ok(access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(not(unix))]
fn may_make_folders(_: &Path) -> io::Result<()> {
    Ok(())
}

fn bytes_in(folder: &Path, depth: usize) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() && depth > 1 => bytes_in(&entry.path(), depth - 1),
        Ok(metadata) if metadata.is_file() => metadata.len(),
        _ => 0,
    };
    entries.map(size).sum()
}
