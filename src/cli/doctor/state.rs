//! Whether state can be kept, and how much there is.

use std::path::Path;
use std::sync::Arc;
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

/// A store has this long to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Of this machine's own store.
///
/// # Errors
/// Where that cannot be found out.
pub fn check(gateway: &Gateway, folder: Option<&Path>) -> anyhow::Result<Finding> {
    let Some(folder) = folder else {
        let message = "there is no folder for it: sessions and responses are not kept";
        return Ok(Finding::warning(CHECK, message).remedy("set OPENCLAW_STATE_DIR"));
    };
    let shown = folder.display();
    if let Err(reason) = probed(gateway)? {
        let message = format!("{shown} cannot be written: {reason}");
        let remedy = "make room, give this user the folder, or set OPENCLAW_STATE_DIR";
        return Ok(Finding::failure(CHECK, message).remedy(remedy));
    }
    let bytes = bytes_in(folder, MAX_DEPTH);
    let message = format!("{shown}, {}, can be written", HumanBytes(bytes));
    if bytes > MUCH_BYTES {
        let remedy = "set `session.maintenance: { mode: \"enforce\" }`";
        return Ok(Finding::warning(CHECK, message).remedy(remedy));
    }
    Ok(Finding::ok(CHECK, message))
}

/// Of a database that several gateways share.
///
/// # Errors
/// Where that cannot be found out.
pub fn check_shared(gateway: &Gateway) -> anyhow::Result<Finding> {
    Ok(match probed(gateway)? {
        Ok(()) => Finding::ok(CHECK, "the database of `session.store` can be written"),
        Err(reason) => {
            let message = format!("the database of `session.store` cannot be written: {reason}");
            Finding::failure(CHECK, message).remedy("check the database, and `session.store`")
        }
    })
}

/// Whether a turn could be kept, or why not.
fn probed(gateway: &Gateway) -> anyhow::Result<Result<(), String>> {
    let store = match gateway.store() {
        Ok(store) => Arc::clone(store),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let runtime = Runtime::new().context("cannot start the runtime")?;
    let probed = runtime.block_on(async {
        tokio::select! {
            probed = timeout(PATIENCE, store.probe()) => Ok(probed),
            _ = tokio::signal::ctrl_c() => Err(CliError::Interrupted),
        }
    })?;
    runtime.shutdown_background();
    Ok(match probed {
        Ok(probed) => probed.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    })
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
