//! IAM as far as the bot's policies use it: what a request demands, and whether policies allow it.
//!
//! It follows AWS's documents where moto does not: each item of a transaction demands the action of a single
//! write on its own table ("Using IAM with `DynamoDB` transactions"), and a delete with `If-Match` demands
//! `s3:GetObject` too ("Enforce conditional deletes on Amazon S3 buckets").

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use axum::http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::dynamodb::{BUCKET, TABLE};

/// The region and the account of the doubles.
const REGION: &str = "us-east-1";
const ACCOUNT: &str = "123456789012";

/// An action on a resource. A request demands it, and a policy allows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    pub action: String,
    pub resource: String,
}

/// What one statement says of one action on one resource. The resource may have wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub sid: String,
    pub allows: bool,
    pub permission: Permission,
}

/// Policies of one identity, statement by statement and action by action.
#[derive(Clone, Debug, Default)]
pub struct Policies(pub Vec<Grant>);

impl Policies {
    /// A policy of `deploy/iam`, with the names of the doubles in place of the placeholders.
    pub fn deployed(name: &str) -> Self {
        Self::parse(&filled(name))
    }

    /// Reads a policy.
    ///
    /// # Panics
    /// If it has an element that this does not evaluate.
    pub fn parse(policy: &str) -> Self {
        let policy: Value = serde_json::from_str(policy).unwrap();
        let mut grants = Vec::new();
        for statement in policy["Statement"].as_array().expect("a list of statements") {
            let known = ["Sid", "Effect", "Action", "Resource"];
            let other = statement.as_object().unwrap().keys().find(|key| !known.contains(&&***key));
            assert_eq!(other, None, "this element is not evaluated");
            let allows = match statement["Effect"].as_str() {
                Some("Allow") => true,
                Some("Deny") => false,
                effect => panic!("{effect:?}"),
            };
            for action in one_or_many(&statement["Action"]) {
                for resource in one_or_many(&statement["Resource"]) {
                    let permission = Permission { action: action.clone(), resource };
                    let sid = statement["Sid"].as_str().expect("a name").to_owned();
                    grants.push(Grant { sid, allows, permission });
                }
            }
        }
        Self(grants)
    }

    /// The same policies without one action on one resource.
    pub fn without(&self, grant: &Grant) -> Self {
        Self(self.0.iter().filter(|other| *other != grant).cloned().collect())
    }

    /// These policies and others.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The statements that allow something.
    pub fn allowing(&self) -> impl Iterator<Item = &Grant> {
        self.0.iter().filter(|grant| grant.allows)
    }

    /// Whether IAM allows this: a statement allows it, and none denies it.
    pub fn allow(&self, permission: &Permission) -> bool {
        let mut matching = self.0.iter().filter(|grant| grant.matches(permission)).peekable();
        matching.peek().is_some() && matching.all(|grant| grant.allows)
    }
}

impl Grant {
    /// Whether the statement is about this.
    pub fn matches(&self, permission: &Permission) -> bool {
        let Permission { action, resource } = &self.permission;
        is_like(action, &permission.action) && is_like(resource, &permission.resource)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.action, self.resource)
    }
}

/// The text of a policy of `deploy/iam`, with its placeholders.
pub fn template(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/iam").join(name);
    fs::read_to_string(path).unwrap()
}

/// A statement that `docs/IAM.md` gives for some teams only.
pub fn on_page(sid: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/IAM.md");
    let page = fs::read_to_string(path).unwrap();
    let blocks = page.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap());
    let of_sid = |block: &&str| {
        let statement: Value = serde_json::from_str(block).expect("a statement");
        statement["Sid"] == sid
    };
    blocks.into_iter().find(of_sid).expect(sid).to_owned()
}

/// The same with the names of the doubles in place of the placeholders.
fn filled(name: &str) -> String {
    let names =
        [("REGION", REGION), ("ACCOUNT", ACCOUNT), ("LOCK_TABLE", TABLE), ("STATE_BUCKET", BUCKET)];
    names
        .iter()
        .fold(template(name), |policy, (placeholder, name)| policy.replace(placeholder, name))
}

/// The permissions that AWS demands for a request.
pub fn demanded(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> BTreeSet<Permission> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    match target.and_then(|target| target.split_once('.')) {
        Some((_, operation)) => of_dynamodb(operation, body),
        None => of_s3(method, uri, headers),
    }
}

fn of_dynamodb(operation: &str, body: &[u8]) -> BTreeSet<Permission> {
    let body: Value = serde_json::from_slice(body).expect("DynamoDB is asked in JSON");
    let on = |action: &str, table: &str| Permission {
        action: format!("dynamodb:{action}"),
        resource: format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}"),
    };
    if let Some(items) = body["TransactItems"].as_array() {
        let of_item = |item: &Value| {
            let (kind, item) = item.as_object().unwrap().iter().next().expect("a kind of write");
            let action = match &**kind {
                "ConditionCheck" => "ConditionCheckItem".to_owned(),
                kind => format!("{kind}Item"),
            };
            on(&action, item["TableName"].as_str().unwrap())
        };
        return items.iter().map(of_item).collect();
    }
    if let Some(tables) = body["RequestItems"].as_object() {
        return tables.keys().map(|table| on(operation, table)).collect();
    }
    [on(operation, body["TableName"].as_str().unwrap_or("*"))].into()
}

fn of_s3(method: &Method, uri: &Uri, headers: &HeaderMap) -> BTreeSet<Permission> {
    let path = percent_decode_str(uri.path().trim_start_matches('/')).decode_utf8_lossy();
    let path = path.trim_end_matches('/');
    let is_list = uri.query().is_some_and(|query| query.contains("list-type=2"));
    let actions: &[&str] = match (method.as_str(), path.contains('/')) {
        ("GET", false) if is_list => &["s3:ListBucket"],
        ("GET", true) => &["s3:GetObject"],
        ("DELETE", true) if headers.contains_key("if-match") => {
            &["s3:DeleteObject", "s3:GetObject"]
        }
        // No policy has this action, so the test fails and prints it.
        _ => &["an action that tests/it/support/iam.rs does not know"],
    };
    let resource = format!("arn:aws:s3:::{path}");
    let permission =
        |action: &&str| Permission { action: (*action).to_owned(), resource: resource.clone() };
    actions.iter().map(permission).collect()
}

fn one_or_many(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    value.as_array().map_or_else(|| vec![text(value)], |many| many.iter().map(text).collect())
}

/// Whether a text is like a pattern, in which `*` is any text.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(text) = text.strip_prefix(start) else { return false };
    (0..=text.len()).any(|at| text.is_char_boundary(at) && is_like(rest, &text[at..]))
}
