//! What a person can try next, after an answer.

use std::collections::BTreeSet;

use super::people::other_than;
use crate::command::Command;
use crate::commands::Reply;
use crate::message::Text;
use crate::words::terminal as words;

/// The hints of one chat. Each is given once.
#[derive(Default)]
pub(super) struct Hints {
    /// The state whose unlock was requested last.
    about: String,
    /// The commands after which one was given.
    given: BTreeSet<&'static str>,
}

impl Hints {
    /// What the person of this name can do after this answer. `None` if that was said before.
    pub(super) fn after(&mut self, name: &str, command: &Command, reply: &Reply) -> Option<Text> {
        if let (Command::Unlock { state, .. }, Reply::Message { .. }) = (command, reply) {
            state.clone_into(&mut self.about);
        }
        let next = match (command, reply) {
            (Command::Status { .. }, Reply::Message { message, .. }) => {
                let waits = message.buttons.iter().any(|button| button.label == "Notify me");
                waits.then(words::next_press)
            }
            (Command::Unlock { .. }, Reply::Message { .. }) => {
                Some(words::next_approve(other_than(name)))
            }
            (Command::Approve { .. }, Reply::Silent | Reply::Message { .. })
                if !self.about.is_empty() =>
            {
                Some(words::next_history(&self.about))
            }
            (Command::Help, _) => Some(words::in_this_chat(other_than(name))),
            _ => None,
        }?;
        self.given.insert(command.name()).then_some(next)
    }
}
