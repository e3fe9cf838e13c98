//! What an earlier version has written is read, gone on with and finished by this one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use locktender::aws::{AwsLocks, AwsStoreChecks, Migrations};
use locktender::command::Command;
use locktender::console::{Style, text};
use locktender::finding::Reading;
use locktender::lock::{Backend, BackendName, BackendStores, Catalog, StoreCheck};
use locktender::people::{Actor, RequestId};
use locktender::ports::StoreChecks;
use locktender::workers::{PatientDirectory, verify};
use serde_json::Value;

use super::kept::{Item, Kept, files};
use crate::support::dynamodb::{DynamoDb, TABLE, session, tables};
use crate::support::office::{Hands, Office, approver, lookout, policy, words};
use crate::support::program::Program;
use crate::support::proxy::Proxy;
use crate::support::s3::S3;

/// An office with what an earlier version has left behind, at the moment when it stopped.
struct Inherited {
    office: Office,
    kept: Kept,
    s3: S3,
    account: Proxy,
}

impl Inherited {
    async fn from(kept: Kept) -> Self {
        let (db, s3) = (DynamoDb::start().await, S3::start().await);
        let account = Proxy::account(&db.endpoint(), s3.endpoint()).await;
        let session = session(&account.endpoint());
        let backends = backends();
        let locks = Arc::new(AwsLocks::connect(&session, backends.clone()));
        let time = Arc::new(Hands::at(&kept.at.to_rfc3339()));
        let reading = Reading {
            catalog: Catalog::new(backends.iter().map(|it| it.backend().clone()).collect()),
            directory: Arc::new(PatientDirectory::new(locks.clone())),
            locks,
            clock: time.clone(),
        };
        let rules = policy(2).into();
        let office = Office::over(db, &session, &backends, reading, rules, time).await;
        kept.put(&office.db, &s3).await;
        Self { office, kept, s3, account }
    }

    /// The request of a state path, as the earlier version numbered it.
    fn request(&self, path: &str) -> RequestId {
        let requests = self.kept.own("request");
        let mut requests = requests.into_iter().map(|item| json_in(item, "request"));
        let request = requests.find(|request| request["state"]["path"] == path);
        serde_json::from_value(request.unwrap()["id"].clone()).unwrap()
    }

    /// A person who waits in some line.
    fn waiting(&self, name: &str) -> Actor {
        let lines = self
            .kept
            .own("watch")
            .into_iter()
            .flat_map(|item| json_in(item, "line").as_array().unwrap().clone());
        let watcher = lines.into_iter().find(|watcher| watcher["person"]["name"] == name).unwrap();
        let person = serde_json::from_value(watcher["person"].clone()).unwrap();
        Actor { person, ..approver(name) }
    }

    /// A person with the approver role, where the request was opened.
    async fn approver(&self, name: &str, request: RequestId) -> Actor {
        let place = self.office.filed(request).await.request.place;
        Actor { place, ..approver(name) }
    }
}

fn json_in(item: &Item, attribute: &str) -> Value {
    serde_json::from_str(item[attribute].as_s().unwrap()).unwrap()
}

/// The backends of the recording.
fn backends() -> Vec<BackendStores> {
    let of = |name: &str, key: &str, table: Option<&str>| {
        let name_of = BackendName::new(name).unwrap();
        let bucket = if table.is_some() { "states" } else { name };
        let backend = Backend::new(name_of, bucket, key.parse().unwrap(), "env:").unwrap();
        BackendStores::new(backend, table.map(str::to_owned), table.is_none()).unwrap()
    };
    vec![
        of("main", "{state}/terraform.tfstate", Some(TABLE)),
        of("files", "apps/{state}/terraform.tfstate", None),
    ]
}

/// Runs a test on everything that any earlier version has left behind.
async fn of_each(test: impl AsyncFn(Inherited)) {
    let files = files();
    assert!(!files.is_empty(), "nothing of an earlier version is kept");
    for file in files {
        test(Inherited::from(Kept::read(&file)).await).await;
    }
}

#[tokio::test]
async fn nothing_of_an_earlier_version_needs_a_migration_and_its_trail_holds() {
    of_each(async |inherited| {
        let Inherited { office, kept, account, .. } = inherited;
        let session = session(&account.endpoint());
        let pending = Migrations::connect(&session, tables()).pending().await.unwrap();
        assert_eq!(pending, Vec::<String>::new());
        let verified = verify(&*office.context.trail, None).await.unwrap().unwrap();
        let entries = kept.tables[&tables().audit_table].len();
        assert_eq!(usize::try_from(verified.entries).unwrap(), entries);
        let checkpoint = office.context.trail.checkpoint().await.unwrap().unwrap();
        assert!(!checkpoint.heads.unwrap().is_empty(), "the checkpoint has its heads");
        let stores = AwsStoreChecks::connect(&session, tables()).remembered().await.unwrap();
        let found: Vec<_> = stores.iter().map(|store| (&*store.bucket, store.found)).collect();
        assert_eq!(found, [("files", StoreCheck::Kept)]);
        let program = Program::at(&account.endpoint()).set("LOCKTENDER_LOCK_TABLE", TABLE);
        let ran = program.run(&["audit", "verify"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains(&verified.digest().to_string()), "{ran:?}");
    })
    .await;
}

#[tokio::test]
async fn requests_of_an_earlier_version_keep_their_ends() {
    of_each(async |inherited| {
        let office = &inherited.office;
        let mut ends = BTreeSet::new();
        for item in inherited.kept.own("request") {
            let written = json_in(item, "request");
            let id: RequestId = serde_json::from_value(written["id"].clone()).unwrap();
            let filed = office.filed(id).await;
            let read = serde_json::to_value(&filed.request).unwrap();
            assert_eq!(lost(&written, &read), None);
            let end = office.outcome(id).await;
            if !filed.request.is_open() {
                let erin = inherited.approver("erin", id).await;
                let answer = office.ask(&erin, Command::Approve { request: id, typed: None }).await;
                assert_eq!(answer.outcome, "refused", "{end}: {}", words(&answer));
            }
            ends.insert(end);
        }
        let all = [
            "AlreadyFree",
            "Denied",
            "Executing",
            "Expired",
            "Failed",
            "Pending",
            "Superseded",
            "Unlocked",
            "Unpostable",
            "Withdrawn",
        ];
        assert_eq!(ends.iter().map(String::as_str).collect::<Vec<_>>(), all);
    })
    .await;
}

/// The first fact in `written` that `read` does not have.
fn lost(written: &Value, read: &Value) -> Option<String> {
    match (written, read) {
        (Value::Object(written), Value::Object(read)) => written
            .iter()
            .find_map(|(name, value)| lost(value, read.get(name).unwrap_or(&Value::Null))),
        (written, read) if written == read => None,
        (written, read) => Some(format!("{written} became {read}")),
    }
}

#[tokio::test]
async fn a_request_of_an_earlier_version_is_approved_and_another_one_expires() {
    of_each(async |inherited| {
        let office = &inherited.office;
        let lock = "states/env/prod/terraform.tfstate";
        let prod = inherited.request(lock);
        let erin = inherited.approver("erin", prod).await;
        let status = Command::Status { state: "env/prod".to_owned() };
        let said = office.told(&erin, status).await;
        assert!(said.contains("ci@ci-runner-04") && said.contains("dave"), "{said}");
        let list = Command::List { filter: String::new(), page: 0 };
        let said = office.told(&erin, list).await;
        assert!(said.contains("env/prod") && said.contains("env/held"), "{said}");
        let before = office.actions(lock).await;
        let answer = office.approve(&erin, prod).await;
        assert_eq!((answer.outcome, office.outcome(prod).await.as_str()), ("answered", "Unlocked"));
        let added = office.actions(lock).await[before.len()..].join(" ");
        assert_eq!(added, "request.approved unlock.done");
        let rows = office.db.rows(TABLE).await;
        assert!(rows.iter().all(|row| row["LockID"].as_s().unwrap() != lock), "it is released");

        let staging = inherited.request("states/env/staging/terraform.tfstate");
        office.time.advance(TimeDelta::minutes(31));
        office.round().await;
        assert_eq!(office.outcome(staging).await, "Expired");
    })
    .await;
}

#[tokio::test]
async fn a_release_that_an_earlier_version_began_is_finished() {
    of_each(async |inherited| {
        let office = &inherited.office;
        let api = inherited.request("files/apps/api/terraform.tfstate");
        let lockfile = "apps/api/terraform.tfstate.tflock";
        assert!(inherited.s3.get(lockfile).is_some(), "its lockfile is there");
        office.time.advance(TimeDelta::seconds(6));
        office.round().await;
        assert_eq!(office.outcome(api).await, "Unlocked");
        assert_eq!(inherited.s3.get(lockfile), None);
        let actions = office.actions("files/apps/api/terraform.tfstate").await.join(" ");
        assert!(actions.ends_with("unlock.started unlock.started unlock.done"), "{actions}");
    })
    .await;
}

#[tokio::test]
async fn holds_lines_and_notices_of_an_earlier_version_are_taken_over() {
    of_each(async |inherited| {
        let office = &inherited.office;
        assert!(inherited.kept.own("outbox").len() >= 2, "a clearing waits for its two channels");
        lookout(&office.context).pass().await.unwrap();
        office.context.courier.deliver().await;
        let told = office.wall.posted();
        let of_dev = told
            .iter()
            .filter(|post| text(&post.message, Style::Plain).contains("env/dev is free"));
        let channels: Vec<_> = of_dev.map(|post| post.channel).collect();
        assert_eq!(channels.len(), 2, "{told:#?}");
        assert_ne!(channels[0], channels[1]);
        let rows = office.db.rows(&tables().table).await;
        let of = |kind: &str| {
            let is_it = |row: &&Item| row["pk"].as_s().unwrap() == kind;
            rows.iter().filter(is_it).collect::<Vec<_>>()
        };
        assert_eq!(of("outbox"), Vec::<&Item>::new());
        // What was held is still the same hold, so nothing is told of it again.
        assert_eq!(holds(&of("hold")), holds(&inherited.kept.own("hold")));
        assert!(holds(&of("hold")).contains_key("states/env/held/terraform.tfstate"));
        let watches = office.told(&inherited.waiting("carol"), Command::Watches).await;
        assert!(watches.contains("env/prod"), "{watches}");
    })
    .await;
}

/// When each hold began, by its state path.
fn holds(items: &[&Item]) -> BTreeMap<String, String> {
    let hold = |item: &&Item| {
        let hold = json_in(item, "hold");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&hold["state"]["path"]), text(&hold["since"]))
    };
    items.iter().map(hold).collect()
}
