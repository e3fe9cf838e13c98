//! Checks the invariants of docs/ARCHITECTURE.md against the sources.

use std::fs;
use std::path::Path;

/// Every file and folder in a folder of the project, as a path relative to it. A folder's path ends in `/`.
fn paths(within: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(within);
    let mut folders = vec![root.clone()];
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            if path.is_dir() {
                paths.push(name + "/");
                folders.push(path);
            } else {
                paths.push(name);
            }
        }
    }
    paths
}

/// Every source file with its path under `src`, without comments. Comments may use any word.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let is_source = |file: &String| Path::new(file).extension().is_some_and(|end| end == "rs");
    let files = paths("src").into_iter().filter(is_source).map(|file| {
        let source = without_comments(&fs::read_to_string(root.join(&file)).unwrap());
        (file, source)
    });
    let files: Vec<_> = files.collect();
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
    let rules = ["lock/", "unlock/", "watch/", "audit/", "lease.rs"];
    assert_absent(&words, |file| rules.iter().any(|folder| file.starts_with(folder)));
}

/// The modules from the inside out. Each may import those before it.
const RINGS: [&str; 20] = [
    "people", "lease", "lock", "text", "audit", "unlock", "watch", "command", "message", "error",
    "ports", "doctor", "finding", "figures", "context", "conflict", "words", "picture", "release",
    "commands",
];

#[test]
fn no_module_imports_one_further_out() {
    let ring_of = |name: &str| RINGS.iter().position(|ring| *ring == name);
    for (file, source) in sources() {
        let module = file.split('/').next().unwrap().trim_end_matches(".rs");
        let is_test = file.contains("/tests");
        let Some(ring) = ring_of(module).filter(|_| !is_test) else { continue };
        let tests = source.find("#[cfg(test)]\nmod tests {").unwrap_or(source.len());
        for path in source[..tests].split("crate::").skip(1) {
            let imported = path.split(|c: char| !c.is_ascii_lowercase()).next().unwrap();
            let further_out = ring_of(imported).is_some_and(|other| other > ring);
            assert!(!further_out, "src/{file} imports {imported}");
        }
    }
}

#[test]
fn only_the_discord_adapter_knows_serenity() {
    assert_absent(&["serenity"], |file| !file.starts_with("discord/"));
}

#[test]
fn only_the_aws_adapter_knows_the_sdk() {
    // The names of metrics are in one file, and are no crates.
    let is_elsewhere = |file: &str| !file.starts_with("aws/") && file != "metrics/catalog.rs";
    assert_absent(&["aws_"], is_elsewhere);
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

#[test]
fn pictures_are_drawn_in_one_folder_without_io() {
    assert_absent(&["resvg", "<svg"], |file| !file.starts_with("picture/"));
    let words = ["tokio", "serenity", "aws_", "std::fs", "std::net", "std::env", "::now()"];
    assert_absent(&words, |file| file.starts_with("picture/"));
}

#[test]
fn sentences_are_made_in_one_folder() {
    // `message` has the parts of a sentence. Unit tests are cut off.
    for (file, source) in sources() {
        let source = source.split("#[cfg(test)]\nmod tests").next().unwrap();
        let makes = [
            " Message::new(",
            "(Message::new(",
            "Message::sentence(",
            "Text::own(",
            "Text::quoted(",
        ];
        let makes = makes.into_iter().find(|makes| source.contains(makes));
        let may = file.starts_with("words/") || file.starts_with("message");
        assert!(may || makes.is_none(), "src/{file} has {makes:?}");
    }
}

#[test]
fn releases_workers_and_words_need_no_command() {
    let inner = ["release/", "workers/", "words/", "finding.rs", "context.rs", "assess.rs"];
    assert_absent(&["crate::commands"], |file| inner.iter().any(|inner| file.starts_with(inner)));
}

/// Calls that can remove something from a table or a bucket.
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
    // These files remove the bot's own items. They know no lock table and no bucket.
    let own = ["aws/own/mod.rs", "aws/ledger/plan.rs", "aws/own/hold_items.rs"];
    // These delete nothing of others: see the next test.
    let tries = ["aws/doctor/tries.rs", "aws/doctor/probe.rs"];
    assert_absent(&DELETES, |file| {
        file != "aws/locks/deletes.rs" && !own.contains(&file) && !tries.contains(&file)
    });
    let all = sources();
    let source = |name: &str| &all.iter().find(|(file, _)| file == name).unwrap().1;
    for name in own {
        assert!(!source(name).contains("lockfile_key") && !source(name).contains("rows::KEY"));
    }
    let release = source("aws/locks/deletes.rs");
    let functions: Vec<&str> = release.split("\nfn ").flat_map(|it| it.split(" fn ")).collect();
    let deleting = functions.iter().filter(|it| DELETES.iter().any(|call| it.contains(call)));
    // The first piece is what is before all functions.
    for function in deleting.skip(1) {
        let demands = function.split('{').next().unwrap().contains("unlock: &ApprovedUnlock");
        assert!(demands, "{function}");
    }
    let tool = source("aws/locks/force_unlock.rs");
    assert!(tool.contains("fn force(&self, unlock: &ApprovedUnlock)"), "{tool}");
}

#[test]
fn what_the_doctor_tries_can_change_nothing() {
    let all = sources();
    let source = |name: &str| &all.iter().find(|(file, _)| file == name).unwrap().1;
    let tries = source("aws/doctor/tries.rs");
    let count = |words: &str| tries.matches(words).count();
    let writes = [".put_item()", ".update_item()", ".delete_item()"].map(count);
    assert_eq!(writes.iter().sum::<usize>(), count(".condition_expression(NEVER)"));
    assert_eq!(count(".delete_object()"), count(".if_match(NO_ETAG)"));
    // The other file writes and deletes an object of its own.
    let probe = source("aws/doctor/probe.rs");
    assert!(!probe.contains("lockfile") && !probe.contains("dynamodb") && !probe.contains("_item"));
    assert_eq!(probe.matches(".bucket(").count(), probe.matches(".key(").count());
    assert!(probe.contains(r#"format!("{PREFIX}{:016x}""#));
}

#[test]
fn the_doctor_makes_findings_of_facts_without_io() {
    let words = ["tokio", "serenity", "aws_", "std::fs", "std::net", "std::env", "::now()"];
    assert_absent(&words, |file| file.starts_with("doctor/"));
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

#[test]
fn the_pages_name_no_source_file_that_is_not_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "tests", "benches", "docs", "migrations", "deploy"];
    let with_folder =
        |folder| paths(folder).into_iter().map(move |path| format!("/{folder}/{path}"));
    let files: Vec<String> = folders.into_iter().flat_map(with_folder).collect();
    for page in ["docs/ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        let is_path = |word: &&str| {
            let is_word = !word.contains(|c: char| c.is_whitespace() || "*(<".contains(c));
            is_word && word.contains('/') && (word.contains(".rs") || word.ends_with('/'))
        };
        let named = text.split('`').filter(is_path);
        for name in named {
            let is_it = |file: &String| file.contains(&format!("/{name}"));
            assert!(files.iter().any(is_it), "{page} names `{name}`");
        }
    }
}

#[test]
fn the_pages_link_to_no_file_that_is_not_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let within = |folder| paths(folder).into_iter().map(move |page| format!("{folder}/{page}"));
    let at_the_top = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
    let pages = at_the_top.map(str::to_owned).into_iter();
    let pages = pages.chain(["docs", "deploy"].into_iter().flat_map(within));
    let mut links = 0;
    for page in pages.filter(|page| Path::new(page).extension().is_some_and(|end| end == "md")) {
        let text = fs::read_to_string(root.join(&page)).unwrap();
        let folder = root.join(&page).parent().unwrap().to_owned();
        let written = text.split("](").skip(1).map(|link| link.split_once(')').unwrap().0);
        let attributes = ["src=\"", "srcset=\""].into_iter();
        let pictures = attributes.flat_map(|name| text.split(name).skip(1));
        let pictures = pictures.map(|file| file.split_once('"').unwrap().0);
        for link in written.chain(pictures) {
            let file = link.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            assert!(folder.join(file).exists(), "{page} links to {file}");
            links += 1;
        }
    }
    assert!(links > 50, "the links were not found");
}

#[test]
fn the_threat_model_names_no_file_and_no_test_that_is_not_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let (_, model) = text.split_once("\n## Threat model\n").expect("a threat model");
    let read = |folder: &str| -> String {
        let files = paths(folder)
            .into_iter()
            .filter(|path| Path::new(path).extension().is_some_and(|end| end == "rs"));
        files.map(|path| fs::read_to_string(root.join(folder).join(path)).unwrap()).collect()
    };
    let sources = read("src") + &read("tests");
    let mut named = 0;
    for word in model.split('`').skip(1).step_by(2) {
        let is_test = word.matches('_').count() > 2 && !word.contains(|c: char| c.is_uppercase());
        let is_target = root.join("fuzz/fuzz_targets").join(format!("{word}.rs")).exists();
        if is_test {
            assert!(sources.contains(&format!("fn {word}(")), "SECURITY.md names the test {word}");
            named += 1;
        } else if word.contains('/') && word.contains(".rs") {
            assert!(root.join(word).exists(), "SECURITY.md names {word}");
        } else if ["lock_record", "typed_name", "stored_item", "message"].contains(&word) {
            assert!(is_target, "SECURITY.md names the fuzz target {word}");
        }
    }
    assert!(named > 20, "the tests were not found");
}
