//! What there is outside the bot: a lock's records, the people, the time.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use locktender::lock::{LockRecord, LockState, State as TfState, StoredLock, Stores};
use locktender::people::{
    Actor, ChannelId, EventId, GuildId, Person, Place, RequestId, RoleId, Room, UserId,
};
use locktender::unlock::{Asking, Pinned, Policy};
use serde_json::json;

/// Bytes that a lock can have. A run of Terraform never writes the same twice, since an ID is random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// Those that are there in the beginning.
    First,
    /// Equal JSON, in other bytes.
    Rewritten,
    /// Somebody else's lock.
    Second,
}

/// What lies in the stores, or what somebody has seen there.
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

/// The people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// Asks, and is an approver too.
    Ann,
    /// An approver, who may lose the role.
    Bob,
    /// An approver.
    Carol,
    /// Has no role.
    Dave,
}

/// How late it is, which is all that the rules ask of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Time {
    /// When requests are opened.
    Early,
    /// When those have expired.
    Late,
    /// When everything has.
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

/// The state whose lock it is all about.
pub fn state() -> &'static TfState {
    &STATE
}

impl Record {
    pub const ALL: [Self; 3] = [Self::First, Self::Rewritten, Self::Second];

    /// As a store has it.
    pub fn stored(self, half: Half) -> &'static StoredLock {
        let (row, lockfile) = &RECORDS[self as usize];
        match half {
            Half::Row => row,
            Half::Lockfile => lockfile,
        }
    }
}

impl Halves {
    /// The lock that one sees who sees this.
    pub fn lock(self, expected: Stores) -> LockState {
        let row = self.row.map(|record| record.stored(Half::Row).clone());
        let lockfile = self.lockfile.map(|record| record.stored(Half::Lockfile).clone());
        LockState::from_stores(expected, row, lockfile)
    }

    /// The records that a request is bound to, told by their bytes alone.
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

    /// Whether any of these records is there still.
    pub fn any_in(self, now: Self) -> bool {
        let there = |half| self.get(half).is_some() && self.get(half) == now.get(half);
        there(Half::Row) || there(Half::Lockfile)
    }
}

impl Who {
    pub fn id(self) -> UserId {
        UserId::new(self as u64 + 1)
    }

    /// Somebody who clicks, as Discord vouches for them.
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

    /// The same in another channel of the server.
    pub fn actor_elsewhere(self, has_role: bool) -> Actor {
        let actor = self.actor(has_role);
        let place = Place { channel: ChannelId::new(91), ..actor.place };
        Actor { place, ..actor }
    }
}

/// The roles of who has or has not that of an approver.
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

/// The rules of a team that needs this many approvals.
pub fn policy(approvals: u32) -> Policy {
    Policy {
        approver_roles: roles(true),
        approvals: NonZeroU32::new(approvals).unwrap(),
        request_ttl: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(1),
        announce_min_hold: TimeDelta::zero(),
        asking: Asking::default(),
    }
}

/// The request that is opened by this event.
pub const fn request(event: u64) -> RequestId {
    RequestId::of(EventId::new(event))
}
