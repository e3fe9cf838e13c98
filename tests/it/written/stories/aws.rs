//! What needs the command line of AWS: policies, stacks, a secret, the lease.

use crate::support::dynamodb::{DynamoDb, text};
use crate::support::e2e;
use crate::support::endpoint::{IAM, elements};
use crate::support::moto::Moto;
use crate::written::list::Story;
use crate::written::stage::Stage;

/// A stage on an empty account of AWS, or `None` where a tool is missing.
async fn on_moto(story: Story) -> Option<(Stage, Moto)> {
    let stage = Stage::of(story).with_aws(&[])?;
    let moto = Moto::start(&e2e::moto_server()?).await;
    let address = moto.endpoint().to_string();
    Some((stage.at(&address), moto))
}

#[tokio::test]
async fn a_role_gets_the_policy() {
    let Some((mut stage, moto)) = on_moto(Story::Policies).await else { return };
    let role = [("RoleName", "locktender"), ("AssumeRolePolicyDocument", "{}")];
    moto.endpoint().call(IAM, "CreateRole", &role).await;
    stage.play("docs/IAM.md", "put-role-policy").await;
    let policy = [("RoleName", "locktender"), ("PolicyName", "locktender")];
    let policy = moto.endpoint().call(IAM, "GetRolePolicy", &policy).await;
    let document = elements(&policy, "PolicyDocument")[0];
    assert!(document.contains("terraform-locks") && document.contains("my-states"), "{document}");
    assert!(!document.contains("LOCK_TABLE") && !document.contains("ACCOUNT"), "{document}");
    stage.end();
}

#[tokio::test]
async fn the_stacks_are_made_and_the_migrations_recorded() {
    let Some((stage, _moto)) = on_moto(Story::Stacks).await else { return };
    // moto leaves a null in place of a statement that is left out, and then takes the policy for malformed.
    let tables = "LockTableArns=arn:aws:dynamodb:eu-central-1:111122223333:table/terraform-locks";
    let others = "OtherRoles=arn:aws:iam::444455556666:role/locktender";
    let mut stage = stage
        .say(tables, &format!("{tables} {others}"))
        .say("ExternalId=…", &format!("ExternalId=correct-horse-battery {tables}"));
    let page = "deploy/cloudformation/README.md";
    let made = stage.play(page, "cloudformation/locktender.yaml").await;
    assert!(made.stdout.contains("Successfully created/updated stack"), "{made:?}");
    let recorded = stage.play(page, "locktender migrate").await;
    assert!(recorded.stdout.contains("0001_requests"), "{recorded:?}");
    // Of a stack that comes from a change set, moto keeps no outputs.
    stage.play(page, "describe-stacks").await;
    let again = stage.play("deploy/terraform/README.md", "locktender migrate").await;
    assert!(again.stdout.contains("Nothing"), "{again:?}");

    // In the other account, in its own region.
    let Some(server) = e2e::moto_server() else { return };
    let other = Moto::start(&server).await;
    let mut stage = stage.at(&other.endpoint().to_string());
    let made = stage.play(page, "cloudformation/backend.yaml").await;
    assert!(made.stdout.contains("Successfully created/updated stack"), "{made:?}");
    stage.end();
}

#[tokio::test]
async fn the_token_becomes_a_secret() {
    let Some((mut stage, _moto)) = on_moto(Story::Secret).await else { return };
    let block = stage.take("deploy/terraform/service/README.md", "create-secret");
    let made = stage.run(&block.text, "the-token\n").await;
    assert!(made.code == Some(0) && made.stdout.contains("arn:aws:secretsmanager:"), "{made:?}");
    let kept = stage.run("aws secretsmanager get-secret-value --secret-id locktender", "").await;
    assert!(kept.stdout.contains(r#""SecretString": "the-token""#), "{kept:?}");
    stage.end();
}

#[tokio::test]
async fn the_lease_is_read() {
    let Some(stage) = Stage::of(Story::Lease).with_aws(&[]) else { return };
    let db = DynamoDb::start().await;
    db.migrate().await;
    db.put_item(
        "locktender",
        &[("pk", text("lease")), ("sk", text("bot")), ("host", text("bot-1"))],
    )
    .await;
    let mut stage = stage.at(&db.endpoint());
    let lease = stage.play("docs/RUNBOOK.md", "\"lease\"").await;
    assert!(lease.stdout.contains("bot-1"), "{lease:?}");
    stage.end();
}

#[tokio::test]
async fn what_points_into_an_old_trail_is_deleted() {
    let Some(stage) = Stage::of(Story::NewTrail).with_aws(&["jq"]) else { return };
    let db = DynamoDb::start().await;
    db.migrate().await;
    let before = db.rows("locktender").await.len();
    for (pk, sk) in [("checkpoint", "last"), ("open", "a"), ("request#1", "request"), ("hold", "a")]
    {
        db.put_item("locktender", &[("pk", text(pk)), ("sk", text(sk))]).await;
    }
    let mut stage = stage.at(&db.endpoint());
    stage.play("docs/BACKUP.md", "own=locktender").await;
    let rows = db.rows("locktender").await;
    assert_eq!(rows.len(), before + 1, "only the hold stays: {rows:?}");
    stage.end();
}

#[tokio::test]
async fn the_calls_that_nothing_runs_are_known_to_the_command_line() {
    use crate::written::blocks::blocks;
    use crate::written::list::{Held, held};
    use crate::written::rehearsal::rehearse;
    let Some(stage) = Stage::of(Story::Shell).with_aws(&[]) else { return };
    let stage = stage.at("http://127.0.0.1:1");
    let nowhere = |held| matches!(held, Ok(Held::Nowhere { .. }));
    let mut known = 0;
    for block in blocks().into_iter().filter(|block| nowhere(held(block))) {
        let calls = rehearse(&block).unwrap();
        // The second version alone can follow a log.
        let is_call = |call: &&Vec<String>| call[0] == "aws" && call[1..3] != ["logs", "tail"];
        for call in calls.iter().filter(is_call) {
            let quoted = |word: &String| format!("'{}'", word.replace('\'', "'\\''"));
            let words: Vec<String> = call.iter().map(quoted).collect();
            let asked = format!("{} --generate-cli-skeleton", words.join(" "));
            let ran = stage.run(&asked, "").await;
            assert_eq!(ran.code, Some(0), "{}: {asked}: {ran:?}", block.place());
            known += 1;
        }
    }
    assert!(known > 2, "the calls were not found");
}
