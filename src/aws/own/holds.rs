//! Current holds, past holds and lines of watchers, in the bot's own table.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use chrono::{DateTime, Utc};

use crate::aws::own::LedgerTables;
use crate::aws::own::hold_items::{
    HOLD, ID, STATE, TOLD, WATCH, hold_of, host_key, line_of, past_key, past_of, state_of,
};
use crate::aws::own::stored::LeftOut;
use crate::aws::own::{OwnTable, PK, Transacted, path_key};
use crate::aws::session::Session;
use crate::aws::values::{Item, moment, text, text_of};
use crate::error::{Fault, FaultKind, WriteFault};
use crate::lock::{State, StatePath};
use crate::people::UserId;
use crate::ports::{Holds, Notice, PastHolds, Watches};
use crate::watch::{Hold, Line, OTHER_RUNS, PastHold};

/// Retries after another process changed the line first.
const TRIES: usize = 10;

/// Stores and reads holds.
#[derive(Debug)]
pub struct AwsHolds {
    own: OwnTable,
}

impl AwsHolds {
    /// Makes the client. Does no network I/O.
    #[must_use]
    pub fn connect(session: &Session, tables: LedgerTables) -> Self {
        Self { own: OwnTable::new(session, tables.table) }
    }

    /// Replaces a stored hold that this version cannot read. The lock is held now and has to be
    /// watched, even if another version wrote that item.
    async fn replace_unreadable(&self, hold: &Hold) -> Result<bool, WriteFault> {
        let Some(item) = self.own.get(HOLD, &path_key(&hold.state.path)).await? else {
            return Ok(false);
        };
        let Err(odd) = hold_of(&item) else {
            // Another process has stored it first.
            return Ok(false);
        };
        let fault = self.own.odd_item(&item, odd);
        tracing::warn!(kind = fault.kind.as_str(), "a remembered hold is replaced: {fault}");
        // If it is the same hold, people are not told again that it is stale.
        let is_same = text_of(&item, ID) == Some(hold.id.as_str());
        let told_stale = is_same && item.contains_key(TOLD);
        let before = item.get(HOLD).cloned();
        let unchanged = |put: PutBuilder| {
            let put = put.expression_attribute_names("#hold", HOLD);
            match before {
                Some(before) => put
                    .condition_expression("#hold = :before")
                    .expression_attribute_values(":before", before),
                None => put.condition_expression("attribute_not_exists(#hold)"),
            }
        };
        let put = self.own.put_hold(&Hold { told_stale, ..hold.clone() }, unchanged)?;
        Ok(self.own.transact(vec![put]).await?.is_written())
    }

    fn past_holds(&self, items: &[Item]) -> PastHolds {
        let holds = self.own.understood(items, past_of);
        PastHolds { left_out: items.len() - holds.len(), holds }
    }

    async fn line_and_version(&self, path: &StatePath) -> Result<(Line, u64), Fault> {
        match self.own.get(WATCH, &path_key(path)).await? {
            Some(item) => line_of(&item).map_err(|odd| self.own.odd_item(&item, odd)),
            None => Ok((Line::default(), 0)),
        }
    }
}

/// The condition that this hold is the stored one, whether or not people were told that it is
/// stale.
fn is_remembered(hold: &Hold) -> impl FnOnce(PutBuilder) -> PutBuilder + use<> {
    let id = text(hold.id.as_str());
    move |put| {
        put.condition_expression("#id = :id")
            .expression_attribute_names("#id", ID)
            .expression_attribute_values(":id", id)
    }
}

/// The condition that this hold is the stored one, and that people were not told that it is stale.
fn is_untold(hold: &Hold) -> impl FnOnce(PutBuilder) -> PutBuilder + use<> {
    let is_remembered = is_remembered(hold);
    move |put| {
        is_remembered(put)
            .condition_expression("#id = :id AND attribute_not_exists(#told)")
            .expression_attribute_names("#told", TOLD)
    }
}

#[async_trait]
impl Holds for AwsHolds {
    async fn current(&self) -> Result<BTreeMap<StatePath, Hold>, Fault> {
        let holds = self.own.understood(&self.own.query(HOLD, None).await?, hold_of);
        Ok(holds.into_iter().map(|hold| (hold.state.path.clone(), hold)).collect())
    }

    async fn remembered(&self, path: &StatePath) -> Result<Option<Hold>, Fault> {
        let item = self.own.get(HOLD, &path_key(path)).await?;
        item.map(|item| hold_of(&item).map_err(|odd| self.own.odd_item(&item, odd))).transpose()
    }

    async fn begin(&self, hold: &Hold) -> Result<bool, WriteFault> {
        let is_first = |put: PutBuilder| {
            put.condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", PK)
        };
        let put = self.own.put_hold(hold, is_first)?;
        match self.own.transact(vec![put]).await? {
            Transacted::Written => Ok(true),
            Transacted::ConditionFailed(_) => self.replace_unreadable(hold).await,
        }
    }

    async fn update(&self, hold: &Hold) -> Result<bool, WriteFault> {
        // The item also says whether people were told that the hold is stale. An older value must
        // not overwrite that.
        let put = if hold.told_stale {
            self.own.put_hold(hold, is_remembered(hold))?
        } else {
            self.own.put_hold(hold, is_untold(hold))?
        };
        Ok(self.own.transact(vec![put]).await?.is_written())
    }

    async fn tell_stale(
        &self,
        hold: &Hold,
        at: DateTime<Utc>,
        notice: &Notice,
    ) -> Result<bool, WriteFault> {
        let told = Hold { told_stale: true, ..hold.clone() };
        let items = vec![
            self.own.put_hold(&told, is_untold(hold))?,
            self.own.put_stale_notice(at, hold, notice)?,
        ];
        Ok(self.own.transact(items).await?.is_written())
    }

    async fn end(
        &self,
        past: &PastHold,
        next: Option<&Hold>,
        at: DateTime<Utc>,
        notices: &(dyn for<'l> Fn(&'l Line) -> Vec<Notice> + Sync),
    ) -> Result<bool, WriteFault> {
        let hold = &past.hold;
        for _ in 0..TRIES {
            let (line, version) = match self.line_and_version(&hold.state.path).await {
                Err(fault) if fault.kind == FaultKind::NotUnderstood => {
                    // The watchers in this line are not told, but the hold still ends. The line stays
                    // unchanged.
                    tracing::warn!(
                        kind = fault.kind.as_str(),
                        "a line of watchers is not told: \
                         {fault}"
                    );
                    (Line::default(), 0)
                }
                line => line?,
            };
            let mut items = vec![match next {
                Some(next) => self.own.put_hold(next, is_remembered(hold))?,
                None => self.own.delete_hold(hold)?,
            }];
            items.extend(self.own.put_past(past, at)?);
            items.extend(self.own.put_end_notices(at, hold, &notices(&line))?);
            // Watchers are notified only when the lock is free. If another run took it, they keep
            // waiting.
            let after = if next.is_none() { line.after_clearing() } else { line.clone() };
            if after != line {
                items.push(self.own.put_line(&hold.state, &after, version, at)?);
            }
            match self.own.transact(items).await? {
                Transacted::Written => return Ok(true),
                // The first item is the hold. If another condition failed, the line has changed.
                Transacted::ConditionFailed(failed) if failed.at(0) => return Ok(false),
                Transacted::ConditionFailed(_) => {}
            }
        }
        Err(self.own.throttled().into())
    }

    async fn past(&self, path: &StatePath, limit: usize) -> Result<PastHolds, Fault> {
        Ok(self.past_holds(&self.own.newest(&past_key(path), limit).await?))
    }

    async fn past_since(&self, path: &StatePath, since: DateTime<Utc>) -> Result<PastHolds, Fault> {
        Ok(self.past_holds(&self.own.query_from(&past_key(path), &moment(since)).await?))
    }

    async fn ended_by(
        &self,
        host: &str,
        since: DateTime<Utc>,
        but: &StatePath,
    ) -> Result<usize, Fault> {
        let but = path_key(but);
        let is_other = |item: &_| text_of(item, STATE) != Some(&but);
        self.own.count_from(&host_key(host), &moment(since), OTHER_RUNS, is_other).await
    }
}

#[async_trait]
impl Watches for AwsHolds {
    async fn line(&self, path: &StatePath) -> Result<Line, Fault> {
        Ok(self.line_and_version(path).await?.0)
    }

    async fn change_line(
        &self,
        state: &State,
        at: DateTime<Utc>,
        change: &(dyn for<'l> Fn(&'l Line) -> Option<Line> + Sync),
    ) -> Result<Option<Line>, WriteFault> {
        for _ in 0..TRIES {
            let (line, version) = self.line_and_version(&state.path).await?;
            let Some(next) = change(&line) else {
                return Ok(None);
            };
            if next == line {
                return Ok(Some(next));
            }
            let put = self.own.put_line(state, &next, version, at)?;
            if self.own.transact(vec![put]).await?.is_written() {
                return Ok(Some(next));
            }
        }
        Err(self.own.throttled().into())
    }

    async fn watched_by(&self, user: UserId, limit: usize) -> Result<Vec<(State, Line)>, Fault> {
        let mut left_out = LeftOut::default();
        let of_user = |item| match line_of(&item).and_then(|line| Ok((state_of(&item)?, line.0))) {
            Ok((state, line)) => line.before(user).is_some().then_some((state, line)),
            Err(odd) => {
                left_out.note(|| self.own.odd_item(&item, odd));
                None
            }
        };
        let lines = self.own.query_for(WATCH, limit, of_user).await?;
        left_out.log();
        Ok(lines)
    }
}
