//! `locktender migrate` creates the bot's own tables once, even in several processes and several runs.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType, TimeToLiveStatus,
};
use locktender::audit::{Entry, Hash, Tail};
use locktender::aws::{AwsLedger, AwsTrail, LedgerTables, Migrations};
use locktender::lock::StatePath;
use locktender::people::{EventId, MessageId, RequestId};
use locktender::ports::{Ledger, Trail};
use locktender::workers::verify;
use serde_json::Value;

use crate::support::dynamodb::{DynamoDb, TABLE, client, session, tables, text};
use crate::support::e2e;
use crate::support::office::{Office, approver};
use crate::support::program::{Program, Ran};

const REQUESTS: &str = include_str!("../../../migrations/0001_requests.json");
const AUDIT_TRAIL: &str = include_str!("../../../migrations/0002_audit_trail.json");

async fn bench() -> (DynamoDb, Program) {
    let db = DynamoDb::start().await;
    let program = Program::at(&db.endpoint()).set("LOCKTENDER_LOCK_TABLE", TABLE);
    (db, program)
}

/// The output and the exit code of a run.
fn said(ran: &Ran) -> String {
    format!("{}{}(exit code {})", ran.stdout, ran.stderr, ran.code.unwrap())
}

/// The sample item of a migration.
fn sample(migration: &str) -> HashMap<String, AttributeValue> {
    let migration: Value = serde_json::from_str(migration).unwrap();
    attributes(&migration["sample"])
}

fn attributes(item: &Value) -> HashMap<String, AttributeValue> {
    let item = item.as_object().unwrap();
    item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

/// Reads an attribute from `DynamoDB`'s JSON.
fn attribute(value: &Value) -> AttributeValue {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match kind.as_str() {
        "S" => text(value.as_str().unwrap()),
        "N" => AttributeValue::N(value.as_str().unwrap().to_owned()),
        "NULL" => AttributeValue::Null(true),
        "M" => AttributeValue::M(attributes(value)),
        other => panic!("no sample has {other}"),
    }
}

/// The names and types of an item's attributes, including those in maps.
fn form(item: &HashMap<String, AttributeValue>) -> BTreeMap<String, String> {
    let mut form = BTreeMap::new();
    for (name, value) in item {
        if let Ok(map) = value.as_m() {
            form.extend(self::form(map).into_iter().map(|(n, kind)| (format!("{name}.{n}"), kind)));
        } else {
            let debug = format!("{value:?}");
            form.insert(name.clone(), debug.split('(').next().unwrap().to_owned());
        }
    }
    form
}

async fn put(client: &Client, table: &str, item: &HashMap<String, AttributeValue>) {
    client.put_item().table_name(table).set_item(Some(item.clone())).send().await.unwrap();
}

#[tokio::test]
async fn migrate_makes_what_is_missing_once_and_check_says_what_is_pending() {
    let (_db, program) = bench().await;
    let mut all = String::new();
    for call in [&["migrate", "--check"][..], &["migrate"], &["migrate", "--check"], &["migrate"]] {
        let ran = program.run(call).await;
        all.push_str(&format!("$ locktender {}\n{}\n", call.join(" "), said(&ran)));
    }
    insta::assert_snapshot!(all);
}

#[tokio::test]
async fn a_bot_without_its_tables_says_what_to_run() {
    let (_db, program) = bench().await;
    let program = program
        .set("DISCORD_TOKEN", "token")
        .set("DISCORD_GUILD_ID", "1")
        .set("DISCORD_API_URL", "http://127.0.0.1:1")
        .set("LOCKTENDER_APPROVER_ROLE_IDS", "900");
    let ran = program.run(&["run"]).await;
    insta::assert_snapshot!(said(&ran), @"
    locktender: the table `locktender` is missing or out of date: run `locktender migrate`, or start with `locktender run --migrate`
    (exit code 2)
    ");
}

#[tokio::test]
async fn a_migration_that_was_cut_off_is_finished_and_one_that_is_applied_is_left_alone() {
    let (db, program) = bench().await;
    db.migrate().await;
    // As if the process had died before it recorded the second migration.
    let applied = db.client.delete_item().table_name("locktender");
    let applied = applied.key("pk", text("migration")).key("sk", text("0002_audit_trail"));
    applied.send().await.unwrap();
    let entry = sample(AUDIT_TRAIL);
    put(&db.client, &tables().audit_table, &entry).await;
    let ran = program.run(&["migrate"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "0002_audit_trail applied\n"), "{ran:?}");
    assert_eq!(db.rows(&tables().audit_table).await, [entry], "what was there is there");
}

#[tokio::test]
async fn a_table_with_another_key_is_left_alone_and_named() {
    for table in ["locktender", "locktender-audit"] {
        let (db, program) = bench().await;
        let key = |name: &str| {
            let key = KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash);
            let kind = AttributeDefinition::builder().attribute_name(name);
            let kind = kind.attribute_type(ScalarAttributeType::S);
            (key.build().unwrap(), kind.build().unwrap())
        };
        let (key, kind) = key("LockID");
        let create = db.client.create_table().table_name(table).key_schema(key);
        let create = create.attribute_definitions(kind).billing_mode(BillingMode::PayPerRequest);
        create.send().await.unwrap();
        let ran = program.run(&["migrate"]).await;
        assert_eq!(ran.code, Some(3), "{ran:?}");
        let words = ["its key is not what `locktender migrate` makes; set another name for it"];
        for word in words.into_iter().chain([&*format!("The table `{table}`")]) {
            assert!(ran.stderr.lines().next().unwrap().contains(word), "{word} in {}", ran.stderr);
        }
        let again = program.run(&["migrate", "--check"]).await;
        assert_ne!(again.code, Some(0), "{again:?}");
    }
}

#[tokio::test]
async fn two_that_migrate_at_once_both_succeed() {
    for _ in 0..3 {
        let (db, program) = bench().await;
        let (one, two) = tokio::join!(program.run(&["migrate"]), program.run(&["migrate"]));
        assert_eq!((one.code, two.code), (Some(0), Some(0)), "{one:?} {two:?}");
        let check = program.run(&["migrate", "--check"]).await;
        assert_eq!(check.code, Some(0), "{check:?}");
        let rows = db.rows("locktender").await;
        assert_eq!(rows.len(), 2, "{rows:?}");
    }
}

#[tokio::test]
async fn what_may_be_dropped_is_dropped_and_the_trail_never_is() {
    let (db, _) = bench().await;
    db.migrate().await;
    assert_expiry(&db.client, &tables()).await;
}

async fn assert_expiry(client: &Client, tables: &LedgerTables) {
    let expiry = async |table: &str| {
        let described = client.describe_time_to_live().table_name(table).send().await.unwrap();
        let described = described.time_to_live_description.unwrap();
        (described.time_to_live_status.unwrap(), described.attribute_name)
    };
    let (status, attribute) = expiry(&tables.table).await;
    assert_eq!((status, attribute.as_deref()), (TimeToLiveStatus::Enabled, Some("ttl")));
    assert_eq!(expiry(&tables.audit_table).await.0, TimeToLiveStatus::Disabled);
}

#[tokio::test]
async fn another_dynamodb_takes_the_same_requests() {
    let Some(bench) = e2e::bench().await else { return };
    let endpoint = bench.moto.endpoint().to_string();
    let names = || LedgerTables { table: "migrated".into(), audit_table: "migrated-audit".into() };
    let migrations = || Migrations::connect(&session(&endpoint), names());
    let (first, second) = (migrations(), migrations());
    assert_eq!(first.pending().await.unwrap().len(), 2);
    tokio::try_join!(first.apply(), second.apply()).unwrap();
    assert_eq!(first.pending().await.unwrap(), Vec::<String>::new());
    assert_eq!(first.apply().await.unwrap(), Vec::<String>::new());
    assert_expiry(&client(&endpoint), &names()).await;
}

#[tokio::test]
async fn the_sample_of_a_request_is_read_and_is_what_is_written() {
    let office = Office::new().await;
    let sample = sample(REQUESTS);
    put(&office.db.client, &tables().table, &sample).await;
    let ledger = AwsLedger::connect(&office.db.session(), tables(), &[DynamoDb::backend()]);
    let id = RequestId::of(EventId::new(1_320_000_000_000_000_001));
    let filed = ledger.request(id).await.unwrap().expect("the sample");
    assert_eq!((filed.request.id, filed.request.version), (id, 2));
    assert_eq!(filed.request.closing().unwrap().outcome, locktender::unlock::Outcome::Unlocked);
    assert_eq!(filed.card, Some(MessageId::new(1_320_000_000_000_000_002)));
    assert_eq!(filed.event, Some(EventId::new(1_320_000_000_000_000_003)));
    assert_eq!(filed.tail.seq, 3);

    office.db.lock("env/prod/terraform.tfstate").await;
    let request = office.open(&approver("alice"), "env/prod").await;
    office.approve(&approver("bob"), request).await;
    let rows = office.db.rows(&tables().table).await;
    let key = text(&format!("request#{request}"));
    let written = rows.iter().find(|row| row["pk"] == key).unwrap();
    assert_eq!(form(&sample), form(written), "{written:?}");
}

#[tokio::test]
async fn the_sample_of_an_entry_verifies_and_is_what_is_written() {
    let office = Office::new().await;
    let sample = sample(AUDIT_TRAIL);
    put(&office.db.client, &tables().audit_table, &sample).await;
    let trail = AwsTrail::connect(&office.db.session(), tables());
    let verified = verify(&trail, None).await.unwrap().expect("the sample holds");
    let path = sample["path"].as_s().unwrap();
    assert_eq!((verified.entries, verified.heads[path].seq), (1, 1));
    let entry: Entry = {
        let path = StatePath::parse(path).unwrap();
        trail.newest(&path, None, 1).await.unwrap().remove(0)
    };
    assert_eq!((entry.hash(), Tail::at(&entry).seq), (entry.computed_hash(), 1));
    assert_ne!(entry.hash(), Hash::zero());

    office.db.lock("env/prod/terraform.tfstate").await;
    office.open(&approver("alice"), "env/prod").await;
    let rows = office.db.rows(&tables().audit_table).await;
    let written = rows.iter().find(|row| row["path"] != sample["path"]).unwrap();
    assert_eq!(form(&sample), form(written), "{written:?}");
}
