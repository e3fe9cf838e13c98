//! The whole bot as a process: locks are taken and cleared, and the channel shows it.

use std::time::Duration;

use crate::support::deadline::Deadline;
use crate::support::discord::Fault;
use crate::support::dynamodb::text;
use crate::support::given::record;
use crate::support::stand::Stand;

const PATH: &str = "states/env/prod/terraform.tfstate";

async fn locked() -> Stand {
    let stand = Stand::new().await.set("LOCKTENDER_POLL_INTERVAL", "1s");
    let record = record("a", "OperationTypeApply", "root@vm", "2026-11-23T11:50:00Z");
    stand.db.put(PATH, &[("Info", text(&record))]).await;
    stand.start().await;
    stand
}

async fn announced(stand: &Stand, word: &str) -> String {
    stand
        .discord
        .eventually(word, |world| {
            let all = world.channel(stand.announce).into_iter().map(|message| world.text(message));
            all.into_iter().find(|text| text.contains(word))
        })
        .await
}

#[tokio::test]
async fn whoever_presses_notify_me_is_pinged_when_it_clears() {
    let stand = locked().await;
    announced(&stand, "looks stale").await;
    let status = stand.carol.slash(stand.channel, "status", &[("state", "env/prod")]).await;
    let status = status.settled().await.message();
    let told = stand.carol.press(&status, "Notify me").await.settled().await;
    let told = stand.discord.world().text(told.messages().last().unwrap());
    assert!(told.contains("You will be told in this channel when"), "{told}");
    stand.db.delete(PATH).await;
    announced(&stand, "is free. Held").await;
    let carol = stand.carol.id();
    let pinged = |world: &crate::support::discord::World| {
        let all = world.channel(stand.channel);
        let message = all
            .into_iter()
            .find(|message| message.pinged.contains(&crate::support::discord::Ping::User(carol)))?;
        Some(world.text(message))
    };
    let text = stand.discord.eventually("a ping", pinged).await;
    assert!(text.contains("env/prod is free"), "{text}");
    assert_eq!(stand.discord.world().violations, Vec::<String>::new());
}

#[tokio::test]
async fn what_clears_while_the_bot_is_dead_or_discord_fails_is_announced_once() {
    let stand = locked().await;
    announced(&stand, "looks stale").await;
    stand.executioner().kill();
    stand.db.delete(PATH).await;
    let post = "POST /channels/*/messages";
    stand.discord.faults().next(1, post, Fault::Status(503, 0));
    stand.discord.faults().next(1, post, Fault::AnswerLost);
    stand.discord.faults().next(1, post, Fault::RateLimited(Duration::from_millis(200)));
    stand.start().await;
    announced(&stand, "is free. Held").await;
    let deadline = Deadline::generous();
    while stand.due().await > 0 {
        assert!(deadline.look_again().await, "something is still to be delivered");
    }
    let all = stand.announced();
    let free = all.iter().filter(|text| text.contains("is free")).count();
    assert_eq!(free, 1, "{all:?}");
    assert_eq!(stand.terminate().await, Some(0));
}
