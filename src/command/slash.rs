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

/// The values that a person entered, by the names of their options.
#[derive(Debug, Default)]
pub struct Entered(Vec<(&'static str, Value)>);

#[derive(Debug)]
enum Value {
    Text(String),
    Number(usize),
    Flag(bool),
}

impl Subcommand {
    /// The subcommand of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SUBCOMMANDS.iter().find(|subcommand| subcommand.name == name)
    }

    /// The command that a person asked for. `None` where a required value is missing.
    #[must_use]
    pub fn read(&self, entered: &Entered) -> Option<Command> {
        (self.read)(entered)
    }
}

impl Entered {
    /// Adds a text.
    pub fn text(&mut self, option: &CommandOption, text: impl Into<String>) {
        self.0.push((option.name, Value::Text(text.into())));
    }

    /// Adds a number.
    pub fn number(&mut self, option: &CommandOption, number: usize) {
        self.0.push((option.name, Value::Number(number)));
    }

    /// Adds a yes or no.
    pub fn flag(&mut self, option: &CommandOption, flag: bool) {
        self.0.push((option.name, Value::Flag(flag)));
    }

    fn find<T>(&self, option: &CommandOption, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|(name, value)| (*name == option.name).then(|| read(value))?)
    }

    pub(super) fn text_of(&self, option: &CommandOption) -> Option<String> {
        self.find(option, |value| match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    pub(super) fn number_of(&self, option: &CommandOption) -> Option<usize> {
        self.find(option, |value| match value {
            Value::Number(number) => Some(*number),
            _ => None,
        })
    }

    pub(super) fn has(&self, option: &CommandOption) -> bool {
        self.find(option, |value| matches!(value, Value::Flag(true)).then_some(())).is_some()
    }
}
