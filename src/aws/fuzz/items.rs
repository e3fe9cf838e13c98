//! Real items to start from, and what they are made of.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use aws_sdk_dynamodb::types::TransactWriteItem;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::audit::{Heads, Tail, digest};
use crate::aws::ledger::AwsLedger;
use crate::aws::ledger::plan::Plan;
use crate::aws::ledger::plan::Write;
use crate::aws::own::LedgerTables;
use crate::aws::own::lease::item_of;
use crate::aws::session::Patience;
use crate::aws::session::Session;
use crate::aws::values::{Item, item};
use crate::fuzzing::policy;
use crate::lease::{Lease, Replaces, Replica};
use crate::lock::{Guarantees, HeldLock, LockRecord, LockState, State, StoredLock, Stores};
use crate::people::{
    Actor, ChannelId, EventId, GuildId, Person, Place, RequestId, RoleId, Room, UserId,
};
use crate::ports::Notice;
use crate::unlock::{Ask, Lately, open};
use crate::watch::{Ending, Evidence, Hold, Kind, Line, PastHold, Verdict, Watcher};

const RECORD: &str = r#"{"ID":"1f6e7bc2-0ede","Operation":"OperationTypeApply","Info":"","Who":"ci@runner-7","Version":"1.11.4","Created":"2026-11-25T09:00:00Z","Path":""}"#;

pub(super) fn now() -> DateTime<Utc> {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

pub(super) fn state() -> State {
    let path = "my-bucket/env/prod/terraform.tfstate";
    serde_json::from_value(json!({"name": "env/prod", "path": path, "backend": "main"})).unwrap()
}

pub(super) fn held() -> HeldLock {
    let stored = StoredLock::new(LockRecord::new(RECORD), None);
    let expected = Stores { row: true, lockfile: false };
    HeldLock { state: state(), lock: LockState::from_stores(expected, Some(stored), None) }
}

pub(super) fn hold() -> Hold {
    Hold::of(&held(), now()).unwrap()
}

pub(super) fn actor(number: u64) -> Actor {
    Actor {
        person: Person { id: UserId::new(number), name: "alice".to_owned() },
        is_bot: false,
        roles: BTreeSet::from([RoleId::new(5)]),
        place: Place { guild: GuildId::new(1), channel: ChannelId::new(2) },
        room: Room::default(),
    }
}

/// A ledger whose requests reach no server.
pub(super) static LEDGER: LazyLock<AwsLedger> = LazyLock::new(|| {
    let session = Session::at("http://127.0.0.1:9", Patience::default());
    let tables = LedgerTables { table: "own".to_owned(), audit_table: "audit".to_owned() };
    AwsLedger::connect(&session, tables, &[])
});

pub(super) static REAL: LazyLock<Vec<Item>> = LazyLock::new(real);

/// The items that this version writes, one or more of every kind that it reads back.
fn real() -> Vec<Item> {
    let hold = hold();
    let past = PastHold { hold: hold.clone(), ended_at: now(), ending: Ending::Cleared };
    let person = actor(1).person;
    let line = Line::default()
        .with(Watcher { person: person.clone(), channel: ChannelId::new(2), keep: true })
        .unwrap();
    let ask = Ask {
        id: RequestId::of(EventId::new(7)),
        state: &state(),
        lock: &held().lock,
        guarantees: Guarantees::default(),
        stale_from: Some(now()),
        reason: "died",
        by: &actor(1),
        lately: &Lately::default(),
    };
    let opened = open(ask, &policy(), now()).unwrap();
    let event = Some(EventId::new(7));
    let opening = Write { from: None, transition: &opened, event, release_row: None };
    let plan = Plan::new(&LEDGER, opening, &Tail::default()).unwrap();
    let filed = plan.filed();
    let evidence = Evidence {
        age: TimeDelta::hours(3),
        usual: None,
        limit: TimeDelta::hours(2),
        other_runs: 1,
    };
    let notices = [
        Notice::Stale {
            holder: None,
            hold: Box::new(hold.clone()),
            verdict: Verdict { kind: Kind::Stale, evidence },
            channel: ChannelId::new(2),
        },
        Notice::Cleared {
            past: Box::new(past.clone()),
            next: Some("x@y".to_owned()),
            waiting: vec![person],
            channel: ChannelId::new(2),
        },
        Notice::Checkpoint { at: now(), chains: 1, entries: 1, digest: digest(&Heads::new()) },
        Notice::TrailBroken { at: now(), what: "entry 1".to_owned() },
    ];
    let own = &LEDGER.own;
    let mut steps = vec![own.put_hold(&hold, |put| put).unwrap()];
    steps.extend(own.put_past(&past, now()).unwrap());
    steps.push(own.put_line(&state(), &line, 0, now()).unwrap());
    steps.extend(own.put_end_notices(now(), &hold, &notices).unwrap());
    steps.extend(plan.items());
    let mut items: Vec<Item> = steps.into_iter().filter_map(put_item).collect();
    // A request is written with an update. This is the form in which it is read.
    items.push(item(&object(json!({
        "pk": format!("request#{}", filed.request.id), "sk": "request", "version": 0,
        "request": json!(filed.request).to_string(), "tail": json!(filed.tail).to_string(),
        "card": "9", "event": "7",
    }))));
    let heads = json!({"my-bucket/a": filed.tail}).to_string();
    items.push(item(&object(json!({"pk": "checkpoint#", "sk": "000000", "heads": heads}))));
    let holder = Replica { id: "1".to_owned(), host: "vm".to_owned(), process: None };
    items.push(item_of(&Lease::taken(holder, &Replaces::Nothing)));
    items
}

fn put_item(step: TransactWriteItem) -> Option<Item> {
    step.put.map(|put| put.item)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
