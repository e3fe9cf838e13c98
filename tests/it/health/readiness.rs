//! `/readyz` says whether a replica is ready, and if not, why.

use std::sync::Arc;

use futures::future::join_all;

use super::probe::{ANY_PORT, Probe};
use crate::support::deadline::Deadline;
use crate::support::discord::Fault;
use crate::support::dynamodb::tables;
use crate::support::program::Program;
use crate::support::proxy::{Fate, Gate, Proxy};
use crate::support::stand::Stand;

/// A stand whose DynamoDB is behind a proxy.
async fn behind_a_proxy() -> (Stand, Proxy) {
    let stand = Stand::new().await.set(ANY_PORT.0, ANY_PORT.1);
    let proxy = Proxy::start(&stand.db.endpoint()).await;
    (stand.set("AWS_ENDPOINT_URL", &proxy.endpoint()), proxy)
}

/// Whether a request has these words.
fn has(body: &[u8], words: &str) -> bool {
    body.windows(words.len()).any(|part| part == words.as_bytes())
}

#[tokio::test]
async fn it_is_ready_while_it_is_connected_and_says_why_when_it_is_not() {
    let stand = Stand::new().await.set(ANY_PORT.0, ANY_PORT.1);
    stand.start().await;
    let probe = Probe::of(&stand).await;
    assert_eq!(probe.says(200, "connected").await, "connected\n");
    stand.discord.faults().always("GET /", Fault::Status(503, 0));
    stand.discord.gateway().shut();
    stand.discord.gateway().cut();
    let said = probe.says(503, "not connected to Discord for").await;
    assert!(said.contains(" s: "), "{said}");
    probe.shows("locktender_gateway_state{state=\"down\"}", "1").await;
    probe.shows("locktender_ready", "0").await;
    stand.discord.faults().clear();
    stand.discord.gateway().open();
    probe.says(200, "connected").await;
    probe.shows("locktender_gateway_state{state=\"connected\"}", "1").await;
    let (status, said) = probe.get("/healthz").await;
    assert_eq!((status, &*said), (200, "alive\n"));
}

#[tokio::test]
async fn a_replica_that_stands_by_is_ready_and_says_when_it_has_taken_over() {
    let stand = Stand::new().await.set(ANY_PORT.0, ANY_PORT.1);
    stand.start().await;
    Probe::of(&stand).await.shows("locktender_lease_state{state=\"holder\"}", "1").await;
    let second = stand.program.start(&["run"]);
    let second_says = Probe::of_process(&second).await;
    second_says.says(200, "standing by").await;
    second_says.shows("locktender_lease_state{state=\"standby\"}", "1").await;
    stand.executioner().kill();
    second_says.says(200, "connected").await;
    second_says.shows("locktender_lease_state{state=\"standby\"}", "0").await;
    second_says.shows("locktender_lease_state{state=\"holder\"}", "1").await;
}

#[tokio::test]
async fn it_is_not_ready_without_its_tables() {
    let stand = Stand::new().await.set(ANY_PORT.0, ANY_PORT.1);
    stand.start().await;
    let probe = Probe::of(&stand).await;
    probe.says(200, "connected").await;
    let table = tables().audit_table;
    stand.db.client.delete_table().table_name(&table).send().await.unwrap();
    let said = probe.says(503, "does not exist").await;
    assert!(said.contains(&format!("`{table}`")), "{said}");
}

#[tokio::test]
async fn it_is_not_ready_while_its_tables_refuse_it() {
    let (stand, proxy) = behind_a_proxy().await;
    stand.start().await;
    let probe = Probe::of(&stand).await;
    probe.says(200, "connected").await;
    let denied = r#"{"__type":"com.amazonaws.dynamodb.v20120810#AccessDeniedException"}"#;
    proxy.rule(move |_| Fate::Answer(400, denied.to_owned()));
    probe.says(503, "refused access").await;
    let denied = "locktender_aws_requests_total{service=\"DynamoDB\",operation=\"Query\",outcome=\"denied\"}";
    probe.value(denied).await;
    proxy.rule(|_| Fate::Pass);
    probe.says(200, "connected").await;
}

#[tokio::test]
async fn a_hanging_dynamodb_does_not_hang_it() {
    let (stand, proxy) = behind_a_proxy().await;
    stand.start().await;
    let probe = Probe::of(&stand).await;
    probe.says(200, "connected").await;
    let gate = Arc::new(Gate::default());
    let waits = gate.clone();
    proxy.rule(move |_| Fate::Wait(waits.clone()));
    // The gate stays closed, so what is said is said without an answer.
    probe.says(503, "DynamoDB does not answer in time").await;
    assert_eq!(probe.get("/healthz").await.0, 200);
    gate.open();
    probe.says(200, "connected").await;
}

#[tokio::test]
async fn a_storm_of_probes_reads_the_tables_once() {
    let (stand, proxy) = behind_a_proxy().await;
    stand.start().await;
    let probe = Probe::of(&stand).await;
    probe.says(200, "connected").await;
    // Nothing else reads this path.
    proxy.rule(|_| Fate::Pass);
    let reads = || {
        let seen = proxy.seen();
        seen.iter().filter(|seen| seen.what == "Query" && has(&seen.body, "\"reach\"")).count()
    };
    let deadline = Deadline::generous();
    let mut probes = 0;
    // The first ones get what was read before.
    while reads() == 0 {
        let many = join_all((0..20).map(|_| probe.get("/readyz"))).await;
        probes = many.iter().filter(|(status, _)| *status == 200).count();
        assert!(deadline.look_again().await, "it is never read again");
    }
    // A machine that stops for seconds in the middle may see a second one.
    assert!(probes == 20 && reads() <= 2, "{probes} probes, {} reads", reads());
}

#[tokio::test]
async fn a_start_that_hangs_shows() {
    let (stand, proxy) = behind_a_proxy().await;
    let gate = Arc::new(Gate::default());
    let waits = gate.clone();
    proxy.rule(move |_| Fate::Wait(waits.clone()));
    let bot = stand.program.start(&["run"]);
    let probe = Probe::of_process(&bot).await;
    probe.says(503, "DynamoDB does not answer in time").await;
    assert_eq!(probe.get("/healthz").await.0, 200);
    gate.open();
    probe.says(200, "connected").await;
}

#[tokio::test]
async fn while_it_ends_it_is_alive_and_not_ready() {
    let (stand, proxy) = behind_a_proxy().await;
    stand.start().await;
    let probe = Probe::of(&stand).await;
    // An interaction under way keeps the bot from ending.
    let gate = Arc::new(Gate::default());
    let waits = gate.clone();
    proxy.rule(
        move |seen| {
            if has(&seen.body, "env/prod") { Fate::Wait(waits.clone()) } else { Fate::Pass }
        },
    );
    let asked = stand.alice.slash(stand.channel, "status", &[("state", "env/prod")]).await;
    gate.reached().await;
    let code = stand
        .terminate_and(async || {
            assert_eq!(probe.says(503, "shutting").await, "shutting down\n");
            assert_eq!(probe.get("/healthz").await.0, 200);
            gate.open();
        })
        .await;
    assert_eq!(code, Some(0));
    asked.settled().await;
    assert!(reqwest::get(format!("http://{}/healthz", probe.address)).await.is_err());
}

#[tokio::test]
async fn an_address_that_is_taken_or_none_is_told_in_one_sentence() {
    let stand = Stand::new().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().map(|address| (address, taken)).unwrap();
    let told = async |address: &str| {
        let program = Program::new()
            .set("DISCORD_TOKEN", "token")
            .set("DISCORD_GUILD_ID", "1")
            .set("LOCKTENDER_APPROVER_ROLE_IDS", "900")
            .set("LOCKTENDER_STATE_BUCKET", "states")
            .set("LOCKTENDER_LOCK_TABLE", "locks")
            .set("LOCKTENDER_HTTP_ADDR", address);
        let ran = program.run(&["run"]).await;
        assert_eq!(ran.code, Some(2), "{ran:?}");
        ran.stderr.lines().last().unwrap().to_owned()
    };
    let address = taken.0.to_string();
    let said = told(&address).await.replace(&address, "ADDRESS");
    insta::assert_snapshot!(said, @"locktender: LOCKTENDER_HTTP_ADDR is ADDRESS, and health cannot be served there: Address already in use (os error 98)");
    insta::assert_snapshot!(told("localhost").await, @"locktender: LOCKTENDER_HTTP_ADDR is \"localhost\": it must be an IP address and a port, such as 127.0.0.1:8080 or [::]:8080");
    drop(stand);
}
