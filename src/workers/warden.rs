//! Sees to the open requests that nobody clicks on: they expire, their locks change hands, and a
//! release that was cut off is finished.

use std::time::Duration;

use chrono::TimeDelta;
use futures::stream::{self, StreamExt};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::commands::{Context, over, resume, settle};
use crate::error::{Error, Fault};
use crate::ports::Filed;
use crate::unlock::Status;

/// How often it looks. Open requests are few: a look is one query, and for each of them two reads.
/// Clicks decide by the clock themselves, so this only has to be in time for who watches the card.
const INTERVAL: Duration = Duration::from_secs(3);

/// Longest pause between two looks while nothing can be read.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a release is left to whoever began it. A step of one takes milliseconds.
const GRACE: TimeDelta = TimeDelta::seconds(5);

/// How many requests are seen to at once.
const AT_ONCE: usize = 8;

/// Looks after open requests.
pub struct Warden {
    /// What it works with.
    pub context: Context,
}

impl Warden {
    /// Looks from time to time until `shutdown`, the first time at once: that is the recovery after
    /// a crash. A round that has begun is brought to its end, since it may be in mid-release.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut pause = INTERVAL;
        while !shutdown.is_cancelled() {
            match self.round().await {
                Ok(()) => pause = INTERVAL,
                Err(fault) => {
                    warn!(kind = fault.kind.as_str(), "open requests not seen to: {fault}");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            shutdown.run_until_cancelled(sleep(pause)).await;
        }
    }

    /// Looks once.
    ///
    /// # Errors
    /// A fault where the open requests cannot be read.
    pub async fn round(&self) -> Result<(), Fault> {
        let open = self.context.ledger.open_requests().await?;
        let changed = stream::iter(open)
            .map(|filed| self.look_after(filed))
            .buffer_unordered(AT_ONCE)
            .filter(|changed| std::future::ready(*changed))
            .count()
            .await;
        if changed > 0 {
            self.context.courier.deliver().await;
        }
        Ok(())
    }

    /// Does what is due for one request, and says whether anything changed.
    async fn look_after(&self, filed: Filed) -> bool {
        let (id, version) = (filed.request.id, filed.request.version);
        // On the heap, since a release that has to be finished is rare, and large.
        match Box::pin(self.due(filed)).await {
            Ok(now) => now.request.version != version,
            Err(Error::Fault(fault) | Error::Unsettled(fault)) => {
                warn!(request = %id, kind = fault.kind.as_str(), "request not seen to: {fault}");
                false
            }
            Err(error) => {
                warn!(request = %id, %error, "request not seen to");
                false
            }
        }
    }

    async fn due(&self, filed: Filed) -> Result<Filed, Error> {
        let context = &self.context;
        let request = &filed.request;
        if *request.status() == Status::Executing {
            let begun = request.approvals.last().map_or(request.opened_at, |last| last.at);
            if context.reading.clock.now() < begun + GRACE {
                return Ok(filed);
            }
            // One that is being carried out all the same loses nothing: every step is conditional.
            info!(request = %request.id, "finishing a release that was begun");
            return resume(context, filed).await;
        }
        match over(context, request).await? {
            Some(event) => settle(context, &filed, event).await,
            None => Ok(filed),
        }
    }
}
