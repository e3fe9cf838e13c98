//! `locktender doctor` under moto's IAM, which looks at a permission before it looks at a condition.

use serde_json::Value;

use super::{Account, LOCKFILE, Locking, Policies, actions, for_moto, lock, program};

/// The actions that a finding says are missing.
fn missing(diagnosis: &Value) -> Vec<String> {
    let findings = diagnosis["findings"].as_array().unwrap();
    let missing = findings
        .iter()
        .filter(|it| it["code"] == "permission-missing" || it["code"] == "batch-read-denied");
    let named = missing.flat_map(|finding| {
        let (_, statement) = finding["remedy"].as_str().unwrap().split_once('\n').unwrap();
        let statement: Value = serde_json::from_str(statement).unwrap();
        statement["Action"].as_array().unwrap().clone()
    });
    let mut named: Vec<String> = named.map(|it| it.as_str().unwrap().to_owned()).collect();
    named.sort();
    named.dedup();
    named
}

#[tokio::test]
async fn without_any_one_action_the_doctor_names_it_and_changes_nothing() {
    let Some(account) = Account::new().await else { return };
    let aws = account.address();
    let ran = program(&aws, ("any", "any"), Locking::Both).run(&["migrate"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let policies = Policies::deployed("bot.json").and(Policies::deployed("doctor.json"));
    let described = |action: &&str| action.contains("Describe");
    let mut users = Vec::new();
    for action in actions(&policies).into_iter().filter(|action| !described(action)).chain([""]) {
        let name = format!("without-{}", action.replace(':', "-"));
        users.push((action, account.user(&name, &for_moto(&policies, action)).await));
    }
    account.check_requests(true).await;
    for (action, user) in users {
        let ran = program(&aws, user.key(), Locking::Both).run(&["doctor", "--json"]).await;
        let named = missing(&serde_json::from_str(&ran.stdout).unwrap());
        let expected: Vec<String> =
            Some(action.to_owned()).filter(|it| !it.is_empty()).into_iter().collect();
        assert_eq!(named, expected, "{ran:?}");
    }
    account.check_requests(false).await;
    assert_eq!(account.table.rows().await.len(), 1);
    assert_eq!(account.bucket.get(LOCKFILE).await, Some(lock().into_bytes()));
}
