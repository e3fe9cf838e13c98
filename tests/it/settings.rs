//! `--help`, `.env.example` and the README agree about every setting, and mistakes are reported.

mod check;
mod file;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use clap::{CommandFactory, Parser};
use locktender::people::{ChannelId, RoleId};
use locktender::settings::{Cli, Settings};
use locktender::unlock::Asking;

/// The variable and the default of every setting in the program.
fn program() -> BTreeMap<String, Option<String>> {
    let command = Cli::command();
    let settings = command.get_arguments().filter_map(|argument| {
        let variable = argument.get_env()?.to_str().unwrap().to_owned();
        let flag = argument.get_long().unwrap();
        let of_variable = variable.trim_start_matches("LOCKTENDER_").to_lowercase();
        assert_eq!(flag.replace('-', "_"), of_variable, "flag and variable have the same name");
        assert!(argument.get_help().is_some(), "{variable} has a help text");
        let default = argument.get_default_values().first();
        Some((variable, default.map(|value| value.to_str().unwrap().to_owned())))
    });
    settings.collect()
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

#[test]
fn the_example_file_has_every_setting_with_its_default() {
    let text = read(".env.example");
    let is_variable = |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let example: BTreeMap<String, Option<String>> = text
        .lines()
        .filter_map(|line| line.trim_start_matches('#').split_once('='))
        .filter(|(name, _)| is_variable(name))
        .map(|(name, value)| {
            (name.to_owned(), Some(value.to_owned()).filter(|value| !value.is_empty()))
        })
        .collect();
    assert_eq!(example, program());
}

#[test]
fn the_readme_has_every_setting_with_its_default() {
    let text = read("README.md");
    let cell = |text: &str| text.trim().trim_matches('`').to_owned();
    let table: BTreeMap<String, Option<String>> = text
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split('|');
            let variable = cell(cells.next()?);
            let default = cells.next()?.trim();
            (variable.starts_with("DISCORD_") || variable.starts_with("LOCKTENDER_"))
                .then(|| (variable, default.starts_with('`').then(|| cell(default))))
        })
        .collect();
    assert_eq!(table, program());
}

#[test]
fn help_is_what_it_was() {
    for name in ["", "run", "demo", "status", "list", "report", "doctor", "config"] {
        let mut command = Cli::command().term_width(100);
        command.build();
        let mut command = match name {
            "" => command,
            name => command.find_subcommand(name).unwrap().clone(),
        };
        insta::assert_snapshot!(format!("help_{name}"), command.render_help());
    }
}

/// The settings from these arguments only. The environment of the test run has no effect, because a flag
/// overrides its variable and every variable has a flag here.
fn settings(flags: &[&str]) -> Settings {
    let all = [
        "--discord-guild-id=",
        "--discord-api-url=",
        "--state-bucket=",
        "--state-key=",
        "--workspace-key-prefix=env:",
        "--lock-table=",
        "--use-lockfile=",
        "--config=",
        "--log=",
        "--log-format=",
    ];
    let name = |flag: &str| flag.split('=').next().unwrap().to_owned();
    let unset = all.iter().filter(|unset| flags.iter().all(|flag| name(flag) != name(unset)));
    let arguments = ["locktender", "run"].iter().chain(flags).chain(unset);
    Cli::try_parse_from(arguments).unwrap().settings
}

#[test]
fn a_mistake_is_told_in_one_sentence_with_its_variable() {
    let mut told = Vec::new();
    let mut backends = |flags: &[&str]| {
        let error = settings(flags).backends().map(drop).unwrap_err();
        told.push(format!("{flags:?}\n  {error}"));
    };
    backends(&[]);
    backends(&["--state-bucket=b"]);
    backends(&["--state-bucket=s3://b/c", "--lock-table=t"]);
    backends(&["--state-bucket=b", "--lock-table=t", "--state-key=terraform.tfstate"]);
    backends(&["--state-bucket=b", "--use-lockfile=maybe"]);
    let mut discord = |flags: &[&str]| {
        let error = settings(flags).discord().map(drop).unwrap_err();
        told.push(format!("{flags:?}\n  {error}"));
    };
    discord(&["--discord-token="]);
    discord(&["--discord-token=x"]);
    discord(&["--discord-token=x", "--discord-guild-id=my-server"]);
    discord(&["--discord-token=x", "--discord-guild-id=1", "--discord-api-url=discord.test"]);
    let mut policy = |flag: &str| {
        let error = settings(&["--approver-role-ids=1", flag]).policy().map(drop).unwrap_err();
        told.push(format!("{flag}\n  {error}"));
    };
    policy("--requester-role-ids=ops");
    policy("--request-channel-ids=7,#ops");
    policy("--request-channel-ids= , ");
    let mut report_at = |flags: &[&str]| {
        let error = settings(flags).report_at().map(drop).unwrap_err();
        told.push(format!("{flags:?}\n  {error}"));
    };
    report_at(&["--report-at=weekly", "--announce-channel-id=1"]);
    report_at(&["--report-at=monday 09:00", "--announce-channel-id="]);
    for flag in ["--log-format=xml", "--log=verbose", "--log=locktender=loud"] {
        told.push(format!("{flag}\n  {}", settings(&[flag]).log().unwrap_err()));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let backends = settings(&["--state-bucket=b", "--lock-table= ", "--use-lockfile=true"]);
    let backends = backends.backends().unwrap();
    assert_eq!(backends[0].lock_table(), None);
    assert_eq!(backends[0].lockfile_bucket(), Some("b"));
}

#[test]
fn who_may_ask_where_is_anybody_anywhere_until_it_is_set() {
    let asking = |flags: &[&str]| {
        let flags = [&["--approver-role-ids=1"], flags].concat();
        settings(&flags).policy().unwrap().asking
    };
    assert_eq!(asking(&["--requester-role-ids= "]), Asking::default());
    let set = asking(&["--requester-role-ids=3, 4,", "--request-channel-ids=7"]);
    assert_eq!(set.roles, [3, 4].map(RoleId::new).into());
    assert_eq!(set.channels, [7].map(ChannelId::new).into());
}

#[test]
fn the_api_url_is_taken_with_and_without_its_version() {
    for url in ["http://a:1", "http://a:1/", "http://a:1/api", "http://a:1/api/v10/"] {
        let flag = format!("--discord-api-url={url}");
        let discord = settings(&["--discord-token=x", "--discord-guild-id=1", &flag]).discord();
        assert_eq!(discord.unwrap().api_url.as_deref(), Some("http://a:1"), "{url}");
    }
}

#[test]
fn the_token_is_in_no_debug_output() {
    let settings = settings(&["--discord-token=very-secret", "--discord-guild-id=1"]);
    assert!(!format!("{settings:?}").contains("very-secret"));
    assert!(!format!("{:?}", settings.discord().unwrap()).contains("very-secret"));
}
