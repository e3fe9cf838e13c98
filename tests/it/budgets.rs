//! The AWS calls of every command, click, look and worker. They must match docs/CALLS.md.

mod approving;
mod asking;
mod bot;
mod costing;
mod looking;
mod page;
mod reading;
mod sheet;
mod units;

use std::collections::BTreeSet;
use std::thread;

use tokio::runtime::Builder;

use self::bot::Bot;
use self::sheet::{Sheet, Storage};
use crate::iam::calls::{For, assert_same, demanded_by, lines};

/// Measures everything with locks in this storage. Returns the permissions that it takes, too.
fn measured(storage: Storage) -> (Sheet, BTreeSet<String>) {
    // One thread for the bot, the doubles and the gate, so that a stall delays all of them alike.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // Both bots are set up before any measurement, because the set-up takes most of the time.
        let new = || Box::pin(Bot::new(storage));
        let (asked, working) = tokio::join!(new(), new());
        let asked = async {
            let process = asked.start().await;
            let reading = reading::measure(&asked, &process).await;
            let costs = [reading, asking::measure(&asked, &process).await];
            (costs, lines(&asked.demanded()))
        };
        let working = async {
            let process = working.start().await;
            let looking = looking::measure(&working, &process).await;
            let costs = [looking, approving::measure(&working, &process).await];
            (costs, lines(&working.demanded()))
        };
        let (asked, working) = tokio::join!(Box::pin(asked), Box::pin(working));
        let sheet = Sheet::of(storage, asked.0.into_iter().chain(working.0));
        (sheet, asked.1.into_iter().chain(working.1).collect())
    })
}

#[test]
fn the_pages_say_what_everything_costs_and_the_bots_policy_allows_what_it_takes() {
    let (sheets, demanded): (Vec<Sheet>, Vec<BTreeSet<String>>) = thread::scope(|scope| {
        let running = Storage::ALL.map(|storage| scope.spawn(move || measured(storage)));
        running.map(|thread| thread.join().unwrap()).into_iter().unzip()
    });
    page::hold("docs/CALLS.md", "costs", &page::costs(&sheets));
    page::hold("docs/CALLS.md", "month", &page::month(&sheets));
    page::hold("README.md", "price", &page::price(&sheets));
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (looks, past) = runtime.block_on(async {
        let bot = Box::pin(Bot::new(Storage::Row)).await;
        (costing::looks().await, bot.past().await)
    });
    page::hold("docs/COST.md", "cost", &costing::page(&sheets, &looks, past));
    for (sheet, demanded) in sheets.iter().zip(&demanded) {
        // What is in the policy only for another storage. Each list also looks for the names of states.
        let is_needed = |line: &String| match sheet.storage {
            Storage::Row => !line.contains("on Lockfiles"),
            Storage::Lockfile => !line.contains("on LockTable"),
            Storage::Both => true,
        };
        let allowed = demanded_by(For::Bot).into_iter().filter(is_needed).collect();
        let measured = format!("what is measured with {}", sheet.storage.name());
        assert_same(
            (demanded, &allowed),
            (&measured, "the table of calls"),
            "Correct CALLS in tests/it/iam/calls.rs, or measure the call in tests/it/budgets.",
        );
    }
}
