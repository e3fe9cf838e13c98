//! Tables and buckets that are not as they must be.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use locktender::aws::LedgerTables;
use locktender::doctor::Diagnosis;
use locktender::lock::Access;
use locktender::ports::TableAction;

use super::aws::{Setup, codes, diagnose, only};
use crate::support::dynamodb::{DynamoDb, backend, session, tables, text};
use crate::support::e2e;
use crate::support::proxy::{Fate, Proxy};

/// The codes that only AWS itself can be free of: the doubles have no permissions.
const OF_DOUBLES: [&str; 1] = ["trail-can-be-rewritten"];

/// The codes of a set-up, without those of every double.
fn found(diagnosis: &Diagnosis) -> Vec<&'static str> {
    codes(diagnosis).into_iter().filter(|code| !OF_DOUBLES.contains(code)).collect()
}

#[tokio::test]
async fn nothing_is_wrong_with_a_set_up_as_the_readme_says() {
    let Some(bench) = e2e::bench().await else { return };
    let setup = Setup::new(&bench).await;
    let diagnosis = setup.diagnose(&bench.moto.endpoint().to_string()).await;
    assert_eq!(found(&diagnosis), Vec::<&str>::new(), "{diagnosis:#?}");
    assert_eq!(diagnosis.not_checked, [], "{diagnosis:#?}");
    let subjects: Vec<&str> = diagnosis.checked.iter().map(|it| &*it.subject).collect();
    for part in ["credentials", "clock", "lock table", "bucket", "migrations", "digests", "locks"] {
        assert!(subjects.iter().any(|subject| subject.contains(part)), "{part} in {subjects:?}");
    }
}

#[tokio::test]
async fn examining_changes_nothing() {
    let Some(bench) = e2e::bench().await else { return };
    let setup = Setup::new(&bench).await;
    let path = format!("{}/env/prod/terraform.tfstate", setup.bucket.name);
    setup.table.put(&serde_json::json!({"LockID": {"S": path}, "Info": {"S": "x"}})).await;
    setup.bucket.put("env/prod/terraform.tfstate.tflock", b"x").await;
    setup.bucket.enable_versioning().await;
    let before = setup.table.rows().await;
    setup.diagnose(&bench.moto.endpoint().to_string()).await;
    assert_eq!(setup.table.rows().await, before);
    for table in [&setup.tables.table, &setup.tables.audit_table] {
        let scan = setup.client.scan().table_name(table).send().await.unwrap();
        let kinds: Vec<_> = scan.items().iter().filter_map(|item| item.get("pk")).collect();
        // What it found about the store, which is not AWS's own, is for releases.
        let ours = [text("migration"), text("store")];
        assert!(kinds.iter().all(|kind| ours.contains(kind)), "{kinds:?}");
        assert_eq!(kinds.contains(&&text("store")), *table == setup.tables.table);
    }
    let lockfile = setup.bucket.get("env/prod/terraform.tfstate.tflock").await;
    assert_eq!(lockfile.as_deref(), Some(&b"x"[..]));
    let history = setup.bucket.history("env/prod/terraform.tfstate.tflock").await;
    assert_eq!((history.versions, history.delete_markers), (1, 0));
    assert_eq!(setup.bucket.history("locktender-doctor").await.delete_markers, 0);
}

#[tokio::test]
async fn missing_tables_and_buckets_are_found_once_each() {
    let db = DynamoDb::start().await;
    let none = backend("main", "states", Some("no-such-table"), false);
    let diagnosis = diagnose(db.session(), &tables(), vec![none]).await;
    let missing = diagnosis.findings.iter().filter(|it| it.code.as_str() == "table-missing");
    let subjects: Vec<&str> = missing.map(|it| &*it.subject).collect();
    assert_eq!(
        subjects,
        ["audit table `locktender-audit`", "lock table `no-such-table`", "table `locktender`"]
    );
    insta::assert_snapshot!(only_text(&diagnosis, "lock table"));
    let Some(bench) = e2e::bench().await else { return };
    let mut setup = Setup::new(&bench).await;
    setup.bucket.name = "no-such-bucket".to_owned();
    let diagnosis = setup.diagnose(&bench.moto.endpoint().to_string()).await;
    only(&diagnosis, "bucket-missing");
}

fn only_text(diagnosis: &Diagnosis, subject: &str) -> String {
    let mut found = diagnosis.findings.iter().filter(|it| it.subject.starts_with(subject));
    let it = found.next().unwrap();
    [&*it.subject, &it.what, &it.why, &it.remedy].join("\n")
}

#[tokio::test]
async fn a_table_with_another_key_is_no_lock_table() {
    let db = DynamoDb::start().await;
    db.migrate().await;
    create(&db, "PK", "S").await;
    create(&db, "StateFileId", "S").await;
    create(&db, "LockID", "N").await;
    for table in ["by-PK", "by-StateFileId", "by-LockID", "locktender"] {
        let stores = backend("main", "states", Some(table), false);
        let diagnosis = diagnose(db.session(), &tables(), vec![stores]).await;
        let finding = only(&diagnosis, "table-key-wrong");
        assert!(finding.what.ends_with("and must be LockID (S)."), "{finding:?}");
    }
    let swapped =
        LedgerTables { table: "locktender-audit".to_owned(), audit_table: "by-PK".to_owned() };
    let diagnosis = diagnose(db.session(), &swapped, vec![DynamoDb::backend()]).await;
    let wrong = diagnosis.findings.iter().filter(|it| it.code.as_str() == "table-key-wrong");
    assert_eq!(wrong.count(), 2, "{diagnosis:#?}");
}

async fn create(db: &DynamoDb, key: &str, kind: &str) {
    let attribute = AttributeDefinition::builder()
        .attribute_name(key)
        .attribute_type(ScalarAttributeType::from(kind));
    let schema = KeySchemaElement::builder().attribute_name(key).key_type(KeyType::Hash);
    db.client
        .create_table()
        .table_name(format!("by-{key}"))
        .attribute_definitions(attribute.build().unwrap())
        .key_schema(schema.build().unwrap())
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_key_is_checked_without_the_permission_to_describe_the_table() {
    let db = DynamoDb::start().await;
    db.migrate().await;
    let proxy = Proxy::start(&db.endpoint()).await;
    proxy.rule(|seen| deny(seen.what == "DescribeTable"));
    create(&db, "PK", "S").await;
    let stores = backend("main", "states", Some("by-PK"), false);
    let diagnosis = diagnose(session(&proxy.endpoint()), &tables(), vec![stores]).await;
    only(&diagnosis, "table-key-wrong");
    let missing = backend("main", "states", Some("no-such-table"), false);
    let diagnosis = diagnose(session(&proxy.endpoint()), &tables(), vec![missing]).await;
    only(&diagnosis, "table-missing");
    let diagnosis =
        diagnose(session(&proxy.endpoint()), &tables(), vec![DynamoDb::backend()]).await;
    let why = diagnosis.not_checked.iter().find(|it| it.subject == "key of the lock table `locks`");
    assert!(why.unwrap().why.contains("dynamodb:DescribeTable"), "{diagnosis:#?}");
}

#[tokio::test]
async fn a_table_that_is_being_made_cannot_be_used_yet() {
    let db = DynamoDb::start().await;
    db.migrate().await;
    let creating = r#"{"Table":{"TableStatus":"CREATING","KeySchema":[{"AttributeName":"LockID",
        "KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"LockID","AttributeType":"S"}]}}"#;
    let proxy = Proxy::start(&db.endpoint()).await;
    proxy.rule(move |seen| {
        let is_it =
            seen.what == "DescribeTable" && seen.body.windows(7).any(|at| at == b"\"locks\"");
        if is_it { Fate::Answer(200, creating.to_owned()) } else { Fate::Pass }
    });
    let diagnosis =
        diagnose(session(&proxy.endpoint()), &tables(), vec![DynamoDb::backend()]).await;
    assert!(only(&diagnosis, "table-not-active").what.contains("CREATING"));
}

fn deny(is_denied: bool) -> Fate {
    if !is_denied {
        return Fate::Pass;
    }
    let code = "com.amazon.coral.service#AccessDeniedException";
    Fate::Answer(400, format!(r#"{{"__type":"{code}","Message":"not authorized"}}"#))
}

#[tokio::test]
async fn each_missing_permission_on_a_table_is_named_with_the_statement_to_add() {
    let db = DynamoDb::start().await;
    db.migrate().await;
    let proxy = Proxy::start(&db.endpoint()).await;
    let cases = [
        (TableAction::GetItem, 2),
        (TableAction::Query, 2),
        (TableAction::Scan, 2),
        (TableAction::PutItem, 2),
        (TableAction::UpdateItem, 1),
        (TableAction::DeleteItem, 2),
    ];
    for (action, tables_with_it) in cases {
        proxy.rule(move |seen| deny(seen.what == action.as_str()));
        let diagnosis =
            diagnose(session(&proxy.endpoint()), &tables(), vec![DynamoDb::backend()]).await;
        let missing =
            diagnosis.findings.iter().filter(|it| it.code.as_str() == "permission-missing");
        let missing: Vec<_> = missing.collect();
        let name = format!("dynamodb:{}", action.as_str());
        assert_eq!(missing.len(), tables_with_it, "{name}: {diagnosis:#?}");
        for finding in missing {
            let (_, statement) = finding.remedy.split_once('\n').unwrap();
            let statement: serde_json::Value = serde_json::from_str(statement).unwrap();
            assert_eq!(statement["Action"], serde_json::json!([name]), "{finding:?}");
            let table = finding.subject.split('`').nth(1).unwrap();
            let resource = statement["Resource"].as_str().unwrap();
            assert!(resource.ends_with(&format!("table/{table}")), "{resource}");
        }
    }
    proxy.rule(|seen| deny(seen.what == "BatchGetItem"));
    let diagnosis =
        diagnose(session(&proxy.endpoint()), &tables(), vec![DynamoDb::backend()]).await;
    let batch = diagnosis.findings.iter().filter(|it| it.code.as_str() == "batch-read-denied");
    assert_eq!(batch.count(), 2, "{diagnosis:#?}");
    assert!(!codes(&diagnosis).contains("permission-missing"));
}

#[tokio::test]
async fn a_trail_that_the_bot_may_rewrite_is_found_unless_it_is_denied() {
    let db = DynamoDb::start().await;
    db.migrate().await;
    let diagnosis = diagnose(db.session(), &tables(), vec![DynamoDb::backend()]).await;
    let finding = only(&diagnosis, "trail-can-be-rewritten");
    assert!(finding.remedy.contains(r#""Effect":"Deny""#), "{finding:?}");
    let proxy = Proxy::start(&db.endpoint()).await;
    proxy.rule(|seen| {
        let is_trail = seen.body.windows(16).any(|at| at == b"locktender-audit");
        deny(is_trail && matches!(&*seen.what, "UpdateItem" | "DeleteItem"))
    });
    let diagnosis =
        diagnose(session(&proxy.endpoint()), &tables(), vec![DynamoDb::backend()]).await;
    assert!(!codes(&diagnosis).contains("trail-can-be-rewritten"), "{diagnosis:#?}");
}

#[tokio::test]
async fn a_call_that_fails_otherwise_says_nothing_of_the_permission() {
    let db = DynamoDb::start().await;
    db.migrate().await;
    let proxy = Proxy::start(&db.endpoint()).await;
    proxy.rule(|seen| match &*seen.what {
        "PutItem" => Fate::Answer(400, r#"{"__type":"SomethingNew"}"#.to_owned()),
        _ => Fate::Pass,
    });
    let diagnosis =
        diagnose(session(&proxy.endpoint()), &tables(), vec![DynamoDb::backend()]).await;
    let not_checked: Vec<&str> = diagnosis.not_checked.iter().map(|it| &*it.subject).collect();
    assert!(not_checked.contains(&"dynamodb:PutItem on the table `locktender`"), "{diagnosis:#?}");
    assert!(!codes(&diagnosis).contains("permission-missing"));
}

#[tokio::test]
async fn a_backend_that_is_down_takes_nothing_from_the_others() {
    let db = DynamoDb::start().await;
    db.migrate().await;
    let endpoint = Some("http://127.0.0.1:1".to_owned());
    let down = backend("down", "elsewhere", Some("locks"), true);
    let down = down.reached_by(Access { endpoint, ..Access::default() });
    let up = backend("up", "states", Some("locks"), false);
    let alone = diagnose(db.session(), &tables(), vec![up.clone()]).await;
    let diagnosis = diagnose(db.session(), &tables(), vec![down, up]).await;
    assert_eq!(diagnosis.findings, alone.findings);
    let checked = |subject: &str| diagnosis.checked.iter().any(|it| it.subject == subject);
    let not = |subject: &str| diagnosis.not_checked.iter().any(|it| it.subject == subject);
    for subject in ["AWS credentials of up", "lock table `locks` of up", "locks of up"] {
        assert!(checked(subject), "{subject} in {diagnosis:#?}");
    }
    for subject in [
        "AWS credentials of down",
        "lock table `locks` of down",
        "bucket `elsewhere` of down",
        "locks of down",
    ] {
        assert!(not(subject), "{subject} in {diagnosis:#?}");
    }
}

#[tokio::test]
async fn pending_migrations_are_found() {
    let db = DynamoDb::start().await;
    db.migrate().await;
    let key = [("pk", text("migration")), ("sk", text("0002_audit_trail"))];
    let key = key.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    db.client.delete_item().table_name("locktender").set_key(Some(key)).send().await.unwrap();
    let diagnosis = diagnose(db.session(), &tables(), vec![DynamoDb::backend()]).await;
    let finding = only(&diagnosis, "migration-pending");
    assert_eq!(finding.what, "Not applied yet: 0002_audit_trail.");
    assert!(finding.remedy.ends_with("\nlocktender migrate"));
}

#[tokio::test]
async fn tables_without_backups_protection_or_expiry_are_found() {
    let Some(bench) = e2e::bench().await else { return };
    let setup = Setup::new(&bench).await;
    let LedgerTables { table, audit_table } = &setup.tables;
    setup.backups(table, false).await;
    setup.protection(audit_table, false).await;
    setup.expiry(table, "ttl", false).await;
    setup.expiry(audit_table, "at", true).await;
    let diagnosis = setup.diagnose(&bench.moto.endpoint().to_string()).await;
    assert_eq!(
        found(&diagnosis),
        ["backups-off", "deletion-protection-off", "expiry-off", "trail-expires"]
    );
    for (code, of) in [
        ("backups-off", table),
        ("deletion-protection-off", audit_table),
        ("expiry-off", table),
        ("trail-expires", audit_table),
    ] {
        let finding = only(&diagnosis, code);
        let command = finding.remedy.split_once('\n').unwrap().1;
        assert!(command.starts_with("aws dynamodb update-"), "{command}");
        assert!(command.contains(&format!("--table-name '{of}' ")), "{command}");
    }
}
