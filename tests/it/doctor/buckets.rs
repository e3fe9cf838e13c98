//! Buckets of lockfiles that are not as they must be.

use super::aws::{codes, diagnose, only};
use crate::support::dynamodb::{backend, session, tables};
use crate::support::s3::S3;
use crate::support::stub;

#[tokio::test]
async fn a_bucket_in_another_region_is_found() {
    let elsewhere = |_: &stub::Asked| stub::bare(301, &[("x-amz-bucket-region", "eu-west-1")]);
    let aws = stub::Stub::start(elsewhere).await;
    let lockfiles = backend("main", "states", None, true);
    let diagnosis = diagnose(session(aws.endpoint()), &tables(), vec![lockfiles]).await;
    assert!(only(&diagnosis, "bucket-in-another-region").remedy.contains("eu-west-1"));
}

#[tokio::test]
async fn each_missing_permission_in_a_bucket_is_named() {
    let s3 = S3::start().await;
    let lockfiles = || vec![backend("main", "states", None, true)];
    let refuse = |method: &'static str, lists: bool| {
        move |asked: &stub::Asked, _: &mut _| {
            let is_it = asked.method == method && asked.is_listing() == lists;
            is_it.then(|| stub::s3_error(403, "AccessDenied"))
        }
    };
    let cases = [
        ("GET", true, "s3:ListBucket", "arn:aws:s3:::states"),
        ("GET", false, "s3:GetObject", "arn:aws:s3:::states/*.tflock"),
    ];
    for (method, lists, action, resource) in cases {
        s3.rule(refuse(method, lists));
        let diagnosis = diagnose(session(s3.endpoint()), &tables(), lockfiles()).await;
        let finding = only(&diagnosis, "permission-missing");
        let (_, statement) = finding.remedy.split_once('\n').unwrap();
        let statement: serde_json::Value = serde_json::from_str(statement).unwrap();
        assert_eq!(statement["Action"], serde_json::json!([action]));
        assert_eq!(statement["Resource"], resource);
    }
    s3.rule(|asked, _| {
        let is_lockfile = asked.key().ends_with(".tflock");
        (asked.method == "DELETE" && is_lockfile).then(|| stub::s3_error(403, "AccessDenied"))
    });
    let diagnosis = diagnose(session(s3.endpoint()), &tables(), lockfiles()).await;
    assert!(only(&diagnosis, "permission-missing").what.contains("s3:DeleteObject"));
}

#[tokio::test]
async fn without_the_listing_a_refused_lockfile_says_nothing() {
    let s3 = S3::start().await;
    s3.rule(|asked, _| (asked.method == "GET").then(|| stub::s3_error(403, "AccessDenied")));
    let lockfiles = vec![backend("main", "states", None, true)];
    let diagnosis = diagnose(session(s3.endpoint()), &tables(), lockfiles).await;
    assert!(only(&diagnosis, "permission-missing").what.contains("s3:ListBucket"));
    let unknown = diagnosis.not_checked.iter().map(|it| &*it.subject);
    assert!(
        unknown.clone().any(|it| it == "s3:GetObject in the bucket `states`"),
        "{diagnosis:#?}"
    );
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_found_and_left_clean() {
    for (put, delete) in [(true, true), (true, false), (false, true), (false, false)] {
        let s3 = S3::start().await;
        s3.rule(move |asked, objects| {
            let (method, key) = (asked.method.as_str(), asked.key());
            let is_probe = key.starts_with(".locktender-probe-");
            match method {
                "PUT" if is_probe && !put && objects.has(&key) => {
                    Some(stub::s3_error(412, "PreconditionFailed"))
                }
                "PUT" if is_probe => {
                    assert_eq!(asked.headers.get("if-none-match").unwrap(), "*");
                    objects.put(&key, "probe");
                    Some(stub::bare(200, &[("etag", "\"e\"")]))
                }
                "DELETE" if is_probe && delete => {
                    objects.remove(&key);
                    Some(stub::bare(204, &[]))
                }
                _ => None,
            }
        });
        let lockfiles = vec![backend("main", "states", None, true)];
        let diagnosis = diagnose(session(s3.endpoint()), &tables(), lockfiles).await;
        let is_found = codes(&diagnosis).contains("conditions-ignored");
        assert_eq!(is_found, put || delete, "{put} {delete}: {diagnosis:#?}");
        if is_found {
            let what = &only(&diagnosis, "conditions-ignored").what;
            assert_eq!(what.contains("If-None-Match"), put, "{what}");
            assert_eq!(what.contains("If-Match "), delete, "{what}");
        }
        assert_eq!(s3.keys(), Vec::<String>::new(), "the probe is gone");
    }
}
