//! Whether every request can still end.
//!
//! This is a promise of liveness, and stateright's `eventually` cannot be trusted with it here: the
//! warden looks again and again, so the states have cycles, and stateright takes a cycle for a path
//! that joins another. So it is said as an invariant: wherever everything stops (each process dies,
//! no click comes any more, Terraform does nothing), the warden of one new process, time given,
//! brings every request to its end. That is more than `eventually` says, in every state.

use crate::protocol::{Action, Protocol};
use crate::replica::How;
use crate::state::{Left, State};
use crate::world::Time;

/// More rounds than any request needs: one closes it or finishes it.
const ROUNDS: usize = 3;

/// Whether the warden alone brings every request to its end, where deletes are allowed and where
/// they are not.
pub fn all_end(protocol: &Protocol, state: &State) -> bool {
    [How::Plain, How::Denied].into_iter().all(|how| {
        let left = Left::default();
        let mut state = State { replicas: [None, None], time: Time::End, left, ..state.clone() };
        for _ in 0..ROUNDS {
            let Some(id) = state.store.guard else {
                break;
            };
            protocol.act(&mut state, Action::Warden { replica: 0, id });
            while state.replicas[0].is_some() {
                let deletes = state.replicas[0].as_ref().is_some_and(|task| task.step.deletes());
                let how = if deletes { how } else { How::Plain };
                protocol.act(&mut state, Action::Step { replica: 0, how });
            }
        }
        state.store.requests.iter().all(|filed| !filed.request.is_open())
    })
}
