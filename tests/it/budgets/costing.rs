//! What a month costs with 10, 100 and 1,000 states, for docs/COST.md. The calls are measured, and
//! multiplied by how often each is made and by the prices of AWS.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use locktender::aws::{AwsLocks, Session};
use locktender::ports::Locks;

use super::bot::{HELD, PATIENCE, lockfile, other};
use super::page::{DAYS, SECONDS, dollars, grouped};
use super::sheet::{Costs, Sheet, Storage};
use crate::support::dynamodb::{DynamoDb, TABLE, backend, tables};
use crate::support::given::record;
use crate::support::meter::{Cost, Meter, S3Requests};
use crate::support::s3::S3;

/// The numbers of states on the page.
const SIZES: [u32; 3] = [10, 100, 1_000];

/// A name as long as people give to buckets. It is in every row.
const BUCKET: &str = "acme-terraform-states-production";

/// Locks that each state has taken and given back a day.
const TAKEN: u32 = 2;

/// Requests a day, however many states there are.
const REQUESTS: u32 = 2;

/// The intervals on the page, in seconds. The first one is the default.
const INTERVALS: [(u32, &str); 3] = [(5, "5s"), (30, "30s"), (60, "1m")];

/// How long past holds are kept, under their state and under their machine, in days.
const PAST_KEPT: u32 = 90;
const HOST_KEPT: u32 = 7;

/// Dollars a month for a GB in a table, and for a GB of point-in-time recovery, in us-east-1.
const STORED: f64 = 0.25;
const RECOVERY: f64 = 0.20;

/// How many times as much eu-central-1 costs, for requests to tables and for those to buckets.
const FRANKFURT: (f64, f64) = (1.22, 1.08);

/// What it costs to read all locks of some states.
pub struct Look {
    states: u32,
    /// A look at both stores that finds nothing new.
    quiet: Cost,
    /// Reading the names of states.
    names: Cost,
}

/// Measures looks at tables and buckets of each size.
pub async fn looks() -> Vec<Look> {
    let mut looks = Vec::new();
    for states in SIZES {
        looks.push(look(states).await);
    }
    looks
}

/// One state in twenty is held, and at least one.
fn held(states: u32) -> u32 {
    (states / 20).max(1)
}

async fn look(states: u32) -> Look {
    let (db, s3) = tokio::join!(DynamoDb::start(), S3::start());
    let mut rows = Vec::new();
    for number in 0..states {
        let name = other(number as usize);
        s3.put(&format!("{name}/terraform.tfstate"), "{}");
        let path = format!("{BUCKET}/{name}/terraform.tfstate");
        rows.push((format!("{path}-md5"), "Digest", "0".repeat(32)));
        if number < held(states) {
            let id = format!("1f6e7bc2-0ede-e7d2-69ce-4a7141{number:06}");
            let created = "2026-11-23T07:48:21.532151069Z";
            let record = record(&id, "OperationTypeApply", "ci@ci-runner-04", created);
            s3.put(&lockfile(&name), &record);
            rows.push((path, "Info", record));
        }
    }
    db.put_all(rows).await;
    let meter = Meter::start(&db.endpoint(), s3.endpoint()).await;
    let session = Session::at(&meter.endpoint(), PATIENCE);
    let locks = AwsLocks::connect(&session, vec![backend("main", BUCKET, Some(TABLE), true)]);
    // The first look fetches each lockfile.
    locks.list().await.unwrap();
    let (quiet, listing) = Box::pin(meter.measure(locks.list())).await;
    assert_eq!(listing.unwrap().held.len(), held(states) as usize);
    let (names, seen) = Box::pin(meter.measure(locks.seen())).await;
    seen.unwrap();
    Look { states, quiet, names }
}

/// The bytes of an item: its names and its values.
fn bytes(item: &HashMap<String, AttributeValue>) -> u32 {
    let of = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        _ => 8,
    };
    item.iter().map(|(name, value)| u32::try_from(name.len() + of(value)).unwrap()).sum()
}

/// The bytes that a hold leaves behind under its state and under its machine.
pub async fn past(db: &DynamoDb) -> [u32; 2] {
    let rows = db.rows(&tables().table).await;
    ["past#", "host#"].map(|kind| {
        let of_kind = rows.iter().find(|row| row["pk"].as_s().unwrap().starts_with(kind));
        bytes(of_kind.unwrap())
    })
}

/// A part of the month: requests to tables and to buckets, in dollars of us-east-1.
#[derive(Clone, Copy, Default)]
struct Part {
    tables: f64,
    buckets: f64,
}

impl Part {
    fn of(cost: &Cost, times: u32) -> Self {
        let units = Cost { s3: Cost::default().s3, ..*cost };
        let requests = Cost { s3: cost.s3, ..Cost::default() };
        let times = f64::from(times);
        Self { tables: dollars(&units) * times, buckets: dollars(&requests) * times }
    }

    fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().fold(Self::default(), |sum, part| Self {
            tables: sum.tables + part.tables,
            buckets: sum.buckets + part.buckets,
        })
    }

    fn virginia(self) -> f64 {
        self.tables + self.buckets
    }

    fn frankfurt(self) -> f64 {
        self.tables * FRANKFURT.0 + self.buckets * FRANKFURT.1
    }
}

/// A month with some number of states, and locks in one storage.
struct Month<'m> {
    look: &'m Look,
    costs: &'m Costs,
    storage: Storage,
    past: [u32; 2],
}

impl Month<'_> {
    /// One of its looks, or one reading of its names, in its storage alone.
    fn in_storage(&self, cost: &Cost) -> Cost {
        let stores = self.storage.stores();
        let s3 = if stores.lockfile { cost.s3 } else { Cost::default().s3 };
        Cost { read: if stores.row { cost.read } else { 0.0 }, s3, ..*cost }
    }

    fn looks(&self, every: u32) -> Part {
        Part::of(&self.in_storage(&self.look.quiet), SECONDS / every)
    }

    fn names(&self) -> Part {
        // The bucket is listed for names where only the table has locks, too.
        let read = self.in_storage(&self.look.names).read;
        Part::of(&Cost { read, ..self.look.names }, SECONDS / 300)
    }

    /// The loops that ask their own table, whatever there is.
    fn loops(&self) -> Part {
        let of = |case, every| Part::of(&self.costs[case], SECONDS / every);
        let quiet = [of("courier quiet", 2), of("warden quiet", 3), of("checkpoint quiet", 600)];
        Part::all(quiet)
    }

    /// The lease of the replica that serves.
    fn lease(&self) -> Part {
        Part::of(&self.costs["lease renewed"], SECONDS / 3)
    }

    /// A second replica, which stands by.
    fn standby(&self) -> Part {
        Part::of(&self.costs["lease looked at"], SECONDS)
    }

    /// The verdicts on all holds, as if each state had 100 past holds.
    fn verdicts(&self) -> Part {
        let more = self.costs["look again"].read - self.costs["look quiet"].read;
        // Only one of the held states has past holds. The others cost a unit for each of two reads.
        let others = u32::try_from(HELD - 1).unwrap();
        let read = more - 2.0 * f64::from(others);
        let times = SECONDS / 600 * held(self.look.states);
        Part::of(&Cost { read, ..Cost::default() }, times)
    }

    /// The locks that are taken, given back and announced.
    fn holds(&self) -> Part {
        let quiet = &self.costs["look quiet"];
        let beyond = |case| {
            let Cost { read, write, s3, .. } = self.costs[case];
            let read = read - quiet.read;
            let list = s3.list - quiet.s3.list;
            Cost { read, write, s3: S3Requests { list, ..s3 }, ..Cost::default() }
        };
        let each = [beyond("look taken"), beyond("look cleared"), self.costs["courier cleared"]];
        let times = DAYS * TAKEN * self.look.states;
        Part::all(each.map(|cost| Part::of(&cost, times)))
    }

    /// The requests, from the question to the announcement, each open for ten minutes.
    fn requests(&self) -> Part {
        let times = DAYS * REQUESTS;
        let cases = ["status held", "unlock", "approve releases", "courier release"];
        let open = Part::of(&self.costs["warden open"], times * 200);
        Part::all(cases.map(|case| Part::of(&self.costs[case], times)).into_iter().chain([open]))
    }

    /// What is stored, with recovery.
    fn stored(&self) -> Part {
        let a_day = TAKEN * self.look.states;
        let [past, host] = self.past;
        let bytes = a_day * (PAST_KEPT * past + HOST_KEPT * host);
        let tables = f64::from(bytes) / f64::from(1 << 30) * (STORED + RECOVERY);
        Part { tables, buckets: 0.0 }
    }

    fn together(&self, every: u32) -> Part {
        Part::all([
            self.looks(every),
            self.names(),
            self.loops(),
            self.lease(),
            self.standby(),
            self.verdicts(),
            self.holds(),
            self.requests(),
            self.stored(),
        ])
    }
}

/// A line of the page: its words, the storage it is about, and how it is reckoned.
type Line = (&'static str, Storage, fn(&Month<'_>) -> Part);

const PARTS: [Line; 10] = [
    ("looks at the lock table, every 5 s", Storage::Row, |month| month.looks(5)),
    ("looks at the bucket, every 5 s", Storage::Lockfile, |month| month.looks(5)),
    ("the bot's loops over its own table", Storage::Row, |month| month.loops()),
    ("the lease of the replica that serves, every 3 s", Storage::Row, |month| month.lease()),
    ("a second replica, which stands by, every 1 s", Storage::Row, |month| month.standby()),
    ("the names of states, every 5 min", Storage::Both, |month| month.names()),
    ("verdicts on all holds, every 10 min", Storage::Row, |month| month.verdicts()),
    ("locks taken, given back and announced", Storage::Both, |month| month.holds()),
    ("requests", Storage::Both, |month| month.requests()),
    ("what is stored, with recovery", Storage::Row, |month| month.stored()),
];

/// The tables of the page.
pub fn page(sheets: &[Sheet], looks: &[Look], past: [u32; 2]) -> String {
    let of = |storage: Storage, reckon: &dyn Fn(&Month<'_>) -> String| {
        let sheet = sheets.iter().find(|sheet| sheet.storage == storage).unwrap();
        let months = looks.iter().map(|look| Month { look, costs: &sheet.costs, storage, past });
        months.map(|month| reckon(&month)).collect::<Vec<_>>().join(" | ")
    };
    let sizes = SIZES.map(|size| format!("{} states", grouped(size))).join(" | ");
    let mut page = String::from(
        "### What a look takes\n\n\
         | states | held | read units of the lock table | LIST of the bucket |\n|---|---|---|---|\n",
    );
    for Look { states, quiet, .. } in looks {
        let (read, list, held) = (quiet.read, quiet.s3.list, held(*states));
        page.push_str(&format!("| {} | {held} | {read} | {list} |\n", grouped(*states)));
    }
    page.push_str(&format!("\n### A month by its parts\n\n| | {sizes} |\n|---|---|---|---|\n"));
    for (words, storage, reckon) in PARTS {
        let cells = of(storage, &|month| format!("{:.2}", reckon(month).virginia()));
        page.push_str(&format!("| {words} | {cells} |\n"));
    }
    page.push_str(&format!(
        "\n### Together\n\n| locks in | interval | {sizes} |\n|---|---|---|---|---|\n"
    ));
    let stores =
        [("a lock table", Storage::Row), ("lockfiles", Storage::Lockfile), ("both", Storage::Both)];
    for (words, storage) in stores {
        for (every, interval) in INTERVALS {
            let cells = of(storage, &|month| {
                let all = month.together(every);
                format!("{:.2} ({:.2})", all.virginia(), all.frankfurt())
            });
            page.push_str(&format!("| {words} | `{interval}` | {cells} |\n"));
        }
    }
    page.trim_end().to_owned()
}
