//! How a subcommand of `/lock` is described, and how an edge reads what a person entered for it.

use super::{Command, SUBCOMMANDS};

/// A subcommand.
pub struct Subcommand {
    /// Its name, as people type it.
    pub name: &'static str,
    /// What it does, as Discord shows it.
    pub description: &'static str,
    /// Its options, in the order in which people type them.
    pub options: &'static [CommandOption],
    pub(super) read: fn(&Entered) -> Option<Command>,
}

/// An option of a subcommand.
pub struct CommandOption {
    /// Its name.
    pub name: &'static str,
    /// What to enter, as Discord shows it.
    pub description: &'static str,
    /// Whether Discord asks for it.
    pub is_required: bool,
    /// What it takes.
    pub kind: OptionKind,
}

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionKind {
    /// A state. Discord offers the known ones.
    State,
    /// A text of at most this many characters.
    Text(usize),
    /// A number from 1 to this one.
    Number(usize),
    /// Yes or no.
    Flag,
}

/// The values that a person entered, as text, by the names of their options.
#[derive(Debug, Default)]
pub struct Entered(Vec<(&'static str, String)>);

impl Subcommand {
    /// The subcommand of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SUBCOMMANDS.iter().find(|subcommand| subcommand.name == name)
    }

    /// The command that a person asked for. `None` where a required value is missing, or a number is none.
    #[must_use]
    pub fn read(&self, entered: &Entered) -> Option<Command> {
        (self.read)(entered)
    }
}

impl Entered {
    /// Adds the value of an option.
    pub fn add(&mut self, option: &CommandOption, value: &(impl ToString + ?Sized)) {
        self.0.push((option.name, value.to_string()));
    }

    pub(super) fn get(&self, option: &CommandOption) -> Option<&str> {
        self.0.iter().find_map(|(name, value)| (*name == option.name).then_some(value.as_str()))
    }
}
