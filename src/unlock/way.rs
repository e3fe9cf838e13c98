//! What the trail says of the way in which a lock is deleted, where that can hit another lock.

use super::UnlockRequest;
use crate::lock::{Guarantees, StoreCheck};

/// The detail of the entry that starts a release. `None` where every delete is conditional.
pub(super) fn way(request: &UnlockRequest, guarantees: Guarantees) -> Option<String> {
    match guarantees.tool {
        Some(tool) => Some(format!(
            "{} force-unlock deletes the lock, and its delete has no condition; the lock is read again right before, \
             and one that another run takes in between is deleted too",
            tool.as_str()
        )),
        None => delete_of_lockfile(request, guarantees).map(str::to_owned),
    }
}

/// What the trail says of the delete of a lockfile whose store may ignore the condition of that delete.
fn delete_of_lockfile(request: &UnlockRequest, guarantees: Guarantees) -> Option<&'static str> {
    request.pinned.lockfile()?;
    match guarantees.lockfiles {
        StoreCheck::Kept => None,
        StoreCheck::Ignored => Some(
            "the store ignores conditions, so the lockfile is read again right before its delete; one that another \
             run takes in between is deleted too",
        ),
        StoreCheck::Unverified => Some(
            "it is not known whether the store keeps conditions, so the lockfile is read again right before its \
             delete; one that another run takes in between may be deleted too",
        ),
    }
}
