//! `locktender doctor` tells exactly what its identity may not do.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};
use serde_json::Value;

use super::{AT_ONCE, KEY, Stores};
use crate::iam::calls::{For, Place, demanded_by, lines};
use crate::iam::job::program;
use crate::support::e2e::Locking;
use crate::support::iam::{Grant, Policies};

/// What the doctor tries and must not be allowed: changes of the audit trail.
const FORBIDDEN: [&str; 2] =
    ["dynamodb:DeleteItem on AuditTable", "dynamodb:UpdateItem on AuditTable"];

fn policies() -> Policies {
    Policies::deployed("bot.json").and(Policies::deployed("doctor.json"))
}

/// The diagnosis of these policies, and the stores.
async fn diagnosed(policies: Policies) -> (Value, Stores) {
    let stores = Stores::with_tables(policies).await;
    let program = program(&stores.guard.endpoint(), KEY, Locking::Both);
    let ran = program.run(&["doctor", "--json"]).await;
    (serde_json::from_str(&ran.stdout).unwrap(), stores)
}

/// The findings with this code.
fn with_code<'d>(diagnosis: &'d Value, code: &str) -> Vec<&'d Value> {
    let findings = diagnosis["findings"].as_array().unwrap();
    findings.iter().filter(|finding| finding["code"] == code).collect()
}

#[tokio::test]
async fn with_exactly_its_policies_no_permission_is_missing_and_none_too_many() {
    let (diagnosis, stores) = diagnosed(policies()).await;
    for code in ["permission-missing", "batch-read-denied", "trail-can-be-rewritten"] {
        assert_eq!(with_code(&diagnosis, code), Vec::<&Value>::new());
    }
    let mut refused = lines(&stores.guard.refused());
    // STS, and the probe, which the doctor never makes in AWS itself.
    refused.retain(|line| !line.contains("does not know") && !line.contains(".locktender-probe-"));
    assert_eq!(refused, FORBIDDEN.map(str::to_owned).into());
    let used = lines(&stores.guard.used());
    let unused: Vec<String> = demanded_by(For::Doctor).difference(&used).cloned().collect();
    assert_eq!(unused, Vec::<String>::new(), "nothing needs this");
}

/// Whether the doctor names this permission, and the table or the bucket.
fn is_told(diagnosis: &Value, Grant { permission, .. }: &Grant) -> bool {
    let place = Place::of(&permission.resource);
    let missing = ["permission-missing", "batch-read-denied"];
    let mut findings = missing.into_iter().flat_map(|code| with_code(diagnosis, code));
    let is_found = findings.any(|finding| {
        let (_, statement) = finding["remedy"].as_str().unwrap().split_once('\n').unwrap();
        let statement: Value = serde_json::from_str(statement).unwrap();
        let actions = statement["Action"].as_array().unwrap();
        let of_place = Place::of(statement["Resource"].as_str().unwrap()) == place;
        of_place && actions.iter().any(|action| *action == *permission.action)
    });
    let not_checked = diagnosis["not_checked"].as_array().unwrap();
    let (_, table) = permission.resource.rsplit_once([':', '/']).unwrap();
    let (allow, table) = (format!("allow {}", permission.action), format!("`{table}`"));
    is_found
        || not_checked.iter().any(|it| {
            let why = it["why"].as_str().unwrap();
            why.contains(&allow) && why.contains(&table)
        })
}

#[tokio::test]
async fn without_any_one_permission_it_names_that_one_and_changes_nothing() {
    let each: Vec<Grant> = policies().allowing().cloned().collect();
    stream::iter(each)
        .for_each_concurrent(AT_ONCE, async |grant| {
            let (diagnosis, stores) = diagnosed(policies().without(&grant)).await;
            assert!(is_told(&diagnosis, &grant), "{grant:?}: {diagnosis:#}");
            let of_others = with_code(&diagnosis, "permission-missing").into_iter().filter(|it| {
                let remedy = it["remedy"].as_str().unwrap();
                !remedy.contains(&grant.permission.action)
            });
            assert_eq!(of_others.collect::<Vec<_>>(), Vec::<&Value>::new(), "{grant:?}");
            let refused: BTreeSet<String> = lines(&stores.guard.refused());
            let line = lines([&grant.permission]);
            assert!(refused.is_superset(&line), "{line:?} is not tried: {refused:?}");
        })
        .await;
}
