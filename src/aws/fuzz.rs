//! No stored item makes the bot panic, neither when it is read nor when it is used.
//!
//! The items are changed items of this version, and items of random content.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::LazyLock;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Map, Value, json};

use crate::audit::{Entry, Heads, Tail, Verifier, digest};
use crate::aws::ledger::AwsLedger;
use crate::aws::ledger::commit::Write;
use crate::aws::ledger::plan::Plan;
use crate::aws::ledger::{filed_of, guarded};
use crate::aws::own::LedgerTables;
use crate::aws::own::hold_items::{hold_of, line_of, past_of, state_of};
use crate::aws::own::stored::json as json_of;
use crate::aws::session::Patience;
use crate::aws::session::Session;
use crate::aws::values::{Item, fields, item};
use crate::lock::{HeldLock, LockRecord, LockState, Means, State, StoredLock, Stores};
use crate::message::Message;
use crate::people::{
    Actor, ChannelId, EventId, GuildId, Person, Place, RequestId, RoleId, Room, UserId,
};
use crate::ports::{Filed, Notice};
use crate::unlock::{
    ApprovedUnlock, Ask, Asking, Event, Found, Lately, Policy, Tried, decide, open, refused,
};
use crate::watch::{
    Ending, Evidence, Hold, Kind, Line, Past, PastHold, Verdict, Watcher, differences, stale_from,
    verdict,
};
use crate::words::announced::{notice, notices_together};
use crate::words::request::card;
use crate::workers::clearing_notices;

const RECORD: &str = r#"{"ID":"1f6e7bc2-0ede","Operation":"OperationTypeApply","Info":"","Who":"ci@runner-7","Version":"1.11.4","Created":"2026-11-25T09:00:00Z","Path":""}"#;

/// Values that replace a real value.
const ODD: [&str; 22] = [
    "null",
    "true",
    "0",
    "-1",
    "0.5",
    "18446744073709551615",
    "9007199254740992",
    "4294967295",
    "-9223372036854775808",
    "\"\"",
    "\"é\"",
    "\"\u{1f512}\"",
    "\"@\"",
    "\"/\"",
    "\"18446744073709551615\"",
    "\"+262142-12-31T23:59:59.999999999Z\"",
    "\"-262143-01-01T00:00:00Z\"",
    "\"0000000000000000000000000000000000000000000000000000000000000000\"",
    "\"my-bucket/env/prod/terraform.tfstate\"",
    "{\"closed\":{}}",
    "{\"1\":4294967295,\"2\":4294967295}",
    "[]",
];

fn now() -> DateTime<Utc> {
    "2026-11-25T12:00:00Z".parse().unwrap()
}

fn state() -> State {
    let path = "my-bucket/env/prod/terraform.tfstate";
    serde_json::from_value(json!({"name": "env/prod", "path": path, "backend": "main"})).unwrap()
}

fn held() -> HeldLock {
    let stored = StoredLock::new(LockRecord::new(RECORD), None);
    let expected = Stores { row: true, lockfile: false };
    HeldLock { state: state(), lock: LockState::from_stores(expected, Some(stored), None) }
}

fn hold() -> Hold {
    Hold::of(&held(), now()).unwrap()
}

fn actor(number: u64) -> Actor {
    Actor {
        person: Person { id: UserId::new(number), name: "alice".to_owned() },
        is_bot: false,
        roles: BTreeSet::from([RoleId::new(5)]),
        place: Place { guild: GuildId::new(1), channel: ChannelId::new(2) },
        room: Room::default(),
    }
}

fn policy() -> Policy {
    Policy {
        approver_roles: BTreeSet::from([RoleId::new(5)]),
        approvals: NonZeroU32::MIN,
        request_ttl: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(2),
        announce: Some(ChannelId::new(1)),
        announce_min_hold: TimeDelta::zero(),
        asking: Asking::default(),
    }
}

/// A ledger whose requests reach no server.
static LEDGER: LazyLock<AwsLedger> = LazyLock::new(|| {
    let session = Session::at("http://127.0.0.1:9", Patience::default());
    let tables = LedgerTables { table: "own".to_owned(), audit_table: "audit".to_owned() };
    AwsLedger::connect(&session, tables, &[])
});

static REAL: LazyLock<Vec<Item>> = LazyLock::new(real);

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
        means: Means::default(),
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

/// Adds the JSON pointers of all values in a JSON value.
fn places(value: &Value, at: &str, places: &mut Vec<String>) {
    places.push(at.to_owned());
    let mut inside = |key: &str, value: &Value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        self::places(value, &format!("{at}/{key}"), places);
    };
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| inside(key, value)),
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(key, value)| inside(&key.to_string(), value));
        }
        _ => {}
    }
}

/// An attribute with one inner value replaced, cut off, or replaced completely.
fn changed(value: &AttributeValue, place: Index, odd: &str, way: u8) -> AttributeValue {
    let odd_value: Value = serde_json::from_str(odd).unwrap();
    let AttributeValue::S(written) = value else {
        return AttributeValue::N(odd.to_owned());
    };
    match (way, serde_json::from_str::<Value>(written)) {
        (0..=5, Ok(mut json)) => {
            let mut all = Vec::new();
            places(&json, "", &mut all);
            if let Some(inside) = json.pointer_mut(&all[place.index(all.len())]) {
                *inside = odd_value;
            }
            AttributeValue::S(json.to_string())
        }
        (6, _) => {
            let cut: Vec<char> = written.chars().collect();
            AttributeValue::S(cut[..place.index(cut.len() + 1)].iter().collect())
        }
        (7, _) => AttributeValue::N(odd.to_owned()),
        (8, _) => AttributeValue::Bool(true),
        _ => AttributeValue::S(odd_value.as_str().map_or(odd.to_owned(), str::to_owned)),
    }
}

/// A real item with one to three attributes changed or removed.
fn mutated() -> impl Strategy<Value = Item> {
    let change = (any::<Index>(), any::<Index>(), any::<Index>(), 0_u8..11);
    (any::<Index>(), prop::collection::vec(change, 1..4)).prop_map(|(which, changes)| {
        let mut item = REAL[which.index(REAL.len())].clone();
        for (name, place, odd, way) in changes {
            let mut names: Vec<String> = item.keys().cloned().collect();
            names.sort();
            if names.is_empty() {
                break;
            }
            let name = name.get(&names);
            if let (Some(value), 0..10) = (item.remove(name), way) {
                item.insert(name.clone(), changed(&value, place, ODD[odd.index(ODD.len())], way));
            }
        }
        item
    })
}

fn shown(message: Option<&Message>) {
    let _ = format!("{message:?}");
}

fn use_hold(hold: &Hold, past: &[PastHold]) {
    let past = &Past::of(past);
    let before = BTreeMap::from([(hold.state.path.clone(), hold.clone())]);
    let _ = differences(&before, &[held()], now());
    let _ = (hold.age(now()), hold.operation(), hold.id.short());
    for limit in [TimeDelta::hours(2), TimeDelta::MAX] {
        let _ = stale_from(hold, past, limit);
        let evidence = verdict(hold, past, 200, limit, now());
        let notice_of = |hold: &Hold| Notice::Stale {
            holder: None,
            hold: Box::new(hold.clone()),
            verdict: evidence.clone(),
            channel: ChannelId::new(1),
        };
        shown(notice(&notice_of(hold), None).as_ref());
    }
    let of = Notice::TrailBroken { at: now(), what: String::new() };
    let _ = LEDGER.own.put_hold(hold, |put| put);
    let _ = LEDGER.own.put_end_notices(now(), hold, &[of]);
}

fn use_past(past: &PastHold, line: &Line) {
    let _ = past.length();
    let notices = clearing_notices(past, Some(&hold()), line, &policy());
    let all: Vec<&Notice> = notices.iter().collect();
    shown(notices_together(&all).as_ref());
    let _ = LEDGER.own.put_past(past, now());
}

fn use_filed(filed: &Filed) {
    let released = Notice::Released { request: filed.request.id, channel: None };
    shown(Some(&card(&filed.request, &policy(), Some(UserId::new(1)), now())));
    shown(notice(&released, Some(&filed.request)).as_ref());
    let standing = filed.request.approvals.iter().map(|approval| approval.by.id).collect();
    let other = Found::Other(Box::new(held().lock));
    for by in [actor(1), actor(2)] {
        let events = [
            Event::Approve { by: &by, standing: &standing, means: Means::default() },
            Event::Deny { by: &by, is_holder: false, reason: None },
            Event::Withdraw { by: &by, reason: None },
            Event::Expire,
            Event::LockChanged(Found::Gone),
            Event::LockChanged(other.clone()),
            Event::Resume(Means::default()),
            Event::Released,
            Event::Failed("no".to_owned()),
        ];
        for event in events {
            let decided = match decide(&filed.request, event, &policy(), now()) {
                Ok(decided) => Some(decided),
                Err(refusal) => refused(&filed.request, &by, Tried::Approve, &refusal, now()),
            };
            if let Some(transition) = decided {
                let (from, transition) = (Some(filed), &transition);
                let change = Write { from, transition, event: None, release_row: None };
                let _ = Plan::new(&LEDGER, change, &filed.tail);
            }
        }
    }
    let _ = ApprovedUnlock::of(&filed.request, &policy());
}

/// Reads an item as every kind, and uses each result that was understood.
fn read_and_use(item: &Item) {
    let line = line_of(item).map(|(line, version)| {
        let _ = LEDGER.own.put_line(&state(), &line, version, now());
        line
    });
    let _ = state_of(item);
    let past = past_of(item);
    if let Ok(past) = &past {
        use_past(past, &line.unwrap_or_default());
        let several = vec![past.clone(); 6];
        use_hold(&past.hold, &several);
    }
    if let Ok(hold) = hold_of(item) {
        use_hold(&hold, &[]);
    }
    if let Ok(filed) = filed_of(item) {
        use_filed(&filed);
    }
    let _ = guarded(item);
    if let Ok(one) = json_of::<Notice>(item, "notice") {
        shown(notice(&one, None).as_ref());
        shown(notices_together(&[&one, &one]).as_ref());
    }
    let entry = Entry::read(fields(item.clone()));
    let heads = json_of::<Heads>(item, "heads").unwrap_or_default();
    let mut verifier = Verifier::against(heads.into());
    verifier.check(&entry);
    let _ = (Tail::at(&entry), verifier.finish());
}

#[test]
fn what_this_version_writes_it_understands() {
    let all = &*REAL;
    let understood = |read: &dyn Fn(&Item) -> bool| all.iter().filter(|item| read(item)).count();
    assert_eq!(understood(&|item| hold_of(item).is_ok()), 1);
    assert_eq!(understood(&|item| past_of(item).is_ok()), 1);
    assert_eq!(understood(&|item| line_of(item).is_ok() && state_of(item).is_ok()), 1);
    assert_eq!(understood(&|item| filed_of(item).is_ok()), 1);
    assert_eq!(understood(&|item| json_of::<Notice>(item, "notice").is_ok()), 5);
    assert_eq!(understood(&|item| json_of::<Heads>(item, "heads").is_ok()), 1);
    all.iter().for_each(read_and_use);
}

#[test]
fn no_odd_value_anywhere_in_a_stored_item_makes_the_bot_panic() {
    for item in &*REAL {
        for (name, value) in item {
            let AttributeValue::S(written) = value else { continue };
            let Ok(json) = serde_json::from_str::<Value>(written) else { continue };
            let mut all = Vec::new();
            places(&json, "", &mut all);
            for (place, odd) in all.iter().flat_map(|place| ODD.map(|odd| (place, odd))) {
                let mut json = json.clone();
                if let Some(inside) = json.pointer_mut(place) {
                    *inside = serde_json::from_str(odd).unwrap();
                }
                let mut item = item.clone();
                item.insert(name.clone(), AttributeValue::S(json.to_string()));
                read_and_use(&item);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_stored_item_makes_the_bot_panic(item in mutated()) {
        read_and_use(&item);
    }
}
