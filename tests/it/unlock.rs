//! Two-person control: the rules, the store and the trail together, without Discord.

mod conditions;
#[cfg(unix)]
mod crashes;
mod delivery;
mod far;
mod forged;
mod from_anywhere;
mod giving_back;
mod holders;
mod in_steps;
mod ledger;
mod often;
mod outbox;
mod posting;
mod right_lock;
mod two_people;
