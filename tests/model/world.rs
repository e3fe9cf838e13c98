//! The world outside the bot: a lock's records, the people, the time.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use locktender::lock::{LockRecord, LockState, State as TfState, Store, StoredLock, Stores};
use locktender::people::{
    Actor, ChannelId, EventId, GuildId, Person, Place, RequestId, RoleId, Room, UserId,
};
use locktender::unlock::{Asking, Pinned, Policy};
use serde_json::json;

/// The bytes of a lock record. Two runs of Terraform never write the same bytes, because an ID is random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// The record at the start.
    First,
    /// The same JSON in other bytes.
    Rewritten,
    /// The record of another run.
    Second,
}

/// The content of the stores, or what a look saw there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Halves {
    pub row: Option<Record>,
    pub lockfile: Option<Record>,
}

/// A store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Half {
    Row,
    Lockfile,
}

impl Half {
    pub fn of(store: Store) -> Self {
        match store {
            Store::DynamoDb => Self::Row,
            Store::S3 => Self::Lockfile,
        }
    }
}

/// The people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// The requester. She is also an approver.
    Ann,
    /// An approver who may lose the role.
    Bob,
    /// An approver.
    Carol,
    /// A person without a role.
    Dave,
}

/// The time. The rules need only these three moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Time {
    /// When requests are opened.
    Early,
    /// When those requests have expired.
    Late,
    /// When all requests have expired.
    End,
}

const APPROVER: RoleId = RoleId::new(70);

static RECORDS: LazyLock<[(StoredLock, StoredLock); 3]> = LazyLock::new(|| {
    let first = r#"{"ID":"1f6e7bc2","Who":"ci@runner-7","Created":"2026-11-25T09:00:00Z"}"#;
    let second = r#"{"ID":"77aa0b13","Who":"eve@laptop","Created":"2026-11-25T12:01:00Z"}"#;
    [first.to_owned(), first.replace(':', ": "), second.to_owned()].map(|bytes| {
        let stored = StoredLock::new(LockRecord::new(bytes.clone()), None);
        (stored.clone(), stored.with_etag(Some(format!("etag of {bytes}"))))
    })
});

static STATE: LazyLock<TfState> = LazyLock::new(|| {
    let path = "my-bucket/env/prod/terraform.tfstate";
    serde_json::from_value(json!({"name": "env/prod", "path": path, "backend": "main"})).unwrap()
});

static NOON: LazyLock<DateTime<Utc>> = LazyLock::new(|| "2026-11-25T12:00:00Z".parse().unwrap());

/// The Terraform state of the lock.
pub fn state() -> &'static TfState {
    &STATE
}

impl Record {
    pub const ALL: [Self; 3] = [Self::First, Self::Rewritten, Self::Second];

    /// The record as a store returns it.
    pub fn stored(self, half: Half) -> &'static StoredLock {
        let (row, lockfile) = &RECORDS[self as usize];
        match half {
            Half::Row => row,
            Half::Lockfile => lockfile,
        }
    }
}

impl Halves {
    /// The `LockState` of these records.
    pub fn lock(self, expected: Stores) -> LockState {
        let row = self.row.map(|record| record.stored(Half::Row).clone());
        let lockfile = self.lockfile.map(|record| record.stored(Half::Lockfile).clone());
        LockState::from_stores(expected, row, lockfile)
    }

    /// The records that a request pins, compared by their bytes only.
    pub fn pinned(pinned: &Pinned) -> Self {
        let of = |half, stored: Option<&StoredLock>| {
            let bytes = stored?.record.as_bytes();
            let same = |record: &Record| record.stored(half).record.as_bytes() == bytes;
            Record::ALL.into_iter().find(same)
        };
        Self { row: of(Half::Row, pinned.row()), lockfile: of(Half::Lockfile, pinned.lockfile()) }
    }

    pub fn get(self, half: Half) -> Option<Record> {
        match half {
            Half::Row => self.row,
            Half::Lockfile => self.lockfile,
        }
    }

    pub fn set(&mut self, half: Half, record: Option<Record>) {
        match half {
            Half::Row => self.row = record,
            Half::Lockfile => self.lockfile = record,
        }
    }

    /// Whether any of these records is still there.
    pub fn any_in(self, now: Self) -> bool {
        let there = |half| self.get(half).is_some() && self.get(half) == now.get(half);
        there(Half::Row) || there(Half::Lockfile)
    }
}

impl Who {
    pub fn id(self) -> UserId {
        UserId::new(self as u64 + 1)
    }

    /// The actor of a click, in the channel.
    pub fn actor(self, has_role: bool) -> Actor {
        let name = format!("{self:?}");
        Actor {
            person: Person { id: self.id(), name },
            is_bot: false,
            roles: roles(has_role),
            place: Place { guild: GuildId::new(80), channel: ChannelId::new(90) },
            room: Room::default(),
        }
    }

    /// The actor of a click in another channel of the server.
    pub fn actor_elsewhere(self, has_role: bool) -> Actor {
        let actor = self.actor(has_role);
        let place = Place { channel: ChannelId::new(91), ..actor.place };
        Actor { place, ..actor }
    }
}

/// The roles of a person with or without the approver role.
pub fn roles(has_role: bool) -> BTreeSet<RoleId> {
    has_role.then_some(APPROVER).into_iter().collect()
}

impl Time {
    pub fn now(self) -> DateTime<Utc> {
        *NOON
            + match self {
                Self::Early => TimeDelta::zero(),
                Self::Late => TimeDelta::minutes(30),
                Self::End => TimeDelta::days(1),
            }
    }
}

/// The policy of a team that needs this many approvals.
pub fn policy(approvals: u32) -> Policy {
    Policy {
        approver_roles: roles(true),
        approvals: NonZeroU32::new(approvals).unwrap(),
        request_ttl: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(1),
        announce: None,
        announce_min_hold: TimeDelta::zero(),
        asking: Asking::default(),
    }
}

/// The ID of the request that this event opens.
pub const fn request(event: u64) -> RequestId {
    RequestId::of(EventId::new(event))
}
