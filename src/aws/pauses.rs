//! The pauses between the tries of a call.

use std::time::Duration;

use tokio::time::sleep;

/// The pause before each try of a call that may conflict with another write or lack capacity. Their sum is
/// short enough for a person to wait.
pub(super) const PAUSES: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
];

/// Sleeps for `pause`. Skips the timer for a zero pause, since a timer takes 1 ms or more.
pub(super) async fn wait(pause: Duration) {
    if !pause.is_zero() {
        sleep(pause).await;
    }
}
