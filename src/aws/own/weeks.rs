//! The week of the last weekly report, in the bot's own table.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use chrono::{DateTime, Utc};

use crate::aws::own::outbox::put_notice;
use crate::aws::own::stored::Odd;
use crate::aws::own::{LedgerTables, OwnTable, PK, SK};
use crate::aws::session::Session;
use crate::aws::values::{Item, text, text_of};
use crate::error::{Fault, WriteFault};
use crate::ports::{Notice, Weeks};
use crate::watch::WeekName;

const REPORT: &str = "report";
const WEEKLY: &str = "weekly";
const WEEK: &str = "week";

/// Stores which week has its report.
#[derive(Debug)]
pub struct AwsWeeks {
    own: OwnTable,
}

impl AwsWeeks {
    /// Makes the client. Does no network I/O.
    #[must_use]
    pub fn connect(session: &Session, tables: LedgerTables) -> Self {
        Self { own: OwnTable::new(session, tables.table) }
    }
}

#[async_trait]
impl Weeks for AwsWeeks {
    async fn last(&self) -> Result<Option<WeekName>, Fault> {
        let Some(item) = self.own.get(REPORT, WEEKLY).await? else {
            return Ok(None);
        };
        let week = text_of(&item, WEEK).map(WeekName::stored);
        week.map(Some).ok_or_else(|| self.own.odd_item(&item, Odd::Missing(WEEK)))
    }

    async fn advance(
        &self,
        before: Option<&WeekName>,
        week: &WeekName,
        at: DateTime<Utc>,
        notice: Option<&Notice>,
    ) -> Result<bool, WriteFault> {
        let item = Item::from([
            (PK.to_owned(), text(REPORT)),
            (SK.to_owned(), text(WEEKLY)),
            (WEEK.to_owned(), text(week.as_str())),
        ]);
        let put = Put::builder().table_name(self.own.name()).set_item(Some(item));
        let put = match before {
            None => put
                .condition_expression("attribute_not_exists(#pk)")
                .expression_attribute_names("#pk", PK),
            Some(before) => put
                .condition_expression("#week = :before")
                .expression_attribute_names("#week", WEEK)
                .expression_attribute_values(":before", text(before.as_str())),
        };
        let mut puts = vec![put.build().map_err(|error| self.own.not_understood(error))?];
        if let Some(notice) = notice {
            let of = format!("{REPORT}#{}", week.as_str());
            puts.push(put_notice(&self.own, at, &of, 0, notice)?);
        }
        let items = puts.into_iter().map(|put| TransactWriteItem::builder().put(put).build());
        Ok(self.own.transact(items.collect()).await?.is_written())
    }
}
