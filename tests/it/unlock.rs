//! Two people unlock: the rules, the store and the trail together, with no Discord in between.

#[cfg(unix)]
mod crashes;
mod delivery;
mod in_steps;
mod ledger;
mod right_lock;
mod two_people;
