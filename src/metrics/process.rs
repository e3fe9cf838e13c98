//! What the process uses, by the names that all of Prometheus's clients give it ("Writing client libraries",
//! "Process metrics").

use ::metrics::Key;
use procfs::process::{LimitValue, Process};

use super::catalog::{PROCESS_CPU, PROCESS_FDS, PROCESS_MAX_FDS, PROCESS_MEMORY};
use super::{key, real};

/// The gauges of the process. What the system does not say is left out.
pub(super) fn measured() -> Vec<(Key, f64)> {
    let mut gauges = Vec::new();
    let Ok(process) = Process::myself() else { return gauges };
    if let Ok(stat) = process.stat() {
        let ticks = real(stat.utime + stat.stime) / real(procfs::ticks_per_second());
        gauges.push((key(&PROCESS_CPU, []), ticks));
        gauges.push((key(&PROCESS_MEMORY, []), real(stat.rss * procfs::page_size())));
    }
    if let Ok(count) = process.fd_count() {
        gauges.push((key(&PROCESS_FDS, []), real(count as u64)));
    }
    if let Ok(limits) = process.limits()
        && let LimitValue::Value(most) = limits.max_open_files.soft_limit
    {
        gauges.push((key(&PROCESS_MAX_FDS, []), real(most)));
    }
    gauges
}
