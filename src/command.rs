//! A command as data: an edge makes it from an interaction or a line, and a button carries it.

mod slash;

pub use self::slash::{CommandOption, Entered, OptionKind, Subcommand};
use crate::people::RequestId;
use crate::text::{REASON, clip};

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
    DenyByState {
        /// The state as typed or chosen.
        state: String,
        /// The reason, if given.
        reason: Option<String>,
    },
    /// Withdraw the asker's own open request for a state, from anywhere.
    WithdrawByState {
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
    /// Look at the set-up, and say what is wrong.
    Doctor,
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
            Self::Deny { .. } | Self::DenyByState { .. } => "deny",
            Self::Withdraw { .. } | Self::WithdrawByState { .. } => "withdraw",
            Self::History { .. } => "history",
            Self::Watch { .. } => "watch",
            Self::Unwatch { .. } => "unwatch",
            Self::Watches => "watches",
            Self::Doctor => "doctor",
            Self::Help => "help",
        }
    }

    /// The state as typed, for a command about one state.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        match self {
            Self::Status { state }
            | Self::Unlock { state, .. }
            | Self::DenyByState { state, .. }
            | Self::WithdrawByState { state, .. }
            | Self::Watch { state, .. }
            | Self::Unwatch { state }
            | Self::History { state, .. } => Some(state),
            Self::List { .. }
            | Self::Approve { .. }
            | Self::Deny { .. }
            | Self::Withdraw { .. }
            | Self::Watches
            | Self::Doctor
            | Self::Help => None,
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
        match self {
            Self::Unlock { .. }
            | Self::Approve { .. }
            | Self::Deny { .. }
            | Self::Withdraw { .. }
            | Self::DenyByState { .. }
            | Self::WithdrawByState { .. }
            | Self::Watch { .. }
            | Self::Unwatch { .. } => true,
            Self::Status { .. }
            | Self::List { .. }
            | Self::Watches
            | Self::History { .. }
            | Self::Doctor
            | Self::Help => false,
        }
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

/// Longest filter of `/lock list`, in characters. The filter is part of the ids of the page's buttons.
const FILTER: usize = 60;

/// Most entries on a page of `/lock history`. With texts of at most [`SHORT`](crate::text::SHORT) characters
/// they stay within the 6,000 that Discord allows a message, even if every character has to be escaped.
pub const HISTORY_MOST: usize = 10;

const STATE: CommandOption = CommandOption {
    name: "state",
    description: "The state, such as env/prod",
    is_required: true,
    kind: OptionKind::State,
};

const REASON_REQUIRED: CommandOption = CommandOption {
    name: "reason",
    description: "Why the lock has to be released, for the approvers",
    is_required: true,
    kind: OptionKind::Text(REASON),
};

const fn reason(description: &'static str) -> CommandOption {
    CommandOption { description, is_required: false, ..REASON_REQUIRED }
}

const FILTER_OPTION: CommandOption = CommandOption {
    name: "filter",
    description: "Part of a state's or a holder's name",
    is_required: false,
    kind: OptionKind::Text(FILTER),
};

const COUNT: CommandOption = CommandOption {
    name: "count",
    description: "How many entries to show at once",
    is_required: false,
    kind: OptionKind::Number(HISTORY_MOST),
};

const KEEP: CommandOption = CommandOption {
    name: "keep",
    description: "Every time, and not only once",
    is_required: false,
    kind: OptionKind::Flag,
};

/// Every subcommand, in the order in which Discord lists them.
pub static SUBCOMMANDS: &[Subcommand] = &[
    Subcommand {
        name: "status",
        description: "Who holds a state's lock, and for how long",
        options: &[STATE],
        read: |entered| Some(Command::Status { state: entered.get(&STATE)?.to_owned() }),
    },
    Subcommand {
        name: "list",
        description: "Every held lock, oldest first",
        options: &[FILTER_OPTION],
        read: |entered| {
            let filter = entered.get(&FILTER_OPTION).unwrap_or_default().to_owned();
            Some(Command::List { filter, page: 0 })
        },
    },
    Subcommand {
        name: "unlock",
        description: "Ask for a state's lock to be released; another person approves",
        options: &[STATE, REASON_REQUIRED],
        // Without a reason, a form asks for it.
        read: |entered| {
            Some(Command::Unlock {
                state: entered.get(&STATE)?.to_owned(),
                reason: reason_of(entered),
            })
        },
    },
    Subcommand {
        name: "deny",
        description: "Deny a state's open request, as an approver",
        options: &[STATE, reason("Why not, for the requester")],
        read: |entered| {
            Some(Command::DenyByState {
                state: entered.get(&STATE)?.to_owned(),
                reason: reason_of(entered),
            })
        },
    },
    Subcommand {
        name: "withdraw",
        description: "Withdraw your own request for a state's lock",
        options: &[STATE, reason("Why, for the approvers")],
        read: |entered| {
            Some(Command::WithdrawByState {
                state: entered.get(&STATE)?.to_owned(),
                reason: reason_of(entered),
            })
        },
    },
    Subcommand {
        name: "watch",
        description: "Be told when a state's lock clears",
        options: &[STATE, KEEP],
        read: |entered| {
            let keep = entered.get(&KEEP).is_some_and(|keep| keep.eq_ignore_ascii_case("true"));
            Some(Command::Watch { state: entered.get(&STATE)?.to_owned(), keep })
        },
    },
    Subcommand {
        name: "unwatch",
        description: "Stop being told about a state's lock",
        options: &[STATE],
        read: |entered| Some(Command::Unwatch { state: entered.get(&STATE)?.to_owned() }),
    },
    Subcommand {
        name: "watches",
        description: "The states that you watch",
        options: &[],
        read: |_| Some(Command::Watches),
    },
    Subcommand {
        name: "history",
        description: "What was done about a state's lock, and by whom",
        options: &[STATE, COUNT],
        read: |entered| {
            let count = entered.get(&COUNT).map_or(Ok(HISTORY_MOST), str::parse).ok()?;
            Some(Command::History { state: entered.get(&STATE)?.to_owned(), before: None, count })
        },
    },
    Subcommand {
        name: "doctor",
        description: "What is wrong with the bot's set-up, for approvers",
        options: &[],
        read: |_| Some(Command::Doctor),
    },
    Subcommand {
        name: "help",
        description: "What this bot does",
        options: &[],
        read: |_| Some(Command::Help),
    },
];

fn reason_of(entered: &Entered) -> Option<String> {
    entered.get(&REASON_REQUIRED).map(|reason| clip(reason, REASON))
}
