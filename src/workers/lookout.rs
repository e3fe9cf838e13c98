//! Watches all locks: what was taken, what has cleared, what has become stale.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, StreamExt};
use tokio::sync::Mutex;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::clearing_notices;
use crate::assess::assess_hold;
use crate::context::Context;
use crate::error::{Fault, FaultKind, WriteFault};
use crate::lock::StatePath;
use crate::people::ChannelId;
use crate::ports::Notice;
use crate::unlock::{RequestId, Status};
use crate::watch::{Difference, Ending, Hold, Kind, PastHold, differences};

/// How many differences are written at once.
const AT_ONCE: usize = 16;

/// How many entries of a trail are looked at for the release of a lock.
const ENTRIES: usize = 10;

/// Longest pause between two passes while nothing can be read.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// How often a hold is assessed again: its machine may have gone on to other work meanwhile. It also
/// keeps what is said of the hold in memory, so that an answer about it waits for no table.
const ASSESSED_EVERY: TimeDelta = TimeDelta::minutes(10);

/// The age from which the other work of its machine speaks against a hold.
const GROWN: TimeDelta = TimeDelta::minutes(10);

/// The one who looks.
pub struct Lookout {
    context: Context,
    announce: Option<ChannelId>,
    interval: Duration,
    /// What it saw at its last look; nothing before the first one. Only for not asking the tables
    /// every time: they have it too.
    known: Mutex<Option<BTreeMap<StatePath, Known>>>,
}

/// A hold, and what is known of it beside what the tables have.
#[derive(Clone, Debug)]
struct Known {
    hold: Hold,
    /// When it is assessed again; `None` before the first time.
    assess_from: Option<DateTime<Utc>>,
}

impl From<Hold> for Known {
    fn from(hold: Hold) -> Self {
        Self { hold, assess_from: None }
    }
}

impl Lookout {
    /// One that has not looked yet. `announce` is where clearings and stale locks are announced, and
    /// `interval` how often it looks.
    #[must_use]
    pub fn new(context: Context, announce: Option<ChannelId>, interval: Duration) -> Self {
        Self { context, announce, interval, known: Mutex::default() }
    }

    /// Looks from time to time until `shutdown`, never twice at once. A pass that has begun is
    /// brought to its end.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut pause = self.interval;
        while !shutdown.is_cancelled() {
            match self.pass().await {
                Ok(()) => pause = self.interval,
                Err(fault) => {
                    warn!(kind = fault.kind.as_str(), "the locks were not looked at: {fault}");
                    // Throttling ends sooner where nobody insists.
                    let longer = if fault.kind == FaultKind::Throttled { pause * 2 } else { pause };
                    pause = longer.min(LONGEST_PAUSE.max(self.interval));
                }
            }
            shutdown.run_until_cancelled(sleep(jittered(pause))).await;
        }
    }

    /// Looks once.
    ///
    /// # Errors
    /// A fault where the locks or the memory of them cannot be read. What was written before stays,
    /// and the next pass goes on from there.
    pub async fn pass(&self) -> Result<(), Fault> {
        let mut known = self.known.lock().await;
        let before = if let Some(before) = known.take() {
            before
        } else {
            let holds = self.context.holds.current().await?;
            holds.into_iter().map(|(path, hold)| (path, Known::from(hold))).collect()
        };
        let held = self.context.reading.locks.list().await?;
        let now = self.context.reading.clock.now();
        let holds: BTreeMap<StatePath, Hold> =
            before.iter().map(|(path, known)| (path.clone(), known.hold.clone())).collect();
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
        is_news |= self.assess(&mut after, now).await;
        // Where another process was quicker, the tables know better.
        *known = is_sure.then_some(after);
        drop(known);
        if is_news {
            self.context.courier.deliver().await;
        }
        Ok(())
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
            By::Nobody if next.is_some() => Ending::ChangedHands,
            By::Nobody => Ending::Cleared,
            By::Request(request) => Ending::Unlocked { request },
            By::SomebodyNow => return Ok(Some(Written::NotYet)),
        };
        let path = hold.state.path.clone();
        // It ended when the next one began, if not before. The next holder's clock says when that was, and is
        // not believed where it says a time before this one began.
        let next_began = next.as_ref().map(|next| next.since).filter(|began| *began > hold.since);
        let ended_at = next_began.unwrap_or(now).min(now);
        let past = PastHold { hold, ended_at, ending };
        let next_hold = next.as_ref();
        let notices = |line: &_| clearing_notices(&past, next_hold, line, self.announce);
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

    /// Who has released the lock of a hold, if it was a request.
    async fn unlocked_by(&self, hold: &Hold) -> Result<By, Fault> {
        let path = &hold.state.path;
        // The lockfile goes before the release is on record: then this is not the time to say so.
        match self.context.ledger.open_request(path).await {
            Ok(Some(open)) if *open.request.status() == Status::Executing => {
                return Ok(By::SomebodyNow);
            }
            Ok(_) => {}
            // Whether it is released just now cannot be known. That the lock has cleared can be.
            Err(fault) if fault.kind == FaultKind::NotUnderstood => {
                warn!(kind = fault.kind.as_str(), "an open request is not heeded: {fault}");
            }
            Err(fault) => return Err(fault),
        }
        // More than the last entry: somebody may have asked for the next lock's release already.
        let newest = self.context.trail.newest(path, None, ENTRIES).await?;
        let request = newest.iter().find_map(|entry| {
            let is_of_this = entry.text_of("lock", "id") == hold.lock_id.as_deref();
            let at: DateTime<Utc> = entry.text("at")?.parse().ok()?;
            let is_done = entry.text("action") == Some("unlock.done");
            (is_done && is_of_this && at >= hold.since)
                .then(|| entry.text("request")?.parse::<RequestId>().ok())?
        });
        Ok(request.map_or(By::Nobody, By::Request))
    }

    /// Assesses the holds whose turn it is, and announces what has become stale, once each. Says
    /// whether anything has.
    async fn assess(&self, known: &mut BTreeMap<StatePath, Known>, now: DateTime<Utc>) -> bool {
        let is_due = |known: &&Known| known.assess_from.is_none_or(|from| now >= from);
        let due: Vec<Hold> =
            known.values().filter(is_due).map(|known| known.hold.clone()).collect();
        let assessed: Vec<(StatePath, Result<Assessed, Fault>)> = stream::iter(due)
            .map(|hold| async {
                let path = hold.state.path.clone();
                (path, self.tell_if_stale(hold, now).await)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut any_told = false;
        for (path, assessed) in assessed {
            let Some(known) = known.get_mut(&path) else {
                continue;
            };
            match assessed {
                Ok(Assessed { stale_from, is_told, is_news }) => {
                    known.assess_from = Some(next_time(&known.hold, stale_from, now));
                    known.hold.told_stale |= is_told;
                    any_told |= is_news;
                }
                Err(fault) => {
                    warn!(kind = fault.kind.as_str(), "a hold was not assessed: {fault}");
                }
            }
        }
        any_told
    }

    async fn tell_if_stale(&self, hold: Hold, now: DateTime<Utc>) -> Result<Assessed, Fault> {
        let assessment = assess_hold(&self.context, &hold, now).await?;
        let stale_from = assessment.stale_from;
        let is_stale = assessment.verdict.kind == Kind::Stale;
        let Some(channel) = self.announce.filter(|_| is_stale && !hold.told_stale) else {
            return Ok(Assessed { stale_from, is_told: false, is_news: false });
        };
        let told = Hold { told_stale: true, ..hold.clone() };
        let notice = Notice::Stale { hold: Box::new(told), verdict: assessment.verdict, channel };
        let is_first = self.context.holds.tell_stale(&hold, now, &notice).await;
        let is_news = is_first.map_err(WriteFault::into_fault)?;
        Ok(Assessed { stale_from, is_told: true, is_news })
    }
}

/// When a hold is assessed again.
fn next_time(hold: &Hold, stale_from: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let is_grown_from = hold.since.checked_add_signed(GROWN + TimeDelta::milliseconds(1));
    let changes = [Some(stale_from), is_grown_from].into_iter().flatten();
    changes.filter(|at| *at > now).fold(now + ASSESSED_EVERY, DateTime::min)
}

/// What came of assessing a hold.
struct Assessed {
    /// From when on it is stale by its age alone.
    stale_from: DateTime<Utc>,
    /// Whether people have been told now, by this process or by another.
    is_told: bool,
    /// Whether this process was the first to say so.
    is_news: bool,
}

/// What became of a difference.
enum Written {
    /// It is held, and remembered.
    Held(Hold),
    /// It is over, and remembered; with what is held instead.
    Over { path: StatePath, next: Option<Hold> },
    /// It is not over yet for whoever is about to say so.
    NotYet,
    /// Another process may have been quicker, or nothing could be written.
    Unsure,
}

/// Who has released a lock.
enum By {
    Nobody,
    Request(RequestId),
    SomebodyNow,
}

/// A pause that is not the same for every process: a tenth more or less.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.9 + 0.2 * fastrand::f64())
}
