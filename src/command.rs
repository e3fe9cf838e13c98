//! A question as data: what an edge makes of an interaction or a line, and what a button carries.

/// Something that a person asked for, by typing it or by pressing a button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Who holds a state's lock.
    Status {
        /// What was typed or chosen for the state.
        state: String,
    },
    /// Every held lock.
    List {
        /// Part of the names to show; empty for all.
        filter: String,
        /// Page to show, counted from 0.
        page: usize,
    },
    /// What the bot does.
    Help,
}

/// Who sees an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everybody in the channel.
    Channel,
    /// Only who asked.
    Asker,
}

impl Command {
    /// The word for it in the slash command and in the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::List { .. } => "list",
            Self::Help => "help",
        }
    }

    /// What was typed for the state, where the command is about one.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        match self {
            Self::Status { state } => Some(state),
            Self::List { .. } | Self::Help => None,
        }
    }

    /// Who sees the answer when all goes well. Known before the work is begun, since Discord wants
    /// to be told when an answer is put off.
    #[must_use]
    pub fn audience(&self) -> Audience {
        match self {
            Self::Status { .. } | Self::List { .. } => Audience::Channel,
            Self::Help => Audience::Asker,
        }
    }
}
