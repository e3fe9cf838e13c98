//! The properties that must hold in every state, and the ends that must be reachable.

use locktender::unlock::Outcome;
use stateright::Property;

use crate::oracle::Breach;
use crate::protocol::Protocol;
use crate::state::State;
use crate::store::Tail;

/// The properties of a setup with these reachable ends.
pub fn of(ends: &[Outcome]) -> Vec<Property<Protocol>> {
    macro_rules! never {
        ($($name:literal: $breach:ident,)*) => {
            [$(Property::always($name, |_: &Protocol, state: &State| {
                !state.truth.breaches.contains(&Breach::$breach)
            })),*]
        };
    }
    let never = never! {
        "only the approved record is deleted, and with enough people": Unapproved,
        "who has lost the role does not count": VoidCounted,
        "a request is bound to what was seen when it was opened": OtherPinned,
        "a closed request never changes": ClosedChanged,
        "a near row goes together with the record of it": RowUnrecorded,
        "a half goes alone after its start is on record": NotStarted,
        "an event has one effect": EffectTwice,
        "a lock is released once": ReleasedTwice,
        "unlocked means gone": NotReleased,
        "already free means that the bot deleted nothing": NotFree,
        "superseded means changed by somebody else": NotChanged,
        "what was removed is not hidden": Hidden,
        "a request is ended by who may": WrongEnd,
    };
    let always = [
        Property::always("a path has one open request", one_is_open),
        Property::always("the chain has no gap and no fork", chain_holds),
        Property::always("every request can end", Protocol::can_end),
    ];
    never.into_iter().chain(always).chain(ends.iter().map(|end| reached(*end))).collect()
}

fn one_is_open(_: &Protocol, state: &State) -> bool {
    let open = state.store.requests.iter().filter(|filed| filed.request.is_open());
    let open: Vec<_> = open.map(|filed| filed.request.id).collect();
    open.len() <= 1 && open.first().copied() == state.store.guard
}

fn chain_holds(_: &Protocol, state: &State) -> bool {
    let mut tail = Tail::default();
    state.store.trail.iter().all(|line| {
        let follows = line.seq == tail.seq + 1 && line.prev == tail.print;
        tail = line.tail();
        follows
    })
}

/// The property that some request ends in this way.
fn reached(end: Outcome) -> Property<Protocol> {
    macro_rules! reached {
        ($($outcome:ident),*) => {
            match end {
                $(Outcome::$outcome => |_: &Protocol, state: &State| {
                    has_ended(state, Outcome::$outcome)
                },)*
            }
        };
    }
    let condition: fn(&Protocol, &State) -> bool =
        reached!(Unlocked, Denied, Withdrawn, Expired, Superseded, AlreadyFree, Failed, Unpostable);
    Property::sometimes(name(end), condition)
}

/// The name of the property that some request ends in this way.
pub fn name(end: Outcome) -> &'static str {
    match end {
        Outcome::Unlocked => "unlocked",
        Outcome::Denied => "denied",
        Outcome::Withdrawn => "withdrawn",
        Outcome::Expired => "expired",
        Outcome::Superseded => "superseded",
        Outcome::AlreadyFree => "already free",
        Outcome::Failed => "failed",
        Outcome::Unpostable => "unpostable",
    }
}

fn has_ended(state: &State, outcome: Outcome) -> bool {
    let mut closings = state.store.requests.iter().filter_map(|filed| filed.request.closing());
    closings.any(|closing| closing.outcome == outcome)
}
