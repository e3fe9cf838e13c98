//! Counts the TCP connections of a process to one port of the loopback interface.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::spawn_blocking;

/// How often they are counted during a measurement.
const LOOK: Duration = Duration::from_millis(2);

/// `ESTABLISHED` in `/proc/net/tcp`.
const ESTABLISHED: &str = "01";

/// The established connections now.
pub fn open_to(process: u32, port: u16) -> usize {
    let sockets = sockets(process);
    // The table covers all processes. The inode shows which process has a connection.
    let table = std::fs::read_to_string(format!("/proc/{process}/net/tcp")).unwrap();
    let to_port = format!(":{port:04X}");
    let is_open = |line: &&str| {
        let mut fields = line.split_whitespace().skip(2);
        let (remote, state, inode) = (fields.next(), fields.next(), fields.nth(5));
        remote.is_some_and(|remote| remote.ends_with(&to_port))
            && state == Some(ESTABLISHED)
            && inode.is_some_and(|inode| sockets.contains(inode))
    };
    table.lines().filter(is_open).count()
}

/// The most connections at one time while `going_on` runs.
pub async fn most_during(process: u32, port: u16, going_on: impl Future) -> usize {
    let over = Arc::new(AtomicBool::new(false));
    let is_over = over.clone();
    let most = spawn_blocking(move || {
        let mut most = 0;
        while !is_over.load(Ordering::Relaxed) {
            most = most.max(open_to(process, port));
            std::thread::sleep(LOOK);
        }
        most.max(open_to(process, port))
    });
    going_on.await;
    over.store(true, Ordering::Relaxed);
    most.await.unwrap()
}

/// The socket inodes of a process.
fn sockets(process: u32) -> HashSet<String> {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    // A file may have been closed since it was listed.
    let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
    let inode = |target: std::path::PathBuf| {
        let inode = target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
        Some(inode.to_owned())
    };
    targets.filter_map(inode).collect()
}
