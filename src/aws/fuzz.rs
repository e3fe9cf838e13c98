//! No stored item makes the bot panic, neither when it is read nor when it is used.
//!
//! The items are changed items of this version, and items of random content.

#![expect(clippy::unwrap_used, reason = "a property fails by panicking")]

mod changes;
mod items;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;

use self::changes::changed_item;
use self::items::{LEDGER, actor, held, hold, now, state};
use crate::audit::{Entry, Heads, Tail, Verifier};
use crate::aws::ledger::plan::Plan;
use crate::aws::ledger::plan::Write;
use crate::aws::ledger::{filed_of, guarded};
use crate::aws::locks::rows;
use crate::aws::own::hold_items::{hold_of, line_of, past_of, state_of};
use crate::aws::own::lease::lease_of;
use crate::aws::own::stored::json as json_of;
use crate::aws::values::{Item, fields};
use crate::fuzzing::policy;
use crate::lease::{Lease, Stored, Vigil};
use crate::lock::{Guarantees, LockState, Stores, is_digest_key};
use crate::message::Message;
use crate::people::{ChannelId, UserId};
use crate::ports::{Filed, Notice};
use crate::unlock::{ApprovedUnlock, Event, Found, Tried, decide, refused};
use crate::watch::{Hold, Line, Past, PastHold, differences, stale_from, verdict};
use crate::words::announced::{notice, notices_together};
use crate::words::request::card;
use crate::workers::clearing_notices;

/// A stored item is read as every kind of item, and used as each kind that it is understood as.
pub fn stored_item(bytes: &[u8]) {
    read_and_use(&changed_item(bytes));
}

/// A row at a state's own key is a lock, whatever is in it. The bytes are its record or its digest.
pub fn lock_row(bytes: &[u8]) {
    let text = || String::from_utf8_lossy(bytes).into_owned();
    let values = [
        AttributeValue::S(text()),
        AttributeValue::N(text()),
        AttributeValue::B(Blob::new(bytes)),
        AttributeValue::Bool(true),
        AttributeValue::L(vec![AttributeValue::S(text())]),
    ];
    for value in &values {
        for (name, key) in [
            (rows::RECORD, "b/k"),
            (rows::RECORD, "b/k-md5"),
            (rows::DIGEST, "b/k"),
            (rows::DIGEST, "b/k-md5"),
            ("Other", "b/k"),
            ("Other", "b/k-md5"),
        ] {
            let row = Item::from([(name.to_owned(), value.clone())]);
            let stored = rows::stored(key, row);
            let is_lock = name == rows::RECORD || !is_digest_key(key);
            assert_eq!(stored.is_some(), is_lock, "{name} at {key}");
            let Some(stored) = stored else { continue };
            if let (rows::RECORD, AttributeValue::S(record)) = (name, value) {
                assert_eq!(stored.record.as_bytes(), record.as_bytes());
            } else {
                assert!(stored.info.is_err(), "no record is readable");
            }
            let expected = Stores { row: true, lockfile: false };
            assert_ne!(LockState::from_stores(expected, Some(stored), None), LockState::Free);
        }
    }
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
            Event::Approve { by: &by, standing: &standing, guarantees: Guarantees::default() },
            Event::Deny { by: &by, is_holder: false, reason: None },
            Event::Withdraw { by: &by, reason: None },
            Event::Expire,
            Event::LockChanged(Found::Gone),
            Event::LockChanged(other.clone()),
            Event::Resume(Guarantees::default()),
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
    if let Ok(lease) = lease_of(item) {
        let (me, stored) = (lease.holder.clone(), Stored::Lease(lease.clone()));
        let replaces = Vigil::default().look(&stored, &me, Duration::MAX, |_| false);
        let taken = replaces.map(|replaces| Lease::taken(me, &replaces).renewed(true).given_up());
        assert!(taken.is_some_and(|taken| taken.version > lease.version));
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::changes::{ODD, places};
    use super::items::REAL;
    use super::*;
    use crate::fuzzing::each_seed;

    #[test]
    fn what_this_version_writes_it_understands() {
        let all = &*REAL;
        let understood =
            |read: &dyn Fn(&Item) -> bool| all.iter().filter(|item| read(item)).count();
        assert_eq!(understood(&|item| hold_of(item).is_ok()), 1);
        assert_eq!(understood(&|item| past_of(item).is_ok()), 1);
        assert_eq!(understood(&|item| line_of(item).is_ok() && state_of(item).is_ok()), 1);
        assert_eq!(understood(&|item| filed_of(item).is_ok()), 1);
        assert_eq!(understood(&|item| json_of::<Notice>(item, "notice").is_ok()), 5);
        assert_eq!(understood(&|item| json_of::<Heads>(item, "heads").is_ok()), 1);
        assert_eq!(understood(&|item| lease_of(item).is_ok()), 1);
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
        fn no_stored_item_makes_the_bot_panic(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
            stored_item(&bytes);
        }
    }

    #[test]
    fn the_seeds_of_stored_items_hold() {
        each_seed("stored_item", stored_item);
    }

    #[test]
    fn the_seeds_of_records_hold_in_rows() {
        each_seed("lock_record", lock_row);
    }
}
