//! The interface for scripts: answers, JSON, exit codes, and errors of one sentence.

use serde_json::{Value, json};

use crate::support::dynamodb::{DynamoDb, TABLE, text};
use crate::support::program::{Program, Ran};

const RECORD: &str = r#"{"ID":"1f6e7bc2-0ede-e7d2-69ce-4a7141d98284","Operation":"OperationTypeApply","Info":"","Who":"root@vm","Version":"1.11.4","Created":"2026-11-23T08:50:21.532151069Z","Path":"states/env/prod/terraform.tfstate"}"#;

/// An embedded `DynamoDB`. env/prod is held, env/odd is unreadable, and env/dev is free.
async fn bench() -> (DynamoDb, Program) {
    let db = DynamoDb::start().await;
    db.put("states/env/prod/terraform.tfstate", &[("Info", text(RECORD))]).await;
    db.put("states/env/odd/terraform.tfstate", &[("Info", text("?"))]).await;
    db.put("states/env/dev/terraform.tfstate-md5", &[("Digest", text("0"))]).await;
    let program = Program::at(&db.endpoint()).set("LOCKTENDER_LOCK_TABLE", TABLE);
    (db, program)
}

fn parsed(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Asserts one sentence on standard error, nothing on standard output, and this exit code.
#[track_caller]
fn assert_fails(ran: &Ran, code: i32) {
    assert_eq!(ran.code, Some(code), "{ran:?}");
    assert_eq!(ran.stdout, "", "{ran:?}");
    assert!(ran.stderr.starts_with("locktender: "), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
}

#[tokio::test]
async fn status_says_who_holds_a_lock() {
    let (_db, program) = bench().await;
    let ran = program.run(&["status", "env/prod"]).await;
    assert_eq!(ran.code, Some(0));
    for word in ["locked", "root@vm", "apply", "1f6e7bc2-0ede-e7d2-69ce-4a7141d98284", "DynamoDB"] {
        assert!(ran.stdout.contains(word), "{word} in {}", ran.stdout);
    }
    assert_eq!(ran.stderr, "");
}

#[tokio::test]
async fn status_as_json_has_the_fields_that_scripts_rely_on() {
    let (_db, program) = bench().await;
    let mut held = parsed(&program.run(&["status", "env/prod", "--json"]).await);
    let age = held["lock"]["age_seconds"].take();
    assert!(age.as_i64().is_some_and(|age| age >= 0), "{age}");
    assert_eq!(
        held,
        json!({
            "state": "env/prod", "path": "states/env/prod/terraform.tfstate",
            "locked": true, "readable": true, "sources": ["dynamodb"], "half_locked": false,
            "known": true, "lock": {
                "id": "1f6e7bc2-0ede-e7d2-69ce-4a7141d98284", "operation": "OperationTypeApply",
                "who": "root@vm", "version": "1.11.4",
                "created": "2026-11-23T08:50:21.532151069Z", "info": "",
                "path": "states/env/prod/terraform.tfstate", "age_seconds": null,
            },
        })
    );
    assert_eq!(
        parsed(&program.run(&["status", "env/odd", "--json"]).await),
        json!({
            "state": "env/odd", "path": "states/env/odd/terraform.tfstate",
            "locked": true, "readable": false, "sources": ["dynamodb"], "half_locked": false,
            "known": true, "lock": null,
        })
    );
    assert_eq!(
        parsed(&program.run(&["status", "states/env/dev/terraform.tfstate", "--json"]).await),
        json!({
            "state": "env/dev", "path": "states/env/dev/terraform.tfstate",
            "locked": false, "readable": true, "sources": [], "half_locked": false,
            "known": true, "lock": null,
        })
    );
    let unknown = parsed(&program.run(&["status", "env/dve", "--json"]).await);
    assert_eq!((&unknown["locked"], &unknown["known"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn the_exit_code_tells_held_from_free_when_asked() {
    let (_db, program) = bench().await;
    for (state, code) in [
        ("env/prod", 1),
        ("env/odd", 1),
        ("env/dev", 0),
        ("s3://states/env/prod/terraform.tfstate", 1),
        ("env/prod/terraform.tfstate.tflock", 1),
        ("1F6E7BC2-0ede-e7d2-69ce-4a7141d98284", 1),
        // A new state is free only by its full path.
        ("states/env/new/terraform.tfstate", 0),
    ] {
        assert_eq!(
            program.run(&["status", state, "--exit-code"]).await.code,
            Some(code),
            "{state}"
        );
        assert_eq!(program.run(&["status", state]).await.code, Some(0), "{state}");
    }
}

#[tokio::test]
async fn a_name_that_was_never_seen_is_unknown_and_passes_no_gate() {
    let (_db, program) = bench().await;
    for state in ["env/dve", "env/dev@blue", "states/env/dve", "cluster/main.tfstate"] {
        let ran = program.run(&["status", state, "--exit-code"]).await;
        assert_eq!(ran.code, Some(2), "{state}: {ran:?}");
        assert!(ran.stdout.contains("unknown") && !ran.stdout.contains("free"), "{ran:?}");
        assert_eq!(program.run(&["status", state]).await.code, Some(0), "{state}");
    }
    let ran = program.run(&["status", "env/dve"]).await;
    assert!(ran.stdout.contains("Did you mean env/dev?"), "{ran:?}");
}

#[tokio::test]
async fn what_is_not_served_or_has_cleared_is_refused() {
    let (_db, program) = bench().await;
    let elsewhere = program.run(&["status", "other/env/prod/terraform.tfstate"]).await;
    assert_fails(&elsewhere, 2);
    assert!(elsewhere.stderr.contains("there is states"), "{elsewhere:?}");
    let cleared = program.run(&["status", "00000000-0ede-e7d2-69ce-4a7141d98284"]).await;
    assert_fails(&cleared, 2);
    assert!(cleared.stderr.contains("may have cleared"), "{cleared:?}");
}

#[tokio::test]
async fn list_is_a_table_or_an_array() {
    let (_db, program) = bench().await;
    let table = program.run(&["list"]).await;
    assert_eq!(table.code, Some(0));
    assert_eq!(table.stdout.lines().count(), 3, "{}", table.stdout);
    let all = parsed(&program.run(&["list", "--json"]).await);
    let names = |value: &Value| -> Vec<String> {
        let states = value.as_array().unwrap().iter();
        states.map(|state| state["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&all), ["env/odd", "env/prod"], "unknown age first, then the oldest");
    let filtered = parsed(&program.run(&["list", "VM", "--json"]).await);
    assert_eq!(names(&filtered), ["env/prod"], "the holder's name counts");
    for filter in
        ["s3://states/env/prod/terraform.tfstate", "1F6E7BC2-0EDE-E7D2-69CE-4A7141D98284", "1f6e"]
    {
        let filtered = parsed(&program.run(&["list", filter, "--json"]).await);
        assert_eq!(names(&filtered), ["env/prod"], "{filter}");
    }
    let none = program.run(&["list", "zzz", "--json"]).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), "[]\n"));
}

#[tokio::test]
async fn what_cannot_be_used_exits_with_2_and_one_sentence() {
    let (_db, program) = bench().await;
    assert_fails(&program.run(&["status", "../env/prod"]).await, 2);
    assert_fails(&program.run(&["status", ""]).await, 2);
    assert_fails(&program.run(&["run"]).await, 2);
    assert_fails(&Program::new().run(&["list"]).await, 2);
    assert_fails(&program.run(&["list", "--log=a=b=c"]).await, 2);
    for usage in [&["frobnicate"][..], &[], &["status"], &["unlock", "env/prod"]] {
        let ran = program.run(usage).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{usage:?}");
    }
    let help = program.run(&["--help"]).await;
    assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_backend_that_fails_exits_with_3_and_its_remedy() {
    let (db, _) = bench().await;
    let missing = Program::at(&db.endpoint()).set("LOCKTENDER_LOCK_TABLE", "no-such-table");
    for call in [&["status", "env/prod"][..], &["list"]] {
        let ran = missing.run(call).await;
        assert_fails(&ran, 3);
        assert!(ran.stderr.contains("no-such-table"), "{ran:?}");
    }
    let nobody = Program::at("http://127.0.0.1:1").set("LOCKTENDER_LOCK_TABLE", TABLE);
    let ran = nobody.run(&["status", "env/prod"]).await;
    assert_fails(&ran, 3);
    assert!(ran.stderr.contains("cannot be reached"), "{ran:?}");
}

#[tokio::test]
async fn a_dotenv_beside_is_read_and_the_environment_goes_before_it() {
    let (db, _) = bench().await;
    let program = Program::at(&db.endpoint());
    let file = program.folder().join(".env");
    std::fs::write(&file, format!("LOCKTENDER_LOCK_TABLE={TABLE}\nAWS_REGION=nowhere-1\n"))
        .unwrap();
    let ran = program.run(&["status", "env/prod", "--exit-code"]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
}

#[tokio::test]
async fn a_broken_dotenv_is_told_without_its_secret() {
    let program = Program::new();
    std::fs::write(program.folder().join(".env"), "DISCORD_TOKEN='very secret\n").unwrap();
    let ran = program.run(&["list"]).await;
    assert_fails(&ran, 2);
    assert!(ran.stderr.contains("DISCORD_TOKEN") && !ran.stderr.contains("very"), "{ran:?}");
}

#[tokio::test]
async fn no_region_is_told_with_its_remedy() {
    let program = Program::new()
        .set("LOCKTENDER_STATE_BUCKET", "states")
        .set("LOCKTENDER_LOCK_TABLE", TABLE)
        .set("AWS_EC2_METADATA_DISABLED", "true");
    let ran = program.run(&["list"]).await;
    assert_fails(&ran, 2);
    assert!(ran.stderr.contains("AWS_REGION"), "{ran:?}");
}
