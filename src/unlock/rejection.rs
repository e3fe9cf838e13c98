//! Why somebody may not do what they tried.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{Closing, NotPinned, Tried};
use crate::people::{ChannelId, Permission, RoleId};

/// Why a request was not opened or not changed. Each is worded in `commands/refusal.rs`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Nothing can be released.
    #[error(transparent)]
    NotPinned(#[from] NotPinned),
    /// A request without a reason.
    #[error("no reason was given")]
    NoReason,
    /// They have opened as many requests within an hour as one person may, until then.
    #[error("asked too often")]
    AskedTooOften(DateTime<Utc>),
    /// As many requests were opened for the state within an hour as may be, until then.
    #[error("too many requests for the state")]
    StateAskedTooOften(DateTime<Utc>),
    /// Only who has one of these roles may ask.
    #[error("not allowed to ask")]
    NotAsker(BTreeSet<RoleId>),
    /// It may be asked in these channels and in no other.
    #[error("not a channel for requests")]
    NotHere(BTreeSet<ChannelId>),
    /// The card of a request could not be posted here, for want of these.
    #[error("the card cannot be posted")]
    CannotPost(BTreeSet<Permission>),
    /// The requester tried to be the second person.
    #[error("requesters do not approve their own requests")]
    Requester,
    /// The requester tried to deny instead of withdrawing.
    #[error("requesters withdraw")]
    RequesterDenies,
    /// An application is nobody's second pair of eyes.
    #[error("applications do not approve")]
    Bot,
    /// Nobody without an approver role approves or denies.
    #[error("not an approver")]
    NotApprover,
    /// The request was made in this other channel, and is approved there.
    #[error("asked in another channel")]
    Elsewhere(ChannelId),
    /// The request was made in another server.
    #[error("asked in another server")]
    OtherServer,
    /// One person approves once.
    #[error("approved already")]
    ApprovedAlready,
    /// Its time had passed at the click.
    #[error("expired")]
    Expired(DateTime<Utc>),
    /// Only the requester withdraws.
    #[error("not the requester")]
    NotRequester,
    /// Its approvals are complete, and the release is under way.
    #[error("under way")]
    UnderWay,
    /// It has not come that far.
    #[error("not due")]
    NotDue,
    /// It has ended.
    #[error("closed")]
    Closed(Closing),
    /// There is no such request, or not any more.
    #[error("no such request")]
    Unknown,
    /// What was typed to confirm is not the state's name.
    #[error("the name was not confirmed")]
    NotConfirmed,
}

impl Rejection {
    /// Whether an attempt that was refused for this belongs into the trail: those are attempts on
    /// the rule of two people, and no mere slips.
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
