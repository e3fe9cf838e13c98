//! What the properties in `lock/fuzz.rs`, `settings/fuzz.rs`, `words/fuzz.rs`, `discord/fuzz.rs` and `aws/fuzz.rs` share.
//!
//! Each property takes any bytes. The targets in `fuzz/` call it with bytes that libFuzzer makes up, and a unit test
//! calls it with the seeds of that target. docs/FUZZING.md says how to run the targets.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use chrono::TimeDelta;

use crate::people::{ChannelId, RoleId};
use crate::unlock::{Asking, Policy};

/// The rules under which the properties open and approve requests.
pub(crate) fn policy() -> Policy {
    Policy {
        approver_roles: BTreeSet::from([RoleId::new(5)]),
        approvals: NonZeroU32::MIN,
        request_ttl: TimeDelta::minutes(30),
        stale_after: TimeDelta::hours(2),
        announce: Some(ChannelId::new(1)),
        announce_min_hold: TimeDelta::zero(),
        asking: Asking::default(),
    }
}

/// Splits an input into `N` texts at its line breaks. The last text has the rest. Missing texts are empty.
pub(crate) fn texts<const N: usize>(bytes: &[u8]) -> [String; N] {
    let input = String::from_utf8_lossy(bytes);
    let mut parts = input.splitn(N, '\n');
    std::array::from_fn(|_| parts.next().unwrap_or_default().to_owned())
}

/// Calls a property with each seed of a target, and with inputs that are a little wrong: each seed without its end,
/// and with one byte changed.
#[cfg(test)]
pub(crate) fn each_seed(target: &str, property: impl Fn(&[u8])) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut seeds = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let seed = std::fs::read(file.unwrap().path()).unwrap();
        property(&seed);
        for at in (0..seed.len()).step_by(seed.len().div_ceil(8).max(1)) {
            property(&seed[..at]);
            let mut changed = seed.clone();
            changed[at] ^= 0x15;
            property(&changed);
        }
        seeds += 1;
    }
    assert!(seeds > 0, "fuzz/seeds/{target} has no seeds");
}
