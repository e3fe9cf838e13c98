//! One hold of a lock, from taking to clearing.

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::audit::Hash;
use crate::lock::{Flaw, HeldLock, LockState, Operation, State, StatePath, age};
use crate::people::RequestId;
use crate::text::clip;

/// Longest text of a record that is kept for a hold, in characters.
const TEXT: usize = 200;

/// Identifies a hold: two looks with the same id have seen one lock.
///
/// It is derived from the lock ID, so that the two halves of one lock are one hold. Without a
/// readable ID it is derived from the record's bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct HoldId(String);

/// A text that cannot be the id of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a hold")]
pub struct NotAHoldId;

/// A held lock.
///
/// It is stored, and another version may read it back. For that its id, state and start must be
/// readable. The rest is for people: an unreadable field becomes unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub id: HoldId,
    /// The state.
    pub state: State,
    /// The holder. `None` where the record cannot be read.
    #[serde(default, deserialize_with = "or_not_known")]
    pub who: Option<String>,
    /// The operation, as the record writes it. `None` where the record cannot be read.
    #[serde(default, deserialize_with = "or_not_known")]
    pub operation: Option<String>,
    /// The lock ID. `None` where it cannot be read.
    #[serde(default, deserialize_with = "or_not_known")]
    pub lock_id: Option<String>,
    /// When it was taken, by the record or the store, else when it was first seen.
    pub since: DateTime<Utc>,
    /// Whether one half of the lock was missing or differed from the other at the last look.
    #[serde(default, deserialize_with = "or_not_known")]
    pub half: bool,
    /// Whether the stale notice was sent. It is sent once.
    #[serde(default, deserialize_with = "or_not_known")]
    pub told_stale: bool,
    /// Whether any look has seen the complete lock, with both halves where there are two stores.
    /// `None` for a hold from a version that did not store this.
    #[serde(default, deserialize_with = "or_not_known")]
    pub was_whole: Option<bool>,
}

/// A finished hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastHold {
    /// The hold.
    pub hold: Hold,
    /// When a look found it finished, by the bot's clock, or when the next hold began, if that was
    /// earlier.
    pub ended_at: DateTime<Utc>,
    /// How it ended.
    pub ending: Ending,
}

/// How a hold ended, as far as known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum Ending {
    /// Terraform or a `force-unlock` removed the lock, without a request here.
    Cleared,
    /// A request approved here released it.
    Unlocked {
        /// The request.
        request: RequestId,
    },
    /// Another lock was found instead: this one was released between two looks.
    ChangedHands,
}

impl HoldId {
    fn of(held: &HeldLock) -> Self {
        let path = held.state.path.as_str();
        let text = if let Some(info) = held.lock.info() {
            format!("{path}\nid {}", info.id)
        } else {
            let record = held.lock.sources().and_then(|sources| sources.records().next());
            if record.is_some_and(|stored| matches!(stored.info, Err(Flaw::Unread(_)))) {
                return Self::unread(&held.state.path);
            }
            let hash = record.map(|stored| Hash::of(stored.record.as_bytes()).to_string());
            format!("{path}\nrecord {}", hash.unwrap_or_default())
        };
        Self(Hash::of(text).to_string())
    }

    /// The id for a lock whose only record was not read, so the hold is unknown.
    pub(super) fn unread(path: &StatePath) -> Self {
        Self(Hash::of(format!("{path}\nunread")).to_string())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A prefix of the id, long enough to tell apart holds of the same time.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..16).unwrap_or(&self.0)
    }
}

impl TryFrom<String> for HoldId {
    type Error = NotAHoldId;

    fn try_from(text: String) -> Result<Self, NotAHoldId> {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 64 && text.bytes().all(is_hex) { Ok(Self(text)) } else { Err(NotAHoldId) }
    }
}

/// Reads a value that a hold can do without: an unreadable one becomes the default.
fn or_not_known<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + DeserializeOwned,
    D: Deserializer<'de>,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

impl Hold {
    /// The hold of a held lock that is first seen at `now`. `None` for a free state.
    #[must_use]
    pub fn of(held: &HeldLock, now: DateTime<Utc>) -> Option<Self> {
        if held.lock == LockState::Free {
            return None;
        }
        let info = held.lock.info();
        let text = |text: &str| clip(text, TEXT);
        Some(Self {
            id: HoldId::of(held),
            state: held.state.clone(),
            who: info.map(|info| text(&info.who)),
            operation: info.map(|info| text(info.operation.as_written())),
            lock_id: info.map(|info| text(info.id.as_str())),
            // A holder's clock that is ahead must not give a negative length.
            since: held.lock.since().unwrap_or(now).min(now),
            half: held.lock.half().is_some(),
            told_stale: false,
            was_whole: Some(held.lock.half().is_none()),
        })
    }

    /// The holder's operation, if known.
    #[must_use]
    pub fn operation(&self) -> Option<Operation> {
        self.operation.clone().map(Operation::new)
    }

    /// How long it has lasted.
    #[must_use]
    pub fn age(&self, now: DateTime<Utc>) -> TimeDelta {
        age(self.since, now)
    }

    /// The holder's machine, if the record names it.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        host(self.who.as_deref()?)
    }
}

/// The machine in `user@host`. `None` where there is none.
#[must_use]
pub fn host(who: &str) -> Option<&str> {
    let (_, host) = who.rsplit_once('@')?;
    (!host.trim().is_empty()).then_some(host)
}

impl PastHold {
    /// How long it lasted.
    #[must_use]
    pub fn length(&self) -> TimeDelta {
        age(self.hold.since, self.ended_at)
    }
}
