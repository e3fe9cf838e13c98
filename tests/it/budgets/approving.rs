//! Approvals, releases, and the workers for requests, for the trail and for the lease.

use chrono::TimeDelta;
use locktender::command::Command;
use locktender::lease::{Lease, Process as Holder, Replaces, Replica};
use locktender::ports::Leases;

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
    let leases = bot.leases();
    let lease = Lease::taken(replica(), &Replaces::Nothing);
    assert!(leases.write(&lease, &Replaces::Nothing).await.unwrap());
    let renewed = lease.renewed(true);
    let renew = async {
        assert!(leases.write(&renewed, &Replaces::Version(lease.version)).await.unwrap());
    };
    costs.insert("lease renewed", bot.cost(renew).await);
    costs.insert("lease looked at", bot.cost(async { leases.read().await.unwrap() }).await);

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

/// A replica whose names are as long as those in a cluster.
fn replica() -> Replica {
    let process =
        Holder { space: "0b6c1f0e-5a0e-4b52-9d64-8f2c9f0f7a11 4026531836".to_owned(), pid: 1 };
    Replica {
        id: "f3b1c6de-0a57-4c1b-8d3f-1d0c2f5a9e77".to_owned(),
        host: "locktender-7c9d5b8f6d-x2x9k".to_owned(),
        process: Some(process),
    }
}
