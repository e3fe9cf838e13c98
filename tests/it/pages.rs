//! The completions of shells and the manual page, printed without any setting.

use std::process::{Command, Stdio};

use clap::CommandFactory;
use locktender::settings::{self, Cli};

use crate::support::program::{Program, Ran};

/// Every command with the commands above it, such as `locktender audit list`.
fn commands() -> Vec<String> {
    let leaves = |parents: String, command: &clap::Command| -> Vec<String> {
        let own = format!("{parents} {}", command.get_name());
        let below = command.get_subcommands().map(|it| format!("{own} {}", it.get_name()));
        let below: Vec<String> = below.collect();
        if below.is_empty() { vec![own] } else { below }
    };
    let command = Cli::command();
    command.get_subcommands().flat_map(|it| leaves("locktender".to_owned(), it)).collect()
}

/// Whether a program accepts a file. `None` if this machine does not have it.
fn accepts(program: &str, arguments: &[&str], script: &str) -> Option<bool> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script).unwrap();
    let mut command = Command::new(program);
    let command = command.args(arguments).arg(file.path()).stdout(Stdio::null());
    command.status().ok().map(|status| status.success())
}

/// The program where each setting that it could read is wrong.
async fn beside_wrong_settings(arguments: &[&str]) -> Ran {
    let program =
        Program::new().set("LOCKTENDER_LOG", "a=b=c").set("LOCKTENDER_CONFIG", "/nowhere");
    std::fs::write(program.folder().join(".env"), "DISCORD_TOKEN='very secret\n").unwrap();
    program.run(arguments).await
}

#[tokio::test]
async fn each_shell_gets_a_script_with_every_command_and_no_setting_is_needed() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = beside_wrong_settings(&["completions", shell]).await;
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{shell}: {ran:?}");
        for command in commands() {
            let last = command.rsplit(' ').next().unwrap();
            assert!(ran.stdout.contains(last), "{shell} does not complete {command}");
        }
        assert!(ran.stdout.contains("state-bucket"), "{shell}");
        let checked = match shell {
            "bash" => accepts("bash", &["-n"], &ran.stdout),
            "zsh" => accepts("zsh", &["-n"], &ran.stdout),
            "fish" => accepts("fish", &["--no-execute"], &ran.stdout),
            _ => None,
        };
        assert_ne!(checked, Some(false), "{shell} does not take its script");
    }
    let unknown = Program::new().run(&["completions", "cmd"]).await;
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(2), ""), "{unknown:?}");
}

#[tokio::test]
async fn bash_offers_the_commands() {
    let script = Program::new().run(&["completions", "bash"]).await.stdout;
    let ask = |words: &str, at: usize| {
        let ask = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD={at}\n_locktender locktender \"${{COMP_WORDS[{at}]}}\" ''\n\
             echo \"${{COMPREPLY[@]}}\""
        );
        let said = Command::new("bash").args(["--norc", "-c", &ask]).output().ok()?;
        Some(String::from_utf8(said.stdout).unwrap().trim().to_owned())
    };
    // Without bash there is nothing to ask.
    let Some(first) = ask("locktender st", 1) else { return };
    assert_eq!(first, "status");
    assert_eq!(ask("locktender audit v", 2).unwrap(), "verify");
}

#[tokio::test]
async fn the_manual_has_every_command_and_every_setting() {
    let ran = beside_wrong_settings(&["man"]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    let page = ran.stdout.replace("\\-", "-");
    assert!(page.contains(".TH locktender 1"), "{page}");
    for command in commands() {
        assert!(page.contains(&format!(".SS \"{command}")), "{command} is missing");
    }
    for setting in Cli::command().get_arguments().filter_map(clap::Arg::get_env) {
        assert!(page.contains(setting.to_str().unwrap()), "{setting:?} is missing");
    }
    let checked = accepts("groff", &["-man", "-Tutf8", "-ww"], &ran.stdout);
    assert_ne!(checked, Some(false), "groff does not take it");
    assert_eq!(settings::manual().unwrap(), ran.stdout.into_bytes());
}
