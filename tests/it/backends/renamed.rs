//! A request that was opened before the names of two backends were swapped.

use std::sync::Arc;

use locktender::aws::{AwsLocks, Sandbox};
use locktender::context::Context;
use locktender::finding::Reading;
use locktender::lock::{BackendStores, Catalog, StatePath};
use locktender::unlock::{Policies, StateGlob, StatePolicy};
use locktender::workers::{PatientDirectory, PromptCourier};

use crate::support::dynamodb::{BUCKET, DynamoDb, TABLE, backend, record};
use crate::support::given::NOW;
use crate::support::office::{Hands, Office, actor, approver, context, policy};

fn backends(own: &str, other: &str) -> Vec<BackendStores> {
    vec![
        backend(own, BUCKET, Some(TABLE), false),
        backend(other, "other-states", Some("other-locks"), false),
    ]
}

/// Two must approve in the backend `new`.
fn policies() -> Policies {
    let states = StateGlob::new("new:*", |name| name == "new").unwrap();
    Policies::new(policy(1)).with(vec![StatePolicy { states, policy: policy(2) }]).unwrap()
}

fn reading(db: &DynamoDb, time: &Arc<Hands>, backends: &[BackendStores]) -> Reading {
    let locks = Arc::new(AwsLocks::connect(&db.session(), backends.to_vec()));
    Reading {
        catalog: Catalog::new(backends.iter().map(|b| b.backend().clone()).collect()),
        directory: Arc::new(PatientDirectory::new(locks.clone())),
        locks,
        clock: time.clone(),
    }
}

#[tokio::test]
async fn its_lock_and_its_rules_are_those_of_its_backend_under_the_present_name() {
    let db = DynamoDb::start().await;
    let session = db.session();
    Sandbox::open(&session, "other-locks").await.unwrap();
    let path = StatePath::parse("states/x/terraform.tfstate").unwrap();
    db.sandbox.lock(&path, &record(&path)).await.unwrap();
    let time = Arc::new(Hands::at(NOW));
    let before = backends("old", "new");
    let read = reading(&db, &time, &before);
    let mut office = Office::over(db, &session, &before, read, policies(), time.clone()).await;
    let request = office.open(&actor("olga", &[]), "old:x").await;

    let after = backends("new", "old");
    let read = reading(&office.db, &time, &after);
    let edge = (office.wall.clone(), office.roster.clone());
    let (swapped, courier) = context(&session, &after, read, policies(), edge);
    office.context = Context { courier: Arc::new(PromptCourier(courier)), ..swapped };
    office.approve(&approver("alice"), request).await;
    assert_eq!(office.outcome(request).await, "Pending");
    office.approve(&approver("bob"), request).await;
    assert_eq!(office.outcome(request).await, "Unlocked");
    assert_eq!(office.db.rows(TABLE).await, []);
}
