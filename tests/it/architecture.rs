//! The invariants of docs/ARCHITECTURE.md, read off the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// Every source file with its path under `src`, comments left out: they may name what they like.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().display().to_string();
                files.push((name, without_comments(&fs::read_to_string(&path).unwrap())));
            }
        }
    }
    assert!(files.len() > 20, "the sources were not found");
    files
}

fn without_comments(source: &str) -> String {
    let code = |line: &&str| !line.trim_start().starts_with("//");
    source.lines().filter(code).collect::<Vec<_>>().join("\n")
}

/// Asserts that no file for which `in_scope` holds has one of the words.
fn assert_absent(words: &[&str], in_scope: impl Fn(&str) -> bool) {
    for (file, source) in sources() {
        for word in words {
            assert!(!in_scope(&file) || !source.contains(word), "src/{file} has {word:?}");
        }
    }
}

#[test]
fn the_rules_do_no_io_and_read_no_clock() {
    let words = ["tokio", "serenity", "aws_", "std::fs", "std::net", "std::env", "::now()"];
    let rules = ["lock/", "unlock/", "watch/", "audit/"];
    assert_absent(&words, |file| rules.iter().any(|folder| file.starts_with(folder)));
}

#[test]
fn only_the_discord_adapter_knows_serenity() {
    assert_absent(&["serenity"], |file| !file.starts_with("discord/"));
}

#[test]
fn only_the_aws_adapter_knows_the_sdk() {
    assert_absent(&["aws_"], |file| !file.starts_with("aws/"));
}

#[test]
fn only_the_composition_root_names_both_adapters() {
    for (file, source) in sources() {
        let both = source.contains("crate::discord") && source.contains("crate::aws");
        assert!(!both || file == "app.rs", "src/{file} names both adapters");
    }
    assert_absent(&["crate::aws", "crate::console"], |file| file.starts_with("discord/"));
    assert_absent(&["crate::discord", "crate::console"], |file| file.starts_with("aws/"));
    assert_absent(&["crate::discord", "crate::aws"], |file| file.starts_with("console/"));
}

#[test]
fn commands_answer_in_data() {
    let words = ["crate::discord", "crate::aws", "crate::console", "println!", "tokio::"];
    assert_absent(&words, |file| file.starts_with("commands/"));
}

/// What can remove something from a table or a bucket.
const DELETES: [&str; 6] = [
    "delete_item",
    "delete_object",
    "batch_write_item",
    "delete_table",
    "Delete::builder",
    "DeleteRequest",
];

#[test]
fn locks_are_deleted_in_one_file_and_nowhere_without_the_right_to_it() {
    // The bot's own items are removed where they are kept, which knows no lock table and no bucket.
    let own = ["aws/own.rs", "aws/plan.rs", "aws/hold_items.rs"];
    assert_absent(&DELETES, |file| file != "aws/release.rs" && !own.contains(&file));
    let all = sources();
    let source = |name: &str| &all.iter().find(|(file, _)| file == name).unwrap().1;
    for name in own {
        assert!(!source(name).contains("lockfile_key") && !source(name).contains("rows::KEY"));
    }
    let release = source("aws/release.rs");
    let signatures = release.matches("pub(super) ").count();
    assert_eq!(signatures, release.matches("unlock: &ApprovedUnlock").count(), "{release}");
}

#[test]
fn only_the_rules_give_the_right_to_a_release() {
    for (file, source) in sources() {
        let makes =
            source.contains("ApprovedUnlock {") && !source.contains("struct ApprovedUnlock");
        assert!(!makes, "src/{file} makes an ApprovedUnlock");
        let sets = source.contains("Status::Executing;") || source.contains("status: Status");
        assert!(!sets || file.starts_with("unlock/"), "src/{file} sets a request's status");
    }
}

#[test]
fn the_wall_clock_is_read_in_one_file() {
    assert_absent(&["Utc::now", "SystemTime::now", "Local::now"], |file| file != "clock.rs");
}
