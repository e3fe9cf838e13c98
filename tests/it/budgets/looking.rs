//! Looks at all locks, and the notices about their results.

use chrono::TimeDelta;

use super::bot::{Bot, Process, other, somebody};
use super::reading::watch;
use super::sheet::{Costs, Storage};

/// The number of a state that has not been locked yet.
const NEW: usize = 100;

pub async fn measure(bot: &Bot, process: &Process) -> Costs {
    let mut costs = Costs::new();
    costs.insert("look first", bot.cost_of_look(process).await);
    costs.insert("look quiet", bot.cost_of_look(process).await);
    bot.time.advance(TimeDelta::minutes(10));
    costs.insert("look again", bot.cost_of_look(process).await);

    let new = other(NEW);
    bot.lock(&new, "ci@ci-runner-90", 119).await;
    costs.insert("look taken", bot.cost_of_look(process).await);
    bot.time.advance(TimeDelta::minutes(2));
    costs.insert("look stale", bot.cost_of_look(process).await);
    costs.insert("courier stale", bot.cost_of_delivery(process).await);
    bot.lock(&new, "ci@ci-runner-91", 0).await;
    costs.insert("look changed", bot.cost_of_look(process).await);
    bot.deliver(process).await;
    bot.clear(&new).await;
    costs.insert("look cleared", bot.cost_of_look(process).await);
    costs.insert("courier cleared", bot.cost_of_delivery(process).await);

    let waited_for = other(1);
    bot.ask(process, &somebody("alice"), watch(&waited_for)).await;
    bot.clear(&waited_for).await;
    costs.insert("look cleared line", bot.cost_of_look(process).await);
    costs.insert("courier cleared line", bot.cost_of_delivery(process).await);

    if bot.storage() == Storage::Both {
        bot.lock_half(&new).await;
        process.lookout.pass().await.unwrap();
        costs.insert("look half", bot.cost_of_look(process).await);
        bot.clear(&new).await;
        process.lookout.pass().await.unwrap();
    }
    costs
}
