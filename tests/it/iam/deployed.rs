//! The whole way from an empty account: the stack of `deploy/cloudformation`, the migrations, and the bot, each
//! with what the stack gives its identity.
//!
//! moto makes the stack and keeps everything. It checks no resource of `DynamoDB`, so `Guard` reads the policies
//! from the roles that moto has made, and enforces them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::calls::lines;
use super::job::{Job, LOCKFILE, ROW, lock, program};
use crate::support::dynamodb::{BUCKET, TABLE};
use crate::support::e2e::{self, Locking};
use crate::support::endpoint::{Endpoint, IAM, REGION, elements};
use crate::support::guard::Guard;
use crate::support::iam::Policies;
use crate::support::moto::Moto;
use crate::support::store::{Bucket, LockTable};

const CLOUDFORMATION: (&str, &str) = ("cloudformation", "2010-05-15");

/// The key of nobody: the guard knows an identity by its policies.
const KEY: (&str, &str) = ("test", "test");

/// Makes the stack of `deploy/cloudformation/locktender.yaml` for one lock table and one bucket.
async fn make_stack(aws: Endpoint) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/cloudformation");
    let template = fs::read_to_string(folder.join("locktender.yaml")).unwrap();
    let table = format!("arn:aws:dynamodb:{REGION}:123456789012:table/{TABLE}");
    let given = [
        ("StateBucketArns", format!("arn:aws:s3:::{BUCKET}")),
        ("LockTableArns", table),
        ("Lockfiles", "true".to_owned()),
        // Only such a stack has a role for the migrations.
        ("TrustedService", "ecs-tasks.amazonaws.com".to_owned()),
        // moto leaves a null in place of a statement that is left out.
        ("OtherRoles", "arn:aws:iam::444455556666:role/locktender".to_owned()),
    ];
    let mut parameters = vec![
        ("StackName".to_owned(), "locktender".to_owned()),
        ("TemplateBody".to_owned(), template),
        ("Capabilities.member.1".to_owned(), "CAPABILITY_NAMED_IAM".to_owned()),
    ];
    for (number, (name, value)) in (1..).zip(given) {
        let parameter = format!("Parameters.member.{number}");
        parameters.push((format!("{parameter}.ParameterKey"), name.to_owned()));
        parameters.push((format!("{parameter}.ParameterValue"), value));
    }
    let parameters: Vec<_> = parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
    aws.call(CLOUDFORMATION, "CreateStack", &parameters).await;
    let stack = [("StackName", "locktender")];
    let stack = aws.call(CLOUDFORMATION, "DescribeStacks", &stack).await;
    assert_eq!(elements(&stack, "StackStatus"), ["CREATE_COMPLETE"], "{stack}");
}

/// What a role of the account may do.
async fn policies_of(aws: Endpoint, role: &str) -> Policies {
    let role = [("RoleName", role)];
    let inline = aws.call(IAM, "ListRolePolicies", &role).await;
    assert_eq!(elements(&inline, "member"), Vec::<&str>::new());
    let attached = aws.call(IAM, "ListAttachedRolePolicies", &role).await;
    let mut policies = Policies::default();
    for arn in elements(&attached, "PolicyArn") {
        let version = [("PolicyArn", arn), ("VersionId", "v1")];
        let version = aws.call(IAM, "GetPolicyVersion", &version).await;
        let document =
            elements(&version, "Document")[0].replace("&quot;", "\"").replace("&#34;", "\"");
        let document = percent_decode_str(&document).decode_utf8().unwrap();
        policies = policies.and(Policies::parse(&document));
    }
    policies
}

#[tokio::test]
async fn from_an_empty_account_the_stack_the_migrations_and_the_bot_need_nothing_more() {
    let Some(server) = e2e::moto_server() else { return };
    let moto = Moto::start(&server).await;
    let aws = moto.endpoint();
    // What a team has before, with a lock in both stores.
    let table = LockTable::create(aws, TABLE).await;
    let bucket = Bucket::create(aws, BUCKET).await;
    table.put(&json!({"LockID": {"S": ROW}, "Info": {"S": lock()}})).await;
    bucket.put(LOCKFILE, lock().as_bytes()).await;
    make_stack(aws).await;

    let address = aws.to_string();
    let guard = async |role| Guard::start(&address, &address, policies_of(aws, role).await).await;
    let program_of = |guard: &Guard| program(&guard.endpoint(), KEY, Locking::Both);
    // The bot may see that a migration is pending, and not apply it.
    let early = guard("locktender").await;
    let pending = program_of(&early).run(&["migrate", "--check"]).await;
    assert_eq!(pending.code, Some(1), "the stack writes no record of a migration: {pending:?}");
    let refused = program_of(&early).run(&["migrate"]).await;
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert_eq!(lines(&early.refused()), ["dynamodb:CreateTable on OwnTable".to_owned()].into());

    let migrate = guard("locktender-migrate").await;
    let ran = program_of(&migrate).run(&["migrate"]).await;
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{ran:?}");
    assert_eq!(migrate.refused(), BTreeSet::new());
    let refused = program_of(&migrate).run(&["list"]).await;
    assert_eq!(refused.code, Some(3), "the migrations read a lock: {refused:?}");

    let bot = guard("locktender").await;
    let mut job = Job::start(&bot.endpoint(), KEY, Locking::Both).await;
    job.work(|_| false).await;
    assert_eq!(bot.refused(), BTreeSet::new());
    job.released().await;
    assert_eq!(table.rows().await, Vec::<Value>::new());
    assert_eq!(bucket.get(LOCKFILE).await, None);
    assert_eq!(bot.refused(), BTreeSet::new());
    let said = job.said();
    assert!(!said.contains("allow "), "{said}");
    job.end().await;
}
