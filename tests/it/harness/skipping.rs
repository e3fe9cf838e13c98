//! A test without its tools prints that, or fails where the tools are required.

use std::process::{Command, Output};

/// An end-to-end test of this binary.
const TEST: &str = "harness::a_killed_apply_leaves_a_row_with_the_documented_fields";

#[test]
fn a_missing_tool_skips_with_one_line() {
    let run = without_tools("0");

    assert!(run.status.success(), "{run:?}");
    assert_eq!(String::from_utf8_lossy(&run.stderr), "skipped: terraform not found\n");
    assert!(String::from_utf8_lossy(&run.stdout).contains("1 passed"), "{run:?}");
}

#[test]
fn a_missing_tool_fails_where_it_is_required() {
    let run = without_tools("1");

    assert!(!run.status.success(), "{run:?}");
    let stdout = String::from_utf8_lossy(&run.stdout);
    assert!(stdout.contains("terraform not found, and LOCKTENDER_REQUIRE_E2E=1"), "{stdout}");
}

/// Runs one test in a process with an empty search path.
fn without_tools(required: &str) -> Output {
    let nowhere = tempfile::tempdir().unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST])
        .env("PATH", nowhere.path())
        .env_remove("LOCKTENDER_MOTO_SERVER")
        .env("LOCKTENDER_REQUIRE_E2E", required)
        .output()
        .unwrap()
}
