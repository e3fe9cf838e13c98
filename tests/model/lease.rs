//! A model check of the lease, over the bot's own rules ([`locktender::lease`]): two replicas with clocks that do not
//! agree, stale reads, lost answers, pauses of any length, and a crash.
//!
//! A replica that is paused or cut off is one that takes no step while time passes, so every order of the steps
//! contains them.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Duration;

use locktender::lease::{Lease, Replaces, Replica, Stored, Vigil};
use stateright::{Checker, HasDiscoveries, Model, Property};

const SECOND: Duration = Duration::from_secs(1);

/// The holder writes no more often. It may write later.
const RENEW: Duration = Duration::from_secs(3);

/// How long the model runs: until a lease can run out, and a little longer.
const END: u8 = 12;

/// A rule that a flawed model breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// A write has no condition on the version.
    NoCondition,
    /// The holder counts from the answer to its write, not from its begin.
    CountsFromTheAnswer,
    /// The holder counts on without a renewal.
    NeverRunsOut,
    /// A replica that waits counts from its start, whatever it reads.
    IgnoresRenewals,
}

struct Protocol {
    flaw: Option<Flaw>,
    /// How many writes fail, and how many replicas crash.
    lost: u8,
    crashes: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    stored: Stored,
    time: u8,
    replicas: [Part; 2],
    lost: u8,
    crashes: u8,
}

/// What a replica does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    /// It waits, perhaps with something that it has read and not judged yet.
    Standby {
        vigil: Vigil,
        read: Option<Stored>,
    },
    /// It writes.
    Writes {
        lease: Lease,
        replaces: Replaces,
        begun: Duration,
        held: Option<Held>,
    },
    /// Its write is carried out, and the answer is on its way.
    Wrote {
        lease: Lease,
        begun: Duration,
        was_held: bool,
    },
    /// It was told that something else is stored, and reads that.
    Refused {
        held: Held,
    },
    Holder(Held),
    Dead,
}

/// A lease that a replica holds, and until when it is sure of that. `None` before its first renewal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Held {
    lease: Lease,
    /// When its last write began.
    begun: Duration,
    sure_until: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    Second,
    Step(usize),
    /// A write is carried out, and its answer is lost.
    Lose(usize),
    /// A write is not carried out, and not answered.
    Fail(usize),
    Crash(usize),
}

fn me(replica: usize) -> Replica {
    Replica { id: replica.to_string(), host: "vm".to_owned(), process: None }
}

/// The clock of a replica. The two never agree.
fn clock(state: &State, replica: usize) -> Duration {
    SECOND * u32::from(state.time) + Duration::from_hours(if replica == 0 { 0 } else { 7 })
}

fn is_sure(state: &State, replica: usize) -> bool {
    let (Part::Holder(held) | Part::Refused { held } | Part::Writes { held: Some(held), .. }) =
        &state.replicas[replica]
    else {
        return false;
    };
    held.sure_until.is_some_and(|until| clock(state, replica) < until)
}

fn holds(state: &State, replica: usize) -> bool {
    matches!(state.replicas[replica], Part::Holder(_))
}

impl Protocol {
    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// The next step of a replica, if its write comes through.
    fn step(&self, state: &mut State, replica: usize) {
        let now = clock(state, replica);
        state.replicas[replica] = match state.replicas[replica].clone() {
            Part::Standby { vigil, read: None } => {
                Part::Standby { vigil, read: Some(state.stored.clone()) }
            }
            Part::Standby { mut vigil, read: Some(read) } => {
                let read = match read {
                    Stored::Lease(lease) if self.is(Flaw::IgnoresRenewals) => {
                        Stored::Lease(Lease { version: 1, ..lease })
                    }
                    read => read,
                };
                match vigil.look(&read, &me(replica), now, |_| false) {
                    Some(replaces) => {
                        let replaces = match (&replaces, &state.stored) {
                            (Replaces::Version(_), Stored::Lease(lease))
                                if self.is(Flaw::IgnoresRenewals) =>
                            {
                                Replaces::Version(lease.version)
                            }
                            _ => replaces,
                        };
                        let lease = Lease::taken(me(replica), &replaces);
                        Part::Writes { lease, replaces, begun: now, held: None }
                    }
                    None => Part::Standby { vigil, read: None },
                }
            }
            // It has just written.
            Part::Holder(held) if now < held.begun + RENEW && held.sure_until.is_some() => return,
            Part::Holder(held) => {
                let (lease, replaces) =
                    (held.lease.renewed(true), Replaces::Version(held.lease.version));
                Part::Writes { lease, replaces, begun: now, held: Some(held) }
            }
            Part::Writes { lease, replaces, begun, held } => {
                if self.carry_out(state, &lease, &replaces) {
                    Part::Wrote { lease, begun, was_held: held.is_some() }
                } else {
                    held.map_or_else(standby, |held| Part::Refused { held })
                }
            }
            Part::Wrote { lease, begun, was_held } => {
                let begun = if self.is(Flaw::CountsFromTheAnswer) { now } else { begun };
                let forever = self.is(Flaw::NeverRunsOut).then_some(Duration::MAX);
                let until = forever.unwrap_or(begun + lease.sure_for());
                Part::Holder(Held { lease, begun, sure_until: was_held.then_some(until) })
            }
            Part::Refused { held } => match state.stored.clone().held_by(&me(replica)) {
                Some(lease) => Part::Holder(Held { lease, ..held }),
                None => standby(),
            },
            Part::Dead => Part::Dead,
        };
    }

    fn carry_out(&self, state: &mut State, lease: &Lease, replaces: &Replaces) -> bool {
        let holds = match (&state.stored, replaces) {
            (Stored::Nothing, Replaces::Nothing) => true,
            (Stored::Lease(stored), Replaces::Version(version)) => stored.version == *version,
            _ => false,
        };
        let holds = holds || self.is(Flaw::NoCondition);
        if holds {
            state.stored = Stored::Lease(lease.clone());
        }
        holds
    }

    /// Whether the other replica, alone, has the lease within 12 s after a crash.
    fn is_followed(&self, state: &State) -> bool {
        let Some(dead) = state.replicas.iter().position(|part| *part == Part::Dead) else {
            return true;
        };
        let (mut state, alive) = (state.clone(), 1 - dead);
        for _ in 0..12 {
            for _ in 0..4 {
                if holds(&state, alive) {
                    return true;
                }
                self.step(&mut state, alive);
            }
            state.time += 1;
        }
        false
    }
}

fn standby() -> Part {
    Part::Standby { vigil: Vigil::default(), read: None }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let replicas = [standby(), standby()];
        vec![State {
            stored: Stored::Nothing,
            time: 0,
            replicas,
            lost: self.lost,
            crashes: self.crashes,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.time < END {
            actions.push(Action::Second);
        }
        for (replica, part) in state.replicas.iter().enumerate() {
            if *part == Part::Dead {
                continue;
            }
            actions.push(Action::Step(replica));
            if matches!(part, Part::Writes { .. }) && state.lost > 0 {
                actions.extend([Action::Lose(replica), Action::Fail(replica)]);
            }
            actions.extend((state.crashes > 0).then_some(Action::Crash(replica)));
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Second => state.time += 1,
            Action::Step(replica) => self.step(&mut state, replica),
            Action::Lose(replica) | Action::Fail(replica) => {
                state.lost -= 1;
                let Part::Writes { lease, replaces, held, .. } = state.replicas[replica].clone()
                else {
                    return None;
                };
                if action == Action::Lose(replica) {
                    self.carry_out(&mut state, &lease, &replaces);
                }
                state.replicas[replica] = held.map_or_else(standby, Part::Holder);
            }
            Action::Crash(replica) => {
                state.crashes -= 1;
                state.replicas[replica] = Part::Dead;
            }
        }
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(ONE_IS_SURE, |_: &Self, state: &State| {
                !(is_sure(state, 0) && is_sure(state, 1))
            }),
            Property::always("a crash is followed", Self::is_followed),
        ];
        if self.flaw.is_none() {
            properties.push(Property::sometimes("the other one takes over", |of, state| {
                is_sure(state, 1)
                    && (state.replicas[0] == Part::Dead) == (of.crashes > 0)
                    && state.time > 9
            }));
        }
        properties
    }
}

const ONE_IS_SURE: &str = "two replicas are never both sure of the lease";

#[test]
fn the_lease_holds_in_every_state() {
    for (lost, crashes) in [(1, 0), (0, 1)] {
        let protocol = Protocol { flaw: None, lost, crashes };
        let checker = protocol.checker().threads(2).spawn_bfs().join();
        checker.assert_properties();
        let states = checker.unique_state_count();
        let _ = writeln!(std::io::stderr(), "{lost} lost, {crashes} crashes: {states} states");
        assert!(states > 10_000);
    }
}

#[test]
fn every_rule_of_the_lease_is_needed() {
    for flaw in
        [Flaw::NoCondition, Flaw::CountsFromTheAnswer, Flaw::NeverRunsOut, Flaw::IgnoresRenewals]
    {
        let protocol = Protocol { flaw: Some(flaw), lost: 0, crashes: 0 };
        let found = HasDiscoveries::AnyOf(BTreeSet::from([ONE_IS_SURE]));
        let checker = protocol.checker().threads(2).finish_when(found).spawn_dfs().join();
        assert!(checker.discovery(ONE_IS_SURE).is_some(), "{flaw:?} breaks nothing");
    }
}
