//! Looks after open requests without a click: expires them, closes them if the lock changed hands,
//! and finishes interrupted releases.

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
use crate::metrics;
use crate::people::RequestId;
use crate::ports::Filed;
use crate::release::{LONGEST_RELEASE, apply, due_event, give_up, resume};
use crate::unlock::{Status, UnlockRequest};

/// Pause between two rounds. There are few open requests, and a round is one query and two reads for each
/// request. A click checks the expiry itself, so this need only be fast enough for people who watch the
/// card.
const INTERVAL: Duration = Duration::from_secs(3);

/// Longest pause between two rounds while nothing can be read.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long the process that began a release has to finish it. Each step takes milliseconds.
const GRACE: TimeDelta = TimeDelta::seconds(5);

/// How many requests are handled at once.
const AT_ONCE: usize = 8;

/// Looks after open requests.
pub struct Warden {
    context: Context,
    /// The releases that were under way in the last round, each with this process's uptime when it
    /// first saw the release.
    under_way: Mutex<HashMap<RequestId, Duration>>,
}

impl Warden {
    /// A warden that has not run yet.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self { context, under_way: Mutex::default() }
    }

    /// Runs rounds until `shutdown`. The first one starts at once: it is the recovery after a crash. A
    /// round that has begun is finished, since it may be in the middle of a release.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut pause = INTERVAL;
        while !shutdown.is_cancelled() {
            match self.round().await {
                Ok(()) => pause = INTERVAL,
                Err(fault) => {
                    warn!(kind = fault.kind.as_str(), "open requests not read: {fault}");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
            shutdown.run_until_cancelled(sleep(pause)).await;
        }
    }

    /// Runs one round.
    ///
    /// # Errors
    /// A fault if the open requests cannot be read.
    pub async fn round(&self) -> Result<(), Fault> {
        let open = self.context.ledger.open_requests().await?;
        self.note_under_way(&open);
        self.measure(&open);
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

    /// Does what is due for one request, and returns whether the request changed. Logs a failure.
    async fn advance_or_log(&self, filed: Filed) -> bool {
        let (id, version) = (filed.request.id, filed.request.version);
        // Boxed, since finishing a release is rare and its future is large.
        match Box::pin(self.advance(filed)).await {
            Ok(now) => now.request.version != version,
            Err(Error::Unchanged(fault) | Error::Unsettled(fault)) => {
                warn!(request = %id, kind = fault.kind.as_str(), "request not advanced: {fault}");
                false
            }
            Err(error) => {
                warn!(request = %id, %error, "request not advanced");
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

    fn measure(&self, open: &[Filed]) {
        let executing = open.iter().filter(|filed| *filed.request.status() == Status::Executing);
        let under_way: Vec<TimeDelta> =
            executing.map(|filed| self.under_way_for(&filed.request)).collect();
        let longest = under_way.iter().max().and_then(|longest| longest.to_std().ok());
        let pending = open.len() - under_way.len();
        metrics::open_requests(pending, under_way.len(), longest.unwrap_or_default());
    }

    /// How long a release has been under way: the longer of two times. The time since this process
    /// first saw it still grows if the wall clock is set back. The time since the last approval, by
    /// the wall clock, still grows if the process keeps restarting.
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
            // Another process may still be carrying it out. That does no harm, since every step is
            // conditional.
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
