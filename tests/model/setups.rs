//! The configurations to explore.

use locktender::lock::{Distance, Stores};
use locktender::unlock::Outcome::{
    AlreadyFree, Denied, Expired, Failed, Superseded, Unlocked, Unpostable, Withdrawn,
};

use crate::protocol::{Click, Setup, What};
use crate::state::Left;
use crate::world::{Halves, Record, Who, request};

/// All configurations.
pub fn all() -> Vec<Setup> {
    vec![
        row(),
        lockfile(),
        both(),
        both_unanswered(),
        row_by_two(),
        both_by_two(),
        refusals(),
        row_openings(),
        lockfile_openings(),
        far_row(),
        far_both(),
        moved_row(),
        moved_both(),
    ]
}

/// A lock row, with all kinds of clicks.
pub fn row() -> Setup {
    Setup {
        clicks: vec![
            click(1, Who::Ann, What::Open, 1),
            click(2, Who::Bob, What::Approve(request(1)), 2),
            click(3, Who::Carol, What::Deny(request(1)), 1),
            click(4, Who::Ann, What::Withdraw(request(1)), 1),
        ],
        left: Left { moves: 2, denied: 1, late: true, ..Left::default() },
        ends: &[Unlocked, Denied, Withdrawn, Expired, Superseded, AlreadyFree, Failed],
        ..opened("a row", true, false, 1)
    }
}

/// A lockfile.
pub fn lockfile() -> Setup {
    Setup {
        clicks: vec![
            click(1, Who::Ann, What::Open, 1),
            click(2, Who::Bob, What::Approve(request(1)), 1),
        ],
        left: Left { moves: 2, crashes: 1, lost: 1, denied: 1, ..Left::default() },
        ends: &[Unlocked, Superseded, AlreadyFree, Failed],
        ..opened("a lockfile", false, true, 1)
    }
}

/// A lock in both stores.
pub fn both() -> Setup {
    Setup {
        clicks: vec![
            click(1, Who::Ann, What::Open, 1),
            click(2, Who::Bob, What::Approve(request(1)), 1),
        ],
        left: Left { moves: 2, crashes: 1, denied: 1, ..Left::default() },
        ends: &[Unlocked, Superseded, AlreadyFree, Failed],
        ..opened("a row and a lockfile", true, true, 1)
    }
}

/// A lock in both stores, with a lost answer.
pub fn both_unanswered() -> Setup {
    Setup {
        left: Left { moves: 2, lost: 1, ..Left::default() },
        ends: &[Unlocked, Superseded, AlreadyFree],
        name: "a row and a lockfile, with an answer lost",
        ..both()
    }
}

/// A row that needs two approvals. One of them can become void.
pub fn row_by_two() -> Setup {
    Setup {
        clicks: vec![
            click(1, Who::Ann, What::Open, 1),
            click(2, Who::Bob, What::Approve(request(1)), 2),
            click(3, Who::Carol, What::Approve(request(1)), 1),
            click(4, Who::Ann, What::Approve(request(1)), 1),
        ],
        left: Left { crashes: 1, lookups: 1, bob: true, ..Left::default() },
        ends: &[Unlocked],
        ..opened("a row, by two", true, false, 2)
    }
}

/// A lock in both stores that needs two approvals.
pub fn both_by_two() -> Setup {
    Setup {
        clicks: vec![
            click(1, Who::Ann, What::Open, 1),
            click(2, Who::Bob, What::Approve(request(1)), 1),
            click(3, Who::Carol, What::Approve(request(1)), 2),
        ],
        left: Left { crashes: 1, bob: true, ..Left::default() },
        ends: &[Unlocked],
        ..opened("both, by two", true, true, 2)
    }
}

/// Refused attempts together with accepted ones.
pub fn refusals() -> Setup {
    Setup {
        clicks: vec![
            click(1, Who::Ann, What::Open, 1),
            click(2, Who::Ann, What::Approve(request(1)), 2),
            click(3, Who::Dave, What::Approve(request(1)), 1),
            click(4, Who::Bob, What::Approve(request(1)), 1),
        ],
        left: Left { late: true, ..Left::default() },
        ends: &[Unlocked, Expired],
        ..opened("attempts that are refused", true, false, 1)
    }
}

/// Two people open requests for the same row, or for its successor. Discord may refuse one card, and the
/// other person may then open a request.
pub fn row_openings() -> Setup {
    Setup {
        clicks: openings(1),
        opened: false,
        left: Left { moves: 2, unpostable: 1, ..Left::default() },
        ends: &[Unlocked, Superseded, AlreadyFree, Unpostable],
        ..opened("openings, with rows", true, false, 1)
    }
}

/// Two people open requests for the same lockfile. The first click is delivered twice.
pub fn lockfile_openings() -> Setup {
    Setup {
        clicks: openings(2),
        opened: false,
        left: Left { moves: 1, ..Left::default() },
        ends: &[Unlocked, Superseded, AlreadyFree],
        ..opened("openings, with lockfiles", false, true, 1)
    }
}

/// A row in another account.
pub fn far_row() -> Setup {
    Setup { name: "a far row", tables: [Distance::Far; 2], ..near_row() }
}

/// A row in another account, and a lockfile.
pub fn far_both() -> Setup {
    Setup { name: "a far row and a lockfile", tables: [Distance::Far; 2], ..both() }
}

/// A row whose table moves to another account, or back.
pub fn moved_row() -> Setup {
    let tables = [Distance::Near, Distance::Far];
    Setup { name: "a row, of which one replica has that it is far", tables, ..near_row() }
}

/// The same with a lockfile.
pub fn moved_both() -> Setup {
    let left = Left { moves: 2, crashes: 1, ..Left::default() };
    let ends = &[Unlocked, Superseded, AlreadyFree];
    Setup { name: "the same with a lockfile", left, ends, tables: moved_row().tables, ..both() }
}

/// A row with the same actions as [`lockfile`].
fn near_row() -> Setup {
    let Setup { stores, lock, .. } = opened("", true, false, 1);
    Setup { stores, lock, ..lockfile() }
}

fn openings(times: u8) -> Vec<Click> {
    vec![
        click(1, Who::Ann, What::Open, times),
        click(2, Who::Bob, What::Open, 1),
        click(3, Who::Bob, What::Approve(request(1)), 1),
        click(4, Who::Ann, What::Approve(request(2)), 1),
    ]
}

fn click(event: u64, who: Who, what: What, times: u8) -> Click {
    Click { event, who, what, times }
}

/// A request that is already open, for a whole lock.
fn opened(name: &'static str, row: bool, lockfile: bool, approvals: u32) -> Setup {
    let first = |is_there: bool| is_there.then_some(Record::First);
    Setup {
        name,
        stores: Stores { row, lockfile },
        tables: [Distance::Near; 2],
        lock: Halves { row: first(row), lockfile: first(lockfile) },
        approvals,
        clicks: Vec::new(),
        opened: true,
        left: Left::default(),
        ends: &[],
    }
}
