//! The forbidden outcomes, defined without the rules under test. They use only the written trail, the real
//! content of the stores, and the real clicks.

use std::collections::BTreeSet;

use locktender::audit::Action;
use locktender::lock::Distance;
use locktender::people::{RequestId, UserId};
use locktender::unlock::Outcome;

use crate::protocol::Protocol;
use crate::replica::By;
use crate::state::{State, TrueRequest};
use crate::store::{Change, Filed, Shared};
use crate::world::{Half, Halves, Time, Who};

/// A promise that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Breach {
    /// A record was deleted without enough approvals, or it was not the pinned one.
    Unapproved,
    /// An approval counted although its approver had lost the role at the last look-up.
    VoidCounted,
    /// A request pins other records than its requester saw.
    OtherPinned,
    /// A closed request was changed.
    ClosedChanged,
    /// A near row was deleted outside the transaction that records it.
    RowUnrecorded,
    /// A lockfile, or a far row, was deleted before the start of the release was recorded.
    NotStarted,
    /// A click had two effects.
    EffectTwice,
    /// The trail says that a lock was released twice.
    ReleasedTwice,
    /// The trail says that a lock was released, but a part of it is there.
    NotReleased,
    /// The trail says that a lock was already free, but a part of it is there, or the bot deleted it.
    NotFree,
    /// The trail says that a lock changed hands, but it never did.
    NotChanged,
    /// A request ended as changed hands or failed after the bot deleted a part of its lock, and does not say
    /// that a part was removed.
    Hidden,
    /// A request was ended by a person who may not end it, or expired too early.
    WrongEnd,
}

/// Whether the trail has enough approvals of a request, without the requester's.
fn is_approved(protocol: &Protocol, state: &State, request: &TrueRequest) -> bool {
    let words = state.store.trail.iter().filter(|line| line.request == request.id);
    let words = words.filter(|line| line.action == Action::Approved).filter_map(|line| line.by);
    let people: BTreeSet<UserId> =
        words.filter(|by| *by != request.by.id() && *by != Who::Dave.id()).collect();
    people.len() >= protocol.setup.approvals as usize
}

/// Checks a delete against the promises before it happens. `written` are the entries of its transaction, if it
/// is part of one.
fn deleted(
    protocol: &Protocol,
    state: &mut State,
    id: RequestId,
    half: Half,
    written: Option<&[Action]>,
) {
    let there = state.lock.get(half);
    let Some(place) = state.truth.requests.iter().position(|request| request.id == id) else {
        state.truth.breaches.insert(Breach::Unapproved);
        return;
    };
    let request = state.truth.requests[place];
    if there != request.pinned.get(half) || !is_approved(protocol, state, &request) {
        state.truth.breaches.insert(Breach::Unapproved);
    }
    let mut lines = state.store.trail.iter().filter(|line| line.request == id);
    let is_far = protocol.setup.tables.contains(&Distance::Far);
    let breach = match written {
        None if half == Half::Row && !is_far => Some(Breach::RowUnrecorded),
        Some(written) => {
            let ends = [Action::UnlockDone, Action::UnlockFailed];
            let is_recorded = written.iter().any(|action| ends.contains(action));
            (!is_recorded).then_some(Breach::RowUnrecorded)
        }
        None => {
            let is_started = lines.any(|line| line.action == Action::UnlockStarted);
            (!is_started).then_some(Breach::NotStarted)
        }
    };
    state.truth.breaches.extend(breach);
    state.truth.requests[place].deleted.set(half, there);
}

/// Must be called before a row is deleted together with these entries.
pub fn row_deleted(protocol: &Protocol, state: &mut State, id: RequestId, written: &[Action]) {
    deleted(protocol, state, id, Half::Row, Some(written));
}

/// Must be called before a half is deleted outside a transaction.
pub fn deleted_apart(protocol: &Protocol, state: &mut State, id: RequestId, half: Half) {
    deleted(protocol, state, id, half, None);
}

/// Checks a write against the promises, and deletes the row of its transaction. `seen` is the lock of a
/// new request.
pub fn written(
    protocol: &Protocol,
    state: &mut State,
    change: &Change,
    before: Option<&Shared<Filed>>,
    by: By,
    seen: Option<Halves>,
) {
    let next = &change.transition.next;
    let id = next.id;
    let actions: Vec<Action> = change.transition.entries.iter().map(|draft| draft.action).collect();
    if let (Some(seen), By::Click { number, .. }) = (seen, by) {
        let by = protocol.setup.clicks[number].who;
        let request =
            TrueRequest { id, by, pinned: seen, touched: false, deleted: Halves::default() };
        state.truth.requests.push(request);
    }
    if change.release_row.is_some() {
        row_deleted(protocol, state, id, &actions);
        state.lock.row = None;
    }
    touch(state);
    let pinned = state.truth.requests.iter().find(|request| request.id == id).map(|r| r.pinned);
    if pinned != Some(Halves::pinned(&next.pinned)) {
        state.truth.breaches.insert(Breach::OtherPinned);
    }
    if before.is_some_and(|before| !before.request.is_open()) {
        state.truth.breaches.insert(Breach::ClosedChanged);
    }
    if let (By::Click { number, has_role }, Some(_)) = (by, change.event) {
        if state.truth.effects.contains(&number) {
            state.truth.breaches.insert(Breach::EffectTwice);
        }
        state.truth.effects.push(number);
        state.truth.effects.sort_unstable();
        if actions.contains(&Action::Approved) && !has_role {
            state.truth.breaches.insert(Breach::Unapproved);
        }
    }
    let Some(closing) = next.closing() else {
        return;
    };
    let Some(request) = state.truth.requests.iter().find(|request| request.id == id).copied()
    else {
        return;
    };
    let by = closing.by.as_ref().map(|person| person.id);
    let has_deleted = request.deleted != Halves::default();
    let is_said = closing.left.is_some()
        || closing.note.as_ref().is_some_and(|note| note.contains("removed"));
    let breach = match closing.outcome {
        Outcome::Unlocked if request.pinned.any_in(state.lock) => Some(Breach::NotReleased),
        Outcome::Unlocked if is_released(state, &request, next.resumed) => {
            Some(Breach::ReleasedTwice)
        }
        Outcome::AlreadyFree if request.pinned.any_in(state.lock) => Some(Breach::NotFree),
        Outcome::AlreadyFree if has_deleted => Some(Breach::NotFree),
        Outcome::Superseded if !request.touched => Some(Breach::NotChanged),
        Outcome::Superseded if has_deleted && !is_said => Some(Breach::Hidden),
        // Two replicas may both have resumed it, and one may be refused a delete that the other is allowed.
        Outcome::Failed if has_deleted && !is_said && !next.resumed => Some(Breach::Hidden),
        Outcome::Denied if by == Some(request.by.id()) || by == Some(Who::Dave.id()) => {
            Some(Breach::WrongEnd)
        }
        Outcome::Withdrawn if by != Some(request.by.id()) => Some(Breach::WrongEnd),
        Outcome::Expired if state.time == Time::Early => Some(Breach::WrongEnd),
        // Allowed only if Discord has refused the card.
        Outcome::Unpostable if state.left.unpostable == protocol.setup.left.unpostable => {
            Some(Breach::WrongEnd)
        }
        _ => None,
    };
    state.truth.breaches.extend(breach);
}

/// Whether the trail said before that this lock was released. A resumed release may find that the lock was
/// gone before the first attempt. The trail still calls it released, because the cause is not known.
fn is_released(state: &State, request: &TrueRequest, resumed: bool) -> bool {
    let done = |id: RequestId| {
        let lines = state.store.trail.iter().filter(|line| line.request == id);
        lines.filter(|line| line.action == Action::UnlockDone).count()
    };
    let same = |other: &&TrueRequest| other.id != request.id && other.pinned == request.pinned;
    let others: usize = state.truth.requests.iter().filter(same).map(|other| done(other.id)).sum();
    done(request.id) > 1 || (others > 0 && !resumed)
}

/// Marks every request whose lock has changed.
pub fn touch(state: &mut State) {
    let lock = state.lock;
    for request in &mut state.truth.requests {
        for half in [Half::Row, Half::Lockfile] {
            let is_ours = request.deleted.get(half).is_some() && lock.get(half).is_none();
            request.touched |= request.pinned.get(half) != lock.get(half) && !is_ours;
        }
    }
}
