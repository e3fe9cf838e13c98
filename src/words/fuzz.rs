//! Messages of which every text from outside is hostile, for the edges to draw.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{announced, form, history, list, lock, refused, request, watching};
use crate::audit::{Action, Draft, Entry, Tail, Verifier};
use crate::error::{Fault, FaultKind, Refusal};
use crate::finding::{Known, Report};
use crate::fuzzing::{policy, texts};
use crate::lock::{
    Backend, BackendName, Catalog, Guarantees, HeldLock, LockRecord, LockState, State, StateName,
    StatePath, StoreCheck, StoredLock, Stores,
};
use crate::message::{Form, Message};
use crate::people::{
    Actor, ChannelId, EventId, GuildId, MessageId, Person, Place, RequestId, RoleId, Room, UserId,
};
use crate::ports::{Filed, Notice, Unread};
use crate::unlock::{Ask, Event, Lately, Transition, UnlockRequest, decide, open};
use crate::watch::{
    Ending, Evidence, Hold, Kind, Line, NotRead, Past, PastHold, Period, Tally, Verdict, WEEK,
    Watcher, verdict,
};

/// What people read and fill in.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) messages: Vec<Message>,
    pub(crate) forms: Vec<Form>,
}

/// The texts from outside, one a line. The first says which messages contain them, and the last has the rest: a record
/// that need not be one.
struct Hostile {
    which: usize,
    who: String,
    operation: String,
    id: String,
    info: String,
    version: String,
    key: String,
    person: String,
    reason: String,
    typed: String,
    record: String,
}

/// The messages and forms that contain the texts of an input.
pub(crate) fn shown(bytes: &[u8]) -> Shown {
    let [which, who, operation, id, info, version, key, person, reason, typed, record] =
        texts(bytes);
    let which = which.bytes().fold(0, |sum, byte| (sum * 10 + usize::from(byte & 15)) % 100);
    Hostile { which, who, operation, id, info, version, key, person, reason, typed, record }.shown()
}

impl Hostile {
    fn shown(&self) -> Shown {
        let mut shown = Shown::default();
        let Some(catalog) = catalog() else { return shown };
        let mut states = Vec::new();
        for key in [&self.key, &format!("{}/terraform.tfstate", self.key)] {
            let path = StatePath::new("my-bucket", key).ok();
            states.extend(path.and_then(|path| catalog.state_at(path)));
        }
        // An input has a part of the messages, so that the fuzzer can try many inputs.
        let Some(state) = states.get(self.which / 10 % 2) else { return shown };
        let locks = self.lock_states();
        let lock = &locks[self.which / 20 % locks.len()];
        match self.which % 10 {
            0 | 1 => self.status(state, lock, &mut shown),
            2 | 3 => self.requests(state, lock, &mut shown),
            4 | 5 => self.lists(&states, &mut shown),
            6 | 7 => self.notices(state, lock, &mut shown),
            8 => self.refusals(&catalog, &states, &mut shown),
            _ => self.watches(state, &mut shown),
        }
        shown
    }

    fn records(&self) -> [LockRecord; 2] {
        let record = json!({
            "ID": self.id, "Operation": self.operation, "Info": self.info, "Who": self.who, "Version": self.version,
            "Created": "2026-11-25T09:00:00Z", "Path": self.key,
        });
        [LockRecord::new(record.to_string()), LockRecord::new(self.record.as_str())]
    }

    /// The lock of a state: whole, half, or of two records.
    fn lock_states(&self) -> Vec<LockState> {
        let [row, lockfile] = self.records();
        let row = || Some(StoredLock::new(row.clone(), None));
        let lockfile = || {
            let stored = StoredLock::new(lockfile.clone(), Some(now()));
            Some(stored.with_etag(Some("\"1\"".to_owned())))
        };
        let only = |row, lockfile| Stores { row, lockfile };
        vec![
            LockState::from_stores(only(true, false), row(), None),
            LockState::from_stores(only(false, true), None, lockfile()),
            LockState::from_stores(only(true, true), row(), None),
            LockState::from_stores(only(true, true), row(), lockfile()),
            LockState::Free,
        ]
    }

    fn reports(&self, state: &State, lock: &LockState) -> [Report; 3] {
        let known = [
            Known::Seen,
            Known::Unseen { nearest: Some(state.name.clone()) },
            Known::NotRead { why: self.reason.clone() },
        ];
        known.map(|known| Report {
            state: state.clone(),
            lock: lock.clone(),
            known,
            store: StoreCheck::Unverified,
            looked_in: Some(Stores { row: true, lockfile: false }),
            at: now(),
        })
    }

    fn status(&self, state: &State, lock: &LockState, shown: &mut Shown) {
        for report in self.reports(state, lock) {
            let message = lock::with_refresh(lock::status(&report), &report);
            shown.messages.push(lock::with_watch(lock::with_ask(message, state), state));
        }
    }

    fn watches(&self, state: &State, shown: &mut Shown) {
        for keep in [true, false] {
            shown.messages.push(watching::in_line(&state.name, keep, 1, false));
        }
        shown.messages.push(watching::out_of_line(&state.name));
        let watcher = Watcher { person: self.person(1), channel: ChannelId::new(2), keep: true };
        if let Some(line) = Line::default().with(watcher) {
            let lines = vec![(state.clone(), line); 25];
            shown.messages.push(watching::watches(UserId::new(1), &lines));
        }
    }

    fn notices(&self, state: &State, lock: &LockState, shown: &mut Shown) {
        let held = HeldLock { state: state.clone(), lock: lock.clone() };
        let Some(hold) = &Hold::of(&held, now()) else { return };
        let past = PastHold { hold: hold.clone(), ended_at: now(), ending: Ending::Cleared };
        let several = Past::of(&vec![past.clone(); 6]);
        let unusual = Evidence {
            age: TimeDelta::hours(3),
            usual: None,
            limit: TimeDelta::hours(2),
            other_runs: 1,
        };
        let verdicts = [
            Verdict { kind: Kind::Stale, evidence: unusual },
            verdict(hold, &several, 200, TimeDelta::hours(2), now()),
        ];
        let stale = verdicts.map(|verdict| Notice::Stale {
            holder: Some(UserId::new(7)),
            hold: Box::new(hold.clone()),
            verdict,
            channel: ChannelId::new(2),
        });
        let cleared = Notice::Cleared {
            past: Box::new(past),
            next: Some(self.who.clone()),
            waiting: vec![self.person(1), self.person(2)],
            channel: ChannelId::new(2),
        };
        let broken = Notice::TrailBroken { at: now(), what: format!("entry {}", self.reason) };
        let weekly = self.weekly(state, lock, hold);
        for one in stale.iter().chain([&cleared, &broken, &weekly]) {
            shown.messages.extend(announced::notice(one, None));
            shown.messages.extend(announced::notices_together(&[one; 5]));
        }
    }

    fn weekly(&self, state: &State, lock: &LockState, hold: &Hold) -> Notice {
        let mut tally = Tally::of(Period { from: now() - WEEK, to: now() });
        tally.held(hold);
        let ending = Ending::Unlocked { request: request_id() };
        tally.past(&PastHold { hold: hold.clone(), ended_at: now(), ending });
        let draft = |action, reason: Option<&String>| Draft {
            at: now(),
            action,
            actor: None,
            request: request_id(),
            state: state.clone(),
            lock: lock.clone(),
            reason: reason.cloned(),
            detail: None,
        };
        let drafts = [draft(Action::Opened, Some(&self.reason)), draft(Action::UnlockDone, None)];
        for entry in &Tail::default().append(&drafts) {
            tally.entry(entry);
        }
        let report = tally.report(|_| Some(state.name.clone())).shortened();
        let unread = NotRead { backends: vec![state.backend.clone()], why: self.reason.clone() };
        Notice::Weekly { report: Box::new(report), not_read: vec![unread] }
    }

    fn requests(&self, state: &State, lock: &LockState, shown: &mut Shown) {
        let ask = Ask {
            id: request_id(),
            state,
            lock,
            guarantees: Guarantees::default(),
            stale_from: lock.since(),
            reason: &self.reason,
            by: &self.actor(1),
            lately: &Lately::default(),
        };
        let Ok(opened) = open(ask, &policy(), now()) else { return };
        let mut entries: Vec<Draft> = opened.entries.clone();
        let mut follow = |from: &UnlockRequest, event: Event<'_>| -> Option<Transition> {
            let next = decide(from, event, &policy(), now()).ok()?;
            entries.extend(next.entries.iter().cloned());
            Some(next)
        };
        let by = &self.actor(2);
        let reason = || Some(self.reason.clone());
        let approve =
            Event::Approve { by, standing: &BTreeSet::new(), guarantees: Guarantees::default() };
        let ends = [
            follow(&opened.next, Event::Deny { by, is_holder: false, reason: reason() }),
            follow(&opened.next, Event::Withdraw { by: &self.actor(1), reason: reason() }),
            follow(&opened.next, Event::Unpostable(self.reason.clone())),
        ];
        let approved = follow(&opened.next, approve);
        let failed = approved
            .as_ref()
            .and_then(|approved| follow(&approved.next, Event::Failed(self.reason.clone())));
        let released = approved.as_ref().and_then(|it| follow(&it.next, Event::Released));
        let later = ends.into_iter().chain([approved, failed, released]).flatten();
        for transition in std::iter::once(opened).chain(later) {
            Self::request(&transition.next, shown);
        }
        self.history(state, &entries, shown);
    }

    fn request(request: &UnlockRequest, shown: &mut Shown) {
        shown.messages.push(request::card(request, &policy(), Some(UserId::new(9)), now()));
        shown.messages.push(request::denied(request));
        shown.messages.push(request::withdrawn(request));
        let name = request.state.name.as_str();
        shown.forms.extend([
            form::reason(&request.state.short_path(), name),
            form::confirmation(request),
            form::denial(request.id, name),
        ]);
        for card in [None, Some(MessageId::new(5))] {
            let filed =
                Filed { request: request.clone(), tail: Tail::default(), card, event: None };
            shown.messages.push(request::posted(&filed, &policy()));
        }
        let released = Notice::Released { request: request.id, channel: None };
        let ended = Notice::Ended { request: request.id, channel: ChannelId::new(2) };
        let half = Notice::HalfReleased { request: request.id, channel: None };
        for one in [released, ended, half] {
            shown.messages.extend(announced::notice(&one, Some(request)));
        }
    }

    fn history(&self, state: &State, drafts: &[Draft], shown: &mut Shown) {
        let mut entries = Tail::default().append(drafts);
        let mut verifier = Verifier::default();
        for entry in &entries {
            verifier.check(entry);
        }
        assert!(verifier.finish().is_ok(), "a chain with these texts does not hold");
        // Another program may have written it.
        if let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(&self.record) {
            entries.push(Entry::read(fields));
        }
        shown.messages.push(history::page(state, Some(7), 5, &entries));
    }

    fn lists(&self, states: &[State], shown: &mut Shown) {
        let locks = self.lock_states();
        let of = |state| locks.iter().flat_map(move |lock| self.reports(state, lock));
        let reports: Vec<Report> = states.iter().flat_map(of).collect();
        let held: Vec<Report> =
            reports.into_iter().filter(|it| it.lock != LockState::Free).collect();
        let Some(one) = held.first() else { return };
        let many: Vec<Report> = held.iter().cycle().take(24).cloned().collect();
        let unread = || {
            let backends = vec![one.state.backend.clone()];
            vec![Unread { backends, fault: self.fault() }]
        };
        for page in [0, 1, usize::MAX] {
            shown.messages.push(list::page(&many, &unread(), &self.typed, page));
        }
        shown.messages.push(list::page(&held[..1], &[], &self.typed, 0));
        if let Some(catalog) = catalog() {
            shown.messages.push(list::none_held(&catalog, &[], &self.typed));
            shown.messages.push(list::none_held(&catalog, &unread(), &self.typed));
        }
    }

    fn refusals(&self, catalog: &Catalog, states: &[State], shown: &mut Shown) {
        let names: Vec<StateName> = states.iter().map(|state| state.name.clone()).collect();
        let mut refusals = vec![
            Refusal::NoLockWithId { id: self.typed.clone() },
            Refusal::Ambiguous { typed: self.typed.clone(), states: names.clone() },
            Refusal::AlreadyOpen { requester: self.person(1), card: None },
        ];
        if let Err(error) = catalog.resolve(&self.typed) {
            for nearest in [None, names.first().cloned()] {
                let (typed, error) = (self.typed.clone(), error.clone());
                refusals.push(Refusal::BadName { typed, error, nearest });
            }
        }
        for state in states {
            let nearest = Some(state.name.clone());
            refusals.push(Refusal::Unseen { state: state.clone(), nearest });
            let name = || state.name.clone();
            refusals.push(Refusal::NotRead { state: name(), why: self.reason.clone() });
            refusals.push(Refusal::NoOpenRequest { state: name() });
            refusals.push(Refusal::NothingToWaitFor { state: name() });
            refusals.push(Refusal::LineIsFull { state: name() });
        }
        shown.messages.extend(refusals.iter().map(refused::refusal));
        for say in [refused::fault, refused::unsettled] {
            shown.messages.push(say(&self.fault(), None, "7"));
        }
    }

    fn fault(&self) -> Fault {
        let subject = format!("The lock table {}", self.typed);
        Fault { kind: FaultKind::Denied, subject, remedy: self.reason.clone(), source: None }
    }

    fn person(&self, number: u64) -> Person {
        Person { id: UserId::new(number), name: self.person.clone() }
    }

    fn actor(&self, number: u64) -> Actor {
        Actor {
            person: self.person(number),
            is_bot: false,
            roles: BTreeSet::from([RoleId::new(5)]),
            place: Place { guild: GuildId::new(1), channel: ChannelId::new(2) },
            room: Room::default(),
        }
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_608_000, 0).unwrap_or_default()
}

fn request_id() -> RequestId {
    RequestId::of(EventId::new(u64::MAX))
}

fn catalog() -> Option<Catalog> {
    let key = "{state}/terraform.tfstate".parse().ok()?;
    let name = BackendName::new("main").ok()?;
    Some(Catalog::new(vec![Backend::new(name, "my-bucket", key, "env:").ok()?]))
}
