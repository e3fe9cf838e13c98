//! Holds, past holds and lines as items: writes them and reads them back.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use chrono::{DateTime, TimeDelta, Utc};

use crate::audit::Hash;
use crate::aws::own::outbox::put_notice;
use crate::aws::own::stored::{Odd, count, json};
use crate::aws::own::{OwnTable, PK, SK, TTL, VERSION, path_key};
use crate::aws::values::{Item, moment, number, text, text_of};
use crate::error::Fault;
use crate::lock::{State, StatePath};
use crate::ports::Notice;
use crate::watch::{Ending, Hold, Line, PastHold};

pub(in crate::aws) const HOLD: &str = "hold";
pub(in crate::aws) const ID: &str = "id";
pub(in crate::aws) const TOLD: &str = "told";
pub(in crate::aws) const WATCH: &str = "watch";
pub(in crate::aws) const STATE: &str = "state";
pub(in crate::aws) const LINE: &str = "line";
const PAST: &str = "past";
const HOST: &str = "host";

/// How long a past hold is kept under its state, and under its holder's machine.
const PAST_KEPT: TimeDelta = TimeDelta::days(90);
const HOST_KEPT: TimeDelta = TimeDelta::days(7);

/// How long an empty line is kept. If it were deleted at once, its version would start over while
/// another process is changing it.
const EMPTY_KEPT: TimeDelta = TimeDelta::days(1);

/// Reads a hold from its item. The conditions of later writes use the item's key and ID, so both
/// must match the hold.
pub(in crate::aws) fn hold_of(item: &Item) -> Result<Hold, Odd> {
    let hold: Hold = json(item, HOLD)?;
    if text_of(item, SK) != Some(&path_key(&hold.state.path)) {
        return Err(Odd::Contradiction(SK));
    }
    if text_of(item, ID) != Some(hold.id.as_str()) {
        return Err(Odd::Contradiction(ID));
    }
    Ok(Hold { told_stale: item.contains_key(TOLD), ..hold })
}

/// Reads a past hold from its item.
pub(in crate::aws) fn past_of(item: &Item) -> Result<PastHold, Odd> {
    json(item, PAST)
}

/// Reads a line and its version from its item.
pub(in crate::aws) fn line_of(item: &Item) -> Result<(Line, u64), Odd> {
    match count(item, VERSION)? {
        0 => Err(Odd::Missing(VERSION)),
        version => Ok((json(item, LINE)?, version)),
    }
}

/// Reads the state of a line from its item.
pub(in crate::aws) fn state_of(item: &Item) -> Result<State, Odd> {
    let state: State = json(item, STATE)?;
    let is_its_key = text_of(item, SK) == Some(&path_key(&state.path));
    if is_its_key { Ok(state) } else { Err(Odd::Contradiction(SK)) }
}

pub(in crate::aws) fn host_key(host: &str) -> String {
    format!("{HOST}#{}", Hash::of(host))
}

pub(in crate::aws) fn past_key(path: &StatePath) -> String {
    format!("{PAST}#{}", path_key(path))
}

impl OwnTable {
    /// Replaces the stored hold, under the condition that `under` adds.
    pub(in crate::aws) fn put_hold(
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
        self.step(under(Put::builder().table_name(self.name()).set_item(Some(item))).build())
    }

    pub(in crate::aws) fn delete_hold(&self, hold: &Hold) -> Result<TransactWriteItem, Fault> {
        let delete = Delete::builder()
            .table_name(self.name())
            .key(PK, text(HOLD))
            .key(SK, text(path_key(&hold.state.path)))
            .condition_expression("#id = :id")
            .expression_attribute_names("#id", ID)
            .expression_attribute_values(":id", text(hold.id.as_str()))
            .build()
            .map_err(|error| self.not_understood(error))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Writes a past hold under its state, and its state under its holder's machine. Both expire some time
    /// after `at`.
    pub(in crate::aws) fn put_past(
        &self,
        past: &PastHold,
        at: DateTime<Utc>,
    ) -> Result<Vec<TransactWriteItem>, Fault> {
        let place = format!("{}#{}", moment(past.ended_at), past.hold.id.as_str());
        let keep = |pk: String, kept: TimeDelta, name: &str, value: String| {
            let item = Item::from([
                (PK.to_owned(), text(pk)),
                (SK.to_owned(), text(place.clone())),
                (TTL.to_owned(), number((at + kept).timestamp())),
                (name.to_owned(), text(value)),
            ]);
            self.step(Put::builder().table_name(self.name()).set_item(Some(item)).build())
        };
        let path = &past.hold.state.path;
        let mut items = vec![keep(past_key(path), PAST_KEPT, PAST, self.written(past)?)?];
        // A forced unlock does not show that the machine finished a run.
        let by_itself = !matches!(past.ending, Ending::Unlocked { .. });
        if let Some(host) = past.hold.host().filter(|_| by_itself) {
            items.push(keep(host_key(host), HOST_KEPT, STATE, path_key(path))?);
        }
        Ok(items)
    }

    /// Writes the notices about the end of a hold. They sort after all notices from before `at`.
    pub(in crate::aws) fn put_end_notices(
        &self,
        at: DateTime<Utc>,
        of: &Hold,
        notices: &[Notice],
    ) -> Result<Vec<TransactWriteItem>, Fault> {
        let of = format!("ended#{}", of.id.short());
        let place = notices.iter().enumerate();
        place
            .map(|(place, notice)| {
                let put = put_notice(self, at, &of, place, notice)?;
                Ok(TransactWriteItem::builder().put(put).build())
            })
            .collect()
    }

    /// Writes the notice about a stale hold. It sorts after the end notices of the same moment,
    /// since this hold may have begun when another one ended.
    pub(in crate::aws) fn put_stale_notice(
        &self,
        at: DateTime<Utc>,
        of: &Hold,
        notice: &Notice,
    ) -> Result<TransactWriteItem, Fault> {
        let put = put_notice(self, at, &format!("stale#{}", of.id.short()), 0, notice)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Replaces the stored line if it still has this version.
    pub(in crate::aws) fn put_line(
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
        let put = Put::builder().table_name(self.name()).set_item(Some(item));
        self.step(if version == 0 {
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

    fn written(&self, value: &impl serde::Serialize) -> Result<String, Fault> {
        serde_json::to_string(value).map_err(|error| self.not_understood(error))
    }

    fn step(&self, put: Result<Put, BuildError>) -> Result<TransactWriteItem, Fault> {
        let put = put.map_err(|error| self.not_understood(error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}
