//! Who the bot is to AWS, and this host's clock.

use axum::body::Body;
use axum::response::Response;
use chrono::TimeDelta;
use locktender::clock::SystemClock;
use locktender::doctor::Diagnosis;
use locktender::ports::Clock;

use super::aws::{codes, diagnose, only};
use crate::support::dynamodb::{backend, session, tables};
use crate::support::stub::{Answer, Stub};

/// What the doctor says of an AWS whose STS answers so, and whose clock is off by this much.
async fn of(status: u16, body: &'static str, off: TimeDelta) -> Diagnosis {
    let aws = Stub::start(move |_| {
        let date = (SystemClock.now() + off).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let answer = Response::builder().status(status).header("date", date);
        Answer::Now(answer.body(Body::from(body)).unwrap())
    })
    .await;
    let stores = backend("main", "states", Some("locks"), false);
    diagnose(session(aws.endpoint()), &tables(), vec![stores]).await
}

const CALLER: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
    <GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/locktender/i-1</Arn>\
    <UserId>AROA:i-1</UserId><Account>123456789012</Account></GetCallerIdentityResult>\
    </GetCallerIdentityResponse>";

const REFUSED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>\
    <Message>The security token is invalid.</Message></Error></ErrorResponse>";

#[tokio::test]
async fn the_account_and_the_role_are_named() {
    let diagnosis = of(200, CALLER, TimeDelta::zero()).await;
    let found = diagnosis.checked.iter().find(|it| it.subject == "AWS credentials").unwrap();
    assert_eq!(
        found.found,
        "Account 123456789012, as arn:aws:sts::123456789012:assumed-role/locktender/i-1."
    );
}

#[tokio::test]
async fn credentials_that_are_refused_are_found_also_while_the_clock_is_told() {
    let diagnosis = of(403, REFUSED, TimeDelta::minutes(-10)).await;
    only(&diagnosis, "credentials-refused");
    assert!(only(&diagnosis, "clock-wrong").what.contains("ahead of"), "{diagnosis:#?}");
}

#[tokio::test]
async fn a_clock_that_is_off_is_a_warning_first_and_a_problem_then() {
    let cases = [
        (TimeDelta::zero(), None),
        (TimeDelta::seconds(-50), None),
        (TimeDelta::seconds(90), Some(("clock-drifts", "behind"))),
        (TimeDelta::seconds(-90), Some(("clock-drifts", "ahead of"))),
        (TimeDelta::minutes(6), Some(("clock-wrong", "behind"))),
    ];
    for (off, expected) in cases {
        let diagnosis = of(200, CALLER, off).await;
        match expected {
            Some((code, direction)) => {
                assert!(only(&diagnosis, code).what.contains(direction), "{off}: {diagnosis:#?}");
            }
            None => assert!(!codes(&diagnosis).iter().any(|code| code.starts_with("clock"))),
        }
    }
}
