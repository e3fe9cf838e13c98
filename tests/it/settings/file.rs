//! The TOML file: what it means, and how its mistakes are drawn.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use locktender::lock::{Access, BackendName, BackendStores, State, StateName, StatePath};
use locktender::people::{ChannelId, RoleId, UserId};
use locktender::settings::{BACKEND_KEYS, Config, HOLDER_KEYS, POLICY_KEYS};
use locktender::unlock::{Asking, Policies, Policy};
use proptest::prelude::*;

use super::{read, settings};

fn main() -> BackendName {
    BackendName::new("main").unwrap()
}

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, "locktender.toml", &main())
}

fn general() -> Policy {
    let flags = ["--approver-role-ids=1", "--requester-role-ids=2", "--announce-channel-id=3"];
    settings(&flags).policy().unwrap()
}

/// The rules of a state by a file. The state's name has its backend, as in `main:env/prod`.
fn rules(text: &str, state: &str) -> Policy {
    let config = parse(text).unwrap();
    let by_state = config.policies.iter().map(|policy| policy.over(&general())).collect();
    let policies = Policies::new(general()).with(by_state).unwrap();
    let (backend, _) = state.split_once(':').unwrap();
    let state = State {
        name: serde_json::from_value::<StateName>(state.into()).unwrap(),
        path: StatePath::parse("bucket/key").unwrap(),
        backend: BackendName::new(backend).unwrap(),
    };
    policies.of(&state).clone()
}

#[test]
fn a_backend_has_the_defaults_of_the_variables() {
    let config = parse("[[backend]]\nname = 'a'\nbucket = 'b'\nuse_lockfile = true").unwrap();
    let flags = ["--state-bucket=b", "--use-lockfile=true"];
    let of_environment = settings(&flags).backends().unwrap().remove(0);
    let of_file = &config.backends[0];
    assert_eq!(of_file.backend().key, of_environment.backend().key);
    assert_eq!(
        of_file.backend().workspace_key_prefix,
        of_environment.backend().workspace_key_prefix
    );
    assert_eq!((of_file.lock_table(), of_file.lockfile_bucket()), (None, Some("b")));
    assert_eq!(of_file.access(), &Access::default());
}

#[test]
fn every_key_of_a_backend_counts() {
    let text = r#"
        [[backend]]
        name = "a"
        bucket = "b"
        key = "team/{state}.tfstate"
        workspace_key_prefix = ""
        region = "eu-west-1"
        profile = "ci"
        role_arn = "arn:aws:iam::123456789012:role/x"
        external_id = "e"
        endpoint = "http://minio:9000/"
        dynamodb_table = "t"
    "#;
    let stores: BackendStores = parse(text).unwrap().backends.remove(0);
    let backend = stores.backend();
    assert_eq!(
        (backend.name.as_str(), &*backend.bucket, &*backend.workspace_key_prefix),
        ("a", "b", "")
    );
    assert_eq!(backend.key.to_string(), "team/{state}.tfstate");
    assert_eq!((stores.lock_table(), stores.lockfile_bucket()), (Some("t"), None));
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        stores.access(),
        &Access {
            region: text("eu-west-1"),
            profile: text("ci"),
            role_arn: text("arn:aws:iam::123456789012:role/x"),
            external_id: text("e"),
            endpoint: text("http://minio:9000"),
        }
    );
}

#[test]
fn every_key_of_a_policy_counts() {
    let text = r#"
        [[policy]]
        states = "env/prod"
        approvers = ["11", "12"]
        requesters = ["13"]
        approvals = 10
        request_ttl = "1h30m"
        stale_after = "1d"
        announce_channel = "14"
        announce_min_hold = "0"
        request_channels = ["15"]
    "#;
    let expected = Policy {
        approver_roles: BTreeSet::from([11, 12].map(RoleId::new)),
        approvals: 10.try_into().unwrap(),
        request_ttl: TimeDelta::minutes(90),
        stale_after: TimeDelta::days(1),
        announce: Some(ChannelId::new(14)),
        announce_min_hold: TimeDelta::zero(),
        asking: Asking {
            roles: BTreeSet::from([RoleId::new(13)]),
            channels: BTreeSet::from([ChannelId::new(15)]),
        },
    };
    assert_eq!(rules(text, "main:env/prod"), expected);
    assert_eq!(rules(text, "main:env/dev"), general());
}

#[test]
fn the_last_policy_that_matches_wins_as_a_whole() {
    let text = r#"
        [[policy]]
        states = "env/*"
        approvals = 3
        approvers = ["9"]
        [[policy]]
        states = "env/prod*"
        approvals = 2
    "#;
    let expected = Policy { approvals: 2.try_into().unwrap(), ..general() };
    assert_eq!(rules(text, "main:env/prod@blue"), expected, "nothing of the first policy");
    assert_eq!(rules(text, "main:env/dev").approvals.get(), 3);
}

#[test]
fn a_pattern_that_names_a_backend_matches_in_it_alone() {
    let backend = |name: &str| {
        format!("[[backend]]\nname = '{name}'\nbucket = '{name}'\nuse_lockfile = true\n")
    };
    let policy = |states: &str| format!("[[policy]]\nstates = '{states}'\napprovals = 2\n");
    let approvals = |states: &str, state: &str| {
        let text = [backend("main"), backend("pay"), policy(states)].concat();
        rules(&text, state).approvals.get()
    };
    assert_eq!(approvals("pay:*", "pay:env/prod"), 2);
    assert_eq!(approvals("pay:*", "main:env/prod"), 1);
    assert_eq!(approvals("env/*", "pay:env/prod"), 2);
    assert_eq!(approvals("env/*", "main:env/prod"), 2);
}

#[test]
fn a_holder_has_the_member_of_the_last_pattern() {
    let text = "[[holder]]\nwho = '*@ci'\ndiscord_user = '1'\n\
                [[holder]]\nwho = 'bob@*'\ndiscord_user = '2'";
    let holders = parse(text).unwrap().holders;
    assert_eq!(holders.of("alice@ci"), Some(UserId::new(1)));
    assert_eq!(holders.of("bob@ci"), Some(UserId::new(2)));
    assert_eq!(holders.of("mallory@pc"), None);
}

#[test]
fn a_file_may_be_empty_and_begin_with_a_byte_order_mark() {
    for text in [
        "",
        "# nothing\n",
        "\u{feff}[[policy]]\nstates = '*'\n",
        "\r\n[[policy]]\r\nstates = '*'\r\n",
    ] {
        assert!(parse(text).unwrap().backends.is_empty(), "{text:?}");
    }
}

#[test]
fn mistakes_are_drawn_at_their_places() {
    let cases = [
        ("syntax", "[[backend]\nname = main\n\n[[policy]]\nstates = \"*\nstates = '*'\n"),
        (
            "unknown keys",
            "[[backends]]\n[[freeze]]\n[[policy]]\nstates = '*'\nalive = 'refuse'\naprovers = ['1']\n",
        ),
        ("no list of tables", "holder = 1\nbackend = [1]\n[policy]\nstates = '*'\n"),
        ("nothing in it", "[[backend]]\n[[policy]]\n[[holder]]\n"),
        (
            "wrong types",
            "[[backend]]\nname = 1\nbucket = true\nkey = []\nuse_lockfile = 'true'\ndynamodb_table = 1979-05-27\n",
        ),
        (
            "wrong values",
            "[[backend]]\nname = 'Main'\nbucket = 's3://b'\nkey = 'x'\nrole_arn = 'x'\nendpoint = 'minio'\nregion = ''\nuse_lockfile = true\n",
        ),
        (
            "a tool that does not exist",
            "[[backend]]\nname = 'a'\nbucket = 'b'\nuse_lockfile = true\nrelease_with = 'pulumi'\n",
        ),
        ("no locks", "[[backend]]\nname = 'a'\nbucket = 'b'\nuse_lockfile = false\n"),
        (
            "an external id without a role",
            "[[backend]]\nname = 'a'\nbucket = 'b'\nuse_lockfile = true\nexternal_id = 'e'\n",
        ),
        (
            "ids",
            "[[policy]]\nstates = '*'\napprovers = [1, '2', 'ops', '0', 3.0]\nrequesters = 4\nrequest_channels = []\nannounce_channel = 5\n",
        ),
        ("one id without a list", "[[policy]]\nstates = '*'\napprovers = '1'\n"),
        (
            "times and numbers",
            "[[policy]]\nstates = '*'\napprovals = 0\nrequest_ttl = 30\nstale_after = '2 weeks'\nannounce_min_hold = '-1s'\n[[policy]]\nstates = '*'\napprovals = '2'\nrequest_ttl = '0s'\n[[policy]]\nstates = '*'\napprovals = 99999999999999999999\n",
        ),
        (
            "patterns",
            "[[policy]]\nstates = '[a'\n[[policy]]\nstates = ' '\n[[holder]]\nwho = '{a'\ndiscord_user = '1'\n",
        ),
        (
            "backends that are not there",
            "[[policy]]\nstates = 'mian:env/*'\n[[policy]]\nstates = 'eu:env/*'\n[[policy]]\nstates = '*:env/*'\n",
        ),
        (
            "two backends of one name",
            "[[backend]]\nname = 'a'\nbucket = 'b'\nuse_lockfile = true\n\n[[backend]]\nname = 'a'\nbucket = 'c'\nuse_lockfile = true\n",
        ),
        (
            "one bucket at two endpoints",
            "[[backend]]\nname = 'a'\nbucket = 'b'\nkey = 'a/{state}'\nuse_lockfile = true\n\n[[backend]]\nname = 'c'\nbucket = 'b'\nuse_lockfile = true\nendpoint = 'http://minio'\n",
        ),
        (
            "one key with two locks",
            "[[backend]]\nname = 'a'\nbucket = 'b'\ndynamodb_table = 't'\n\n[[backend]]\nname = 'c'\nbucket = 'b'\ndynamodb_table = 'u'\n",
        ),
        (
            "the same states twice",
            "[[backend]]\nname = 'a'\nbucket = 'b'\ndynamodb_table = 't'\n\n[[backend]]\nname = 'c'\nbucket = 'b'\ndynamodb_table = 't'\n",
        ),
        (
            "what is invisible",
            "[[policy]]\nstates = \"env/\\u202e\"\n\t\"\\u001b[31m\" = 1 # \u{202e}\u{9b}31m\n",
        ),
        ("what is invisible in a syntax error", "[[policy]]\n\t[[x\u{200b}]]\n"),
        (
            "a long line",
            &format!(
                "[[policy]]\nstates = '{}' \n[[policy]]\nstates = '*'\napprovers = [{}1]\n",
                "x".repeat(2_000),
                "'1', ".repeat(100)
            ),
        ),
    ];
    let drawn = cases.map(|(what, text)| {
        let mistakes = parse(text).map(drop).unwrap_err();
        format!("######## {what}\n\n{mistakes}\n")
    });
    insta::assert_snapshot!(drawn.join("\n"));
}

#[test]
fn of_very_many_mistakes_the_first_are_drawn() {
    let drawn = parse(&"[[policy]]\n".repeat(90_000)).map(drop).unwrap_err();
    assert_eq!(drawn.matches("error: ").count(), 20);
    assert!(drawn.starts_with("there are 90000 mistakes in "), "{drawn}");
    assert!(drawn.ends_with("\n\n… and 89980 more"), "{drawn}");
}

#[test]
fn a_mistake_stays_short_whatever_is_in_it() {
    let long = "x".repeat(500_000);
    let backend =
        |at: usize| format!("[[backend]]\nname='b{at}'\nbucket='{at}'\nuse_lockfile=true\n");
    let backends: String = (0..100).map(backend).collect();
    let text = format!("{backends}[[policy]]\nstates = 'mian:x'\n{long} = 1\n");
    let drawn = parse(&text).map(drop).unwrap_err();
    assert!(drawn.contains("there is `b0`, `b1`, ") && drawn.contains("`b11`, …"), "{drawn}");
    assert!(drawn.len() < 2_000, "{drawn}");
}

#[test]
fn backends_in_one_bucket_are_told_apart_by_their_keys() {
    let text = "[[backend]]\nname = 'a'\nbucket = 'b'\nkey = 'a/{state}'\ndynamodb_table = 't'\n\
                [[backend]]\nname = 'c'\nbucket = 'b'\nkey = 'c/{state}'\ndynamodb_table = 'u'\n";
    assert_eq!(parse(text).unwrap().backends.len(), 2);
}

#[test]
fn a_workspace_prefix_in_a_pattern_is_no_backend() {
    assert!(parse("[[policy]]\nstates = 'env:/*/x'\n").is_ok());
    assert!(parse("[[policy]]\nstates = 'bucket/a:b'\n").is_ok());
}

#[test]
fn a_file_that_cannot_be_read_is_told_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let told = |name: &str, bytes: Option<Vec<u8>>| {
        let path = folder.path().join(name);
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        }
        let error = Config::read(&path, &main()).map(drop).unwrap_err();
        error.replace(&folder.path().display().to_string(), "FOLDER")
    };
    let told = [
        told("missing\u{1b}[31m.toml", None),
        told("", None),
        told("latin.toml", Some(b"# a\n# caf\xe9\n".to_vec())),
        told("large.toml", Some(vec![b'#'; (1 << 20) + 1])),
    ];
    insta::assert_snapshot!(told.join("\n"), @r"
    there is no file FOLDER/missing\u{1b}[31m.toml: correct LOCKTENDER_CONFIG
    FOLDER/ is a directory: set LOCKTENDER_CONFIG to a file in it
    the file FOLDER/latin.toml is not UTF-8 at line 2: save it as UTF-8
    the file FOLDER/large.toml is larger than 1 MiB, which no configuration is: correct LOCKTENDER_CONFIG
    ");
    let exact = vec![b'#'; 1 << 20];
    std::fs::write(folder.path().join("exact.toml"), exact).unwrap();
    assert!(Config::read(&folder.path().join("exact.toml"), &main()).is_ok());
}

/// The keys of the tables in the example, also those in comments, by table.
fn example_keys(table: &str) -> BTreeSet<String> {
    let text = read("locktender.example.toml");
    let mut keys = BTreeSet::new();
    let mut within = "";
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("[[") {
            within = heading.trim_end_matches(']');
        } else if let Some((key, _)) = line.trim_start_matches('#').split_once(" = ")
            && within == table
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            keys.insert(key.to_owned());
        }
    }
    keys
}

#[test]
fn the_example_is_right_and_has_every_key() {
    let text = read("locktender.example.toml");
    let config = parse(&text).unwrap();
    assert_eq!(config.backends.len(), 2);
    // The keys that are shown as comments are right too.
    parse(&text.replace("#endpoint", "endpoint")).unwrap();
    let known = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(example_keys("backend"), known(&BACKEND_KEYS));
    assert_eq!(example_keys("policy"), known(&POLICY_KEYS));
    assert_eq!(example_keys("holder"), known(&HOLDER_KEYS));
}

#[test]
fn the_page_of_the_settings_has_every_key() {
    let text = read("docs/SETTINGS.md");
    let row = |table: &str| {
        let row = text.lines().find(|line| line.starts_with(&format!("| `[[{table}]]` |")));
        let cell = row.unwrap().split('|').nth(2).unwrap();
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let known = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(row("backend"), known(&BACKEND_KEYS));
    assert_eq!(row("policy"), known(&POLICY_KEYS));
    assert_eq!(row("holder"), known(&HOLDER_KEYS));
}

/// Pieces of files, so that random ones come near to a right one.
const PIECES: [&str; 24] = [
    "[[backend]]\n",
    "[[policy]]\n",
    "[[holder]]\n",
    "name = 'a'\n",
    "bucket = 'b'\n",
    "states = ",
    "'*'\n",
    "approvers = ",
    "['1']\n",
    "[1]\n",
    "who = ",
    "discord_user = ",
    "\"",
    "'",
    "\n",
    "[",
    "]",
    "{",
    " = ",
    "1",
    "\u{202e}",
    "é🔒",
    "\r\n",
    "#",
];

proptest! {
    #[test]
    fn any_text_ends_in_a_config_or_in_sentences(
        pieces in prop::collection::vec(prop_oneof![
            prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
            ".{0,12}",
        ], 0..30),
    ) {
        let text = pieces.concat();
        if let Err(drawn) = parse(&text) {
            prop_assert!(drawn.contains("--> locktender.toml:"), "{drawn}");
            let hidden = |c: char| locktender::lock::is_invisible(c) && c != '\n';
            prop_assert!(!drawn.contains(hidden), "{drawn:?}");
        }
    }

    #[test]
    fn any_bytes_end_in_a_config_or_in_sentences(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        if let Err(told) = Config::read(file.path(), &main()) {
            prop_assert!(!told.is_empty());
        }
    }
}

#[test]
fn a_value_that_may_be_a_secret_is_not_drawn() {
    let texts = [
        "DISCORD_TOKEN = \"MTIz.sécret\"",
        "DISCORD_TOKEN=MTIz.secret",
        "export DISCORD_TOKEN=MTIz.secret",
        "[[backend]]\nname = 'a'\nbucket = 'b'\nuse_lockfile = true\nexternal_id = 'secret'",
        "[[backend]]\nname = 'a'\nbucket = 'b'\nuse_lockfile = true\naws_secret_access_key = 'secret'",
    ];
    for text in texts {
        let drawn = parse(text).unwrap_err();
        assert!(!drawn.replace("aws_secret_access_key", "").contains("cret"), "{drawn}");
    }
    insta::assert_snapshot!(parse(texts[0]).unwrap_err());
}
