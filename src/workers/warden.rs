//! Sees to the open requests that nobody clicks on: they expire, their locks change hands, and a
//! release that was cut off is finished.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use futures::stream::{self, StreamExt};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::context::Context;
use crate::error::{Error, Fault};
use crate::people::RequestId;
use crate::ports::Filed;
use crate::release::{LONGEST_RELEASE, apply, due_event, give_up, resume};
use crate::unlock::{Status, UnlockRequest};

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
    context: Context,
    /// The releases that were under way at the last look, each with the uptime of this process when
    /// it was first seen.
    under_way: Mutex<HashMap<RequestId, Duration>>,
}

impl Warden {
    /// One that has not looked yet.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self { context, under_way: Mutex::default() }
    }

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
        self.note_under_way(&open);
        let changed = stream::iter(open)
            .map(|filed| self.advance_or_log(filed))
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
    async fn advance_or_log(&self, filed: Filed) -> bool {
        let (id, version) = (filed.request.id, filed.request.version);
        // On the heap, since a release that has to be finished is rare, and large.
        match Box::pin(self.advance(filed)).await {
            Ok(now) => now.request.version != version,
            Err(Error::Unchanged(fault) | Error::Unsettled(fault)) => {
                warn!(request = %id, kind = fault.kind.as_str(), "request not seen to: {fault}");
                false
            }
            Err(error) => {
                warn!(request = %id, %error, "request not seen to");
                false
            }
        }
    }

    /// Remembers which releases are under way.
    fn note_under_way(&self, open: &[Filed]) {
        let now = self.context.reading.clock.uptime();
        let executing = open.iter().filter(|filed| *filed.request.status() == Status::Executing);
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = executing.map(|filed| filed.request.id);
        *under_way = seen.map(|id| (id, under_way.get(&id).copied().unwrap_or(now))).collect();
    }

    /// How long a release has been under way. Of two times it is the longer one: since this process
    /// first saw it, so that a clock that is set back does not keep anybody waiting; and since the last
    /// approval by the wall clock, so that a process that starts again and again does not either.
    fn under_way_for(&self, request: &UnlockRequest) -> TimeDelta {
        let clock = &self.context.reading.clock;
        let seen = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let since_seen = seen.get(&request.id).map(|first| clock.uptime().saturating_sub(*first));
        let since_seen = TimeDelta::from_std(since_seen.unwrap_or_default()).unwrap_or_default();
        let begun = request.approvals.last().map_or(request.opened_at, |last| last.at);
        since_seen.max(clock.now() - begun)
    }

    async fn advance(&self, filed: Filed) -> Result<Filed, Error> {
        let context = &self.context;
        let request = &filed.request;
        if *request.status() == Status::Executing {
            let id = request.id;
            let under_way = self.under_way_for(request);
            if under_way < GRACE {
                return Ok(filed);
            }
            // One that is being carried out all the same loses nothing: every step is conditional.
            info!(request = %id, "finishing a release that was begun");
            return match resume(context, filed).await {
                Err(Error::Unchanged(fault) | Error::Unsettled(fault))
                    if under_way >= LONGEST_RELEASE =>
                {
                    let ended = give_up(context, id, &fault).await?;
                    error!(request = %id, kind = fault.kind.as_str(), "a release was given up: {fault}");
                    Ok(ended)
                }
                tried => tried,
            };
        }
        match due_event(context, request).await? {
            Some(event) => apply(context, filed, event).await,
            None => Ok(filed),
        }
    }
}
