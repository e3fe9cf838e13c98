//! Why the rules reject what a person tried.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Closing, NotPinned, Tried};
use crate::people::{ChannelId, Permission, RoleId};

/// Why a request was not opened or not changed. `words/refused.rs` has the sentence of each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nothing can be released.
    #[error(transparent)]
    NotPinned(#[from] NotPinned),
    /// A request without a reason.
    #[error("no reason was given")]
    NoReason,
    /// This person has opened the most requests allowed in an hour. The next is possible at this time.
    #[error("asked too often")]
    AskedTooOften(DateTime<Utc>),
    /// The most requests allowed in an hour were opened for the state. The next is possible at this time.
    #[error("too many requests for the state")]
    StateAskedTooOften(DateTime<Utc>),
    /// Only members with one of these roles may ask.
    #[error("not allowed to ask")]
    NotAsker(BTreeSet<RoleId>),
    /// Requests are opened in these channels only.
    #[error("not a channel for requests")]
    NotHere(BTreeSet<ChannelId>),
    /// The card cannot be posted here, because these permissions are missing.
    #[error("the card cannot be posted")]
    CannotPost(BTreeSet<Permission>),
    /// The requester tried to be the second person.
    #[error("requesters do not approve their own requests")]
    Requester,
    /// The requester tried to deny instead of withdrawing.
    #[error("requesters withdraw")]
    RequesterDenies,
    /// Bots cannot approve.
    #[error("applications do not approve")]
    Bot,
    /// Only members with an approver role approve or deny.
    #[error("not an approver")]
    NotApprover,
    /// The request was made in this other channel, and is approved there.
    #[error("asked in another channel")]
    Elsewhere(ChannelId),
    /// The request was made in another server.
    #[error("asked in another server")]
    OtherServer,
    /// Each person approves once.
    #[error("approved already")]
    ApprovedAlready,
    /// The request had expired at the time of the click.
    #[error("expired")]
    Expired(DateTime<Utc>),
    /// Only the requester withdraws.
    #[error("not the requester")]
    NotRequester,
    /// Its approvals are complete, and the release is under way.
    #[error("under way")]
    UnderWay,
    /// The event does not apply to the request's state.
    #[error("not due")]
    NotDue,
    /// It has ended.
    #[error("closed")]
    Closed(Closing),
    /// There is no such request, or it is no longer stored.
    #[error("no such request")]
    Unknown,
    /// What was typed to confirm is not the state's name.
    #[error("the name was not confirmed")]
    NotConfirmed,
}

impl Rejection {
    /// Whether an attempt rejected for this goes on record: attempts on the rule of two people do, mistakes
    /// do not.
    #[must_use]
    pub fn is_on_record(&self, tried: Tried) -> bool {
        match self {
            Self::Requester
            | Self::Bot
            | Self::NotApprover
            | Self::Elsewhere(_)
            | Self::OtherServer => true,
            Self::Expired(_) => tried == Tried::Approve,
            Self::NotRequester => tried == Tried::Withdraw,
            _ => false,
        }
    }
}
