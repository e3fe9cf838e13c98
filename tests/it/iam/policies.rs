//! The table of calls against the sources, the policies and the page.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::calls::{CALLS, For, NO_AWS, Place, assert_same, demanded_by, lines};
use crate::support::dynamodb::{BUCKET, TABLE, tables};
use crate::support::iam::{Permission, Policies, template};

const EXTEND: &str = "Add the call to CALLS in tests/it/iam/calls.rs, its action to deploy/iam, and what \
    stops working without it to docs/IAM.md.";

/// How the names of AWS's operations begin. The SDK has a method without arguments for each.
const VERBS: [&str; 28] = [
    "abort_",
    "assume_",
    "batch_",
    "complete_",
    "copy_",
    "create_",
    "delete_",
    "describe_",
    "disable_",
    "enable_",
    "execute_",
    "export_",
    "get_",
    "head_",
    "import_",
    "list_",
    "put_",
    "query",
    "rename_",
    "restore_",
    "scan",
    "select_",
    "tag_",
    "transact_",
    "untag_",
    "upload_",
    "update_",
    "write_",
];

/// The parts of a transaction.
const PARTS: [&str; 5] = ["Put", "Update", "Delete", "ConditionCheck", "Get"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The calls in the sources, as `file: code`.
fn called() -> BTreeSet<String> {
    let mut folders = vec![root().join("src/aws")];
    let mut called = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let file = path.strip_prefix(root().join("src/aws")).unwrap().display().to_string();
            if !NO_AWS.contains(&&*file) {
                called.extend(calls_in(&path).into_iter().map(|code| format!("{file}: {code}")));
            }
        }
    }
    called
}

fn calls_in(file: &Path) -> BTreeSet<String> {
    let source = fs::read_to_string(file).unwrap();
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let is_comment = |line: &&str| line.trim_start().starts_with("//");
    let code: Vec<&str> = source.lines().filter(|line| !is_comment(line)).collect();
    let code = code.join("\n");
    let mut calls = BTreeSet::new();
    // The SDK assumes a role by itself, and has no method for it.
    if code.contains("AssumeRoleProvider") {
        calls.insert("AssumeRoleProvider".to_owned());
    }
    for (at, _) in code.match_indices("()") {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let before = code[..at].trim_end_matches(is_name);
        let method = &code[before.len()..at];
        if before.ends_with('.') && VERBS.iter().any(|verb| method.starts_with(verb)) {
            calls.insert(format!(".{method}()"));
        }
        let part = before.strip_suffix("::").map(|of| &of[of.trim_end_matches(is_name).len()..]);
        if let Some(part) = part.filter(|part| method == "builder" && PARTS.contains(part)) {
            calls.insert(format!("{part}::builder()"));
        }
    }
    calls
}

fn allowed(policies: &Policies) -> BTreeSet<String> {
    lines(policies.allowing().map(|grant| &grant.permission))
}

#[test]
fn every_call_in_the_sources_is_in_the_table() {
    let in_table = CALLS.iter().map(|call| format!("{}: {}", call.file, call.code)).collect();
    assert_same((&called(), &in_table), ("src/aws", "the table of calls"), EXTEND);
}

#[test]
fn a_policy_allows_what_the_calls_demand_and_no_more() {
    for (file, whom) in
        [("bot.json", For::Bot), ("migrate.json", For::Migrate), ("doctor.json", For::Doctor)]
    {
        let allowed = allowed(&Policies::deployed(file));
        let file = format!("deploy/iam/{file}");
        assert_same((&allowed, &demanded_by(whom)), (&file, "the table of calls"), EXTEND);
    }
}

#[test]
fn no_policy_names_an_action_or_a_resource_by_a_pattern() {
    for file in ["bot.json", "migrate.json", "doctor.json", "backend.json"] {
        for grant in Policies::deployed(file).0 {
            let Permission { action, resource } = grant.permission;
            assert!(!action.contains('*'), "{file}: {action}");
            let is_fixed = !resource.trim_end_matches("/*.tflock").contains('*');
            assert!(is_fixed && Place::of(&resource).is_some(), "{file}: {resource}");
        }
    }
}

#[test]
fn another_account_gives_what_the_bot_has_for_locks_in_its_own() {
    let lock = |line: &&String| !line.contains("OwnTable") && !line.contains("AuditTable");
    let of_bot = demanded_by(For::Bot).iter().filter(lock).cloned().collect();
    let allowed = allowed(&Policies::deployed("backend.json"));
    assert_same((&allowed, &of_bot), ("deploy/iam/backend.json", "the table of calls"), EXTEND);
}

#[test]
fn the_trail_stays_as_it_is_whatever_another_policy_allows() {
    let everything = Policies::parse(
        r#"{"Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}]}"#,
    );
    let bot = Policies::deployed("bot.json").and(everything);
    let audit = Policies::deployed("bot.json");
    let audit = audit.0.iter().find(|grant| !grant.allows).expect("a denial").permission.clone();
    let allow =
        |action: &str| bot.allow(&Permission { action: action.to_owned(), ..audit.clone() });
    for action in ["UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLDelete", "DeleteTable"] {
        assert!(!allow(&format!("dynamodb:{action}")), "{action}");
    }
    assert!(allow("dynamodb:PutItem") && allow("dynamodb:DescribeTable"));
}

/// Every allowed action on a resource whose ARN ends like this.
fn actions_on(file: &str, resource: &str) -> BTreeSet<String> {
    let policies = Policies::deployed(file);
    let on = policies.allowing().filter(|grant| grant.permission.resource.ends_with(resource));
    on.map(|grant| grant.permission.action.clone()).collect()
}

#[test]
fn no_policy_lets_anyone_take_a_lock_or_read_or_change_a_state() {
    for file in ["bot.json", "migrate.json", "doctor.json", "backend.json"] {
        for action in actions_on(file, &format!(":table/{TABLE}")) {
            let reads = ["GetItem", "BatchGetItem", "Scan", "DescribeTable"];
            let known = reads.into_iter().chain(["DeleteItem"]);
            assert!(
                known.map(|it| format!("dynamodb:{it}")).any(|it| it == action),
                "{file}: {action}"
            );
        }
        let policies = Policies::deployed(file);
        let allows = |action: &str, key: &str| {
            let resource = format!("arn:aws:s3:::{BUCKET}/{key}");
            policies.allow(&Permission { action: format!("s3:{action}"), resource })
        };
        for action in ["GetObject", "GetObjectVersion", "PutObject", "DeleteObject"] {
            for key in ["env/prod/terraform.tfstate", "a.tflock/terraform.tfstate"] {
                assert!(!allows(action, key), "{file}: {action} on {key}");
            }
        }
        assert!(!allows("PutObject", "env/prod/terraform.tfstate.tflock"), "{file}");
    }
}

#[test]
fn migrate_cannot_write_to_the_trail() {
    let actions = actions_on("migrate.json", &format!(":table/{}", tables().audit_table));
    let harmless = ["dynamodb:CreateTable", "dynamodb:DescribeTable"];
    assert_eq!(actions, harmless.map(str::to_owned).into());
    assert!(actions_on("migrate.json", &format!(":table/{TABLE}")).is_empty());
}

#[test]
fn only_the_bots_role_with_the_external_id_takes_the_role_of_another_account() {
    let trust: Value = serde_json::from_str(&template("trust.json")).unwrap();
    let [statement] = &trust["Statement"].as_array().unwrap()[..] else { panic!("{trust}") };
    assert_eq!(statement["Effect"], "Allow");
    assert_eq!(statement["Action"], "sts:AssumeRole");
    assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::BOT_ACCOUNT:role/BOT_ROLE");
    assert_eq!(statement["Condition"]["StringEquals"]["sts:ExternalId"], "EXTERNAL_ID");
}

/// The rows of the page's tables under a heading: the first two cells.
fn rows(page: &str, heading: &str) -> BTreeSet<String> {
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).expect(heading);
    let section = section.split("\n## ").next().unwrap();
    let cells = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, sid, action, ..] = cells[..] else { return None };
        let code = |cell: &str| cell.strip_prefix('`')?.strip_suffix('`').map(str::to_owned);
        Some(format!("{} {}", code(sid)?, code(action)?))
    };
    section.lines().filter_map(cells).collect()
}

#[test]
fn the_page_explains_every_action_and_no_other() {
    let page = fs::read_to_string(root().join("docs/IAM.md")).unwrap();
    for (heading, file) in
        [("The bot", "bot.json"), ("Migrations", "migrate.json"), ("The doctor", "doctor.json")]
    {
        let policies = Policies::deployed(file);
        let actions =
            policies.allowing().map(|grant| format!("{} {}", grant.sid, grant.permission.action));
        let explained = rows(&page, heading);
        assert_same((&explained, &actions.collect()), ("docs/IAM.md", file), EXTEND);
    }
}
