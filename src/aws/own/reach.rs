//! Whether the bot's own tables can be read.

use async_trait::async_trait;
use futures::try_join;

use crate::aws::own::audit_table::AuditTable;
use crate::aws::own::{LedgerTables, OwnTable};
use crate::aws::session::Session;
use crate::error::Fault;
use crate::ports::OwnTables;

/// A key that no item has. A read of it costs least.
const REACH: &str = "reach";

/// The bot's own tables.
#[derive(Debug)]
pub struct AwsOwnTables {
    own: OwnTable,
    audit: AuditTable,
}

impl AwsOwnTables {
    /// Makes the client. Does no network I/O.
    #[must_use]
    pub fn connect(session: &Session, tables: LedgerTables) -> Self {
        Self {
            own: OwnTable::new(session, tables.table),
            audit: AuditTable::new(session, tables.audit_table),
        }
    }
}

#[async_trait]
impl OwnTables for AwsOwnTables {
    async fn reach(&self) -> Result<(), Fault> {
        let (_, ()) = try_join!(self.own.get(REACH, REACH), self.audit.reach())?;
        Ok(())
    }
}
