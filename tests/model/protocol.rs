//! The protocol as stateright explores it: the possible next actions of every state.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use locktender::lock::{Distance, Stores};
use locktender::people::RequestId;
use locktender::unlock::{Outcome, Policy};
use stateright::Model;

use crate::ends::all_end;
use crate::flaw::Flaw;
use crate::oracle;
use crate::replica::{After, By, Due, How, Look, Read, Step, Task};
use crate::run::Run;
use crate::state::{Left, State, Truth};
use crate::store::Store;
use crate::world::{Half, Halves, Record, Time, Who, policy, request};

/// One configuration to explore.
#[derive(Clone, Debug)]
pub struct Setup {
    pub name: &'static str,
    /// The stores in which the backend locks.
    pub stores: Stores,
    /// For each replica, how far it has the lock table from the bot's own. They differ while a new
    /// configuration is rolled out.
    pub tables: [Distance; 2],
    /// The lock at the start.
    pub lock: Halves,
    /// The number of needed approvals.
    pub approvals: u32,
    /// The clicks, in any order. The first one opens request 1. If `opened`, it comes before all others.
    pub clicks: Vec<Click>,
    pub opened: bool,
    /// The other actions that can happen. Its `clicks` are filled from the field above.
    pub left: Left,
    /// The ends that must be reachable.
    pub ends: &'static [Outcome],
}

/// A click.
#[derive(Clone, Copy, Debug)]
pub struct Click {
    /// The number of the interaction.
    pub event: u64,
    pub who: Who,
    pub what: What,
    /// The number of deliveries.
    pub times: u8,
}

/// The target of a click.
#[derive(Clone, Copy, Debug)]
pub enum What {
    Open,
    Approve(RequestId),
    Deny(RequestId),
    Withdraw(RequestId),
}

/// An action in the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A click is delivered to a replica.
    Deliver { replica: usize, click: usize },
    /// A replica's warden looks at a request.
    Warden { replica: usize, id: RequestId },
    /// Discord refuses the card of a request.
    Unpostable { replica: usize, id: RequestId },
    /// A replica takes its next step.
    Step { replica: usize, how: How },
    /// A lookup of roles fails.
    LookupFails { replica: usize },
    /// A replica dies.
    Crash { replica: usize },
    /// The holder removes a record, or a person removes it by hand.
    Remove(Half),
    /// Terraform takes a free store.
    Take(Half, Record),
    /// The clock passes the end of the requests' life.
    Later,
    /// Bob loses the role.
    BobIsOut,
}

/// The protocol, with an optional flaw.
pub struct Protocol {
    pub setup: Setup,
    pub flaw: Option<Flaw>,
    pub policy: Policy,
    /// The cached results of [`all_end`], because many states need the same check.
    ends: Mutex<HashMap<u64, bool>>,
}

impl Protocol {
    pub fn new(setup: Setup, flaw: Option<Flaw>) -> Self {
        let policy = policy(setup.approvals);
        Self { setup, flaw, policy, ends: Mutex::default() }
    }

    /// Whether every request can still end.
    pub fn can_end(&self, state: &State) -> bool {
        let mut hasher = DefaultHasher::new();
        let Store { requests, guard, trail, .. } = &state.store;
        let truth = &state.truth.requests;
        (requests, guard, trail.last(), state.lock, truth).hash(&mut hasher);
        let print = hasher.finish();
        let known = || self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ends) = known().get(&print) {
            return *ends;
        }
        let ends = all_end(self, state);
        known().insert(print, ends);
        ends
    }

    /// Applies an action that [`Model::actions`] has offered.
    pub fn act(&self, state: &mut State, action: Action) {
        match action {
            Action::Deliver { replica, click } => {
                state.left.clicks[click] -= 1;
                let Click { who, what, .. } = self.setup.clicks[click];
                let by = By::Click { number: click, has_role: state.has_role(who) };
                let step = match what {
                    What::Open => self.at(state, replica, by).look(Look::Open),
                    What::Approve(id) | What::Deny(id) | What::Withdraw(id) => Step::Read(id),
                };
                state.replicas[replica] = Some(Task { by, step });
            }
            Action::Warden { replica, id } => {
                state.replicas[replica] = Some(Task { by: By::Worker, step: Step::Read(id) });
            }
            Action::Unpostable { replica, id } => {
                state.left.unpostable -= 1;
                state.replicas[replica] = state.store.request(id).cloned().map(|filed| {
                    let (due, after) = (Due::Unpostable, After::Nothing);
                    Task { by: By::Worker, step: Step::Apply { filed, due, after } }
                });
            }
            Action::Step { replica, how } => {
                let Some(Task { by, step }) = state.replicas[replica].take() else {
                    return;
                };
                match how {
                    How::Lost => state.left.lost -= 1,
                    How::Denied => state.left.denied = state.left.denied.saturating_sub(1),
                    How::Plain | How::LockfileFirst => {}
                }
                let next = self.at(state, replica, by).step(step, how);
                state.replicas[replica] = next.map(|step| Task { by, step });
            }
            Action::LookupFails { replica } => {
                state.left.lookups -= 1;
                state.replicas[replica] = None;
            }
            Action::Crash { replica } => {
                state.left.crashes -= 1;
                state.replicas[replica] = None;
            }
            Action::Remove(half) => {
                state.left.moves -= 1;
                state.lock.set(half, None);
            }
            Action::Take(half, record) => {
                state.left.moves -= 1;
                state.lock.set(half, Some(record));
                *state.had(half) |= 1 << record as u8;
            }
            Action::Later => {
                state.left.late = false;
                state.time = Time::Late;
            }
            Action::BobIsOut => {
                state.left.bob = false;
                state.bob_is_out = true;
            }
        }
        oracle::touch(state);
    }

    fn at<'r>(&'r self, state: &'r mut State, replica: usize, by: By) -> Run<'r> {
        Run { protocol: self, state, replica, by }
    }

    /// Adds the possible next actions of a replica.
    fn replica(&self, state: &State, replica: usize, actions: &mut Vec<Action>) {
        let left = &state.left;
        let Some(task) = &state.replicas[replica] else {
            for (click, times) in left.clicks.iter().enumerate() {
                let is_there = match self.setup.clicks[click].what {
                    What::Open => true,
                    What::Approve(id) | What::Deny(id) | What::Withdraw(id) => {
                        state.store.request(id).is_some()
                    }
                };
                if *times > 0 && is_there {
                    actions.push(Action::Deliver { replica, click });
                }
            }
            actions.extend(state.store.guard.map(|id| Action::Warden { replica, id }));
            let unpostable = state.store.guard.filter(|_| left.unpostable > 0);
            actions.extend(unpostable.map(|id| Action::Unpostable { replica, id }));
            return;
        };
        let step = |how| Action::Step { replica, how };
        actions.push(step(How::Plain));
        match &task.step {
            Step::Look { row: Read::NotYet, lockfile: Read::NotYet, .. } => {
                actions.push(step(How::LockfileFirst));
            }
            Step::Lookup(filed) if left.lookups > 0 && !filed.request.approvals.is_empty() => {
                actions.push(Action::LookupFails { replica });
            }
            Step::Write { .. } | Step::Delete { .. } => {
                actions.extend((left.lost > 0).then(|| step(How::Lost)));
                let is_delete = left.denied > 0 && task.step.deletes();
                actions.extend(is_delete.then(|| step(How::Denied)));
            }
            _ => {}
        }
        actions.extend((left.crashes > 0).then_some(Action::Crash { replica }));
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let clicks = self.setup.clicks.iter().map(|click| click.times).collect();
        let mut state = State {
            lock: self.setup.lock,
            time: Time::Early,
            bob_is_out: false,
            store: Store::default(),
            replicas: [None, None],
            left: Left { clicks, ..self.setup.left.clone() },
            truth: Truth::default(),
        };
        for half in [Half::Row, Half::Lockfile] {
            let there = state.lock.get(half).map_or(0, |record| 1 << record as u8);
            *state.had(half) |= there;
        }
        if self.setup.opened {
            self.act(&mut state, Action::Deliver { replica: 0, click: 0 });
            while state.replicas[0].is_some() {
                self.act(&mut state, Action::Step { replica: 0, how: How::Plain });
            }
            assert_eq!(state.store.guard, Some(request(1)), "the request is opened");
        }
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for replica in 0..state.replicas.len() {
            self.replica(state, replica, actions);
        }
        let stores = self.setup.stores;
        for (half, is_used) in [(Half::Row, stores.row), (Half::Lockfile, stores.lockfile)] {
            if !is_used || state.left.moves == 0 {
                continue;
            }
            if state.lock.get(half).is_some() {
                actions.push(Action::Remove(half));
                continue;
            }
            let had = match half {
                Half::Row => state.truth.had_row,
                Half::Lockfile => state.truth.had_lockfile,
            };
            let new = Record::ALL.into_iter().filter(|new| had & (1 << *new as u8) == 0);
            actions.extend(new.map(|record| Action::Take(half, record)));
        }
        actions.extend(state.left.late.then_some(Action::Later));
        actions.extend(state.left.bob.then_some(Action::BobIsOut));
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut next = state.clone();
        self.act(&mut next, action);
        Some(next)
    }

    fn properties(&self) -> Vec<stateright::Property<Self>> {
        crate::properties::of(self.setup.ends)
    }
}

impl State {
    fn had(&mut self, half: Half) -> &mut u8 {
        match half {
            Half::Row => &mut self.truth.had_row,
            Half::Lockfile => &mut self.truth.had_lockfile,
        }
    }
}
