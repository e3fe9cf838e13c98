//! The protocol of unlocking, model-checked: whatever clicks come in whatever order, however often,
//! to whichever of two replicas, whoever dies in between, and whatever Terraform does meanwhile.
//!
//! The rules are the bot's own: [`locktender::unlock`]. What the model adds is the world around them
//! ([`world`]), the tables with their conditions ([`store`]), and the commands as machines that take
//! one read, decision or write at a time ([`replica`], [`run`], [`writes`], [`release`]). What must
//! never happen is said without the rules ([`oracle`], [`properties`]), and that every request can
//! end is [`ends`]. To know that the model can fail, it is also run with each [`flaw::Flaw`].
//!
//! Left out, since it only keeps things from happening or happens to nobody else: the forms that ask
//! back, the warden's grace, the cards that are posted, the outbox, and stores that are busy.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![expect(unreachable_pub, reason = "`pub` means: for every module of this test")]

mod ends;
mod flaw;
mod oracle;
mod properties;
mod protocol;
mod release;
mod replica;
mod run;
mod setups;
mod state;
mod store;
mod world;
mod writes;

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model, Path};

use crate::flaw::Flaw;
use crate::protocol::{Action, Protocol, Setup};
use crate::state::State;

/// How many different states are to be seen at the least.
const ENOUGH: usize = 100_000;

const THREADS: usize = 2;

#[test]
fn the_protocol_holds_in_every_state() {
    let mut states = 0;
    for setup in setups::all() {
        let (name, ends, start) = (setup.name, setup.ends, Instant::now());
        let checker = Protocol::new(setup, None).checker().threads(THREADS).spawn_bfs().join();
        for (property, path) in checker.discoveries() {
            let is_broken = checker.model().property(property).expectation.discovery_is_failure();
            assert!(!is_broken, "{name}: {property}, broken by\n{}", told(path));
        }
        for end in ends {
            assert!(checker.discovery(properties::name(*end)).is_some(), "{name}: never {end:?}");
        }
        let (unique, took) = (checker.unique_state_count(), start.elapsed());
        // Past the harness, which keeps to itself what a test that passes prints.
        let _ = writeln!(std::io::stderr(), "{name}: {unique} states in {took:.1?}");
        states += unique;
    }
    assert!(states >= ENOUGH, "only {states} states were seen");
}

/// What happened, and what the trail says of it.
fn told(path: Path<State, Action>) -> String {
    let trail = path.last_state().store.trail.clone();
    let entries = trail.iter().map(|line| format!("{:?} of {}\n", line.action, line.request));
    let happened: Vec<Action> = path.into_actions();
    let happened = happened.iter().map(|action| format!("{action:?}\n"));
    happened.chain(["recorded:\n".to_owned()]).chain(entries).collect()
}

/// Has a flaw found, as a breach of this promise.
fn is_found(flaw: Flaw, setup: Setup, promise: &'static str) {
    let found = HasDiscoveries::AllOf(BTreeSet::from([promise]));
    let checker = Protocol::new(setup, Some(flaw)).checker().threads(THREADS);
    let checker = checker.finish_when(found).spawn_bfs().join();
    assert!(checker.discovery(promise).is_some(), "{flaw:?} breaks no promise that {promise}");
}

#[test]
fn the_right_record_needs_its_condition() {
    let promise = "only the approved record is deleted, and with enough people";
    is_found(Flaw::NoRecordCondition, setups::row(), promise);
    is_found(Flaw::NoEtag, setups::lockfile(), promise);
}

#[test]
fn every_condition_of_a_transaction_is_needed() {
    is_found(Flaw::NoVersionCondition, setups::row(), "a closed request never changes");
    is_found(Flaw::NoEventCondition, setups::refusals(), "an event has one effect");
    is_found(Flaw::NoGuardCondition, setups::row_openings(), "a path has one open request");
    is_found(Flaw::NoEntryCondition, setups::row_openings(), "the chain has no gap and no fork");
}

#[test]
fn two_people_are_needed() {
    let promise = "only the approved record is deleted, and with enough people";
    is_found(Flaw::RequesterCounted, setups::refusals(), promise);
    let promise = "who has lost the role does not count";
    is_found(Flaw::RolesNotAskedAgain, setups::row_by_two(), promise);
}

#[test]
fn the_order_of_a_release_is_needed() {
    let promise = "a lockfile goes after its start is on record";
    is_found(Flaw::NotStarted, setups::lockfile(), promise);
    let promise = "a row goes together with the record of it";
    is_found(Flaw::RecordedLater, setups::row(), promise);
    is_found(Flaw::NotResumed, setups::lockfile(), "every request can end");
}

#[test]
fn what_the_trail_says_of_an_end_needs_its_care() {
    let free = "already free means that the bot deleted nothing";
    is_found(Flaw::NotMarked, setups::lockfile(), free);
    is_found(Flaw::SeenBefore, setups::lockfile(), free);
    is_found(Flaw::HalfForgotten, setups::both(), "unlocked means gone");
    is_found(Flaw::AnswerForgotten, setups::lockfile(), "what was removed is not hidden");
    let changed = "superseded means changed by somebody else";
    is_found(Flaw::SeenBefore, setups::both(), changed);
    is_found(Flaw::SeenBeforeOpening, setups::row_openings(), changed);
}
