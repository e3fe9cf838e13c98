//! Terraform clears a lock of two stores one half after the other. A look between the two must not treat
//! the remaining half as another lock.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use locktender::command::Command;
use locktender::error::Fault;
use locktender::lock::{LockRecord, LockState, State, StoredLock, Stores};
use locktender::ports::{Deleted, Listing, Locks, Seen};
use locktender::unlock::ApprovedUnlock;

use crate::support::dynamodb::DynamoDb;
use crate::support::given::record;
use crate::support::office::{Office, approver};

const STATE: &str = "env/prod";

/// The lock at each look. After the last one it does not change.
struct Looks(Mutex<VecDeque<LockState>>);

#[async_trait]
impl Locks for Looks {
    async fn inspect(&self, _: &State) -> Result<LockState, Fault> {
        let mut looks = self.0.lock().unwrap();
        Ok(if looks.len() > 1 { looks.pop_front().unwrap() } else { looks[0].clone() })
    }

    async fn list(&self) -> Result<Listing, Fault> {
        Ok(Listing::default())
    }

    async fn seen(&self) -> Result<Seen, Fault> {
        Ok(Seen::default())
    }

    async fn delete_lockfile(&self, _: &ApprovedUnlock) -> Result<Deleted, Fault> {
        panic!("nothing is released here")
    }
}

fn lock(row: bool, lockfile: bool) -> LockState {
    let record = record("1f6e7bc2", "OperationTypeApply", "root@vm", "2026-11-23T07:48:00Z");
    let stored = || StoredLock::new(LockRecord::new(record.clone()), None);
    let lockfile = lockfile.then(|| stored().with_etag(Some("e1".to_owned())));
    LockState::from_stores(Stores { row: true, lockfile: true }, row.then(stored), lockfile)
}

async fn office(looks: impl IntoIterator<Item = LockState>) -> Office {
    let db = DynamoDb::start().await;
    let (session, backends) = (db.session(), [DynamoDb::backend()]);
    let locks = Arc::new(Looks(Mutex::new(looks.into_iter().collect())));
    Office::over_locks(db, &session, &backends, locks).await
}

#[tokio::test]
async fn whoever_asks_or_looks_closes_no_request_on_one_glimpse_of_a_half() {
    let (whole, half, free) = (lock(true, true), lock(true, false), LockState::Free);
    // The lock at the second look, and the outcome of alice's request then.
    for (then, outcome) in [(&whole, "Pending"), (&half, "Superseded"), (&free, "AlreadyFree")] {
        // The looks: alice's, carol's own, carol's at alice's request, and the second look at that.
        let looks = [&whole, &half, &half, then].map(Clone::clone);
        let office = office(looks).await;
        let request = office.open(&approver("alice"), STATE).await;
        let unlock = Command::Unlock { state: STATE.to_owned(), reason: Some("me too".to_owned()) };
        let told = office.told(&approver("carol"), unlock).await;
        assert_eq!(office.outcome(request).await, outcome, "{told}");
        assert_eq!(told.contains("There is an open request"), outcome == "Pending", "{told}");

        let office = self::office([&whole, &half, then].map(Clone::clone)).await;
        let request = office.open(&approver("alice"), STATE).await;
        office.round().await;
        assert_eq!(office.outcome(request).await, outcome, "by the warden");
    }
}
