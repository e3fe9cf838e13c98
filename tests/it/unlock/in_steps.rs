//! A release of a lock with a lockfile takes several steps. These tests check its effects and messages
//! when a store gives an unexpected answer.

mod answers;
mod doubted;
mod ten_minutes;

use locktender::commands::Answer;
use locktender::lock::Stores;
use locktender::people::RequestId;

use crate::support::dynamodb::{TABLE, text};
use crate::support::office::{ANNOUNCE, Office, PLACE, approver};
use crate::support::proxy::Proxy;
use crate::support::s3::S3;
use crate::support::two_stores::{BOTH, LOCKFILE_ALONE, office, ours, theirs};

const STATE: &str = "env/prod";
const PATH: &str = "states/env/prod/terraform.tfstate";
const LOCKFILE: &str = "env/prod/terraform.tfstate.tflock";

/// A lock with a lockfile, an open request, and a bot whose tables are behind a proxy.
struct Scene {
    office: Office,
    s3: S3,
    proxy: Proxy,
    request: RequestId,
}

impl Scene {
    /// A lock in these stores, and alice's request for it.
    async fn new(expected: Stores) -> Self {
        let s3 = S3::start().await;
        s3.put(LOCKFILE, &ours());
        let (office, proxy) = office(expected, &s3).await;
        if expected.row {
            office.db.put(PATH, &[("Info", text(&ours()))]).await;
        }
        let request = office.open(&approver("alice"), STATE).await;
        Self { office, s3, proxy, request }
    }

    async fn approve(&self) -> Answer {
        self.office.approve(&approver("bob"), self.request).await
    }

    async fn outcome(&self) -> String {
        self.office.outcome(self.request).await
    }

    async fn note(&self) -> String {
        let filed = self.office.filed(self.request).await;
        filed.request.closing().and_then(|closing| closing.note.clone()).unwrap_or_default()
    }

    async fn actions(&self) -> Vec<String> {
        self.office.actions(STATE).await
    }

    async fn row(&self) -> Option<String> {
        let rows = self.office.db.rows(TABLE).await;
        rows.first().map(|row| row["Info"].as_s().unwrap().clone())
    }

    /// The card and the announcements.
    fn told(&self) -> String {
        let told = [self.office.wall.read(PLACE.channel), self.office.wall.read(ANNOUNCE)];
        told.concat().join("\n----\n")
    }
}
