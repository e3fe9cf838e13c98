//! What the process uses, by the names that all of Prometheus's clients give it ("Writing client libraries",
//! "Process metrics").

use procfs::process::{LimitValue, Process};

use super::catalog::{PROCESS_CPU, PROCESS_FDS, PROCESS_MAX_FDS, PROCESS_MEMORY};
use super::exporter::set;
use super::{key, real};

/// Sets the gauges of the process. What the system does not say is left out.
pub(super) fn measure() {
    let Ok(process) = Process::myself() else { return };
    if let Ok(stat) = process.stat() {
        let ticks = real(stat.utime + stat.stime) / real(procfs::ticks_per_second());
        set(&key(&PROCESS_CPU, []), ticks);
        set(&key(&PROCESS_MEMORY, []), real(stat.rss * procfs::page_size()));
    }
    if let Ok(count) = process.fd_count() {
        set(&key(&PROCESS_FDS, []), real(count as u64));
    }
    if let Ok(limits) = process.limits()
        && let LimitValue::Value(most) = limits.max_open_files.soft_limit
    {
        set(&key(&PROCESS_MAX_FDS, []), real(most));
    }
}
