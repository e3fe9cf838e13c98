//! Holds, present and past, and those who wait, in the bot's own table.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::ledger::{VERSION, path_key};
use super::outbox::put_notice;
use super::own::{OwnTable, PK, SK, TTL, Transacted};
use super::values::{Item, number, number_of, text, text_of};
use super::{LedgerTables, Session};
use crate::audit::Hash;
use crate::error::{Fault, WriteFault};
use crate::lock::{State, StatePath};
use crate::ports::{Holds, Notice, Watches};
use crate::watch::{Ending, Hold, Line, PastHold};

const HOLD: &str = "hold";
const ID: &str = "id";
const TOLD: &str = "told";
const PAST: &str = "past";
const HOST: &str = "host";
const WATCH: &str = "watch";
const STATE: &str = "state";
const LINE: &str = "line";

/// How long a past hold is remembered, and how long that a machine has ended one.
const PAST_KEPT: TimeDelta = TimeDelta::days(90);
const HOST_KEPT: TimeDelta = TimeDelta::days(7);

/// How long a line without anybody in it is kept, so that its version is not begun anew while
/// somebody is changing it.
const EMPTY_KEPT: TimeDelta = TimeDelta::days(1);

/// Retries after another process changed the line first.
const TRIES: usize = 10;

/// The memory of holds.
#[derive(Debug)]
pub struct AwsHolds {
    own: OwnTable,
}

impl AwsHolds {
    /// Makes the client. Does no network I/O.
    #[must_use]
    pub fn connect(session: &Session, tables: LedgerTables) -> Self {
        Self { own: OwnTable::new(session.dynamodb(), tables.table, session.region()) }
    }

    fn written(&self, value: &impl serde::Serialize) -> Result<String, Fault> {
        serde_json::to_string(value).map_err(|error| self.own.not_understood(error))
    }

    fn read<T: serde::de::DeserializeOwned>(&self, item: &Item, name: &str) -> Result<T, Fault> {
        serde_json::from_str(text_of(item, name).unwrap_or_default())
            .map_err(|error| self.own.not_understood(error))
    }

    fn put(&self, put: Result<Put, BuildError>) -> Result<TransactWriteItem, Fault> {
        let put = put.map_err(|error| self.own.not_understood(error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A hold over whatever is there; to be put under a condition.
    fn put_hold(
        &self,
        hold: &Hold,
        under: impl FnOnce(PutBuilder) -> PutBuilder,
    ) -> Result<TransactWriteItem, Fault> {
        let mut item = Item::from([
            (PK.to_owned(), text(HOLD)),
            (SK.to_owned(), text(path_key(&hold.state.path))),
            (ID.to_owned(), text(hold.id.as_str())),
            (HOLD.to_owned(), text(self.written(hold)?)),
        ]);
        if hold.told_stale {
            item.insert(TOLD.to_owned(), AttributeValue::Bool(true));
        }
        self.put(under(Put::builder().table_name(self.own.name()).set_item(Some(item))).build())
    }

    fn no_hold(&self, hold: &Hold) -> Result<TransactWriteItem, Fault> {
        let delete = Delete::builder()
            .table_name(self.own.name())
            .key(PK, text(HOLD))
            .key(SK, text(path_key(&hold.state.path)))
            .condition_expression("#id = :id")
            .expression_attribute_names("#id", ID)
            .expression_attribute_values(":id", text(hold.id.as_str()))
            .build()
            .map_err(|error| self.own.not_understood(error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// What is remembered of a hold that is over: by its state, and by its holder's machine.
    fn put_past(&self, past: &PastHold) -> Result<Vec<TransactWriteItem>, Fault> {
        let path = path_key(&past.hold.state.path);
        let place = format!("{}#{}", moment(past.ended_at), past.hold.id.as_str());
        let keep = |pk: String, kept: TimeDelta, more: Option<(String, String)>| {
            let mut item = Item::from([
                (PK.to_owned(), text(pk)),
                (SK.to_owned(), text(place.clone())),
                (TTL.to_owned(), number((past.ended_at + kept).timestamp())),
            ]);
            item.extend(more.map(|(name, value)| (name, text(value))));
            self.put(Put::builder().table_name(self.own.name()).set_item(Some(item)).build())
        };
        let written = self.written(past)?;
        let mut items =
            vec![keep(format!("{PAST}#{path}"), PAST_KEPT, Some((PAST.to_owned(), written)))?];
        // One that was ended by force tells of nothing that the machine has done.
        let by_itself = !matches!(past.ending, Ending::Unlocked { .. });
        if let Some(host) = past.hold.host().filter(|_| by_itself) {
            let path = (STATE.to_owned(), path);
            items.push(keep(host_key(host), HOST_KEPT, Some(path))?);
        }
        Ok(items)
    }

    fn put_notices(
        &self,
        at: DateTime<Utc>,
        of: &Hold,
        notices: &[Notice],
    ) -> Result<Vec<TransactWriteItem>, Fault> {
        let place = notices.iter().enumerate();
        place
            .map(|(place, notice)| {
                let put = put_notice(&self.own, at, &of.id.as_str()[..16], place, notice)?;
                Ok(TransactWriteItem::builder().put(put).build())
            })
            .collect()
    }

    /// Writes a line over the one that was read, of this version.
    fn put_line(
        &self,
        state: &State,
        line: &Line,
        version: u64,
        at: DateTime<Utc>,
    ) -> Result<TransactWriteItem, Fault> {
        let mut item = Item::from([
            (PK.to_owned(), text(WATCH)),
            (SK.to_owned(), text(path_key(&state.path))),
            (STATE.to_owned(), text(self.written(state)?)),
            (LINE.to_owned(), text(self.written(line)?)),
            (VERSION.to_owned(), number(version + 1)),
        ]);
        if line.is_empty() {
            item.insert(TTL.to_owned(), number((at + EMPTY_KEPT).timestamp()));
        }
        let put = Put::builder().table_name(self.own.name()).set_item(Some(item));
        self.put(if version == 0 {
            put.condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", PK)
                .build()
        } else {
            put.condition_expression("#version = :version")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":version", number(version))
                .build()
        })
    }

    async fn line_of(&self, path: &StatePath) -> Result<(Line, u64), Fault> {
        let Some(item) = self.own.get(WATCH, &path_key(path)).await? else {
            return Ok((Line::default(), 0));
        };
        let version = number_of(&item, VERSION).unwrap_or(0);
        Ok((self.read(&item, LINE)?, version))
    }
}

/// A moment as a part of a key, in the order of time.
fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn host_key(host: &str) -> String {
    format!("{HOST}#{}", Hash::of(host))
}

/// The condition that this hold is the remembered one, whether or not people were told of it.
fn is_remembered(hold: &Hold) -> impl FnOnce(PutBuilder) -> PutBuilder + use<> {
    let id = text(hold.id.as_str());
    move |put| {
        put.condition_expression("#id = :id")
            .expression_attribute_names("#id", ID)
            .expression_attribute_values(":id", id)
    }
}

/// The condition that this hold is the remembered one, and nobody was told that it is stale.
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
        let items = self.own.query(HOLD, None).await?;
        let hold = |item: &Item| {
            let hold: Hold = self.read(item, HOLD)?;
            Ok((hold.state.path.clone(), hold))
        };
        items.iter().map(hold).collect()
    }

    async fn begin(&self, hold: &Hold) -> Result<bool, WriteFault> {
        let is_first = |put: PutBuilder| {
            put.condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", PK)
        };
        let put = self.put_hold(hold, is_first)?;
        Ok(self.own.transact(vec![put]).await?.is_written())
    }

    async fn set_half(&self, hold: &Hold) -> Result<bool, WriteFault> {
        // What is written says whether people were told, so it must not be older than the telling.
        let put = if hold.told_stale {
            self.put_hold(hold, is_remembered(hold))?
        } else {
            self.put_hold(hold, is_untold(hold))?
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
        let mut items = vec![self.put_hold(&told, is_untold(hold))?];
        items.extend(self.put_notices(at, hold, std::slice::from_ref(notice))?);
        Ok(self.own.transact(items).await?.is_written())
    }

    async fn end(
        &self,
        past: &PastHold,
        next: Option<&Hold>,
        notices: &(dyn for<'l> Fn(&'l Line) -> Vec<Notice> + Sync),
    ) -> Result<bool, WriteFault> {
        let hold = &past.hold;
        for _ in 0..TRIES {
            let (line, version) = self.line_of(&hold.state.path).await?;
            let mut items = vec![match next {
                Some(next) => self.put_hold(next, is_remembered(hold))?,
                None => self.no_hold(hold)?,
            }];
            items.extend(self.put_past(past)?);
            items.extend(self.put_notices(past.ended_at, hold, &notices(&line))?);
            // Whoever is told has waited long enough; while somebody else holds it, all wait on.
            let after = if next.is_none() { line.after_clearing() } else { line.clone() };
            if after != line {
                items.push(self.put_line(&hold.state, &after, version, past.ended_at)?);
            }
            match self.own.transact(items).await? {
                Transacted::Written => return Ok(true),
                // The first item is the hold. Otherwise it was the line that changed.
                Transacted::ConditionFailed(failed) if failed.at(0) => return Ok(false),
                Transacted::ConditionFailed(_) => {}
            }
        }
        Err(self.own.throttled().into())
    }

    async fn past(&self, path: &StatePath, limit: usize) -> Result<Vec<PastHold>, Fault> {
        let items = self.own.newest(&format!("{PAST}#{}", path_key(path)), limit).await?;
        items.iter().map(|item| self.read(item, PAST)).collect()
    }

    async fn ended_by(
        &self,
        host: &str,
        since: DateTime<Utc>,
        but: &StatePath,
    ) -> Result<usize, Fault> {
        let items = self.own.query_from(&host_key(host), &moment(since)).await?;
        let but = path_key(but);
        Ok(items.iter().filter(|item| text_of(item, STATE) != Some(&but)).count())
    }
}

#[async_trait]
impl Watches for AwsHolds {
    async fn line(&self, path: &StatePath) -> Result<Line, Fault> {
        Ok(self.line_of(path).await?.0)
    }

    async fn change_line(
        &self,
        state: &State,
        at: DateTime<Utc>,
        change: &(dyn for<'l> Fn(&'l Line) -> Option<Line> + Sync),
    ) -> Result<Option<Line>, WriteFault> {
        for _ in 0..TRIES {
            let (line, version) = self.line_of(&state.path).await?;
            let Some(next) = change(&line) else {
                return Ok(None);
            };
            if next == line {
                return Ok(Some(next));
            }
            let put = self.put_line(state, &next, version, at)?;
            if self.own.transact(vec![put]).await?.is_written() {
                return Ok(Some(next));
            }
        }
        Err(self.own.throttled().into())
    }

    async fn lines(&self) -> Result<Vec<(State, Line)>, Fault> {
        let items = self.own.query(WATCH, None).await?;
        let mut lines = Vec::new();
        for item in &items {
            let line: Line = self.read(item, LINE)?;
            if !line.is_empty() {
                lines.push((self.read(item, STATE)?, line));
            }
        }
        Ok(lines)
    }
}
