//! Makes the tables of the pages from the measurements, and compares them with the pages.

use std::path::Path;
use std::{env, fs};

use super::bot::{HELD, STATES};
use super::sheet::{Sheet, Storage};
use crate::support::meter::{Cost, S3Requests};

/// The variable that makes the test write the tables into the pages.
const WRITE: &str = "LOCKTENDER_WRITE_CALLS";

/// The cases in the order of the page: the name in these tests, and the words on the page.
type Cases = &'static [(&'static str, &'static str)];

pub const CASES: [(&str, Cases); 4] = [
    (
        "Questions and lines",
        &[
            ("completion", "completing a name"),
            ("status held", "`/lock status` of a held lock, `Refresh`"),
            ("status at once", "`/lock status` of a held lock, before the first look"),
            ("status asked", "`/lock status` of a held lock with an open request"),
            ("status half", "`/lock status` of half a lock"),
            ("status free", "`/lock status` of a free state, the first in 10 min"),
            ("status unknown", "`/lock status` of an unknown name"),
            ("list", "`/lock list`, `Previous`, `Next`"),
            ("history", "`/lock history`, the first page"),
            ("help", "`/lock help`"),
            ("watch", "`/lock watch`, `Notify me`"),
            ("watches", "`/lock watches`"),
            ("unwatch", "`/lock unwatch`"),
        ],
    ),
    (
        "Requests",
        &[
            ("unlock form", "`Request unlock`, which asks for the reason"),
            ("unlock", "`/lock unlock`, or the reason given, and the card posted"),
            ("approve form", "`Approve`, which asks for the name"),
            ("approve first", "`Approve`, the first of two"),
            ("approve releases", "`Approve`, which releases the lock"),
            ("deny form", "`Deny`, which asks for the reason"),
            ("deny", "`Deny`, the reason given"),
            ("withdraw", "`Withdraw`"),
            ("lock deny", "`/lock deny`"),
            ("lock withdraw", "`/lock withdraw`"),
        ],
    ),
    (
        "Looks at all locks",
        &[
            ("look quiet", "a look that finds nothing new, every 5 s"),
            ("look first", "the first look of a process"),
            ("look again", "a look that judges all holds again, every 10 min"),
            ("look half", "a look while half a lock is there"),
            ("look taken", "a look that finds a lock taken"),
            ("look stale", "a look that finds a hold stale"),
            ("look changed", "a look that finds another holder"),
            ("look cleared", "a look that finds a lock cleared"),
            ("look cleared line", "a look that finds a lock cleared that somebody waits for"),
            ("look released", "a look after a release by request"),
        ],
    ),
    (
        "Other workers",
        &[
            ("names", "reading the names, every 5 min"),
            ("courier quiet", "the courier, nothing to deliver, every 2 s"),
            ("courier card", "the courier, a card changed"),
            ("courier release", "the courier, a card changed and a release announced"),
            ("courier cleared", "the courier, a clearing announced"),
            ("courier cleared line", "the courier, a clearing announced in two channels"),
            ("courier stale", "the courier, a stale hold announced"),
            ("courier checkpoint", "the courier, a checkpoint announced"),
            ("warden quiet", "the warden, no open request, every 3 s"),
            ("warden open", "the warden, one open request, every 3 s"),
            ("warden expires", "the warden, a request that expires"),
            ("lease renewed", "the lease, renewed by the replica that serves, every 3 s"),
            ("lease looked at", "the lease, looked at by a replica that stands by, every 1 s"),
            ("checkpoint quiet", "the checkpoint, already made, every 10 min"),
            ("checkpoint", "the first checkpoint of a day"),
        ],
    ),
];

pub const DAYS: u32 = 30;
pub const SECONDS: u32 = DAYS * 24 * 60 * 60;

/// The numbers of holds, questions, lists and requests a day.
const HOLDS: u32 = 100;
const QUESTIONS: u32 = 50;
const LISTS: u32 = 10;
const REQUESTS: u32 = 2;

/// A month of work: the case, its number of times, and its words. The courier and the warden are counted
/// as always quiet, and their work is added.
fn a_month() -> Vec<(&'static str, u32, String)> {
    let looks_at_one = 10 * 60 / 3;
    vec![
        ("look quiet", SECONDS / 5, "quiet looks, every 5 s".to_owned()),
        ("look again", SECONDS / 600, "looks that judge all holds, every 10 min".to_owned()),
        ("courier quiet", SECONDS / 2, "the courier, every 2 s".to_owned()),
        ("warden quiet", SECONDS / 3, "the warden, every 3 s".to_owned()),
        (
            "lease renewed",
            SECONDS / 3,
            "the lease of the replica that serves, every 3 s".to_owned(),
        ),
        ("lease looked at", SECONDS, "a second replica that stands by, every 1 s".to_owned()),
        ("names", SECONDS / 300, "the names, every 5 min".to_owned()),
        ("checkpoint quiet", SECONDS / 600, "the checkpoint, every 10 min".to_owned()),
        ("checkpoint", DAYS, "the first checkpoint of a day".to_owned()),
        ("look taken", DAYS * HOLDS, format!("{HOLDS} locks taken a day")),
        ("look cleared", DAYS * HOLDS, format!("{HOLDS} locks cleared a day")),
        ("courier cleared", DAYS * HOLDS, format!("{HOLDS} clearings announced a day")),
        ("status held", DAYS * QUESTIONS, format!("{QUESTIONS} status questions a day")),
        ("list", DAYS * LISTS, format!("{LISTS} lists a day")),
        ("unlock", DAYS * REQUESTS, format!("{REQUESTS} requests a day")),
        (
            "warden open",
            DAYS * REQUESTS * looks_at_one,
            "the warden while a request is open, 10 min each".to_owned(),
        ),
        ("approve releases", DAYS * REQUESTS, format!("{REQUESTS} releases a day")),
        ("courier release", DAYS * REQUESTS, format!("{REQUESTS} releases announced a day")),
    ]
}

/// The price in dollars in us-east-1, on demand.
pub fn dollars(cost: &Cost) -> f64 {
    let S3Requests { list, get, delete: _ } = cost.s3;
    let units = cost.read * 0.125e-6 + cost.write * 0.625e-6;
    units + f64::from(list) * 0.005e-3 + f64::from(get) * 0.0004e-3
}

/// The tables of all costs.
pub fn costs(sheets: &[Sheet]) -> String {
    let mut page = String::new();
    for (section, cases) in CASES {
        page.push_str(&format!("### {section}\n\n"));
        page.push_str("| | storage | calls | rounds | read units | write units | S3 |\n");
        page.push_str("|---|---|---|---|---|---|---|\n");
        for (case, words) in cases {
            for (storages, cost) in alike(sheets, case) {
                let Cost { calls, rounds, read, write, s3 } = cost;
                let s3 = requests(s3);
                page.push_str(&format!(
                    "| {words} | {storages} | {calls} | {rounds} | {read} | {write} | {s3} |\n"
                ));
            }
        }
        page.push('\n');
    }
    page.trim_end().to_owned()
}

/// The different costs of one case, each with the storages that have it.
fn alike(sheets: &[Sheet], case: &str) -> Vec<(String, Cost)> {
    let mut alike: Vec<(Vec<&str>, Cost)> = Vec::new();
    for sheet in sheets {
        let Some(cost) = sheet.costs.get(case) else { continue };
        match alike.iter_mut().find(|(_, of)| of == cost) {
            Some((storages, _)) => storages.push(sheet.storage.name()),
            None => alike.push((vec![sheet.storage.name()], *cost)),
        }
    }
    assert!(!alike.is_empty(), "nobody measures {case:?}");
    let name = |storages: &[&str]| match storages.len() {
        3 => "any".to_owned(),
        _ => storages.join(", "),
    };
    alike.into_iter().map(|(storages, cost)| (name(&storages), cost)).collect()
}

fn requests(s3: S3Requests) -> String {
    let counts = [(s3.list, "LIST"), (s3.get, "GET"), (s3.delete, "DELETE")];
    let some = counts.iter().filter(|(count, _)| *count > 0);
    some.map(|(count, kind)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

/// The table of a month's cost.
pub fn month(sheets: &[Sheet]) -> String {
    let mut page =
        String::from("| | times a month | row | lockfile | both |\n|---|---|---|---|---|\n");
    for (case, times, words) in a_month() {
        let each = sheets
            .iter()
            .map(|sheet| format!("{:.4}", dollars(&sheet.costs[case]) * f64::from(times)));
        let each = each.collect::<Vec<_>>().join(" | ");
        page.push_str(&format!("| {words} | {} | {each} |\n", grouped(times)));
    }
    let all = sheets.iter().map(|sheet| format!("**{:.2}**", of_month(sheet)));
    page.push_str(&format!("| **together** | | {} |", all.collect::<Vec<_>>().join(" | ")));
    page
}

fn of_month(sheet: &Sheet) -> f64 {
    let month = a_month().into_iter();
    month.map(|(case, times, _)| dollars(&sheet.costs[case]) * f64::from(times)).sum()
}

/// The number with a comma before each three digits: `518,400`.
pub fn grouped(number: u32) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1_000), number % 1_000),
    }
}

/// The price of a month, in the README's words.
pub fn price(sheets: &[Sheet]) -> String {
    let of = |storage| {
        let sheet = sheets.iter().find(|sheet| sheet.storage == storage).unwrap();
        format!("{:.2}", of_month(sheet))
    };
    let [row, lockfile, both] = Storage::ALL.map(of);
    format!(
        "With {STATES} states, {HELD} of them locked, a month costs about {row} dollars with a lock table,\n\
         {lockfile} with lockfiles and {both} with both: on demand in us-east-1, with two replicas,\n\
         a look every 5 s, {HOLDS} locks taken, {QUESTIONS} status questions and {REQUESTS} unlocks a day."
    )
}

/// Asserts that a page has this text between the two comments of a part.
pub fn hold(page: &str, part: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let now = fs::read_to_string(&path).unwrap();
    let [begin, end] = ["begin", "end"].map(|edge| format!("<!-- {edge} {part} -->"));
    let (before, rest) = now.split_once(&begin).unwrap_or_else(|| panic!("{page} has no {begin}"));
    let (said, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{page} has no {end}"));
    let said = said.trim();
    if said == text {
        return;
    }
    if env::var_os(WRITE).is_some() {
        fs::write(&path, format!("{before}{begin}\n\n{text}\n\n{end}{after}")).unwrap();
        return;
    }
    let only = |of: &str, than: &str, sign| {
        let lines = of.lines().filter(|line| !than.lines().any(|other| other == *line));
        lines.map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    panic!(
        "{page} says otherwise than what was measured:\n{}{}If that is meant, write it down: \
         {WRITE}=1 cargo test --test it budgets",
        only(said, text, '-'),
        only(text, said, '+'),
    );
}
