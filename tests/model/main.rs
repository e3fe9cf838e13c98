//! A model check of the release protocol: clicks in any order and number, on two replicas, with crashes
//! in between, and with Terraform running at the same time.
//!
//! The rules are the bot's own: [`locktender::unlock`]. The model adds the world around them ([`world`]),
//! the tables with their conditions ([`store`]), and the commands as machines that take one read, decision
//! or write at a time ([`replica`], [`run`], [`writes`], [`release`]). The forbidden outcomes are defined
//! without the rules ([`oracle`], [`properties`]). [`ends`] checks that every request can end. The model
//! also runs with each [`flaw::Flaw`], to show that it can fail.
//!
//! [`lease`] checks the lease of the replicas in the same way, by itself: no promise about locks needs it.
//!
//! Left out, because they only prevent steps or affect no other process: confirmation forms, the warden's
//! grace, posted cards, the outbox, and busy stores.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![expect(unreachable_pub, reason = "`pub` means: for every module of this test")]

mod ends;
mod flaw;
mod lease;
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

/// The minimum number of different states that the check must visit.
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
        // Directly to stderr, because the test runner hides the output of a passing test.
        let _ = writeln!(std::io::stderr(), "{name}: {unique} states in {took:.1?}");
        states += unique;
    }
    assert!(states >= ENOUGH, "only {states} states were seen");
}

/// The actions of a path and its trail, as text.
fn told(path: Path<State, Action>) -> String {
    let trail = path.last_state().store.trail.clone();
    let entries = trail.iter().map(|line| format!("{:?} of {}\n", line.action, line.request));
    let happened: Vec<Action> = path.into_actions();
    let happened = happened.iter().map(|action| format!("{action:?}\n"));
    happened.chain(["recorded:\n".to_owned()]).chain(entries).collect()
}

/// Asserts that the checker finds a flaw as a breach of this promise.
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
    is_found(Flaw::NoRecordCondition, setups::far_row(), promise);
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
    let promise = "a half goes alone after its start is on record";
    is_found(Flaw::NotStarted, setups::lockfile(), promise);
    is_found(Flaw::NotStarted, setups::far_row(), promise);
    let promise = "a near row goes together with the record of it";
    is_found(Flaw::RecordedLater, setups::row(), promise);
    is_found(Flaw::NotResumed, setups::lockfile(), "every request can end");
}

#[test]
fn what_the_trail_says_of_an_end_needs_its_care() {
    let free = "already free means that the bot deleted nothing";
    is_found(Flaw::NotMarked, setups::lockfile(), free);
    is_found(Flaw::NotMarked, setups::far_row(), free);
    is_found(Flaw::SeenBefore, setups::lockfile(), free);
    is_found(Flaw::HalfForgotten, setups::both(), "unlocked means gone");
    is_found(Flaw::AnswerForgotten, setups::lockfile(), "what was removed is not hidden");
    is_found(Flaw::AnswerForgotten, setups::far_row(), "what was removed is not hidden");
    let changed = "superseded means changed by somebody else";
    is_found(Flaw::SeenBefore, setups::both(), changed);
    is_found(Flaw::SeenBeforeOpening, setups::row_openings(), changed);
}
