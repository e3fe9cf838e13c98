//! The AWS calls of every command, click, look and worker. They must match docs/CALLS.md.

mod approving;
mod asking;
mod bot;
mod looking;
mod page;
mod reading;
mod sheet;
mod units;

use std::thread;

use tokio::runtime::Builder;

use self::bot::Bot;
use self::sheet::{Sheet, Storage};

/// Measures everything with locks in this storage.
fn measured(storage: Storage) -> Sheet {
    // One thread for the bot, the doubles and the gate, so that a stall delays all of them alike.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // Both bots are set up before any measurement, because the set-up takes most of the time.
        let new = || Box::pin(Bot::new(storage));
        let (asked, working) = tokio::join!(new(), new());
        let asked = async {
            let process = asked.start().await;
            let reading = reading::measure(&asked, &process).await;
            [reading, asking::measure(&asked, &process).await]
        };
        let working = async {
            let process = working.start().await;
            let looking = looking::measure(&working, &process).await;
            [looking, approving::measure(&working, &process).await]
        };
        let (asked, working) = tokio::join!(Box::pin(asked), Box::pin(working));
        Sheet::of(storage, asked.into_iter().chain(working))
    })
}

#[test]
fn the_pages_say_what_everything_costs() {
    let sheets = thread::scope(|scope| {
        let running = Storage::ALL.map(|storage| scope.spawn(move || measured(storage)));
        running.map(|thread| thread.join().unwrap())
    });
    page::hold("docs/CALLS.md", "costs", &page::costs(&sheets));
    page::hold("docs/CALLS.md", "month", &page::month(&sheets));
    page::hold("README.md", "price", &page::price(&sheets));
}
