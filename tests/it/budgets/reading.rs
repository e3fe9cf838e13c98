//! Questions, and the lists of watchers.

use locktender::command::Command;

use super::bot::{Bot, PROD, Process, STATES, other, somebody};
use super::sheet::{Costs, Storage};

pub async fn measure(bot: &Bot, process: &Process) -> Costs {
    let alice = somebody("alice");
    let mut costs = Costs::new();
    let refresh = async { process.names.refresh().await.unwrap() };
    costs.insert("names", bot.cost(refresh).await);
    let complete = async {
        let known = process.context.reading.directory.known().await.unwrap();
        assert_eq!(known.matching("prod", 25).len(), 1);
    };
    costs.insert("completion", bot.cost(complete).await);
    let cost = async |command| bot.cost_of(process, &alice, command).await;
    costs.insert("status at once", cost(status(PROD)).await);
    process.lookout.pass().await.unwrap();
    costs.insert("status held", cost(status(PROD)).await);
    let free = other(STATES - 1);
    costs.insert("status free", cost(status(&free)).await);
    costs.insert("status unknown", cost(status("env/prdo")).await);
    costs.insert("list", cost(Command::List { filter: String::new(), page: 0 }).await);
    let history = Command::History { state: PROD.to_owned(), before: None, count: 10 };
    costs.insert("history", cost(history).await);
    costs.insert("help", cost(Command::Help).await);
    costs.insert("watch", cost(watch(PROD)).await);
    costs.insert("watches", cost(Command::Watches).await);
    costs.insert("unwatch", cost(Command::Unwatch { state: PROD.to_owned() }).await);
    if bot.storage() == Storage::Both {
        bot.lock_half(&free).await;
        process.lookout.pass().await.unwrap();
        costs.insert("status half", cost(status(&free)).await);
    }
    costs
}

pub fn status(state: &str) -> Command {
    Command::Status { state: state.to_owned() }
}

pub fn watch(state: &str) -> Command {
    Command::Watch { state: state.to_owned(), keep: false }
}
