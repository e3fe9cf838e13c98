//! The program under moto's IAM, which knows nothing of this project's table of calls.
//!
//! moto checks signatures, and for each request one action. For S3 it also checks the resource. For `DynamoDB`
//! it checks no resource, and takes a transaction for one action of its own, `TransactWriteItems`. So the
//! policies are given to it with `*` for a table, without the denial on one table, and with that action. What
//! moto cannot check is checked in `enforced.rs`.

mod doctor;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::enforced::is_told;
use super::job::{Job, LOCKFILE, ROW, STATE, lock, program};
use crate::support::dynamodb::{BUCKET, TABLE};
use crate::support::e2e::{self, Locking};
use crate::support::endpoint::{Endpoint, IAM, Request, elements};
use crate::support::iam::{Policies, on_page, template};
use crate::support::moto::Moto;
use crate::support::program::Program;
use crate::support::store::{Bucket, LockTable};

/// The action of moto's own for a transaction.
const TRANSACTION: &str = "dynamodb:TransactWriteItems";

/// The bot's identity in `trust.json`, and here. moto does not know the role behind a session's ARN.
const BOT_ROLE: &str = "arn:aws:iam::BOT_ACCOUNT:role/BOT_ROLE";
const BOT_USER: &str = "arn:aws:iam::123456789012:user/bot";

/// The role of the other account. moto has it in the same account.
const ROLE: &str = "arn:aws:iam::123456789012:role/far";

/// A moto that checks permissions, with a lock in both stores.
struct Account {
    moto: Moto,
    table: LockTable,
    bucket: Bucket,
}

/// An identity of the account.
struct User {
    id: String,
    secret: String,
}

impl Account {
    /// A new account, or `None` where moto is missing.
    async fn new() -> Option<Self> {
        Some(Self::on(Moto::start(&e2e::moto_server()?).await).await)
    }

    async fn on(moto: Moto) -> Self {
        let table = LockTable::create(moto.endpoint(), TABLE).await;
        let bucket = Bucket::create(moto.endpoint(), BUCKET).await;
        table.put(&json!({"LockID": {"S": ROW}, "Info": {"S": lock()}})).await;
        bucket.put(LOCKFILE, lock().as_bytes()).await;
        Self { moto, table, bucket }
    }

    /// The account as it was when it was new.
    async fn renewed(self) -> Self {
        self.check_requests(false).await;
        send(self.moto.endpoint(), "/moto-api/reset", "").await;
        Self::on(self.moto).await
    }

    fn address(&self) -> String {
        self.moto.endpoint().to_string()
    }

    /// From now on moto checks every request, or none.
    async fn check_requests(&self, is_checked: bool) {
        let free_requests = if is_checked { "0" } else { "inf" };
        send(self.moto.endpoint(), "/moto-api/reset-auth", free_requests).await;
    }

    /// A new user with this policy.
    async fn user(&self, name: &str, policy: &Value) -> User {
        let user = ("UserName", name);
        self.iam("CreateUser", &[user]).await;
        let policy = [user, ("PolicyName", "all"), ("PolicyDocument", &policy.to_string())];
        self.iam("PutUserPolicy", &policy).await;
        let key = self.iam("CreateAccessKey", &[user]).await;
        let of = |tag| elements(&key, tag)[0].to_owned();
        User { id: of("AccessKeyId"), secret: of("SecretAccessKey") }
    }

    async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        self.moto.endpoint().call(IAM, action, parameters).await
    }
}

impl User {
    fn key(&self) -> (&str, &str) {
        (&self.id, &self.secret)
    }
}

/// A request to moto itself.
async fn send(moto: Endpoint, target: &str, text: &str) {
    let request = Request {
        service: "iam",
        method: "POST",
        target,
        headers: &[("Content-Type", "text/plain")],
        body: text.as_bytes(),
    };
    let answer = moto.send(request).await;
    assert_eq!(answer.status, 200, "{target}: {}", String::from_utf8_lossy(&answer.body));
}

/// The policies as moto can check them, without one action wherever it is.
fn for_moto(policies: &Policies, but: &str) -> Value {
    let mut allowed: BTreeSet<(&str, &str)> = policies
        .allowing()
        .map(|grant| &grant.permission)
        .map(|of| (&*of.action, if of.action.starts_with("s3:") { &*of.resource } else { "*" }))
        .collect();
    allowed.insert((TRANSACTION, "*"));
    allowed.retain(|(action, _)| *action != but);
    let statements = allowed.into_iter().map(
        |(action, resource)| json!({"Effect": "Allow", "Action": action, "Resource": resource}),
    );
    json!({"Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>()})
}

#[tokio::test]
async fn with_exactly_their_policies_migrate_and_the_bot_do_all_of_their_work() {
    let Some(account) = Account::new().await else { return };
    let migrate = for_moto(&Policies::deployed("migrate.json"), TRANSACTION);
    let migrate = account.user("migrate", &migrate).await;
    let bot = account.user("bot", &for_moto(&Policies::deployed("bot.json"), "")).await;
    account.check_requests(true).await;

    let aws = account.address();
    let refused = program(&aws, migrate.key(), Locking::Both).run(&["list"]).await;
    assert!(refused.stderr.contains("refused access"), "{refused:?}");
    let forged = program(&aws, (&bot.id, "another secret"), Locking::Both).run(&["list"]).await;
    assert_eq!(forged.code, Some(3), "{forged:?}");
    let ran = program(&aws, migrate.key(), Locking::Both).run(&["migrate"]).await;
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{ran:?}");

    let mut job = Job::start(&aws, bot.key(), Locking::Both).await;
    job.work(|_| false).await;
    job.released().await;
    let said = job.said();
    assert!(!said.contains("allow "), "{said}");
    job.end().await;
    account.check_requests(false).await;
    assert_eq!(account.table.rows().await, Vec::<Value>::new());
    assert_eq!(account.bucket.get(LOCKFILE).await, None);
}

/// The actions of a policy, each once.
fn actions(policies: &Policies) -> BTreeSet<&str> {
    policies.allowing().map(|grant| &*grant.permission.action).collect()
}

fn is_any_told(said: &str, policies: &Policies, action: &str) -> bool {
    policies.allowing().any(|grant| grant.permission.action == action && is_told(said, grant))
}

#[tokio::test]
async fn without_any_one_action_the_bot_says_which_is_missing() {
    let Some(mut account) = Account::new().await else { return };
    let policies = Policies::deployed("bot.json");
    // Without `BatchGetItem` nothing fails. moto never asks for `PutItem`, because it asks for none of a
    // transaction's items.
    let unseen = ["dynamodb:BatchGetItem", "dynamodb:PutItem"];
    for action in actions(&policies).into_iter().filter(|action| !unseen.contains(action)) {
        account = account.renewed().await;
        let (aws, less) = (account.address(), for_moto(&policies, action));
        let ran = program(&aws, ("any", "any"), Locking::Both).run(&["migrate"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let bot = account.user("bot", &less).await;
        account.check_requests(true).await;
        let mut job = Job::start(&aws, bot.key(), Locking::Both).await;
        job.work(|said| is_any_told(said, &policies, action)).await;
        let what = format!("that {action} is missing");
        job.hears(&what, |said| is_any_told(said, &policies, action)).await;
    }
}

#[tokio::test]
async fn without_any_one_action_migrate_says_which_is_missing() {
    let Some(mut account) = Account::new().await else { return };
    let policies = Policies::deployed("migrate.json");
    for action in actions(&policies) {
        account = account.renewed().await;
        let user = account.user("migrate", &for_moto(&policies, action)).await;
        account.check_requests(true).await;
        let ran = program(&account.address(), user.key(), Locking::Both).run(&["migrate"]).await;
        assert_eq!(ran.code, Some(3), "{action}: {ran:?}");
        assert!(is_any_told(&ran.stderr, &policies, action), "{action}: {ran:?}");
    }
}

/// The program with the role of the other account, and this external ID.
fn far_program(account: &Account, user: &User, external_id: &str) -> Program {
    let program = program(&account.address(), user.key(), Locking::Both);
    let file = program.folder().join("locktender.toml");
    let backend = format!(
        "[[backend]]\nname = \"far\"\nbucket = \"{BUCKET}\"\ndynamodb_table = \"{TABLE}\"\n\
         use_lockfile = true\nrole_arn = \"{ROLE}\"\nexternal_id = \"{external_id}\"\n",
    );
    std::fs::write(&file, backend).unwrap();
    program.set("LOCKTENDER_CONFIG", &file.display().to_string())
}

#[tokio::test]
async fn the_bot_takes_the_role_of_another_account_only_with_its_external_id() {
    let Some(account) = Account::new().await else { return };
    let trust = template("trust.json").replace(BOT_ROLE, BOT_USER);
    let role = ("RoleName", "far");
    account.iam("CreateRole", &[role, ("AssumeRolePolicyDocument", &trust)]).await;
    let backend = for_moto(&Policies::deployed("backend.json"), TRANSACTION).to_string();
    let backend = [role, ("PolicyName", "all"), ("PolicyDocument", &*backend)];
    account.iam("PutRolePolicy", &backend).await;
    let take = on_page("OtherAccounts");
    let take = take.replace("arn:aws:iam::OTHER_ACCOUNT:role/LOCKTENDER_ROLE", ROLE);
    let take: Value = serde_json::from_str(&take).unwrap();
    let take = json!({"Version": "2012-10-17", "Statement": [take]});
    let bot = account.user("bot", &take).await;
    let nobody = account.user("nobody", &for_moto(&Policies::default(), "")).await;
    account.check_requests(true).await;

    let far = far_program(&account, &bot, "EXTERNAL_ID");
    let listed = far.run(&["list"]).await;
    assert_eq!((listed.code, &*listed.stderr), (Some(0), ""), "{listed:?}");
    assert!(listed.stdout.contains(STATE), "{listed:?}");
    let held = far.run(&["status", STATE, "--exit-code"]).await;
    assert_eq!((held.code, &*held.stderr), (Some(1), ""), "{held:?}");
    for (who, external_id) in [(&bot, "another"), (&nobody, "EXTERNAL_ID")] {
        let refused = far_program(&account, who, external_id).run(&["status", STATE]).await;
        assert_eq!(refused.code, Some(3), "{refused:?}");
        assert!(refused.stderr.contains("could not be assumed"), "{refused:?}");
    }
}
