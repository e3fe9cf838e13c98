//! The form of a call, checked without running it.

use std::fs;

use clap::Parser;
use clap::error::ErrorKind;
use locktender::settings::Cli;

use super::blocks::root;

/// Folders of the repository. A word that begins with one names a file.
const FOLDERS: [&str; 6] = ["benches/", "deploy/", "docs/", "fuzz/", "src/", "tests/"];

/// Files that a reader or a tool makes.
const MADE: [&str; 2] = ["deploy/kubernetes/ours", "fuzz/corpus/message"];

/// A call by the program that it leads to: `cargo run -- demo` is `locktender demo`.
pub fn led(call: &[String]) -> Vec<String> {
    let words: Vec<&str> = call.iter().map(String::as_str).collect();
    let (["cargo", "run", "--", rest @ ..] | ["sudo", "locktender", rest @ ..]) = words.as_slice()
    else {
        return call.to_owned();
    };
    ["locktender"].iter().chain(rest).map(|word| (*word).to_owned()).collect()
}

/// Checks what can be known of a call without running it.
///
/// # Errors
/// What is wrong with it.
pub fn check(call: &[String]) -> Result<(), String> {
    let said = call.join(" ");
    for word in call {
        let path = word.trim_end_matches('/');
        let is_path = FOLDERS.iter().any(|folder| path.starts_with(folder));
        if is_path && !path.contains('*') && !MADE.contains(&path) && !root().join(path).exists() {
            return Err(format!("`{said}` names {word}, which is not there"));
        }
    }
    match call.first().map(String::as_str) {
        Some("locktender") => {
            Cli::try_parse_from(call).map(drop).map_err(|error| format!("`{said}`: {error}"))
        }
        Some("cargo") => check_targets(&said, call),
        _ => Ok(()),
    }
}

/// Checks a call that stands within a sentence, such as `locktender audit` or `locktender status STATE`.
///
/// # Errors
/// What is wrong with it.
pub fn check_mention(said: &str) -> Result<(), String> {
    // Words of a usage line.
    let words = said.replace(['[', ']'], "").replace("SHELL", "bash");
    match Cli::try_parse_from(words.split_whitespace()) {
        Ok(_) => Ok(()),
        Err(error) => match error.kind() {
            // The sentence is about all of its subcommands, or leaves out what follows.
            ErrorKind::MissingSubcommand
            | ErrorKind::MissingRequiredArgument
            | ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Ok(()),
            _ => Err(format!("`{said}`: {error}")),
        },
    }
}

/// The targets that a call of cargo names.
fn check_targets(said: &str, call: &[String]) -> Result<(), String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for (option, name) in call.iter().zip(call.iter().skip(1)) {
        let is_there = match option.as_str() {
            "--test" => root().join(format!("tests/{name}/main.rs")).exists(),
            "--bench" => manifest.contains(&format!("[[bench]]\nname = \"{name}\"")),
            // After the test binary comes the folder of its tests.
            "it" => root().join(format!("tests/it/{name}.rs")).exists() || folder_has(name),
            "none" => root().join(format!("fuzz/fuzz_targets/{name}.rs")).exists(),
            _ => true,
        };
        if !is_there {
            return Err(format!("`{said}`: there is no {name}"));
        }
    }
    Ok(())
}

/// Whether a folder of tests has a file of this name.
fn folder_has(name: &str) -> bool {
    let folders = fs::read_dir(root().join("tests/it")).unwrap();
    let mut folders = folders.map(|entry| entry.unwrap().path());
    folders.any(|folder| folder.join(format!("{name}.rs")).exists())
}
