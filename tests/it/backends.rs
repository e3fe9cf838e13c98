//! Several backends: their names, their rules, and one that is down.

mod one_bucket;
mod renamed;

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use locktender::aws::{AwsLocks, Sandbox};
use locktender::clock::SystemClock;
use locktender::command::Command;
use locktender::finding::Reading;
use locktender::lock::{
    Access, Backend, BackendName, BackendStores, Catalog, LockState, StatePath,
};
use locktender::people::{ChannelId, RoleId};
use locktender::ports::Locks;
use locktender::unlock::{Policies, Policy, StateGlob, StatePolicy};
use locktender::workers::{Lookout, PatientDirectory};

use crate::support::dynamodb::{BUCKET, DynamoDb, TABLE, backend, record, session};
use crate::support::office::{ANNOUNCE, actor, approver, policy};
use crate::support::program::{Program, Ran};
use crate::support::proxy::{Fate, Gate, Proxy};
use crate::support::sites::{DENIED, Sites};

const TEAM_PATH: &str = "team-states/net/terraform.tfstate";

fn status(state: &str) -> Command {
    Command::Status { state: state.to_owned() }
}

fn list() -> Command {
    Command::List { filter: String::new(), page: 0 }
}

/// What a channel was told of locks that have cleared.
fn free(sites: &Sites, channel: ChannelId) -> String {
    let mut said = sites.office.wall.read(channel);
    said.retain(|said| said.contains("is free"));
    said.join("\n")
}

async fn ask(sites: &Sites, command: Command) -> String {
    sites.office.told(&approver("alice"), command).await
}

#[tokio::test]
async fn a_name_is_short_as_long_as_one_backend_has_it() {
    let sites = Sites::open().await;
    sites.lock_main("env/prod").await;
    sites.lock_team("net").await;
    sites.learn().await;
    for typed in ["net", "team:net", TEAM_PATH] {
        let said = ask(&sites, status(typed)).await;
        assert!(said.contains("net is locked") && !said.contains("team:net"), "{typed}: {said}");
    }
    // Now both have one, and the bot has not read the names again.
    sites.lock_main("net").await;
    for lookout in sites.lookouts() {
        lookout.pass().await.unwrap();
    }
    insta::assert_snapshot!(ask(&sites, status("net")).await, @"net means more than one state: main:net, team:net. Type one of these.");
    assert!(ask(&sites, status("team:net")).await.contains("team:net is locked"));
    let listed = ask(&sites, list()).await;
    assert!(listed.contains("main:net") && listed.contains("team:net"), "{listed}");
    assert!(!listed.contains("main:env/prod"), "{listed}");
}

#[tokio::test]
async fn a_name_that_no_backend_has_asks_which_backend_is_meant() {
    let sites = Sites::open().await;
    sites.lock_main("env/prod").await;
    sites.learn().await;
    insta::assert_snapshot!(ask(&sites, status("env/prdo")).await, @"env/prdo is no state name: nothing has been seen under it; for a new state, say which backend it is in, as in main:env/prdo; there is main, team. Did you mean env/prod?");
    insta::assert_snapshot!(ask(&sites, status("other:env/prod")).await, @"other:env/prod is no state name: no backend is called other; there is main, team. A state is named env/prod, in a workspace env/prod@blue.");
    insta::assert_snapshot!(ask(&sites, status("team:env/prod")).await, @"
    ❔ team:env/prod is unknown
    Nothing has ever been seen of a state of this name. Did you mean env/prod?
    No lock is at the path below. A new state goes by its full path.
      Looked at  team-states/env/prod/terraform.tfstate
    [ Refresh ]
    ");
}

#[tokio::test]
async fn a_backend_that_is_down_takes_nothing_from_the_others_and_is_named() {
    let sites = Sites::open().await;
    sites.lock_team("net").await;
    sites.lock_team("env/prod").await;
    sites.learn().await;
    sites.team_is_down();
    insta::assert_snapshot!("nothing_else_is_locked", ask(&sites, list()).await);
    sites.lock_main("env/prod").await;
    insta::assert_snapshot!("the_rest_is_listed", ask(&sites, list()).await);
    insta::assert_snapshot!("a_state_of_it", ask(&sites, status("net")).await);
    // It may be in the backend that cannot be read, and nothing else has it.
    insta::assert_snapshot!("a_name_that_was_never_seen", ask(&sites, status("new")).await);
    insta::assert_snapshot!(
        "an_id",
        ask(&sites, status("1f6e7bc2-0ede-e7d2-69ce-4a7141d98284")).await
    );
    let said = ask(&sites, status("main:env/prod")).await;
    assert!(said.contains("main:env/prod is locked"), "{said}");
    // The names of a backend that cannot be read are still known.
    sites.learn().await;
    let said = ask(&sites, status("main:env/prod")).await;
    assert!(said.contains("main:env/prod is locked"), "{said}");
}

#[tokio::test]
async fn a_backend_that_is_down_clears_no_hold() {
    let sites = Sites::open().await;
    sites.lock_main("env/prod").await;
    sites.lock_team("net").await;
    let one_for_all =
        Lookout::new(sites.office.context.clone(), sites.locks.clone(), std::time::Duration::ZERO);
    one_for_all.pass().await.unwrap();
    let before = sites.office.wall.read(ANNOUNCE).len();
    sites.team_is_down();
    sites.office.db.delete("states/env/prod/terraform.tfstate").await;
    sites.team.delete(TEAM_PATH).await;
    // The age at which it would be called stale has passed, and it is not known whether the lock is still held.
    sites.office.time.advance(TimeDelta::hours(3));
    one_for_all.pass().await.unwrap();
    insta::assert_snapshot!(sites.office.wall.read(ANNOUNCE)[before..].join("\n"), @"🔓 main:env/prod is free. Held 6 h 9 min by root@vm (apply).");
    sites.team_is_up();
    one_for_all.pass().await.unwrap();
    let said = sites.office.wall.read(ANNOUNCE).join("\n");
    assert!(said.contains("net is free"), "{said}");
}

#[tokio::test]
async fn a_backend_that_hangs_delays_no_news_of_the_others() {
    let sites = Sites::open().await;
    sites.lock_main("env/prod").await;
    let [main, team] = &*sites.lookouts() else { panic!("two groups") };
    main.pass().await.unwrap();
    sites.office.db.delete("states/env/prod/terraform.tfstate").await;
    let gate = Arc::new(Gate::default());
    let wait = gate.clone();
    sites.proxy.rule(move |_| Fate::Wait(wait.clone()));
    tokio::join!(
        async {
            gate.reached().await;
            main.pass().await.unwrap();
            assert!(free(&sites, ANNOUNCE).contains("env/prod is free"));
            gate.open();
        },
        async { team.pass().await.unwrap() },
    );
}

#[tokio::test]
async fn a_hold_belongs_to_the_backend_of_its_path_even_if_that_was_renamed() {
    let sites = Sites::open().await;
    sites.lock_main("env/prod").await;
    sites.lock_team("net").await;
    for lookout in sites.lookouts() {
        lookout.pass().await.unwrap();
    }
    // From a configuration with two backends to another with one of them, under another name.
    let renamed = vec![backend("prod", BUCKET, Some(TABLE), false)];
    let mut context = sites.office.context.clone();
    let locks = Arc::new(AwsLocks::connect(&sites.office.db.session(), renamed.clone()));
    context.reading.locks = locks.clone();
    context.reading.catalog = Catalog::new(renamed.iter().map(|b| b.backend().clone()).collect());
    let lookout = Lookout::new(context.clone(), locks, std::time::Duration::ZERO);
    lookout.pass().await.unwrap();
    assert_eq!(free(&sites, ANNOUNCE), "");
    sites.office.db.delete("states/env/prod/terraform.tfstate").await;
    lookout.pass().await.unwrap();
    let said = free(&sites, ANNOUNCE);
    // Nothing is said of the state whose backend is not configured any more.
    assert!(said.contains("env/prod is free") && !said.contains("net"), "{said}");
}

#[tokio::test]
async fn a_request_for_a_bucket_that_is_configured_no_more_is_not_called_free() {
    let sites = Sites::open().await;
    let path = TEAM_PATH.to_owned().try_into().unwrap();
    let state = sites.office.context.reading.catalog.state_at(path).unwrap();
    // The same name now has another bucket.
    let moved = backend("team", "elsewhere", Some(TABLE), false);
    let locks = AwsLocks::connect(&sites.office.db.session(), vec![moved]);
    insta::assert_snapshot!(locks.inspect(&state).await.unwrap_err(), @"A backend with the bucket `team-states` does not exist: add it to the configuration");
}

#[tokio::test]
async fn a_table_and_a_bucket_that_backends_share_are_read_once() {
    let db = DynamoDb::start().await;
    let proxy = Proxy::start(&db.endpoint()).await;
    let session = session(&proxy.endpoint());
    let named = |name: &str, bucket: &str| backend(name, bucket, Some(TABLE), false);
    let region = Access { region: Some("us-east-1".to_owned()), ..Access::default() };
    let backends = vec![
        named("a", "states"),
        named("b", "b-states"),
        // The bot's own region, said once more.
        named("c", "c-states").reached_by(region),
    ];
    let session = session.for_backends(&backends).await;
    db.put("states/x/terraform.tfstate", &[]).await;
    db.put("c-states/x/terraform.tfstate", &[]).await;
    db.put("not-ours/x/terraform.tfstate", &[]).await;
    let locks = AwsLocks::connect(&session, backends);
    let mut names: Vec<String> =
        locks.list().await.unwrap().held.iter().map(|it| it.state.name.to_string()).collect();
    names.sort();
    assert_eq!(names, ["a:x", "c:x"]);
    assert_eq!(proxy.count("Scan"), 1);
    assert_eq!(locks.groups().len(), 1);
}

#[tokio::test]
async fn whose_key_it_is_says_the_longest_template_and_a_lock_in_the_other_table_is_not_missed() {
    let db = DynamoDb::start().await;
    let other = Sandbox::open(&db.session(), "other-locks").await.unwrap();
    let narrow = {
        let key = "special/{state}/terraform.tfstate".parse().unwrap();
        let backend = Backend::new(BackendName::new("narrow").unwrap(), BUCKET, key, "env:");
        BackendStores::new(backend.unwrap(), Some("other-locks".to_owned()), false).unwrap()
    };
    let backends = vec![backend("wide", BUCKET, Some(TABLE), false), narrow];
    let locks = Arc::new(AwsLocks::connect(&db.session(), backends.clone()));
    let reading = Reading {
        catalog: Catalog::new(backends.iter().map(|b| b.backend().clone()).collect()),
        directory: Arc::new(PatientDirectory::new(locks.clone())),
        locks,
        clock: Arc::new(SystemClock),
    };
    let spellings =
        ["narrow:x", "wide:special/x", "special/x", "states/special/x/terraform.tfstate"];
    let all = async || {
        let mut found = BTreeSet::new();
        for typed in spellings {
            let report = reading.look(typed).await.unwrap();
            let is_locked = report.lock != LockState::Free;
            found.insert((report.state.full_name(), is_locked));
        }
        found.into_iter().collect::<Vec<_>>()
    };
    let path: StatePath = "states/special/x/terraform.tfstate".to_owned().try_into().unwrap();
    other.write_digest(&path).await.unwrap();
    assert_eq!(all().await, [("narrow:x".to_owned(), false)]);
    // A Terraform that was configured with the other table.
    db.sandbox.lock(&path, &record(&path)).await.unwrap();
    assert_eq!(all().await, [("wide:special/x".to_owned(), true)]);
    let [one] = &*reading.locks.list().await.unwrap().held else { panic!("one lock") };
    assert_eq!(one.state.name.as_str(), "wide:special/x");
    db.delete(path.as_str()).await;
    other.lock(&path, &record(&path)).await.unwrap();
    assert_eq!(all().await, [("narrow:x".to_owned(), true)]);
}

#[tokio::test]
async fn the_last_policy_that_matches_a_state_counts() {
    let (network, channel) = (RoleId::new(77), ChannelId::new(78));
    let is_backend = |name: &str| name == "team";
    let of = |states: &str, policy: Policy| StatePolicy {
        states: StateGlob::new(states, is_backend).unwrap(),
        policy,
    };
    let policies = Policies::new(policy(1))
        .with(vec![
            of("net*", policy(3)),
            of(
                "team:*",
                Policy { approver_roles: [network].into(), announce: Some(channel), ..policy(1) },
            ),
            of("env:nothing", policy(2)),
        ])
        .unwrap();
    let sites = Box::pin(Sites::with(policies)).await;
    sites.lock_main("net").await;
    sites.lock_team("net").await;
    sites.learn().await;
    let (catalog, policies) =
        (&sites.office.context.reading.catalog, &sites.office.context.policies);
    let approvals = |name: &str| {
        let state = catalog.resolve(name).unwrap();
        policies.of(&state).approvals.get()
    };
    assert_eq!((approvals("main:net"), approvals("team:net"), approvals("main:x")), (3, 1, 1));
    let request = sites.office.open(&actor("olga", &[]), "main:net").await;
    sites.office.approve(&approver("alice"), request).await;
    assert_eq!(sites.office.outcome(request).await, "Pending");
    // The clearings of `team` go to its own channel.
    for lookout in sites.lookouts() {
        lookout.pass().await.unwrap();
    }
    sites.team.delete(TEAM_PATH).await;
    for lookout in sites.lookouts() {
        lookout.pass().await.unwrap();
    }
    assert!(free(&sites, channel).contains("team:net is free"));
    assert_eq!(free(&sites, ANNOUNCE), "");
}

#[tokio::test]
async fn the_command_line_names_what_a_list_lacks_and_ends_with_3() {
    let (db, team) = tokio::join!(DynamoDb::start(), DynamoDb::start());
    let proxy = Proxy::start(&team.endpoint()).await;
    let program = Program::at(&db.endpoint()).set("LOCKTENDER_CONFIG", "locktender.toml");
    let file = format!(
        "[[backend]]\nname = 'main'\nbucket = 'states'\ndynamodb_table = '{TABLE}'\n\
         [[backend]]\nname = 'team'\nbucket = 'team-states'\ndynamodb_table = '{TABLE}'\n\
         endpoint = '{}'\n",
        proxy.endpoint()
    );
    std::fs::write(program.folder().join("locktender.toml"), file).unwrap();
    db.lock("env/prod/terraform.tfstate").await;
    let path = TEAM_PATH.to_owned().try_into().unwrap();
    team.sandbox.lock(&path, &record(&path)).await.unwrap();

    let names = |ran: &Ran| -> Vec<String> {
        let all: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let all = all.as_array().unwrap().iter();
        all.map(|state| state["state"].as_str().unwrap().to_owned()).collect()
    };
    let all = program.run(&["list", "--json"]).await;
    assert_eq!((names(&all), all.code), (vec!["env/prod".to_owned(), "net".to_owned()], Some(0)));
    let one = program.run(&["status", "net", "--json", "--exit-code"]).await;
    assert!(one.stdout.starts_with(r#"{"state":"net","path":"team-states/net/"#), "{one:?}");
    assert_eq!(one.code, Some(1));

    proxy.rule(|_| Fate::Answer(403, DENIED.to_owned()));
    let rest = program.run(&["list", "--json"]).await;
    assert_eq!((names(&rest), rest.code), (vec!["main:env/prod".to_owned()], Some(3)));
    insta::assert_snapshot!(rest.stderr, @"⚠️ The locks of team are missing here. The lock table `locks` refused access: allow dynamodb:Scan on it");
    let other = program.run(&["status", "main:env/prod"]).await;
    assert_eq!((other.code, other.stderr.as_str()), (Some(0), ""));
    let down = program.run(&["status", "net"]).await;
    assert_eq!(down.code, Some(3), "{down:?}");
}
