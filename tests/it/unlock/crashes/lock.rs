//! The storage paths of a lock.

/// Where the lock is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    Row,
    Lockfile,
    Both,
    /// A row in another account.
    FarRow,
    /// The same, and a lockfile there.
    FarBoth,
}

impl Lock {
    pub(super) fn has_row(self) -> bool {
        self != Self::Lockfile
    }

    pub(super) fn has_lockfile(self) -> bool {
        matches!(self, Self::Lockfile | Self::Both | Self::FarBoth)
    }

    pub(super) fn is_far(self) -> bool {
        matches!(self, Self::FarRow | Self::FarBoth)
    }
}
