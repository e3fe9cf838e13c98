//! Assesses holds, and announces those that look stale.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use futures::stream::{self, StreamExt};
use tracing::warn;

use super::{AT_ONCE, Known, Lookout};
use crate::assess::assess_hold;
use crate::error::{Fault, WriteFault};
use crate::lock::StatePath;
use crate::ports::Notice;
use crate::watch::{Hold, Kind};

/// How often a hold is assessed again, since its machine may have started other runs meanwhile. This also
/// keeps the statistics of the hold cached, so an answer about it need not read a table.
const ASSESSED_EVERY: TimeDelta = TimeDelta::minutes(10);

/// The age from which other runs of its machine count as evidence that a hold is stale.
const GROWN: TimeDelta = TimeDelta::minutes(10);

impl Lookout {
    /// Assesses the holds that are due and whose locks were read, and announces each stale one once. Returns
    /// whether it announced any.
    pub(super) async fn assess(
        &self,
        known: &mut BTreeMap<StatePath, Known>,
        is_read: &impl Fn(&Hold) -> bool,
        now: DateTime<Utc>,
    ) -> bool {
        let is_due = |known: &&Known| {
            is_read(&known.hold) && known.assess_from.is_none_or(|from| now >= from)
        };
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
        let hold = self.shown(hold);
        let assessment = assess_hold(&self.context, &hold, now).await?;
        let stale_from = assessment.stale_from;
        let is_stale = assessment.verdict.kind == Kind::Stale;
        let announce = self.context.policies.of(&hold.state).announce;
        let Some(channel) = announce.filter(|_| is_stale && !hold.told_stale) else {
            return Ok(Assessed { stale_from, is_told: false, is_news: false });
        };
        let told = Hold { told_stale: true, ..hold.clone() };
        let holder = told.who.as_deref().and_then(|who| self.context.holders.of(who));
        let verdict = assessment.verdict;
        let notice = Notice::Stale { hold: Box::new(told), verdict, holder, channel };
        let is_first = self.context.holds.tell_stale(&hold, now, &notice).await;
        let is_news = is_first.map_err(WriteFault::into_fault)?;
        Ok(Assessed { stale_from, is_told: true, is_news })
    }
}

/// When to assess a hold again.
fn next_time(hold: &Hold, stale_from: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    let is_grown_from = hold.since.checked_add_signed(GROWN + TimeDelta::milliseconds(1));
    let changes = [Some(stale_from), is_grown_from].into_iter().flatten();
    changes.filter(|at| *at > now).fold(now + ASSESSED_EVERY, DateTime::min)
}

/// The result of assessing a hold.
struct Assessed {
    /// When it becomes stale by its age alone.
    stale_from: DateTime<Utc>,
    /// Whether people were told, by this process or another one.
    is_told: bool,
    /// Whether this process told them first.
    is_news: bool,
}
