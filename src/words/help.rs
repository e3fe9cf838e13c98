//! What the bot does, and who may approve.

use crate::lock::Catalog;
use crate::message::{Message, Text, Tone};
use crate::text::SHORT;
use crate::unlock::{Policies, Policy};

/// The page of `/lock help`.
pub(crate) fn help(catalog: &Catalog, policies: &Policies) -> Message {
    let policy = policies.general();
    let approvals = policy.approvals.get();
    let mut names = how_states_are_named();
    if let [first, _, ..] = catalog.backends() {
        names = names.then(", in a backend ").quote(&format!("{}:env/prod", first.name), SHORT);
    }
    names = names.then(
        ". Its path in Terraform's error, its key in the backend block, its address in S3 and the \
         ID of its lock work too.",
    );
    Message::new(Tone::Plain, Text::own("Locktender tends Terraform and OpenTofu state locks"))
        .line(names)
        .field(
            Text::own("/lock status state"),
            Text::own("Who holds a state's lock, what they are doing, and for how long."),
        )
        .field(
            Text::own("/lock list filter"),
            Text::own(
                "Every held lock, oldest first. A filter keeps those whose state, holder or \
                     lock ID contains it.",
            ),
        )
        .field(
            Text::own("/lock unlock state reason"),
            Text::own(format!(
                "Asks for a lock to be released. {} with an approver role must approve it on the card \
                 in the channel. The bot releases the lock on the card, and no other.",
                match approvals {
                    1 => "Another person".to_owned(),
                    _ => format!("{approvals} other people"),
                },
            )),
        )
        .field(
            Text::own("/lock deny state reason, /lock withdraw state reason"),
            Text::own(
                "Deny an open request, as an approver or as the person behind the lock, or withdraw \
                     your own. They do the same as the buttons of the card, from any channel, also \
                     if the card is gone.",
            ),
        )
        .field(
            Text::own("/lock watch state keep, /lock unwatch state, /lock watches"),
            Text::own(
                "Be pinged in this channel when a lock clears: once, or every time with keep. Stop \
                     it. List the states that you watch.",
            ),
        )
        .field(
            Text::own("/lock history state count"),
            Text::own(
                "Who asked, who approved, and what was released: the audit trail of one state, and \
                     its last holds.",
            ),
        )
        .field(
            Text::own("/lock doctor"),
            Text::own(
                "What is wrong with the bot's set-up and what to do about it, for those who may \
                 approve.",
            ),
        )
        .field(Text::own("/lock help"), Text::own("This message."))
        .field(Text::own("Who may approve"), who_may_approve(policy).then(by_state(policies)))
}

/// That a state may need other approvers, or more. Its card says which.
fn by_state(policies: &Policies) -> &'static str {
    let general = policies.general();
    let differs = |own: &Policy| {
        own.approver_roles != general.approver_roles || own.approvals != general.approvals
    };
    if policies.by_state().iter().any(|of| differs(&of.policy)) {
        " Some states have other rules: the card of a request says how many must approve, and calls \
         the roles that may."
    } else {
        ""
    }
}

/// The approver roles, named without a ping.
pub(crate) fn who_may_approve(policy: &Policy) -> Text {
    let roles = policy.approver_roles.iter().map(|role| Text::default().role(*role));
    Text::own("Members with ").joined(" or ", roles).then(", except for their own requests.")
}

/// The start of a sentence that explains the form of a state's name.
pub(crate) fn how_states_are_named() -> Text {
    Text::own("A state is named ")
        .quote("env/prod", SHORT)
        .then(", in a workspace ")
        .quote("env/prod@blue", SHORT)
}
