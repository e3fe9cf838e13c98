//! A set-up in moto, and the codes of its findings.

use std::collections::BTreeSet;
use std::sync::Arc;

use locktender::aws::{AwsLocks, AwsStoreChecks, Examined, LedgerTables, Migrations, Session};
use locktender::clock::SystemClock;
use locktender::doctor::{
    BucketCheck, Diagnosis, DigestsCheck, Doctor, Finding, LocksCheck, SessionCheck, TableCheck,
};
use locktender::lock::BackendStores;

use crate::support::dynamodb::{backend, client, session};
use crate::support::e2e::Bench;
use crate::support::endpoint::Endpoint;
use crate::support::store::{Bucket, LockTable};

/// One backend with a lock table and lockfiles, and the bot's own tables, all in moto.
pub struct Setup {
    pub table: LockTable,
    pub bucket: Bucket,
    pub tables: LedgerTables,
    pub client: aws_sdk_dynamodb::Client,
}

impl Setup {
    /// A set-up in which nothing is wrong.
    pub async fn new(bench: &Bench) -> Self {
        Self::on(bench.moto.endpoint(), bench.lock_table().await, bench.bucket().await).await
    }

    /// Like `new`, in any moto.
    pub async fn on(moto: Endpoint, table: LockTable, bucket: Bucket) -> Self {
        let client = client(&moto.to_string());
        let [own, audit] = ["bot", "audit"].map(|kind| format!("{kind}-{}", bucket.name));
        let tables = LedgerTables { table: own, audit_table: audit };
        let setup = Self { table, bucket, tables, client };
        setup.migrate(&session(&moto.to_string())).await;
        setup
    }

    async fn migrate(&self, session: &Session) {
        Migrations::connect(session, self.tables.clone()).apply().await.unwrap();
        for table in [&self.tables.table, &self.tables.audit_table] {
            self.backups(table, true).await;
            self.protection(table, true).await;
        }
    }

    /// Switches point-in-time recovery.
    pub async fn backups(&self, table: &str, on: bool) {
        use aws_sdk_dynamodb::types::PointInTimeRecoverySpecification;
        let on = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(on);
        let set = self.client.update_continuous_backups().table_name(table);
        set.point_in_time_recovery_specification(on.build().unwrap()).send().await.unwrap();
    }

    /// Switches protection from deletion.
    pub async fn protection(&self, table: &str, on: bool) {
        let set = self.client.update_table().table_name(table).deletion_protection_enabled(on);
        set.send().await.unwrap();
    }

    /// Switches expiry.
    pub async fn expiry(&self, table: &str, attribute: &str, on: bool) {
        use aws_sdk_dynamodb::types::TimeToLiveSpecification;
        let to = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(on);
        let set = self.client.update_time_to_live().table_name(table);
        set.time_to_live_specification(to.build().unwrap()).send().await.unwrap();
    }

    pub fn stores(&self) -> BackendStores {
        backend("main", &self.bucket.name, Some(&self.table.name), true)
    }

    /// What the doctor says who reaches AWS at this address.
    pub async fn diagnose(&self, endpoint: &str) -> Diagnosis {
        diagnose(session(endpoint), &self.tables, vec![self.stores()]).await
    }
}

/// What the doctor says of AWS, without settings and Discord.
pub async fn diagnose(
    session: Session,
    tables: &LedgerTables,
    backends: Vec<BackendStores>,
) -> Diagnosis {
    doctor(session, tables, backends).await.examine().await
}

/// The doctor with all checks in AWS.
pub async fn doctor(
    session: Session,
    tables: &LedgerTables,
    backends: Vec<BackendStores>,
) -> Doctor {
    let session = session.for_backends(&backends).await;
    let mut doctor = Doctor::new(Arc::new(SystemClock), Diagnosis::default());
    let checks = Arc::new(AwsStoreChecks::connect(&session, tables.clone()));
    let Examined { sessions, tables, buckets } = Examined::connect(&session, tables, &backends);
    doctor.add_all(sessions.into_iter().map(SessionCheck));
    doctor.add_all(tables.into_iter().map(TableCheck));
    let check = |bucket| BucketCheck { bucket, checks: checks.clone() };
    doctor.add_all(buckets.into_iter().map(check));
    let locks = AwsLocks::connect(&session, backends);
    doctor.add_all(locks.digests().into_iter().map(DigestsCheck));
    let is_only = locks.backends().len() < 2;
    for group in locks.groups() {
        let backends = if is_only { Vec::new() } else { group.backends() };
        doctor.add(LocksCheck { locks: Arc::new(group), backends });
    }
    doctor
}

/// The codes of all findings.
pub fn codes(diagnosis: &Diagnosis) -> BTreeSet<&'static str> {
    diagnosis.findings.iter().map(|finding| finding.code.as_str()).collect()
}

/// The only finding with this code.
#[track_caller]
pub fn only<'d>(diagnosis: &'d Diagnosis, code: &str) -> &'d Finding {
    let mut found = diagnosis.findings.iter().filter(|finding| finding.code.as_str() == code);
    let only = found.next().unwrap_or_else(|| panic!("no {code} in {diagnosis:#?}"));
    assert!(found.next().is_none(), "several {code} in {diagnosis:#?}");
    only
}
