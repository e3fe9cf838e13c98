//! The code of each finding. Scripts and the runbook rely on them: codes are added, never changed.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something does not work.
    Problem,
    /// Something works, and is at risk.
    Warning,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $severity:ident;)*) => {
        /// What was found. `docs/RUNBOOK.md` has a heading for each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code, in the order of the runbook.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code in the output and in the runbook.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// How bad it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)*
                }
            }
        }
    };
}

codes! {
    /// A setting that the bot needs has no value.
    SettingMissing = "setting-missing", Problem;
    /// A setting cannot be used.
    SettingWrong = "setting-wrong", Problem;
    /// Settings have no effect.
    SettingUnused = "setting-unused", Warning;
    /// Others on this machine can read the `.env` file.
    DotenvReadable = "dotenv-readable", Warning;
    /// AWS does not accept the credentials, or there are none.
    CredentialsRefused = "credentials-refused", Problem;
    /// The clock of this host is so far off that AWS refuses requests.
    ClockWrong = "clock-wrong", Problem;
    /// The clock of this host is off.
    ClockDrifts = "clock-drifts", Warning;
    /// A table does not exist.
    TableMissing = "table-missing", Problem;
    /// A table cannot be used at the moment.
    TableNotActive = "table-not-active", Problem;
    /// A table has another key than it must have.
    TableKeyWrong = "table-key-wrong", Problem;
    /// The bot's own tables are not up to date.
    MigrationPending = "migration-pending", Problem;
    /// The bot's identity may not do what the bot needs.
    PermissionMissing = "permission-missing", Problem;
    /// The bot's identity may not read several items at once.
    BatchReadDenied = "batch-read-denied", Warning;
    /// The bot's identity may change the audit trail.
    TrailCanBeRewritten = "trail-can-be-rewritten", Warning;
    /// Entries of the audit trail expire.
    TrailExpires = "trail-expires", Problem;
    /// Items of the bot's own table do not expire.
    ExpiryOff = "expiry-off", Warning;
    /// One of the bot's own tables cannot be restored.
    BackupsOff = "backups-off", Warning;
    /// One of the bot's own tables can be deleted by one call.
    DeletionProtectionOff = "deletion-protection-off", Warning;
    /// A bucket does not exist.
    BucketMissing = "bucket-missing", Problem;
    /// A bucket is in another region.
    BucketElsewhere = "bucket-in-another-region", Problem;
    /// An S3-compatible store ignores conditions.
    ConditionsIgnored = "conditions-ignored", Problem;
    /// A digest does not fit its state.
    DigestWrong = "digest-wrong", Problem;
    /// A digest lies at the key of a lock.
    DigestAtLockKey = "digest-at-lock-key", Problem;
    /// A lock's record cannot be read.
    LockUnreadable = "lock-unreadable", Problem;
    /// A lockfile could not be fetched.
    LockfileNotFetched = "lockfile-not-fetched", Problem;
    /// Row and lockfile of a lock disagree.
    LockHalf = "lock-half", Warning;
    /// A lock is older than a week.
    LockOld = "lock-old", Warning;
    /// Locks of one machine pile up.
    LocksPileUp = "locks-pile-up", Warning;
    /// Discord does not accept the bot token.
    TokenRefused = "token-refused", Problem;
    /// The bot is not in the server.
    ServerNotReached = "server-not-reached", Problem;
    /// The commands of this version are not registered.
    CommandsNotRegistered = "commands-not-registered", Warning;
    /// A channel of the settings does not exist in the server.
    ChannelMissing = "channel-missing", Problem;
    /// The bot may not post in a channel of the settings.
    ChannelNotWritable = "channel-not-writable", Problem;
    /// A role of the settings does not exist in the server.
    RoleMissing = "role-missing", Problem;
    /// The bot cannot ping an approver role.
    RoleNotPinged = "role-not-pinged", Warning;
}

impl Severity {
    /// The word for the output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
        }
    }
}
