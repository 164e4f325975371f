//! What the system and the runtime say of this process, under the names that Prometheus' own libraries use. What they do
//! not say is left out.

use std::fs;

use super::page::{Kind, Page};

/// Writes the process' own families. `started` is in seconds since 1970.
pub fn tell(page: &mut Page, started: u64) {
    if let Some(bytes) = resident_bytes() {
        page.family(
            "process_resident_memory_bytes",
            Kind::Gauge,
            "Resident memory size in bytes.",
        );
        page.sample(&[], bytes);
    }
    // One of them is the folder that is being read.
    if let Ok(files) = fs::read_dir("/proc/self/fd") {
        page.family(
            "process_open_fds",
            Kind::Gauge,
            "Number of open file descriptors.",
        );
        page.sample(&[], files.count().saturating_sub(1));
    }
    page.family(
        "process_start_time_seconds",
        Kind::Gauge,
        "Start time of the process since unix epoch in seconds.",
    );
    page.sample(&[], started);
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        page.family(
            "openclaw_tasks",
            Kind::Gauge,
            "Tasks of the runtime that are not over.",
        );
        page.sample(&[], runtime.metrics().num_alive_tasks());
    }
    page.family(
        "openclaw_build_info",
        Kind::Gauge,
        "What this program is; always 1.",
    );
    page.sample(
        &[
            ("version", env!("CARGO_PKG_VERSION")),
            ("arch", std::env::consts::ARCH),
            ("os", std::env::consts::OS),
        ],
        1,
    );
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}
