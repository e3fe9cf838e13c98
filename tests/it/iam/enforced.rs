//! The program with exactly the policies of `deploy/iam`, enforced as AWS's documents say.

mod doctor;
mod fewer;

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};

use super::calls::{For, Place, assert_same, demanded_by, lines};
use super::job::{Job, LOCKFILE, ROW, lock, program};
use crate::support::dynamodb::{BUCKET, DynamoDb, TABLE, tables, text};
use crate::support::e2e::Locking;
use crate::support::guard::Guard;
use crate::support::iam::{Grant, Policies};
use crate::support::s3::S3;

const KEY: (&str, &str) = ("test", "test");

/// How many bots run at once.
const AT_ONCE: usize = 2;

/// Stores with a lock in both, behind a guard.
struct Stores {
    db: DynamoDb,
    s3: S3,
    guard: Guard,
}

impl Stores {
    async fn new(policies: Policies) -> Self {
        Self::locked(Locking::Both, policies).await
    }

    async fn locked(locking: Locking, policies: Policies) -> Self {
        let (db, s3) = (DynamoDb::start().await, S3::start().await);
        if locking != Locking::Lockfile {
            db.put(ROW, &[("Info", text(&lock()))]).await;
        }
        if locking != Locking::Row {
            s3.put(LOCKFILE, &lock());
        }
        let guard = Guard::start(&db.endpoint(), s3.endpoint(), policies).await;
        Self { db, s3, guard }
    }

    async fn with_tables(policies: Policies) -> Self {
        let stores = Self::new(policies).await;
        stores.db.migrate().await;
        stores
    }
}

#[tokio::test]
async fn the_bot_does_all_of_its_work_with_exactly_its_policy() {
    let stores = Stores::with_tables(Policies::deployed("bot.json")).await;
    let mut job = Job::start(&stores.guard.endpoint(), KEY, Locking::Both).await;
    job.work(|_| false).await;
    // First, because what is refused may not let the release end.
    assert_eq!(stores.guard.refused(), BTreeSet::new());
    job.released().await;
    assert_eq!(stores.db.rows(TABLE).await, []);
    assert_eq!(stores.s3.get(LOCKFILE), None);
    assert_eq!(stores.guard.refused(), BTreeSet::new());
    let said = job.said();
    assert!(!said.contains("allow "), "{said}");
    job.end().await;
    assert_same(
        (&lines(&stores.guard.used()), &demanded_by(For::Bot)),
        ("what the bot used", "the table of calls"),
        "Have the job in tests/it/iam/job.rs use it.",
    );
}

#[tokio::test]
async fn migrate_makes_the_tables_with_exactly_its_policy() {
    let stores = Stores::new(Policies::deployed("migrate.json")).await;
    let program = program(&stores.guard.endpoint(), KEY, Locking::Both);
    let ran = program.run(&["migrate"]).await;
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{ran:?}");
    let ran = program.run(&["migrate", "--check"]).await;
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{ran:?}");
    assert_eq!(stores.guard.refused(), BTreeSet::new());
    assert_same(
        (&lines(&stores.guard.used()), &demanded_by(For::Migrate)),
        ("what migrate used", "the table of calls"),
        "Correct CALLS in tests/it/iam/calls.rs.",
    );
}

/// Whether a line names an action, and the table or the bucket that refused it.
fn names(line: &str, Grant { permission, .. }: &Grant) -> bool {
    let place = Place::of(&permission.resource).expect("a place of the doubles");
    let subject = match place {
        _ if permission.action == "dynamodb:BatchGetItem" => "items are read one by one".to_owned(),
        Place::LockTable => format!("lock table `{TABLE}`"),
        Place::Bucket | Place::Lockfiles => format!("bucket `{BUCKET}`"),
        Place::OwnTable => format!("table `{}`", tables().table),
        Place::AuditTable => format!("table `{}`", tables().audit_table),
    };
    line.contains(&permission.action) && line.contains(&subject)
}

/// Whether the bot has said that this permission is missing, and where.
pub(super) fn is_told(said: &str, grant: &Grant) -> bool {
    said.lines().any(|line| names(line, grant))
}

#[tokio::test]
async fn without_any_one_permission_the_bot_says_which_is_missing_and_where() {
    let policies = Policies::deployed("bot.json");
    let each = stream::iter(policies.allowing().cloned().collect::<Vec<_>>());
    let policies = &policies;
    each.for_each_concurrent(AT_ONCE, async |grant| {
        let less = policies.without(&grant);
        let stores = Stores::with_tables(less).await;
        let mut job = Job::start(&stores.guard.endpoint(), KEY, Locking::Both).await;
        job.work(|said| is_told(said, &grant)).await;
        let what = format!("that {} is missing", grant.permission);
        job.hears(&what, |said| is_told(said, &grant)).await;
        let refused = stores.guard.refused();
        assert!(refused.iter().all(|refused| grant.matches(refused)), "{grant:?}: {refused:?}");
    })
    .await;
}

#[tokio::test]
async fn without_any_one_permission_migrate_says_which_is_missing_and_where() {
    let policies = Policies::deployed("migrate.json");
    for grant in policies.allowing() {
        let stores = Stores::new(policies.without(grant)).await;
        let ran = program(&stores.guard.endpoint(), KEY, Locking::Both).run(&["migrate"]).await;
        assert_eq!(ran.code, Some(3), "{grant:?}: {ran:?}");
        assert!(is_told(&ran.stderr, grant), "{grant:?}: {ran:?}");
    }
}
