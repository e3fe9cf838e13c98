//! A command as data: an edge makes it from an interaction or a line, and a button carries it.

use crate::unlock::RequestId;

/// A request of a person, made by typing, by a button or by a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Show who holds a state's lock.
    Status {
        /// The state as typed or chosen.
        state: String,
    },
    /// List the held locks.
    List {
        /// Text that the state, the holder or the lock ID contains. Empty for all.
        filter: String,
        /// The page, counted from 0.
        page: usize,
    },
    /// Request the release of a state's lock.
    Unlock {
        /// The state as typed or chosen.
        state: String,
        /// The reason. `None` to ask for it.
        reason: Option<String>,
    },
    /// Approve a request.
    Approve {
        /// The request.
        request: RequestId,
        /// The typed confirmation. `None` before the bot asked for it.
        typed: Option<String>,
    },
    /// Deny a request.
    Deny {
        /// The request.
        request: RequestId,
        /// The reason. Empty for none, `None` to ask for it.
        reason: Option<String>,
    },
    /// Withdraw the asker's own request.
    Withdraw {
        /// The request.
        request: RequestId,
    },
    /// Deny the open request of a state, from anywhere.
    DenyOpen {
        /// The state as typed or chosen.
        state: String,
        /// The reason, if given.
        reason: Option<String>,
    },
    /// Withdraw the asker's own open request for a state, from anywhere.
    WithdrawOpen {
        /// The state as typed or chosen.
        state: String,
        /// The reason, if given.
        reason: Option<String>,
    },
    /// Notify the asker when a state's lock clears.
    Watch {
        /// The state as typed or chosen.
        state: String,
        /// Whether to notify each time, not only once.
        keep: bool,
    },
    /// Stop notifying the asker.
    Unwatch {
        /// The state as typed or chosen.
        state: String,
    },
    /// List what the asker watches.
    Watches,
    /// Show the history of a state's lock.
    History {
        /// The state as typed or chosen.
        state: String,
        /// Show entries before this number. `None` for the newest.
        before: Option<u64>,
        /// The number of entries to show.
        count: usize,
    },
    /// Explain the bot.
    Help,
}

/// Who sees an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Everyone in the channel.
    Channel,
    /// Only the asker.
    Asker,
}

impl Command {
    /// The command's name in the slash command and in the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::List { .. } => "list",
            Self::Unlock { .. } => "unlock",
            Self::Approve { .. } => "approve",
            Self::Deny { .. } | Self::DenyOpen { .. } => "deny",
            Self::Withdraw { .. } | Self::WithdrawOpen { .. } => "withdraw",
            Self::History { .. } => "history",
            Self::Watch { .. } => "watch",
            Self::Unwatch { .. } => "unwatch",
            Self::Watches => "watches",
            Self::Help => "help",
        }
    }

    /// The state as typed, for a command about one state.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        match self {
            Self::Status { state }
            | Self::Unlock { state, .. }
            | Self::DenyOpen { state, .. }
            | Self::WithdrawOpen { state, .. }
            | Self::Watch { state, .. }
            | Self::Unwatch { state }
            | Self::History { state, .. } => Some(state),
            _ => None,
        }
    }

    /// Who sees a successful answer. It must be known before the work starts, because Discord needs
    /// it when an answer is deferred.
    #[must_use]
    pub fn audience(&self) -> Audience {
        match self {
            Self::Status { .. } | Self::List { .. } => Audience::Channel,
            _ => Audience::Asker,
        }
    }

    /// Whether it may answer with a form. Discord accepts a form only as the first response.
    #[must_use]
    pub fn may_ask_back(&self) -> bool {
        matches!(
            self,
            Self::Unlock { reason: None, .. }
                | Self::Approve { typed: None, .. }
                | Self::Deny { reason: None, .. }
        )
    }

    /// Whether it changes something on success.
    #[must_use]
    pub fn changes(&self) -> bool {
        matches!(
            self,
            Self::Unlock { .. }
                | Self::Approve { .. }
                | Self::Deny { .. }
                | Self::Withdraw { .. }
                | Self::DenyOpen { .. }
                | Self::WithdrawOpen { .. }
                | Self::Watch { .. }
                | Self::Unwatch { .. }
        )
    }

    /// The command with the text of its form.
    #[must_use]
    pub fn filled(self, text: String) -> Self {
        match self {
            Self::Unlock { state, .. } => Self::Unlock { state, reason: Some(text) },
            Self::Approve { request, .. } => Self::Approve { request, typed: Some(text) },
            Self::Deny { request, .. } => Self::Deny { request, reason: Some(text) },
            other => other,
        }
    }
}
