//! Every call of `src/aws`, and what AWS demands for it. The one place to extend with a new call.

use std::collections::BTreeSet;

use crate::support::dynamodb::{BUCKET, TABLE, tables};
use crate::support::iam::Permission;

/// What a permission is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    LockTable,
    Bucket,
    Lockfiles,
    OwnTable,
    AuditTable,
}

/// Whose permission it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// `deploy/iam/bot.json`, and for locks `deploy/iam/backend.json`.
    Bot,
    /// `deploy/iam/migrate.json`.
    Migrate,
    /// `deploy/iam/doctor.json`, on top of the bot's.
    Doctor,
}

use self::For::{Bot, Doctor, Migrate};
use self::Place::{AuditTable, Bucket, LockTable, Lockfiles, OwnTable};

/// A call as the sources have it.
pub struct Call {
    /// The file under `src/aws`.
    pub file: &'static str,
    /// The call, or the part of a transaction.
    pub code: &'static str,
    /// The actions that AWS demands for it, where, and for whom. None for a call of which AWS checks the parts.
    pub demands: &'static [(&'static str, Place, For)],
}

/// All of them. A test compares this with the sources, with the policies, and with what is measured.
pub const CALLS: &[Call] = &[
    // Locks.
    call("locks/deletes.rs", "Delete::builder()", &[("dynamodb:DeleteItem", LockTable, Bot)]),
    call("locks/deletes.rs", ".delete_item()", &[("dynamodb:DeleteItem", LockTable, Bot)]),
    call(
        "locks/deletes.rs",
        ".delete_object()",
        // The second one for the condition on the ETag.
        &[("s3:DeleteObject", Lockfiles, Bot), ("s3:GetObject", Lockfiles, Bot)],
    ),
    call("locks/lockfiles.rs", ".get_object()", &[("s3:GetObject", Lockfiles, Bot)]),
    call("locks/lockfiles.rs", ".list_objects_v2()", &[("s3:ListBucket", Bucket, Bot)]),
    call("locks/objects.rs", ".list_objects_v2()", &[("s3:ListBucket", Bucket, Bot)]),
    call("locks/rows.rs", ".scan()", &[("dynamodb:Scan", LockTable, Bot)]),
    // Single items of any table.
    call(
        "reads.rs",
        ".get_item()",
        &[("dynamodb:GetItem", LockTable, Bot), ("dynamodb:GetItem", OwnTable, Bot)],
    ),
    call(
        "reads.rs",
        ".batch_get_item()",
        &[("dynamodb:BatchGetItem", LockTable, Bot), ("dynamodb:BatchGetItem", OwnTable, Bot)],
    ),
    // The bot's own table. AWS checks each part of a transaction like a single write.
    call(
        "own/mod.rs",
        ".query()",
        &[("dynamodb:Query", OwnTable, Bot), ("dynamodb:Query", OwnTable, Migrate)],
    ),
    call(
        "own/mod.rs",
        ".put_item()",
        &[("dynamodb:PutItem", OwnTable, Bot), ("dynamodb:PutItem", OwnTable, Migrate)],
    ),
    call("own/mod.rs", ".update_item()", &[("dynamodb:UpdateItem", OwnTable, Bot)]),
    call("own/mod.rs", ".delete_item()", &[("dynamodb:DeleteItem", OwnTable, Bot)]),
    call("own/mod.rs", ".transact_write_items()", &[]),
    call("own/hold_items.rs", "Put::builder()", &[("dynamodb:PutItem", OwnTable, Bot)]),
    call("own/hold_items.rs", "Delete::builder()", &[("dynamodb:DeleteItem", OwnTable, Bot)]),
    call("own/outbox.rs", "Put::builder()", &[("dynamodb:PutItem", OwnTable, Bot)]),
    call("own/trail.rs", "Put::builder()", &[("dynamodb:PutItem", OwnTable, Bot)]),
    call("own/weeks.rs", "Put::builder()", &[("dynamodb:PutItem", OwnTable, Bot)]),
    call("ledger/commit.rs", ".transact_write_items()", &[]),
    call("ledger/openings.rs", "Put::builder()", &[("dynamodb:PutItem", OwnTable, Bot)]),
    call(
        "ledger/plan.rs",
        "Put::builder()",
        &[("dynamodb:PutItem", OwnTable, Bot), ("dynamodb:PutItem", AuditTable, Bot)],
    ),
    call("ledger/plan.rs", "Update::builder()", &[("dynamodb:UpdateItem", OwnTable, Bot)]),
    call("ledger/plan.rs", "Delete::builder()", &[("dynamodb:DeleteItem", OwnTable, Bot)]),
    // The audit trail.
    call("own/audit_table.rs", ".query()", &[("dynamodb:Query", AuditTable, Bot)]),
    call("own/audit_table.rs", ".scan()", &[("dynamodb:Scan", AuditTable, Bot)]),
    // The doctor. What it tries is what the bot calls elsewhere.
    call(
        "doctor/table.rs",
        ".describe_table()",
        &[
            ("dynamodb:DescribeTable", LockTable, Doctor),
            ("dynamodb:DescribeTable", OwnTable, Bot),
            ("dynamodb:DescribeTable", AuditTable, Bot),
        ],
    ),
    call(
        "doctor/table.rs",
        ".describe_continuous_backups()",
        &[
            ("dynamodb:DescribeContinuousBackups", OwnTable, Doctor),
            ("dynamodb:DescribeContinuousBackups", AuditTable, Doctor),
        ],
    ),
    call(
        "doctor/table.rs",
        ".describe_time_to_live()",
        &[
            ("dynamodb:DescribeTimeToLive", OwnTable, Doctor),
            ("dynamodb:DescribeTimeToLive", AuditTable, Doctor),
        ],
    ),
    call(
        "doctor/tries.rs",
        ".get_item()",
        &[("dynamodb:GetItem", LockTable, Bot), ("dynamodb:GetItem", OwnTable, Bot)],
    ),
    call(
        "doctor/tries.rs",
        ".batch_get_item()",
        &[("dynamodb:BatchGetItem", LockTable, Bot), ("dynamodb:BatchGetItem", OwnTable, Bot)],
    ),
    call(
        "doctor/tries.rs",
        ".query()",
        &[("dynamodb:Query", OwnTable, Bot), ("dynamodb:Query", AuditTable, Bot)],
    ),
    call(
        "doctor/tries.rs",
        ".scan()",
        &[("dynamodb:Scan", LockTable, Bot), ("dynamodb:Scan", AuditTable, Bot)],
    ),
    call(
        "doctor/tries.rs",
        ".put_item()",
        &[("dynamodb:PutItem", OwnTable, Bot), ("dynamodb:PutItem", AuditTable, Bot)],
    ),
    // These two are tried in the audit table as well, where they must be refused.
    call("doctor/tries.rs", ".update_item()", &[("dynamodb:UpdateItem", OwnTable, Bot)]),
    call(
        "doctor/tries.rs",
        ".delete_item()",
        &[("dynamodb:DeleteItem", LockTable, Bot), ("dynamodb:DeleteItem", OwnTable, Bot)],
    ),
    call(
        "doctor/tries.rs",
        ".delete_object()",
        &[("s3:DeleteObject", Lockfiles, Bot), ("s3:GetObject", Lockfiles, Bot)],
    ),
    call("doctor/bucket.rs", ".list_objects_v2()", &[("s3:ListBucket", Bucket, Bot)]),
    call("doctor/bucket.rs", ".get_object()", &[("s3:GetObject", Lockfiles, Bot)]),
    // Never in AWS itself.
    call("doctor/probe.rs", ".put_object()", &[]),
    call("doctor/probe.rs", ".delete_object()", &[]),
    // AWS demands nothing for it.
    call("doctor/session.rs", ".get_caller_identity()", &[]),
    // Only for a backend with a role. Its statement is in docs/IAM.md.
    call("session/reach.rs", "AssumeRoleProvider", &[]),
    // Migrations. The bot looks at its start whether they were applied.
    call(
        "migrations.rs",
        ".describe_table()",
        &[
            ("dynamodb:DescribeTable", OwnTable, Bot),
            ("dynamodb:DescribeTable", AuditTable, Bot),
            ("dynamodb:DescribeTable", OwnTable, Migrate),
            ("dynamodb:DescribeTable", AuditTable, Migrate),
        ],
    ),
    call(
        "migrations.rs",
        ".create_table()",
        &[
            ("dynamodb:CreateTable", OwnTable, Migrate),
            ("dynamodb:CreateTable", AuditTable, Migrate),
        ],
    ),
    call(
        "migrations.rs",
        ".describe_time_to_live()",
        &[("dynamodb:DescribeTimeToLive", OwnTable, Migrate)],
    ),
    call(
        "migrations.rs",
        ".update_time_to_live()",
        &[("dynamodb:UpdateTimeToLive", OwnTable, Migrate)],
    ),
];

/// Files of `src/aws` that call no AWS: the demo's stand-in for Terraform, and the fuzzers.
pub const NO_AWS: [&str; 2] = ["sandbox.rs", "fuzz.rs"];

const fn call(
    file: &'static str,
    code: &'static str,
    demands: &'static [(&'static str, Place, For)],
) -> Call {
    Call { file, code, demands }
}

impl Place {
    /// The place of a resource of the doubles, which a request or a policy names.
    pub fn of(resource: &str) -> Option<Self> {
        if let Some(path) = resource.strip_prefix("arn:aws:s3:::") {
            return match path.split_once('/') {
                None => (path == BUCKET).then_some(Bucket),
                Some((bucket, key)) => {
                    (bucket == BUCKET && key.ends_with(".tflock")).then_some(Lockfiles)
                }
            };
        }
        let (_, table) = resource.split_once(":table/")?;
        let own = tables();
        match table {
            TABLE => Some(LockTable),
            table if table == own.table => Some(OwnTable),
            table if table == own.audit_table => Some(AuditTable),
            _ => None,
        }
    }
}

/// The demands of all calls for an identity, as lines that can be compared.
pub fn demanded_by(whom: For) -> BTreeSet<String> {
    let demands = CALLS.iter().flat_map(|call| call.demands).filter(|(.., of)| *of == whom);
    demands.map(|(action, place, _)| line(action, *place)).collect()
}

/// Permissions as lines that can be compared.
pub fn lines<'p>(permissions: impl IntoIterator<Item = &'p Permission>) -> BTreeSet<String> {
    let line_of = |Permission { action, resource }: &Permission| match Place::of(resource) {
        Some(place) => line(action, place),
        None => format!("{action} on {resource}"),
    };
    permissions.into_iter().map(line_of).collect()
}

fn line(action: &str, place: Place) -> String {
    format!("{action} on {place:?}")
}

/// Asserts that two sets of lines are the same. `remedy` says what to do about a difference.
pub fn assert_same(
    (found, expected): (&BTreeSet<String>, &BTreeSet<String>),
    (in_found, in_expected): (&str, &str),
    remedy: &str,
) {
    let only = |of: &BTreeSet<String>, than: &BTreeSet<String>, whose: &str| -> String {
        of.difference(than).map(|line| format!("  {line}: only in {whose}\n")).collect()
    };
    let difference = only(found, expected, in_found) + &only(expected, found, in_expected);
    assert!(difference.is_empty(), "{in_found} and {in_expected} differ:\n{difference}{remedy}");
}
