//! Whether every request can still end.
//!
//! This is a liveness property, but stateright's `eventually` is not reliable here. The warden looks again
//! and again, so the states have cycles, and stateright treats a cycle as a path that joins another. So
//! the model checks an invariant instead. Suppose that in any state everything stops: each process dies,
//! no click arrives, Terraform does nothing. Then, after enough time, the warden of one new process ends
//! every request. This is stronger than `eventually`, because it holds in every state.

use crate::protocol::{Action, Protocol};
use crate::replica::How;
use crate::state::{Left, State};
use crate::world::Time;

/// More rounds than a request needs. One round closes or finishes it.
const ROUNDS: usize = 3;

/// Whether the warden of each replica alone ends every request, both with deletes allowed and with deletes
/// denied.
pub fn all_end(protocol: &Protocol, state: &State) -> bool {
    let [first, second] = protocol.setup.tables;
    // Replicas with the same configuration are the same here.
    let replicas = if first == second { 1 } else { 2 };
    (0..replicas).all(|replica| {
        [How::Plain, How::Denied].into_iter().all(|how| ends_by(protocol, state, replica, how))
    })
}

fn ends_by(protocol: &Protocol, state: &State, replica: usize, how: How) -> bool {
    let left = Left::default();
    let mut state = State { replicas: [None, None], time: Time::End, left, ..state.clone() };
    for _ in 0..ROUNDS {
        let Some(id) = state.store.guard else {
            break;
        };
        protocol.act(&mut state, Action::Warden { replica, id });
        while state.replicas[replica].is_some() {
            let deletes = state.replicas[replica].as_ref().is_some_and(|task| task.step.deletes());
            let how = if deletes { how } else { How::Plain };
            protocol.act(&mut state, Action::Step { replica, how });
        }
    }
    state.store.requests.iter().all(|filed| !filed.request.is_open())
}
