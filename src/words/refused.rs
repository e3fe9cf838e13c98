//! Messages for commands that are refused or fail: one sentence and the next step.

use super::help::how_states_are_named;
use super::lock::{did_you_mean, or_misspelt};
use super::request::how_it_was_closed;
use crate::command::Command;
use crate::error::{Fault, Refusal};
use crate::lock::NameError;
use crate::message::{LONG, Message, SHORT, Text, Tone};
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
                " is unknown: no lock is there, but whether there is such a state could not be \
                looked up. ",
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
            .then("; it may have cleared. Type the state's name to see how it stands."),
        Refusal::UnknownHandle => {
            Text::own("That state is not known any more: look for it in the list of locks.")
        }
        Refusal::NamesNotRead => {
            Text::own("The names of states are still being read: try again in a minute.")
        }
        Refusal::Unknown => Text::own(
            "This button or command is not of this version of the bot: type /lock help for what \
             there is.",
        ),
        Refusal::Elsewhere => Text::own(
            "I answer only in the server that I was set up for: ask there, or set \
             DISCORD_GUILD_ID to this one.",
        ),
        Refusal::AlreadyOpen { requester, card } => {
            let text = Text::own("There is an open request for this lock, by ").person(requester);
            match card {
                Some((place, card)) => {
                    text.then(": an approver can approve it at ").message(*place, *card).then(".")
                }
                None => text.then("; its card is not posted yet: look again in a minute."),
            }
        }
        Refusal::NoOpenRequest { state } => {
            Text::own("There is no open request to unlock ").name(state.as_str(), SHORT).then(
                ": look at it with /lock status, and at how earlier ones ended with /lock history.",
            )
        }
        Refusal::NothingToWaitFor { state } => Text::default().name(state.as_str(), SHORT).then(
            " is free: there is nothing to wait for. To be told every time it clears, type /lock \
             watch with keep.",
        ),
        Refusal::LineIsFull { state } => Text::own("Too many wait for ")
            .name(state.as_str(), SHORT)
            .then(" already: look at it with /lock status from time to time."),
        Refusal::WatchesEnough => Text::own(format!(
            "You watch {MOST_WATCHED} states, the most that one person can: leave one with /lock unwatch \
             first."
        )),
        Refusal::Unlock(refusal) => unlock_text(refusal),
    }
}

/// Refusals by the rules of two-person control.
fn unlock_text(refusal: &unlock::Refusal) -> Text {
    match refusal {
        unlock::Refusal::NotPinned(NotPinned::Free) => Text::own(
            "No lock of this state was found, so there is none to release: compare its name \
                 with what Terraform says.",
        ),
        unlock::Refusal::NotPinned(NotPinned::Incomparable(flaw)) => {
            Text::own("Its record cannot be told from another: ")
                .name(&flaw.to_string(), LONG)
                .then(". Look at it in the AWS console, and remove it there by hand.")
        }
        unlock::Refusal::NotPinned(NotPinned::NoEtag) => Text::own(
            "The store does not say which version of its lockfile is there (an ETag), so that none \
             can be released safely: remove it by hand.",
        ),
        unlock::Refusal::AskedTooOften(until) => Text::own(format!(
            "You have opened {BY_A_PERSON} requests within an hour: you can open the next one after "
        ))
        .at(*until)
        .then("."),
        unlock::Refusal::StateAskedTooOften(until) => Text::own(format!(
            "{OF_A_STATE} requests were opened for this state within an hour: ask an approver to \
             open the next one, or open it yourself after "
        ))
        .at(*until)
        .then("."),
        unlock::Refusal::NotAsker(roles) => {
            let roles = roles.iter().map(|role| Text::default().role(*role));
            Text::own("You may not ask for an unlock: ask a member with ")
                .joined(" or ", roles)
                .then(" to do it.")
        }
        unlock::Refusal::NotHere(channels) => {
            let channels = channels.iter().map(|channel| Text::default().channel(*channel));
            Text::own("Unlocks are not asked for in this channel: ask in ")
                .joined(" or ", channels)
                .then(".")
        }
        unlock::Refusal::CannotPost(missing) => {
            let missing: Vec<&str> = missing.iter().map(|one| one.as_str()).collect();
            Text::own(format!(
                "The card of a request cannot be posted here: allow this bot {} in this channel, or \
                 ask in another one.",
                missing.join(" and ")
            ))
        }
        unlock::Refusal::NoReason => Text::own(
            "A reason is needed: say in a few words why the lock has to go, for whoever approves.",
        ),
        unlock::Refusal::Requester => Text::own(
            "You asked for this unlock yourself: somebody else with an approver role has to \
             approve it.",
        ),
        unlock::Refusal::RequesterDenies => Text::own(
            "This is your own request: press Withdraw or type /lock withdraw to take it back.",
        ),
        unlock::Refusal::Bot => Text::own("Applications neither ask nor approve: people do."),
        unlock::Refusal::NotApprover => Text::own(
            "You have none of the approver roles: ask somebody who has one, or whoever runs this \
             bot to add yours to LOCKTENDER_APPROVER_ROLE_IDS.",
        ),
        unlock::Refusal::Elsewhere(_) => Text::own(
            "This request was made in another channel: approve it there, where everybody concerned \
             can see it.",
        ),
        unlock::Refusal::OtherServer => Text::own(
            "This request was made in another server: approve, deny or withdraw it there.",
        ),
        unlock::Refusal::ApprovedAlready => Text::own(
            "You have approved this already: the approval that is missing has to be somebody \
             else's.",
        ),
        unlock::Refusal::Expired(at) => Text::own("This request expired ")
            .at(*at)
            .then(": ask anew with /lock unlock if the lock is still in the way."),
        unlock::Refusal::NotRequester => Text::own(
            "Only who made this request can withdraw it: an approver presses Deny or types \
                 /lock deny to say no to it.",
        ),
        unlock::Refusal::UnderWay | unlock::Refusal::NotDue => Text::own(
            "This request is approved and its lock is being released: the card says how it ends.",
        ),
        unlock::Refusal::Closed(closing) => how_it_was_closed(closing),
        unlock::Refusal::Unknown => Text::own(
            "This request is not known any more: ask anew with /lock unlock if the lock is still \
             in the way.",
        ),
        unlock::Refusal::NotConfirmed => Text::own(
            "That is not the state's name, and nothing was approved: press Approve again and type \
             what stands in the empty field.",
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
            "Whether your request was recorded is not known: if it was, its card comes to this \
             channel. Look at /lock status before you ask again. "
        }
        Some(Command::Watch { .. }) => {
            "Whether you are in line is not known: /lock watches says so, and to ask again does no \
             harm. "
        }
        Some(Command::Unwatch { .. }) => {
            "Whether you have left the line is not known: /lock watches says so, and to ask again \
             does no harm. "
        }
        Some(Command::Approve { .. }) => {
            "Whether it was done is not known yet: the card will say so, and a release that was \
             begun is finished by itself. "
        }
        Some(Command::DenyOpen { .. } | Command::WithdrawOpen { .. }) => {
            "Whether it was done is not known: /lock status says whether the request is still open. \
             To ask again does no harm. "
        }
        _ => "Whether it was done is not known yet: the card will say so. ",
    });
    fault_text(text, fault, reference)
}

fn fault_text(text: Text, fault: &Fault, reference: &str) -> Message {
    Message::sentence(Tone::Broken, text.name(&fault.to_string(), 3 * LONG).then("."))
        .line(Text::own(format!("The log has more under {reference}.")))
}
