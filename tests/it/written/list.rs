//! The list: what runs each block of commands in the pages.

mod entries;

pub use self::entries::LIST;
use super::blocks::Block;

/// Blocks that need the same things, and run one after the other in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    /// The demo, and its conversation.
    Demo,
    /// The program without any setting.
    Shell,
    /// The settings, checked without AWS.
    Settings,
    /// A bot that is started for the first time.
    FirstStart,
    /// The tables before and after an update.
    Upgrade,
    /// An export of the trail.
    Trail,
    /// The tables, backed up and restored.
    Backup,
    /// A new trail.
    NewTrail,
    /// The lease of the replicas.
    Lease,
    /// The policies.
    Policies,
    /// The stacks of `CloudFormation`.
    Stacks,
    /// The token, in a secret.
    Secret,
    /// A lock that is deleted by hand.
    ByHand,
    /// A state whose digest is wrong.
    Digest,
    /// The pages for probes and metrics.
    Probes,
    /// Prometheus and its rules.
    Alerts,
    /// Terraform, and what a killed run has left.
    Terraform,
}

/// What runs a block.
#[derive(Clone, Copy, Debug)]
pub enum Held {
    /// A test of this folder runs all of it.
    Here(Story),
    /// Something else that CI runs does it: this text is in this file. The block has these commands.
    Elsewhere { file: &'static str, text: &'static str, commands: &'static [&'static str] },
    /// Nothing here can run it, for this reason. The block has these commands, and their form is checked.
    Nowhere { why: &'static str, commands: &'static [&'static str] },
}

/// The page, a text that only this block of the page has, and what runs it.
pub type Entry = (&'static str, &'static str, Held);

/// What runs a block. The error says what to do.
pub fn held(block: &Block) -> Result<Held, String> {
    let mut entries = LIST.iter().filter(|entry| is_of(entry, block));
    let entry = entries.next().ok_or_else(|| {
        let place = block.place();
        format!(
            "{place}: nothing runs these commands. Add the block to LIST in tests/it/written/list/entries.rs, with a story of \
             tests/it/written that runs it, with the script of CI that does, or with the reason why nothing can."
        )
    })?;
    match entries.next() {
        None => Ok(entry.2),
        Some(second) => {
            let (place, first, second) = (block.place(), entry.1, second.1);
            Err(format!("{place}: {first:?} and {second:?} of LIST are both in this block"))
        }
    }
}

/// Whether an entry is about a block.
pub fn is_of((page, with, _): &Entry, block: &Block) -> bool {
    // With the fence, a text can be the end of a block.
    *page == block.page && format!("{}```", block.text).contains(with)
}
