//! Tables of observed locks, and the results expected from them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;

use super::*;
use crate::lock::{
    Backend, BackendName, Catalog, Flaw, HeldLock, LockRecord, LockState, State, StatePath,
    StoredLock, Stores,
};
use crate::people::{ChannelId, Person, RequestId, UserId};

const BOTH: Stores = Stores { row: true, lockfile: true };
const ROW: Stores = Stores { row: true, lockfile: false };
const LOCKFILE: Stores = Stores { row: false, lockfile: true };

fn minute(minute: i64) -> DateTime<Utc> {
    let start: DateTime<Utc> = "2026-11-25T10:00:00Z".parse().unwrap();
    start + TimeDelta::minutes(minute)
}

fn state(name: &str) -> State {
    let key = "{state}/terraform.tfstate".parse().unwrap();
    let name_of = BackendName::new("main").unwrap();
    let backend = Backend::new(name_of, "my-bucket", key, "env:").unwrap();
    Catalog::new(vec![backend]).resolve(name).unwrap()
}

fn record(id: &str, who: &str, taken: i64) -> String {
    serde_json::json!({
        "ID": id, "Operation": "OperationTypeApply", "Info": "", "Who": who, "Version": "1.11.4",
        "Created": minute(taken).to_rfc3339(), "Path": "",
    })
    .to_string()
}

fn held(name: &str, stores: Stores, row: Option<&str>, lockfile: Option<&str>) -> HeldLock {
    let stored = |record: &str| StoredLock::new(LockRecord::new(record), None);
    let lock = LockState::from_stores(stores, row.map(stored), lockfile.map(stored));
    HeldLock { state: state(name), lock }
}

fn hold(id: &str, who: &str, taken: i64) -> Hold {
    let held = held("env/prod", ROW, Some(&record(id, who, taken)), None);
    Hold::of(&held, minute(10_000)).unwrap()
}

fn known(locks: &[HeldLock]) -> BTreeMap<StatePath, Hold> {
    let hold = |held: &HeldLock| (held.state.path.clone(), Hold::of(held, minute(0)).unwrap());
    locks.iter().map(hold).collect()
}

/// Past holds of `env/prod` with these lengths in minutes.
fn past(minutes: &[i64]) -> Vec<PastHold> {
    let of = |&minutes: &i64| PastHold {
        hold: hold("old", "ci@runner", -1_000),
        ended_at: minute(-1_000 + minutes),
        ending: Ending::Cleared,
    };
    minutes.iter().map(of).collect()
}

#[test]
fn the_difference_of_two_looks() {
    let a = record("a", "ann@one", -5);
    let b = record("b", "bob@two", -1);
    let row = |record: &str| held("env/prod", BOTH, Some(record), Some(record));
    let half = |record: &str| held("env/prod", BOTH, None, Some(record));
    let unread = || {
        let flaw = Flaw::Unread("denied".to_owned());
        let lockfile = StoredLock::flawed(flaw, LockRecord::new([]), None);
        let lock = LockState::from_stores(LOCKFILE, None, Some(lockfile));
        HeldLock { state: state("env/prod"), lock }
    };
    let cases: [(&str, Vec<HeldLock>, Vec<HeldLock>); 14] = [
        ("nothing and nothing", vec![], vec![]),
        ("the same", vec![row(&a)], vec![row(&a)]),
        ("taken", vec![], vec![row(&a)]),
        ("cleared", vec![row(&a)], vec![]),
        ("changed hands", vec![row(&a)], vec![row(&b)]),
        ("half given back", vec![row(&a)], vec![half(&a)]),
        ("half taken, then whole", vec![half(&a)], vec![row(&a)]),
        ("the same ID in other bytes", vec![row(&a)], vec![row(&a.replace(':', ": "))]),
        ("unreadable, and another", vec![row("?")], vec![row("!")]),
        ("taken, and not read", vec![], vec![unread()]),
        ("not read, twice", vec![unread()], vec![unread()]),
        ("not read any more", vec![row(&a)], vec![unread()]),
        ("read at last", vec![unread()], vec![row(&a)]),
        ("not read, and cleared", vec![unread()], vec![]),
    ];
    let mut table = String::new();
    for (what, before, now) in cases {
        let said: Vec<String> = differences(&known(&before), &now, minute(1))
            .into_iter()
            .map(|difference| match difference {
                Difference::Taken(hold) => format!("taken by {:?}", hold.who),
                Difference::Cleared(hold) => format!("cleared of {:?}", hold.who),
                Difference::ChangedHands { from, to } => {
                    format!("from {:?} to {:?}", from.who, to.who)
                }
                Difference::Half(hold) => format!("half: {}", hold.half),
                Difference::Identified(hold) => format!("identified: {:?}", hold.who),
            })
            .collect();
        table.push_str(&format!("{what}: {}\n", said.join(", ")));
    }
    assert_snapshot!(table, @r#"
    nothing and nothing: 
    the same: 
    taken: taken by Some("ann@one")
    cleared: cleared of Some("ann@one")
    changed hands: from Some("ann@one") to Some("bob@two")
    half given back: half: true
    half taken, then whole: half: false
    the same ID in other bytes: 
    unreadable, and another: from None to None
    taken, and not read: taken by None
    not read, twice: 
    not read any more: 
    read at last: identified: Some("ann@one")
    not read, and cleared: cleared of None
    "#);
}

#[test]
fn a_lock_that_was_read_at_last_is_told_from_the_next_one() {
    let lockfile = |record: &str| held("env/prod", LOCKFILE, None, Some(record));
    let (a, b) = (record("a", "ann@one", -5), record("b", "bob@two", -1));
    let first = Hold::of(&lockfile(&a), minute(0)).unwrap();
    let id = HoldId::unread(&first.state.path);
    let before = BTreeMap::from([(first.state.path.clone(), Hold { id, ..first })]);
    assert_eq!(differences(&before, &[lockfile(&a)], minute(1)), []);
    let next = differences(&before, &[lockfile(&b)], minute(1));
    assert!(matches!(&*next, [Difference::ChangedHands { .. }]), "{next:?}");
}

#[test]
fn of_many_locks_each_is_told_apart() {
    let lock =
        |n: usize, id: &str| held(&format!("env/{n}"), ROW, Some(&record(id, "a@b", -5)), None);
    let before: Vec<HeldLock> = (0..1_000).map(|n| lock(n, "old")).collect();
    // Every third lock is gone, every fifth of the others is another lock, and ten are new.
    let now: Vec<HeldLock> = (0..1_010)
        .filter(|n| n % 3 != 0 || *n >= 1_000)
        .map(|n| lock(n, if n % 5 == 0 && n < 1_000 { "new" } else { "old" }))
        .collect();
    let mut counts = [0; 4];
    for difference in differences(&known(&before), &now, minute(0)) {
        counts[match difference {
            Difference::Taken(_) => 0,
            Difference::Cleared(_) => 1,
            Difference::ChangedHands { .. } => 2,
            Difference::Half(_) | Difference::Identified(_) => 3,
        }] += 1;
    }
    assert_eq!(counts, [10, 334, 133, 0]);
}

#[test]
fn a_hold_goes_by_the_record_and_never_into_the_future() {
    let cases = [
        (record("a", "x@y", -90), -90),
        // The holder's clock is ahead, so the lock counts as taken now.
        (record("a", "x@y", 500), 0),
        ("not a record".to_owned(), 0),
    ];
    for (record, since) in cases {
        let held = held("env/prod", ROW, Some(&record), None);
        assert_eq!(Hold::of(&held, minute(0)).unwrap().since, minute(since), "{record}");
    }
    let free = HeldLock { state: state("env/prod"), lock: LockState::Free };
    assert_eq!(Hold::of(&free, minute(0)), None);
}

#[test]
fn lengths_are_summed_up_by_nearest_rank() {
    let minutes = |of: &[i64]| Summary::of(of.iter().map(|&m| TimeDelta::minutes(m)));
    assert_eq!(minutes(&[]), None);
    let one = minutes(&[7]).unwrap();
    assert_eq!((one.count, one.median.num_minutes(), one.p95.num_minutes()), (1, 7, 7));
    let twenty: Vec<i64> = (1..=20).rev().collect();
    let twenty = minutes(&twenty).unwrap();
    assert_eq!((twenty.median.num_minutes(), twenty.p95.num_minutes()), (10, 19));
}

#[test]
fn the_verdict_by_age_and_past() {
    let usual = [5, 6, 6, 7, 11];
    let limit = TimeDelta::hours(2);
    let cases: [(&str, &[i64], i64, usize); 12] = [
        ("no past, young", &[], 30, 0),
        ("no past, at the limit", &[], 120, 0),
        ("no past, past the limit", &[], 121, 0),
        ("no past, other runs say nothing", &[], 30, 9),
        ("too little past to speak of", &[5, 5, 5, 5], 100, 0),
        ("as long as usual", &usual, 6, 0),
        ("longer than nearly all", &usual, 12, 0),
        ("longer, and the machine has gone on", &usual, 12, 3),
        ("three times as long", &usual, 34, 0),
        ("long past what is usual, though below the limit", &usual, 60, 0),
        ("usually very long, past the limit", &[200, 210, 220, 230, 240], 200, 0),
        ("usually an instant: three times that says nothing", &[0, 0, 0, 0, 0], 5, 0),
    ];
    let mut table = String::new();
    for (what, lengths, age, others) in cases {
        let now = hold("new", "ci@runner", 0);
        let said = verdict(&now, &Past::of(&past(lengths)), others, limit, minute(age));
        table.push_str(&format!("{what}: {:?}\n", said.kind));
    }
    assert_snapshot!(table, @"
    no past, young: Active
    no past, at the limit: Active
    no past, past the limit: Stale
    no past, other runs say nothing: Active
    too little past to speak of: Active
    as long as usual: Active
    longer than nearly all: Long
    longer, and the machine has gone on: Stale
    three times as long: Stale
    long past what is usual, though below the limit: Stale
    usually very long, past the limit: Active
    usually an instant: three times that says nothing: Long
    ");
}

#[test]
fn what_was_ended_by_force_and_other_work_say_nothing_of_what_is_usual() {
    let mut past = past(&[5, 5, 5, 5, 5]);
    let request = RequestId::of(crate::people::EventId::new(1));
    past[0].ending = Ending::Unlocked { request };
    let now = hold("new", "ci@runner", 0);
    let limit = TimeDelta::hours(2);
    assert_eq!(verdict(&now, &Past::of(&past), 0, limit, minute(60)).evidence.usual, None);
    past[0].ending = Ending::Cleared;
    assert_eq!(
        verdict(&now, &Past::of(&past), 0, limit, minute(60)).evidence.usual.unwrap().count,
        5
    );
    let plan = Hold { operation: Some("OperationTypePlan".to_owned()), ..now.clone() };
    assert_eq!(verdict(&plan, &Past::of(&past), 0, limit, minute(60)).evidence.usual, None);
    let unreadable = Hold { operation: None, who: None, lock_id: None, ..now };
    assert_eq!(verdict(&unreadable, &Past::of(&past), 0, limit, minute(60)).evidence.usual, None);
}

#[test]
fn a_hold_is_stale_from_its_moment_on() {
    let now = hold("new", "ci@runner", 0);
    for (lengths, limit) in [(vec![], 120), (vec![5, 6, 6, 7, 11], 120), (vec![0; 5], 1)] {
        let limit = TimeDelta::minutes(limit);
        let past = past(&lengths);
        let from = stale_from(&now, &Past::of(&past), limit);
        let kind = |at| verdict(&now, &Past::of(&past), 0, limit, at).kind;
        assert_eq!(kind(from), Kind::Stale, "{lengths:?}");
        assert_ne!(kind(from - TimeDelta::milliseconds(1)), Kind::Stale, "{lengths:?}");
    }
}

#[test]
fn the_machine_is_what_follows_the_last_at() {
    let cases = [
        ("root@vm", Some("vm")),
        ("DOMAIN\\user@host", Some("host")),
        ("@vm", Some("vm")),
        ("root@", None),
        ("root", None),
        ("", None),
        ("a@b@c", Some("c")),
    ];
    for (who, machine) in cases {
        assert_eq!(host(who), machine, "{who:?}");
    }
}

#[test]
fn a_line_keeps_its_order() {
    let watcher = |n: u64, keep| Watcher {
        person: Person { id: UserId::new(n), name: format!("p{n}") },
        channel: ChannelId::new(1),
        keep,
    };
    let join = |line: Line, n, keep| line.with(watcher(n, keep)).unwrap();
    let line = join(join(join(Line::default(), 1, false), 2, true), 3, false);
    assert_eq!(
        [1, 2, 3, 4].map(|n| line.before(UserId::new(n))),
        [Some(0), Some(1), Some(2), None]
    );
    // A second `join` changes the kind of watch, not the place in the list.
    let again = join(line.clone(), 1, true);
    assert_eq!(again.before(UserId::new(1)), Some(0));
    assert_eq!(again.after_clearing().watchers().len(), 2);
    assert_eq!(line.after_clearing().watchers(), [watcher(2, true)]);
    let left = line.without(UserId::new(2));
    assert_eq!(left.before(UserId::new(3)), Some(1));
    let full = (0..50).fold(Line::default(), |line, n| join(line, n, false));
    assert_eq!(full.with(watcher(99, false)), None);
    assert!(full.with(watcher(7, true)).is_some(), "who is in it can change their mind");
}

#[test]
fn a_hold_is_read_without_the_fields_that_are_odd() {
    let hold = hold("a", "root@vm", 0);
    let written = serde_json::to_value(&hold).unwrap();
    for field in ["who", "operation", "lock_id", "half", "told_stale", "was_whole"] {
        let mut odd = written.clone();
        odd[field] = serde_json::json!(["another", "type"]);
        let read: Hold =
            serde_json::from_value(odd).unwrap_or_else(|error| panic!("{field}: {error}"));
        assert_eq!((read.id, read.since), (hold.id.clone(), hold.since), "{field}");
    }
}
