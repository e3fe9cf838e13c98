//! Waiting for the outside world: look, pause, look again, and give up in the end.

use std::time::{Duration, Instant};

/// Short beside a Terraform command (0.1 s), long beside one look at a file or a process.
pub const PAUSE: Duration = Duration::from_millis(20);

/// A bound on a loop that looks for something.
///
/// A loop and not a closure, so that what is looked at may be borrowed in any way and the
/// message of a failure can show what was there instead.
pub struct Deadline(Instant);

impl Deadline {
    pub fn after(bound: Duration) -> Self {
        Self(Instant::now() + bound)
    }

    /// Pauses, and says whether it is worth looking again.
    pub async fn look_again(&self) -> bool {
        tokio::time::sleep(PAUSE).await;
        Instant::now() < self.0
    }
}
