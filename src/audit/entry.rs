//! One entry of the trail: what happened, and the hash that links it to the entry before.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::canonical::{canonical, canonical_without};
use crate::lock::{LockState, State};
use crate::people::{Person, RequestId};
use crate::text::{clip, visible};

/// Longest text in an entry, in characters. An entry must fit into a transaction, however long the
/// texts of a record are.
const TEXT: usize = 1_000;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Action {
    /// A person requested the release of a lock.
    Opened,
    /// A person approved.
    Approved,
    /// A person denied it.
    Denied,
    /// The requester withdrew it.
    Withdrawn,
    /// It was not approved in time.
    Expired,
    /// The card could not be posted, so the request was closed.
    Unpostable,
    /// A person tried to approve but was not allowed to.
    ApprovalRefused,
    /// A person tried to deny but was not allowed to. Earlier versions wrote `approval.refused`
    /// here too, with "tried to deny" in the detail.
    DenialRefused,
    /// A person tried to withdraw another person's request.
    WithdrawalRefused,
    /// A release in several steps started.
    UnlockStarted,
    /// The lock was released.
    UnlockDone,
    /// Another lock was found.
    UnlockSuperseded,
    /// No lock was found.
    UnlockAlreadyFree,
    /// The release failed.
    UnlockFailed,
}

/// An entry before it has its place in a chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Draft {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened.
    pub action: Action,
    /// Who did it. `None` if it was no person, as for an expiry.
    pub actor: Option<Person>,
    /// The request.
    pub request: RequestId,
    /// The state. Its path selects the chain.
    pub state: State,
    /// The lock.
    pub lock: LockState,
    /// The reason of the request, denial or withdrawal.
    pub reason: Option<String>,
    /// Further details.
    pub detail: Option<String>,
}

/// The hash of an entry, as 64 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hash(String);

/// An entry with its place in its chain, as it is stored and exported.
///
/// It keeps every stored field, known or not, because the hash check includes added fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry(Map<String, Value>);

/// A text that is the name of no action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name of no action")]
pub struct NotAnAction;

impl TryFrom<String> for Action {
    type Error = NotAnAction;

    fn try_from(name: String) -> Result<Self, NotAnAction> {
        Self::named(&name).ok_or(NotAnAction)
    }
}

impl From<Action> for &'static str {
    fn from(action: Action) -> Self {
        action.as_str()
    }
}

impl Action {
    /// All actions.
    const ALL: [Self; 14] = [
        Self::Opened,
        Self::Approved,
        Self::Denied,
        Self::Withdrawn,
        Self::Expired,
        Self::Unpostable,
        Self::ApprovalRefused,
        Self::DenialRefused,
        Self::WithdrawalRefused,
        Self::UnlockStarted,
        Self::UnlockDone,
        Self::UnlockSuperseded,
        Self::UnlockAlreadyFree,
        Self::UnlockFailed,
    ];

    /// The actions that end a request. Nothing more is recorded for it after one of them.
    pub const ENDS: [Self; 8] = [
        Self::Denied,
        Self::Withdrawn,
        Self::Expired,
        Self::Unpostable,
        Self::UnlockDone,
        Self::UnlockSuperseded,
        Self::UnlockAlreadyFree,
        Self::UnlockFailed,
    ];

    /// The action's name in the trail.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "request.opened",
            Self::Approved => "request.approved",
            Self::Denied => "request.denied",
            Self::Withdrawn => "request.withdrawn",
            Self::Expired => "request.expired",
            Self::Unpostable => "request.unpostable",
            Self::ApprovalRefused => "approval.refused",
            Self::DenialRefused => "denial.refused",
            Self::WithdrawalRefused => "withdrawal.refused",
            Self::UnlockStarted => "unlock.started",
            Self::UnlockDone => "unlock.done",
            Self::UnlockSuperseded => "unlock.superseded",
            Self::UnlockAlreadyFree => "unlock.already_free",
            Self::UnlockFailed => "unlock.failed",
        }
    }

    /// The action with this name in the trail. `None` for an action of a newer version.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }
}

impl Hash {
    /// The hash that the first entry of a chain contains as the previous one.
    #[must_use]
    pub fn zero() -> Self {
        Self("0".repeat(64))
    }

    /// The hash of some bytes.
    #[must_use]
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        let digits = |byte: u8| [byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]);
        Self(Sha256::digest(bytes).iter().flat_map(|&byte| digits(byte)).map(char::from).collect())
    }

    /// The hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Entry {
    /// Makes an entry from a draft.
    pub(super) fn new(draft: &Draft, seq: u64, prev: &Hash) -> Self {
        let actor = draft.actor.as_ref().map_or(Value::Null, |person| {
            let id = person.id.to_string();
            Value::from_iter([("id", Value::from(id)), ("name", text(Some(&person.name)))])
        });
        let mut fields: Map<String, Value> = [
            ("seq", Value::from(seq)),
            // Not clipped or made visible, because it is the key of the chain.
            ("path", Value::from(draft.state.path.as_str())),
            ("state", text(Some(draft.state.name.as_str()))),
            ("at", Value::from(timestamp(draft.at))),
            ("action", Value::from(draft.action.as_str())),
            ("actor", actor),
            ("request", Value::from(draft.request.to_string())),
            ("lock", lock(&draft.lock)),
            ("reason", text(draft.reason.as_deref())),
            ("detail", text(draft.detail.as_deref())),
            ("prev", Value::from(prev.as_str())),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        let hash = Hash::of(canonical(&fields));
        fields.insert("hash".to_owned(), Value::from(hash.as_str()));
        Self(fields)
    }

    /// Wraps stored fields, whatever they contain.
    #[must_use]
    pub fn read(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    /// All its fields.
    #[must_use]
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// A text field. `None` if it is absent or not a text.
    #[must_use]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str()
    }

    /// A text one level down, such as the `name` of the `actor`.
    #[must_use]
    pub fn text_of(&self, field: &str, part: &str) -> Option<&str> {
        self.0.get(field)?.get(part)?.as_str()
    }

    /// Whether it was recorded about this lock, compared by ID, holder, operation and time.
    #[must_use]
    pub fn is_about(&self, of: &LockState) -> bool {
        self.0.get("lock") == Some(&lock(of))
    }

    /// Its number in its chain, starting at 1. It is 0 if it has none.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.0.get("seq").and_then(Value::as_u64).unwrap_or(0)
    }

    /// The state path of its chain. Empty if it has none.
    #[must_use]
    pub fn path(&self) -> &str {
        self.text("path").unwrap_or_default()
    }

    /// The stored hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash(self.text("hash").unwrap_or_default().to_owned())
    }

    /// The hash computed from its fields.
    #[must_use]
    pub fn computed_hash(&self) -> Hash {
        Hash::of(canonical_without("hash", &self.0))
    }
}

/// The part of an entry that describes a lock.
fn lock(lock: &LockState) -> Value {
    let info = lock.info();
    let created = info.and_then(|info| info.created);
    Value::from_iter([
        ("id", text(info.map(|info| info.id.as_str()))),
        ("who", text(info.map(|info| info.who.as_str()))),
        ("operation", text(info.map(|info| info.operation.as_written()))),
        ("created", text(created.map(timestamp).as_deref())),
    ])
}

/// UTC with milliseconds: the form of all times in the trail.
fn timestamp(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A text from outside with its invisible characters replaced, so that a terminal and `jq` show it
/// exactly as it is hashed.
fn text(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::from(clip(&visible(text), TEXT)))
}
