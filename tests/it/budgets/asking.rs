//! Requests that are opened and closed without a release.

use locktender::command::Command;

use super::bot::{Bot, PROD, Process, somebody, unlock};
use super::reading::status;
use super::sheet::Costs;

pub async fn measure(bot: &Bot, process: &Process) -> Costs {
    let (alice, bob) = (&somebody("alice"), &somebody("bob"));
    let mut costs = Costs::new();
    let ask = Command::Unlock { state: PROD.to_owned(), reason: None };
    costs.insert("unlock form", bot.cost_of(process, alice, ask).await);
    costs.insert("unlock", bot.cost_of(process, alice, unlock(PROD)).await);
    costs.insert("status asked", bot.cost_of(process, bob, status(PROD)).await);
    let deny = Command::DenyByState { state: PROD.to_owned(), reason: None };
    costs.insert("lock deny", bot.cost_of(process, bob, deny).await);
    costs.insert("courier card", bot.cost_of_delivery(process).await);

    let request = bot.open(process, alice, PROD).await;
    let deny = |reason| Command::Deny { request, reason };
    costs.insert("deny form", bot.cost_of(process, bob, deny(None)).await);
    let reason = Some("it is alive".to_owned());
    costs.insert("deny", bot.cost_of(process, bob, deny(reason)).await);

    let request = bot.open(process, alice, PROD).await;
    costs.insert("withdraw", bot.cost_of(process, alice, Command::Withdraw { request }).await);

    bot.open(process, alice, PROD).await;
    let withdraw = Command::WithdrawByState { state: PROD.to_owned(), reason: None };
    costs.insert("lock withdraw", bot.cost_of(process, alice, withdraw).await);
    costs
}
