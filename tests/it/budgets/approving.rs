//! Approvals, releases, and the workers for requests and for the trail.

use chrono::TimeDelta;
use locktender::command::Command;

use super::bot::{Bot, PROD, Process, other, somebody};
use super::sheet::Costs;
use crate::support::office::policy;

pub async fn measure(bot: &Bot, process: &Process) -> Costs {
    let (alice, bob) = (&somebody("alice"), &somebody("bob"));
    bot.deliver(process).await;
    let mut costs = Costs::new();
    let check = async || process.checkpoints.round().await.unwrap();
    costs.insert("checkpoint", bot.cost(check()).await);
    costs.insert("courier checkpoint", bot.cost_of_delivery(process).await);
    costs.insert("checkpoint quiet", bot.cost(check()).await);
    costs.insert("courier quiet", bot.cost_of_delivery(process).await);
    let see_to = async || process.warden.round().await.unwrap();
    costs.insert("warden quiet", bot.cost(see_to()).await);

    let request = bot.open(process, alice, PROD).await;
    costs.insert("warden open", bot.cost(see_to()).await);
    let press = |request| Command::Approve { request, typed: None };
    costs.insert("approve releases", bot.cost_of(process, bob, press(request)).await);
    costs.insert("courier release", bot.cost_of_delivery(process).await);
    costs.insert("look released", bot.cost_of_look(process).await);

    // Its lock is too young to look stale.
    let young = other(2);
    let request = bot.open(process, alice, &young).await;
    costs.insert("approve form", bot.cost_of(process, bob, press(request)).await);
    let two = bot.start_with(policy(2)).await;
    let approve = Command::Approve { request, typed: Some(young) };
    costs.insert("approve first", bot.cost_of(&two, bob, approve).await);
    bot.deliver(&two).await;
    bot.time.advance(TimeDelta::minutes(31));
    costs.insert("warden expires", bot.cost(see_to()).await);
    costs
}
