//! The exports: for programs, for spreadsheets, and for auditors who verify without this program.

use std::process::{Command as Process, Stdio};
use std::time::Duration;

use locktender::aws::{AwsTrail, LedgerTables, Migrations, Patience, Session};
use locktender::command::Command;
use locktender::workers::verify;
use serde_json::Value;

use super::segments::Segmented;
use super::{assert_fine, program, recorded};
use crate::support::dynamodb::client;
use crate::support::e2e;
use crate::support::office::{Office, approver};
use crate::support::trail::{TrailTable, chain};

/// Untrusted texts that a terminal, a spreadsheet, a shell or a chat would interpret.
const HOSTILE: [&str; 6] = [
    "=HYPERLINK(\"http://evil\",\"click\")",
    "a,b\"c\nd\re\tf",
    "\u{1b}[2J\u{202e}gpj.exe",
    "@everyone <@&1> `x` $(reboot) ; rm -rf /",
    "+1\u{0}-2",
    "é\u{1f512}\u{feff}\u{2028}",
];

/// An office with hostile names and reasons.
async fn hostile() -> Office {
    let office = Office::new().await;
    for (at, text) in HOSTILE.into_iter().enumerate() {
        let state = format!("env/{at}");
        office.db.lock(&format!("{state}/terraform.tfstate")).await;
        let mut alice = approver("alice");
        text.clone_into(&mut alice.person.name);
        let unlock = Command::Unlock { state: state.clone(), reason: Some(text.to_owned()) };
        office.ask(&alice, unlock).await;
        assert_eq!(office.actions(&state).await, ["request.opened"], "{text:?}");
    }
    office
}

/// Parses a CSV by RFC 4180. A misplaced quote is a panic.
fn rfc_4180(text: &str) -> Vec<Vec<String>> {
    let mut records = vec![vec![String::new()]];
    let mut rest = text.chars().peekable();
    let mut quoted = false;
    while let Some(next) = rest.next() {
        let record = records.last_mut().unwrap();
        let field = record.last_mut().unwrap();
        match next {
            '"' if quoted && rest.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted => {
                quoted = false;
                assert!(matches!(rest.peek(), None | Some(',' | '\n')), "after a quote: {field}");
            }
            '"' => {
                assert!(field.is_empty(), "a quote within {field}");
                quoted = true;
            }
            ',' if !quoted => record.push(String::new()),
            '\n' if !quoted => records.push(vec![String::new()]),
            other => field.push(other),
        }
    }
    assert!(!quoted, "a quote is open at the end");
    assert_eq!(records.pop(), Some(vec![String::new()]), "the last line is ended");
    records
}

#[tokio::test]
async fn json_lines_have_every_field_as_it_is_stored() {
    let office = hostile().await;
    let ran = program(&office.db).run(&["audit", "export"]).await;
    assert_fine(&ran);
    let mut stored: Vec<Value> = Vec::new();
    for at in 0..HOSTILE.len() {
        let entries = office.trail(&format!("env/{at}")).await;
        stored.extend(entries.iter().map(|entry| Value::Object(entry.fields().clone())));
    }
    let mut exported: Vec<Value> =
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    exported.sort_by_key(|entry| entry["path"].to_string());
    assert_eq!(exported, stored);
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!ran.stdout.contains(control) && !ran.stdout.contains('\u{202e}'), "{}", ran.stdout);
}

#[tokio::test]
async fn a_spreadsheet_gets_one_record_an_entry_and_no_formula() {
    let office = hostile().await;
    let ran = program(&office.db).run(&["audit", "export", "--format", "csv"]).await;
    assert_fine(&ran);
    let records = rfc_4180(&ran.stdout);
    assert_eq!(records.len(), 1 + HOSTILE.len(), "{}", ran.stdout);
    for record in &records {
        assert_eq!(record.len(), 16, "{record:?}");
        for cell in record {
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
            assert!(!cell.contains(char::is_control), "{cell:?}");
        }
    }
    // Without the quote in front of a formula, the text is the stored text.
    let reasons: Vec<&str> = records[1..].iter().map(|record| record[12].as_str()).collect();
    for at in 0..HOSTILE.len() {
        let entry = &office.trail(&format!("env/{at}")).await[0];
        let reason = entry.text("reason").unwrap();
        let found = reasons.iter().any(|cell| cell.strip_prefix('\'').unwrap_or(cell) == reason);
        assert!(found, "{reason} in {reasons:?}");
    }
}

#[tokio::test]
async fn the_list_has_one_line_an_entry() {
    let office = hostile().await;
    let ran = program(&office.db).run(&["audit", "list"]).await;
    assert_fine(&ran);
    assert_eq!(ran.stdout.lines().count(), 1 + HOSTILE.len(), "{}", ran.stdout);
    assert!(!ran.stdout.contains(|c: char| c.is_control() && c != '\n'), "{}", ran.stdout);
}

/// The script in docs/AUDIT.md for auditors who do not trust this program.
fn script() -> String {
    let page = include_str!("../../../docs/AUDIT.md");
    let script = page.split("```sh\n").find(|block| block.starts_with("#!/usr/bin/env bash"));
    script.unwrap().split("```").next().unwrap().to_owned()
}

#[tokio::test]
async fn an_export_is_verified_without_this_program_as_the_documents_say() {
    if ["bash", "jq", "sha256sum"].into_iter().any(|name| e2e::tool(name).is_none()) {
        return;
    }
    let office = hostile().await;
    let more = recorded().await;
    for office in [&office, &more] {
        let program = program(&office.db);
        let exported = program.run(&["audit", "export"]).await.stdout;
        let verify = |export: String| {
            let file = program.folder().join("trail.jsonl");
            std::fs::write(program.folder().join("verify.sh"), script()).unwrap();
            std::fs::write(&file, export).unwrap();
            let mut bash = Process::new("bash");
            bash.args(["verify.sh", "trail.jsonl"]).current_dir(program.folder());
            let ran = bash.stdin(Stdio::null()).output().unwrap();
            (ran.status.success(), String::from_utf8(ran.stdout).unwrap())
        };
        let (holds, said) = verify(exported.clone());
        assert!(holds, "{said}");
        let ours = program.run(&["audit", "verify"]).await.stdout;
        let digest = said.split(' ').next().unwrap();
        assert!(ours.contains(&format!("Digest of all heads: {digest}")), "{said} is not {ours}");
        let edited = exported.replacen("request.opened", "request.denied", 1);
        assert_ne!(edited, exported);
        let (holds, said) = verify(edited);
        assert!(!holds && said.contains("was edited"), "{said}");
    }
}

#[tokio::test]
async fn a_scan_of_another_dynamodb_gives_each_chain_in_its_order_over_many_pages() {
    let Some(bench) = e2e::bench().await else { return };
    let endpoint = bench.moto.endpoint().to_string();
    // moto is slow at scans.
    let patience = Duration::from_mins(1);
    let patience = Patience { attempt: patience, operation: patience, ..Patience::default() };
    let session = Session::at(&endpoint, patience);
    let names =
        LedgerTables { table: "scanned".to_owned(), audit_table: "scanned-audit".to_owned() };
    Migrations::connect(&session, names.clone()).apply().await.unwrap();
    let table = TrailTable { client: client(&endpoint), name: names.audit_table.clone() };
    let paths = (0..5).map(|at| format!("states/env/{at}/terraform.tfstate"));
    let chains: Vec<_> = paths.map(|path| chain(&path, 200)).collect();
    // The chains alternate, as in real use. A page ends at 1 MB.
    for round in 0..8 {
        for chain in &chains {
            table.put_all(&chain[round * 25..(round + 1) * 25]).await;
        }
    }
    let scan = table.client.scan().table_name(&table.name).send().await.unwrap();
    assert!(scan.last_evaluated_key.is_some(), "more than one page");
    let trail = AwsTrail::connect(&session, names);
    for of in [1, 4] {
        let trail = Segmented::of(&trail, of);
        let verified = verify(&trail, None).await.unwrap().unwrap();
        assert_eq!((verified.entries, verified.heads.len()), (1_000, 5), "{of} segments");
    }
}
