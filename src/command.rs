//! A question as data: what an edge makes of an interaction or a line, and what a button carries.

mod slash;

pub use self::slash::{CommandOption, Entered, OptionKind, Subcommand};
use crate::people::RequestId;
use crate::text::{REASON, clip};

/// Something that a person asked for, by typing it, by pressing a button or by filling in a form.
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
    /// Have a state's lock released.
    Unlock {
        /// What was typed or chosen for the state.
        state: String,
        /// Why; `None` to be asked for it.
        reason: Option<String>,
    },
    /// Be the second person of a request.
    Approve {
        /// Which.
        request: RequestId,
        /// What was typed to confirm it; `None` before that was asked for.
        typed: Option<String>,
    },
    /// Say no to a request.
    Deny {
        /// Which.
        request: RequestId,
        /// Why; empty without a reason, `None` to be asked for one.
        reason: Option<String>,
    },
    /// Take one's own request back.
    Withdraw {
        /// Which.
        request: RequestId,
    },
    /// Say no to the open request of a state, from anywhere.
    DenyByState {
        /// What was typed or chosen for the state.
        state: String,
        /// Why, if they say.
        reason: Option<String>,
    },
    /// Take back one's own open request for a state, from anywhere.
    WithdrawByState {
        /// What was typed or chosen for the state.
        state: String,
        /// Why, if they say.
        reason: Option<String>,
    },
    /// Tell me when a state's lock clears.
    Watch {
        /// What was typed or chosen for the state.
        state: String,
        /// Whether every time, and not only once.
        keep: bool,
    },
    /// Do not tell me any more.
    Unwatch {
        /// What was typed or chosen for the state.
        state: String,
    },
    /// What I have asked to be told of.
    Watches,
    /// What has happened to a state's lock.
    History {
        /// What was typed or chosen for the state.
        state: String,
        /// Show what came before the entry of this number; `None` for the newest.
        before: Option<u64>,
        /// How many entries to show.
        count: usize,
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
            Self::Unlock { .. } => "unlock",
            Self::Approve { .. } => "approve",
            Self::Deny { .. } | Self::DenyByState { .. } => "deny",
            Self::Withdraw { .. } | Self::WithdrawByState { .. } => "withdraw",
            Self::History { .. } => "history",
            Self::Watch { .. } => "watch",
            Self::Unwatch { .. } => "unwatch",
            Self::Watches => "watches",
            Self::Help => "help",
        }
    }

    /// What was typed for the state, where the command is about one.
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
            _ => None,
        }
    }

    /// Who sees the answer when all goes well. Known before the work is begun, since Discord wants
    /// to be told when an answer is put off.
    #[must_use]
    pub fn audience(&self) -> Audience {
        match self {
            Self::Status { .. } | Self::List { .. } => Audience::Channel,
            _ => Audience::Asker,
        }
    }

    /// Whether it may answer with a form, which Discord takes only as the first response.
    #[must_use]
    pub fn may_ask_back(&self) -> bool {
        matches!(
            self,
            Self::Unlock { reason: None, .. }
                | Self::Approve { typed: None, .. }
                | Self::Deny { reason: None, .. }
        )
    }

    /// Whether it changes something when all goes well.
    #[must_use]
    pub fn changes(&self) -> bool {
        matches!(
            self,
            Self::Unlock { .. }
                | Self::Approve { .. }
                | Self::Deny { .. }
                | Self::Withdraw { .. }
                | Self::DenyByState { .. }
                | Self::WithdrawByState { .. }
                | Self::Watch { .. }
                | Self::Unwatch { .. }
        )
    }

    /// The command with what was filled into its form.
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
pub static SUBCOMMANDS: [Subcommand; 10] = [
    Subcommand {
        name: "status",
        description: "Who holds a state's lock, and for how long",
        options: &[STATE],
        read: |entered| Some(Command::Status { state: entered.text_of(&STATE)? }),
    },
    Subcommand {
        name: "list",
        description: "Every held lock, oldest first",
        options: &[FILTER_OPTION],
        read: |entered| {
            let filter = entered.text_of(&FILTER_OPTION).unwrap_or_default();
            Some(Command::List { filter, page: 0 })
        },
    },
    Subcommand {
        name: "unlock",
        description: "Ask for a state's lock to be released; another person approves",
        options: &[STATE, REASON_REQUIRED],
        // Without a reason, a form asks for it.
        read: |entered| {
            Some(Command::Unlock { state: entered.text_of(&STATE)?, reason: reason_of(entered) })
        },
    },
    Subcommand {
        name: "deny",
        description: "Deny a state's open request, as an approver",
        options: &[STATE, reason("Why not, for the requester")],
        read: |entered| {
            Some(Command::DenyByState {
                state: entered.text_of(&STATE)?,
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
                state: entered.text_of(&STATE)?,
                reason: reason_of(entered),
            })
        },
    },
    Subcommand {
        name: "watch",
        description: "Be told when a state's lock clears",
        options: &[STATE, KEEP],
        read: |entered| {
            Some(Command::Watch { state: entered.text_of(&STATE)?, keep: entered.has(&KEEP) })
        },
    },
    Subcommand {
        name: "unwatch",
        description: "Stop being told about a state's lock",
        options: &[STATE],
        read: |entered| Some(Command::Unwatch { state: entered.text_of(&STATE)? }),
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
            let count = entered.number_of(&COUNT).unwrap_or(HISTORY_MOST);
            Some(Command::History { state: entered.text_of(&STATE)?, before: None, count })
        },
    },
    Subcommand {
        name: "help",
        description: "What this bot does",
        options: &[],
        read: |_| Some(Command::Help),
    },
];

fn reason_of(entered: &Entered) -> Option<String> {
    entered.text_of(&REASON_REQUIRED).map(|reason| clip(&reason, REASON))
}
