//! Messages for commands that are refused or fail: one sentence and the next step.

use super::help::how_states_are_named;
use super::lock::{did_you_mean, or_misspelt};
use super::request::how_it_was_closed;
use crate::command::Command;
use crate::error::{Fault, Refusal};
use crate::lock::NameError;
use crate::message::{Message, Text, Tone};
use crate::text::{LONG, SHORT};
use crate::unlock::{self, BY_A_PERSON, NotPinned, OF_A_STATE};
use crate::watch::MOST_WATCHED;

/// Most states that are listed when a text is ambiguous.
const NAMED: usize = 5;

/// The message for a refused command.
#[must_use]
pub fn refusal(refusal: &Refusal) -> Message {
    Message::sentence(Tone::Plain, refusal_text(refusal))
}

fn refusal_text(refusal: &Refusal) -> Text {
    match refusal {
        Refusal::BadName { error: NameError::Empty, .. } => {
            Text::own("No state was named: type one, such as env/prod.")
        }
        Refusal::BadName { typed, error, nearest } => {
            let text = Text::default()
                .quote(typed, SHORT)
                .then(" is no state name: ")
                .name(&error.to_string(), LONG)
                .then(".");
            match nearest {
                Some(_) => did_you_mean(text, nearest.as_ref()),
                None => text.then(" ").append(how_states_are_named()).then("."),
            }
        }
        Refusal::Unseen { state, nearest } => {
            let text = Text::default()
                .name(state.name.as_str(), SHORT)
                .then(" is unknown: nothing has ever been seen of a state of this name.");
            or_misspelt(text, nearest.as_ref())
                .then(" A new state goes by its full path, such as ")
                .quote(state.path.as_str(), LONG)
                .then(".")
        }
        Refusal::NotRead { state, why } => Text::default()
            .name(state.as_str(), SHORT)
            .then(
                " is unknown: no lock is there, but it could not be read whether the state \
                     exists. ",
            )
            .name(why, 3 * LONG)
            .then("."),
        Refusal::Ambiguous { typed, states } => {
            let states = states.iter().take(NAMED);
            let states = states.map(|state| Text::default().quote(state.as_str(), SHORT));
            Text::default()
                .quote(typed, SHORT)
                .then(" means more than one state: ")
                .joined(", ", states)
                .then(". Type one of these.")
        }
        Refusal::NoLockWithId { id } => Text::own("No lock has the ID ")
            .quote(id, SHORT)
            .then("; it may have cleared. Type the state's name to see its status."),
        Refusal::UnknownHandle => {
            Text::own("That state is no longer known: look for it in the list of locks.")
        }
        Refusal::NamesNotRead => {
            Text::own("The names of states are still being read: try again in a minute.")
        }
        Refusal::Unknown => Text::own(
            "This version of the bot does not have this button or command: type /lock help for \
                 the list.",
        ),
        Refusal::Elsewhere => Text::own(
            "This bot answers only in the server it was set up for: ask there, or set \
                 DISCORD_GUILD_ID to this one.",
        ),
        Refusal::AlreadyOpen { requester, card } => {
            let text = Text::own("There is an open request for this lock, by ").person(requester);
            match card {
                Some((place, card)) => {
                    text.then(": an approver can approve it at ").message(*place, *card).then(".")
                }
                None => text.then("; its card is not posted yet: try again in a minute."),
            }
        }
        Refusal::NoOpenRequest { state } => Text::own("There is no open request to unlock ")
            .name(state.as_str(), SHORT)
            .then(": see the lock with /lock status, and earlier requests with /lock history."),
        Refusal::NothingToWaitFor { state } => Text::default().name(state.as_str(), SHORT).then(
            " is free: there is nothing to wait for. To be told every time it clears, type /lock \
             watch with keep.",
        ),
        Refusal::LineIsFull { state } => Text::own("Too many wait for ")
            .name(state.as_str(), SHORT)
            .then(" already: check it with /lock status from time to time."),
        Refusal::WatchesEnough => Text::own(format!(
            "You watch {MOST_WATCHED} states, the most that one person can: stop watching one \
                 with /lock unwatch first."
        )),
        Refusal::Unlock(rejection) => unlock_text(rejection),
    }
}

/// Refusals by the rules of two-person control.
fn unlock_text(rejection: &unlock::Rejection) -> Text {
    match rejection {
        unlock::Rejection::NotPinned(NotPinned::Free) => Text::own(
            "This state has no lock to release: compare its name with Terraform's error.",
        ),
        unlock::Rejection::NotPinned(NotPinned::Incomparable(flaw)) => {
            Text::own("Its record cannot be told from another: ")
                .name(&flaw.to_string(), LONG)
                .then(". Look at it in the AWS console, and remove it there by hand.")
        }
        unlock::Rejection::NotPinned(NotPinned::NoEtag) => Text::own(
            "The store does not return an ETag for the lockfile, so it cannot be released \
                 safely: remove it by hand.",
        ),
        unlock::Rejection::AskedTooOften(until) => Text::own(format!(
            "You have opened {BY_A_PERSON} requests within an hour: you can open the next one after "
        ))
        .at(*until)
        .then("."),
        unlock::Rejection::StateAskedTooOften(until) => Text::own(format!(
            "{OF_A_STATE} requests were opened for this state within an hour: ask an approver to \
             open the next one, or open it yourself after "
        ))
        .at(*until)
        .then("."),
        unlock::Rejection::NotAsker(roles) => {
            let roles = roles.iter().map(|role| Text::default().role(*role));
            Text::own("You may not ask for an unlock: ask a member with ")
                .joined(" or ", roles)
                .then(" to do it.")
        }
        unlock::Rejection::NotHere(channels) => {
            let channels = channels.iter().map(|channel| Text::default().channel(*channel));
            Text::own("Requests are not allowed in this channel: ask in ")
                .joined(" or ", channels)
                .then(".")
        }
        unlock::Rejection::CannotPost(missing) => {
            let missing: Vec<&str> = missing.iter().map(|one| one.as_str()).collect();
            Text::own(format!(
                "The card of a request cannot be posted here: allow this bot {} in this channel, or \
                 ask in another one.",
                missing.join(" and ")
            ))
        }
        unlock::Rejection::NoReason => Text::own(
            "A reason is needed: tell the approvers in a few words why the lock must be released.",
        ),
        unlock::Rejection::Requester => Text::own(
            "You requested this unlock yourself: another person with an approver role must \
                 approve it.",
        ),
        unlock::Rejection::RequesterDenies => Text::own(
            "This is your own request: press Withdraw or type /lock withdraw instead.",
        ),
        unlock::Rejection::Bot => Text::own("Bots cannot ask or approve: a person must do it."),
        unlock::Rejection::NotApprover => Text::own(
            "You have no approver role: ask a person who has one, or ask the operator of this \
                 bot to add your role to LOCKTENDER_APPROVER_ROLE_IDS.",
        ),
        unlock::Rejection::Elsewhere(_) => Text::own(
            "This request was made in another channel: approve it there, where the people \
                 concerned can see it.",
        ),
        unlock::Rejection::OtherServer => Text::own(
            "This request was made in another server: approve, deny or withdraw it there.",
        ),
        unlock::Rejection::ApprovedAlready => Text::own(
            "You have approved this already: another person must give the missing approval.",
        ),
        unlock::Rejection::Expired(at) => Text::own("This request expired ")
            .at(*at)
            .then(": ask again with /lock unlock if the lock is still in the way."),
        unlock::Rejection::NotRequester => Text::own(
            "Only the requester can withdraw this request: an approver can press Deny or type \
                 /lock deny.",
        ),
        unlock::Rejection::UnderWay | unlock::Rejection::NotDue => Text::own(
            "This request is approved, and its lock is being released: the card will show the \
                 result.",
        ),
        unlock::Rejection::Closed(closing) => how_it_was_closed(closing),
        unlock::Rejection::Unknown => Text::own(
            "This request is no longer known: ask again with /lock unlock if the lock is \
                 still in the way.",
        ),
        unlock::Rejection::NotConfirmed => Text::own(
            "That is not the state's name, and nothing was approved: press Approve again and \
                 type the name shown in the empty field.",
        ),
    }
}

/// The message for a fault that changed nothing. The person quotes `reference`, and the log
/// contains it.
#[must_use]
pub fn fault(fault: &Fault, about: Option<&Command>, reference: &str) -> Message {
    let text = match about {
        Some(command) if command.changes() => Text::own("Nothing was changed. "),
        Some(Command::Status { state }) => {
            Text::own("Whether ").quote(state, SHORT).then(" is locked is not known. ")
        }
        _ => Text::own("This is not known. "),
    };
    fault_text(text, fault, reference)
}

/// The message for a fault in the middle of a change. It says where the result can be seen.
#[must_use]
pub fn unsettled(fault: &Fault, about: Option<&Command>, reference: &str) -> Message {
    let text = Text::own(match about {
        Some(Command::Unlock { .. }) => {
            "It is not known whether your request was recorded. If it was, its card will be \
                 posted in this channel. Look at /lock status before you ask again. "
        }
        Some(Command::Watch { .. }) => {
            "It is not known whether you are in line: /lock watches shows it, and asking again \
                 does no harm. "
        }
        Some(Command::Unwatch { .. }) => {
            "It is not known whether you have left the line: /lock watches shows it, and asking \
                 again does no harm. "
        }
        Some(Command::Approve { .. }) => {
            "It is not known yet whether it was done: the card will show it. A release that was \
                 begun is finished automatically. "
        }
        Some(Command::DenyByState { .. } | Command::WithdrawByState { .. }) => {
            "It is not known whether it was done: /lock status shows whether the request is \
                 still open. Asking again does no harm. "
        }
        _ => "It is not known yet whether it was done: the card will show it. ",
    });
    fault_text(text, fault, reference)
}

fn fault_text(text: Text, fault: &Fault, reference: &str) -> Message {
    Message::sentence(Tone::Broken, text.name(&fault.to_string(), 3 * LONG).then("."))
        .line(Text::own(format!("The log has more under {reference}.")))
}
