//! What the doctor looks at. Each of these traits stands for one thing, and its methods only look: nothing that
//! people or Terraform rely on changes.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::error::Fault;
use crate::lock::{BackendName, StatePath};
use crate::people::{ChannelId, Permission, RoleId};

/// A way to reach AWS: credentials and a region.
#[async_trait]
pub trait ExamineSession: Send + Sync {
    /// The backends that are reached by it. Empty if it is the only one.
    fn backends(&self) -> &[BackendName];

    /// Asks AWS who the bot is.
    async fn greet(&self) -> Greeting;
}

/// The answer of AWS to the question who the bot is.
#[derive(Debug)]
pub struct Greeting {
    /// Who the bot is. `None` if the endpoint is not AWS's own, and does not say.
    pub caller: Result<Option<Caller>, Fault>,
    /// The clock of AWS at its answer, to the second. `None` without an answer.
    pub date: Option<DateTime<Utc>>,
}

/// Who the bot is to AWS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The number of the account.
    pub account: String,
    /// The ARN of the user or of the assumed role.
    pub arn: String,
}

/// What a table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableUse {
    /// Terraform's locks.
    Locks,
    /// The bot's own items.
    Own,
    /// The audit trail.
    Trail,
}

/// A call of `DynamoDB` that the bot makes, or must not be able to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableAction {
    /// Read one item.
    GetItem,
    /// Read several items.
    BatchGetItem,
    /// Read the items of one key.
    Query,
    /// Read all items.
    Scan,
    /// Write an item.
    PutItem,
    /// Change an item.
    UpdateItem,
    /// Delete an item.
    DeleteItem,
}

/// A `DynamoDB` table.
#[async_trait]
pub trait ExamineTable: Send + Sync {
    /// What it is for.
    fn used_for(&self) -> TableUse;

    /// Its name.
    fn name(&self) -> &str;

    /// The backends that lock in it. Empty if there is only one backend.
    fn backends(&self) -> &[BackendName];

    /// Its ARN for a policy, as far as it can be told without asking.
    fn arn(&self) -> String;

    /// Its description.
    async fn shape(&self) -> Result<TableShape, Fault>;

    /// Whether it can be restored to a point in time.
    async fn has_backups(&self) -> Result<bool, Fault>;

    /// The attribute by which its items expire. `None` if none do.
    async fn expires_by(&self) -> Result<Option<String>, Fault>;

    /// Whether the bot may do this, tried by a call that changes nothing.
    async fn allows(&self, action: TableAction) -> Result<bool, Fault>;

    /// The migrations of the bot's own tables that are not applied yet.
    async fn pending(&self) -> Result<Vec<String>, Fault>;
}

/// The description of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableShape {
    /// Its status, such as `ACTIVE`.
    pub status: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// The name and the type of each part of its key.
    pub key: Vec<(String, String)>,
    /// Whether it is protected from deletion.
    pub is_protected: bool,
}

/// A bucket with lockfiles.
#[async_trait]
pub trait ExamineBucket: Send + Sync {
    /// Its name.
    fn name(&self) -> &str;

    /// The backends whose lockfiles are in it. Empty if there is only one backend.
    fn backends(&self) -> &[BackendName];

    /// Its ARN for a policy.
    fn arn(&self) -> String;

    /// The address of the store, if it is not AWS's own.
    fn other_address(&self) -> Option<&str>;

    /// Whether the bot may list it.
    async fn may_list(&self) -> Result<bool, Fault>;

    /// Whether the bot may read a lockfile.
    async fn may_get(&self) -> Result<bool, Fault>;

    /// Whether the bot may delete a lockfile, tried on one that does not exist.
    async fn may_delete(&self) -> Result<bool, Fault>;

    /// Whether the store keeps the conditions of writes and deletes, tried with an object of the bot's own.
    async fn conditions(&self) -> Result<Conditions, Fault>;
}

/// Whether a store keeps the conditions of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditions {
    /// It keeps all that the bot and Terraform rely on.
    Kept,
    /// It ignores some.
    Ignored {
        /// `If-None-Match` when an object is put. Two runs can then hold a lock.
        put: bool,
        /// `If-Match` when an object is deleted. A release can then delete another run's lock.
        delete: bool,
    },
}

/// The digests in a lock table, and the states that they are of.
#[async_trait]
pub trait ExamineDigests: Send + Sync {
    /// The lock table and the bucket, for people.
    fn subject(&self) -> String;

    /// Every digest that does not fit the state's `ETag`, and how many fit.
    async fn compare(&self) -> Result<Digests, Fault>;
}

/// Digests, compared with the `ETag`s of the states' objects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digests {
    /// How many are equal.
    pub equal: usize,
    /// The states whose `ETag` is another MD5.
    pub different: Vec<StatePath>,
    /// The states whose object is not there.
    pub without_state: Vec<StatePath>,
    /// How many cannot be compared, since the `ETag` is no MD5.
    pub incomparable: usize,
}

/// The Discord server.
#[async_trait]
pub trait ExamineServer: Send + Sync {
    /// Looks at the server, and at these channels of it.
    async fn look(&self, channels: &BTreeSet<ChannelId>) -> Result<ServerFacts, ServerTrouble>;
}

/// Why the server cannot be looked at.
#[derive(Debug)]
pub enum ServerTrouble {
    /// Discord does not accept the bot token.
    Token,
    /// The bot is not in the server.
    NotIn,
    /// Discord could not be asked.
    Fault(Fault),
}

/// What the bot sees of the server.
#[derive(Debug)]
pub struct ServerFacts {
    /// The bot's name.
    pub bot: String,
    /// The roles of the server, and whether anyone may mention each.
    pub roles: BTreeMap<RoleId, bool>,
    /// Whether the bot may mention all roles.
    pub may_mention: bool,
    /// The channels that were asked for.
    pub channels: BTreeMap<ChannelId, Result<ChannelFacts, Fault>>,
    /// Whether the commands of this version are registered.
    pub commands: Result<bool, Fault>,
}

/// What the bot sees of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelFacts {
    /// There is no such channel.
    Missing,
    /// It is in another server.
    Elsewhere,
    /// It is one in which messages can be posted.
    Seen {
        /// The permissions that the bot lacks there.
        lacks: BTreeSet<Permission>,
        /// Whether the bot may mention all roles there.
        may_mention: bool,
    },
}

impl TableAction {
    /// Its name in a policy, without the service.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetItem => "GetItem",
            Self::BatchGetItem => "BatchGetItem",
            Self::Query => "Query",
            Self::Scan => "Scan",
            Self::PutItem => "PutItem",
            Self::UpdateItem => "UpdateItem",
            Self::DeleteItem => "DeleteItem",
        }
    }
}
