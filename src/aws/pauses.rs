//! The pauses between the tries of what meets others.

use std::time::Duration;

use tokio::time::sleep;

/// The waits before a write that met another one is tried again. All of them together are short
/// enough for a person to wait.
pub(super) const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
];

/// Waits, and not at all where there is nothing to wait for: a timer takes 1 ms at least.
pub(super) async fn wait(pause: Duration) {
    if !pause.is_zero() {
        sleep(pause).await;
    }
}
