//! Watches all locks, and notices which were taken, cleared or became stale.

mod stale;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::stream::{self, StreamExt};
use tokio::sync::Mutex;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::clearing_notices;
use crate::context::Context;
use crate::error::{Fault, FaultKind, WriteFault};
use crate::lock::{BackendName, HeldLock, StatePath};
use crate::metrics;
use crate::people::RequestId;
use crate::ports::{Listing, Locks, Unread};
use crate::unlock::Status;
use crate::watch::{Difference, Ending, Hold, PastHold, differences};

/// How many differences are written at once.
const AT_ONCE: usize = 16;

/// How many entries of a trail are searched for the release of a lock.
const ENTRIES: usize = 10;

/// Longest pause between two passes while nothing can be read.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Watches the locks.
pub struct Lookout {
    context: Context,
    /// The locks that it looks at: all, or those of some backends.
    locks: Arc<dyn Locks>,
    /// Their names, for the metrics.
    backends: Vec<BackendName>,
    interval: Duration,
    /// The holds after the last pass. `None` if they must be read from the tables. This cache saves reading
    /// the tables in every pass.
    known: Mutex<Option<BTreeMap<StatePath, Known>>>,
}

/// A hold, and when to assess it.
#[derive(Clone, Debug)]
struct Known {
    hold: Hold,
    /// When to assess it again. `None` before the first time.
    assess_from: Option<DateTime<Utc>>,
}

impl From<Hold> for Known {
    fn from(hold: Hold) -> Self {
        Self { hold, assess_from: None }
    }
}

impl Lookout {
    /// A lookout that has not looked yet. `interval` is the pause between two passes.
    #[must_use]
    pub fn new(context: Context, locks: Arc<dyn Locks>, interval: Duration) -> Self {
        Self { context, locks, backends: Vec::new(), interval, known: Mutex::default() }
    }

    /// The same lookout. Its looks are measured under these names of backends.
    #[must_use]
    pub fn measured(self, backends: Vec<BackendName>) -> Self {
        for name in &backends {
            metrics::backend(name.as_str());
        }
        Self { backends, ..self }
    }

    /// Runs a pass from time to time until `shutdown`, never two at once. A pass that has begun is
    /// finished.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut pause = self.interval;
        while !shutdown.is_cancelled() {
            match self.pass().await {
                Ok(()) => pause = self.interval,
                Err(fault) => {
                    warn!(kind = fault.kind.as_str(), "the locks were not looked at: {fault}");
                    // Fewer requests let the throttling end sooner.
                    let longer = if fault.kind == FaultKind::Throttled { pause * 2 } else { pause };
                    pause = longer.min(LONGEST_PAUSE.max(self.interval));
                }
            }
            shutdown.run_until_cancelled(sleep(jittered(pause))).await;
        }
    }

    /// Runs one pass.
    ///
    /// # Errors
    /// A fault if the locks or the stored holds cannot be read. What was already written stays, and
    /// the next pass continues from there.
    pub async fn pass(&self) -> Result<(), Fault> {
        let mut known = self.known.lock().await;
        let before = if let Some(before) = known.take() {
            before
        } else {
            let holds = self.context.holds.current().await?;
            holds.into_iter().map(|(path, hold)| (path, Known::from(hold))).collect()
        };
        let Context { reading, .. } = &self.context;
        let Listing { held, read, unread } = match self.locks.list().await {
            Ok(listing) => listing,
            Err(fault) => {
                for name in &self.backends {
                    metrics::not_looked(name.as_str());
                }
                // Otherwise each pass over a backend that is down would read all holds again.
                *known = Some(before);
                return Err(fault);
            }
        };
        let now = reading.clock.now();
        for Unread { backends, fault } in &unread {
            let backends = backends.iter().map(BackendName::as_str).collect::<Vec<_>>().join(", ");
            warn!(kind = fault.kind.as_str(), backends, "some locks were not looked at: {fault}");
        }
        reading.directory.note(&held);
        let held: Vec<HeldLock> = held.into_iter().map(|held| reading.shown_lock(held)).collect();
        // A hold of a backend that was not read stays as it is: its lock may have cleared or not.
        let is_read = |hold: &Hold| {
            reading.catalog.home(&hold.state).is_some_and(|home| read.contains(&home.name))
        };
        let holds = before.iter().filter(|(_, known)| is_read(&known.hold));
        let holds = holds.map(|(path, known)| (path.clone(), known.hold.clone())).collect();
        let differences = differences(&holds, &held, now);
        let written: Vec<Written> = stream::iter(differences)
            .map(|difference| self.write(difference, now))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut after = before;
        let mut is_sure = true;
        let mut is_news = false;
        for written in written {
            match written {
                Written::Held(hold) => {
                    after.insert(hold.state.path.clone(), Known::from(hold));
                }
                Written::Over { path, next } => {
                    is_news = true;
                    after.remove(&path);
                    after.extend(next.map(|next| (path, Known::from(next))));
                }
                Written::NotYet => {}
                Written::Unsure => is_sure = false,
            }
        }
        is_news |= self.assess(&mut after, &is_read, now).await;
        self.measure(&read, &held, &after, now);
        // If another process wrote first, the tables are right and this copy is not.
        *known = is_sure.then_some(after);
        drop(known);
        if is_news {
            self.context.courier.deliver().await;
        }
        Ok(())
    }

    /// Measures what was read. `holds` says since when each lock is held.
    fn measure(
        &self,
        read: &BTreeSet<BackendName>,
        held: &[HeldLock],
        holds: &BTreeMap<StatePath, Known>,
        now: DateTime<Utc>,
    ) {
        if !metrics::is_on() {
            return;
        }
        for name in &self.backends {
            if !read.contains(name) {
                metrics::not_looked(name.as_str());
                continue;
            }
            let of_backend = held.iter().filter(|held| held.state.backend == *name);
            let since = |held: &HeldLock| holds.get(&held.state.path).map(|known| known.hold.since);
            let oldest = of_backend.clone().filter_map(since).min();
            let oldest = oldest.and_then(|since| (now - since).to_std().ok());
            metrics::looked(name.as_str(), of_backend.count(), oldest, now);
        }
    }

    async fn write(&self, difference: Difference, now: DateTime<Utc>) -> Written {
        let holds = &self.context.holds;
        let written = match difference {
            Difference::Taken(hold) => {
                holds.begin(&hold).await.map(|first| first.then_some(Written::Held(hold)))
            }
            Difference::Half(hold) | Difference::Identified(hold) => {
                holds.update(&hold).await.map(|is_same| is_same.then_some(Written::Held(hold)))
            }
            Difference::Cleared(hold) => self.end(hold, None, now).await,
            Difference::ChangedHands { from, to } => self.end(from, Some(to), now).await,
        };
        match written {
            Ok(written) => written.unwrap_or(Written::Unsure),
            Err(fault) => {
                let is_open = matches!(fault, WriteFault::Unanswered(_));
                let fault = fault.into_fault();
                warn!(
                    kind = fault.kind.as_str(),
                    may_be_written = is_open,
                    "what was seen is not written yet: {fault}"
                );
                Written::Unsure
            }
        }
    }

    async fn end(
        &self,
        hold: Hold,
        next: Option<Hold>,
        now: DateTime<Utc>,
    ) -> Result<Option<Written>, WriteFault> {
        let ending = match self.unlocked_by(&hold).await? {
            ReleasedBy::NoRequest if next.is_some() => Ending::ChangedHands,
            ReleasedBy::NoRequest => Ending::Cleared,
            ReleasedBy::Request(request) => Ending::Unlocked { request },
            ReleasedBy::InProgress => return Ok(Some(Written::NotYet)),
        };
        let path = hold.state.path.clone();
        let hold = self.shown(hold);
        // It ended at the latest when the next hold began. That time comes from the next holder's
        // clock, and is ignored if it is before the start of this hold.
        let next_began = next.as_ref().map(|next| next.since).filter(|began| *began > hold.since);
        let ended_at = next_began.unwrap_or(now).min(now);
        let past = PastHold { hold, ended_at, ending };
        let next_hold = next.as_ref();
        let policy = self.context.policies.of(&past.hold.state);
        let notices = |line: &_| clearing_notices(&past, next_hold, line, policy);
        let ended = self.context.holds.end(&past, next_hold, now, &notices).await?;
        if ended {
            debug!(
                state = past.hold.state.name.as_str(),
                held_for_s = past.length().num_seconds(),
                "cleared"
            );
        }
        Ok(ended.then_some(Written::Over { path, next }))
    }

    /// The hold with the name that people use for its state now.
    fn shown(&self, hold: Hold) -> Hold {
        Hold { state: self.context.reading.shown(hold.state), ..hold }
    }

    /// Which request released the lock of a hold, if any.
    async fn unlocked_by(&self, hold: &Hold) -> Result<ReleasedBy, Fault> {
        let path = &hold.state.path;
        // A release deletes the lockfile before it is recorded, so this pass does not report the
        // end yet.
        match self.context.ledger.open_request(path).await {
            Ok(Some(open)) if *open.request.status() == Status::Executing => {
                return Ok(ReleasedBy::InProgress);
            }
            Ok(_) => {}
            // It is unknown whether this request is releasing the lock, but the lock has cleared.
            Err(fault) if fault.kind == FaultKind::NotUnderstood => {
                warn!(kind = fault.kind.as_str(), "an open request is ignored: {fault}");
            }
            Err(fault) => return Err(fault),
        }
        // Not only the last entry: a request for the next lock may already have been opened.
        let newest = self.context.trail.newest(path, None, ENTRIES).await?;
        let request = newest.iter().find_map(|entry| {
            let is_of_this = entry.text_of("lock", "id") == hold.lock_id.as_deref();
            let at: DateTime<Utc> = entry.text("at")?.parse().ok()?;
            let is_done = entry.text("action") == Some("unlock.done");
            (is_done && is_of_this && at >= hold.since)
                .then(|| entry.text("request")?.parse::<RequestId>().ok())?
        });
        Ok(request.map_or(ReleasedBy::NoRequest, ReleasedBy::Request))
    }
}

/// The result of writing a difference.
enum Written {
    /// The lock is held, and the hold is stored.
    Held(Hold),
    /// The hold is over and stored as past. `next` is the hold that replaced it.
    Over { path: StatePath, next: Option<Hold> },
    /// A request is releasing the lock, and will report the end itself.
    NotYet,
    /// Another process may have written first, or the write failed.
    Unsure,
}

/// Who released a lock.
enum ReleasedBy {
    NoRequest,
    Request(RequestId),
    InProgress,
}

/// Changes a pause by up to a tenth, so that processes do not run in step.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.9 + 0.2 * fastrand::f64())
}
