//! A Discord server that is not as it must be.

use std::sync::Arc;

use locktender::clock::SystemClock;
use locktender::discord::Connection;
use locktender::doctor::{Diagnosis, Doctor, ServerCheck};
use locktender::people::{ChannelId, RoleId};
use locktender::unlock::{Asking, Policy};
use twilight_model::guild::Permissions;

use super::aws::{codes, only};
use crate::support::discord::{self, FakeDiscord, Fault};
use crate::support::office::policy;

/// The rules with these roles and channels.
fn rules(
    approvers: discord::RoleId,
    announce: discord::ChannelId,
    cards: &[discord::ChannelId],
) -> Policy {
    let channels = cards.iter().map(|channel| ChannelId::new(channel.get())).collect();
    Policy {
        approver_roles: [RoleId::new(approvers.get())].into(),
        announce: Some(ChannelId::new(announce.get())),
        asking: Asking { channels, ..Asking::default() },
        ..policy(1)
    }
}

async fn diagnose(discord: &FakeDiscord, rules: Policy) -> Diagnosis {
    diagnose_as(discord, discord.token(), discord.guild().get(), rules).await
}

async fn diagnose_as(discord: &FakeDiscord, token: &str, guild: u64, rules: Policy) -> Diagnosis {
    let server = Connection::new(token.to_owned().into(), guild, Some(discord.url()));
    let mut doctor = Doctor::new(Arc::new(SystemClock), Diagnosis::default());
    doctor.add(ServerCheck { server: Arc::new(server), policies: Some(rules.into()) });
    doctor.examine().await
}

#[tokio::test]
async fn a_server_in_which_only_the_commands_are_missing() {
    let discord = FakeDiscord::start().await;
    let (role, locks) = (discord.role("approvers"), discord.channel("locks"));
    let diagnosis = diagnose(&discord, rules(role, locks, &[locks])).await;
    assert_eq!(codes(&diagnosis), ["commands-not-registered"].into(), "{diagnosis:#?}");
    assert_eq!(diagnosis.not_checked, []);
    assert_eq!(discord.world().violations, Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_token_and_a_wrong_server_are_told_apart() {
    let discord = FakeDiscord::start().await;
    let (role, locks) = (discord.role("approvers"), discord.channel("locks"));
    let guild = discord.guild().get();
    let rules = || rules(role, locks, &[]);
    let diagnosis = diagnose_as(&discord, "MTIz.wrong.token", guild, rules()).await;
    assert_eq!(codes(&diagnosis), ["token-refused"].into(), "{diagnosis:#?}");
    let diagnosis = diagnose_as(&discord, discord.token(), 7, rules()).await;
    assert_eq!(codes(&diagnosis), ["server-not-reached"].into(), "{diagnosis:#?}");
    discord.remove_bot();
    let diagnosis = diagnose(&discord, rules()).await;
    assert_eq!(codes(&diagnosis), ["server-not-reached"].into(), "{diagnosis:#?}");
}

#[tokio::test]
async fn an_outage_of_discord_is_no_finding() {
    let discord = FakeDiscord::start().await;
    let (role, locks) = (discord.role("approvers"), discord.channel("locks"));
    discord.faults().always("GET /guilds/*/roles", Fault::Status(503, 0));
    let diagnosis = diagnose(&discord, rules(role, locks, &[])).await;
    assert_eq!(diagnosis.findings, []);
    let subjects: Vec<&str> = diagnosis.not_checked.iter().map(|it| &*it.subject).collect();
    assert_eq!(subjects, ["Discord server"]);
}

#[tokio::test]
async fn channels_that_are_gone_elsewhere_or_not_writable_are_found() {
    let discord = FakeDiscord::start().await;
    let role = discord.role("approvers");
    let all = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES | Permissions::EMBED_LINKS;
    let hidden = discord.channel("hidden");
    discord.bot_may(hidden, Permissions::empty());
    let mute = discord.channel("mute");
    discord.bot_may(mute, all - Permissions::SEND_MESSAGES - Permissions::EMBED_LINKS);
    let gone = discord.channel("gone");
    discord.delete_channel(gone);
    let other = discord.add_guild();
    let elsewhere = discord.channel_in(other, "elsewhere");
    let diagnosis = diagnose(&discord, rules(role, gone, &[hidden, mute, elsewhere])).await;
    let found: Vec<(&str, &str, &str)> = diagnosis
        .findings
        .iter()
        .filter(|it| it.code.as_str().starts_with("channel-"))
        .map(|it| (it.code.as_str(), &*it.subject, &*it.what))
        .collect();
    let subject = |id: discord::ChannelId| format!("channel {id}");
    let mut expected = [
        ("channel-missing", subject(gone), "There is no such channel."),
        ("channel-missing", subject(elsewhere), "The channel is in another server."),
        ("channel-not-writable", subject(hidden), "The bot lacks View Channel there."),
        (
            "channel-not-writable",
            subject(mute),
            "The bot lacks Send Messages and Embed Links there.",
        ),
    ];
    expected.sort();
    let expected: Vec<_> = expected.iter().map(|(code, of, what)| (*code, &**of, *what)).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn roles_that_are_gone_or_cannot_be_pinged_are_found() {
    let discord = FakeDiscord::start().await;
    let (role, locks) = (discord.role("approvers"), discord.channel("locks"));
    let mut gone = rules(role, locks, &[]);
    gone.approver_roles = [RoleId::new(7)].into();
    gone.asking.roles = [RoleId::new(8)].into();
    let diagnosis = diagnose(&discord, gone).await;
    let whys = diagnosis.findings.iter().filter(|it| it.code.as_str() == "role-missing");
    let whys: Vec<&str> = whys.map(|it| &*it.why).collect();
    assert_eq!(whys.len(), 2, "{diagnosis:#?}");
    assert!(whys[0].contains("approve") && whys[1].contains("ask"), "{whys:?}");

    let plain = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES | Permissions::EMBED_LINKS;
    discord.everyone_may(plain);
    let diagnosis = diagnose(&discord, rules(role, locks, &[])).await;
    only(&diagnosis, "role-not-pinged");
    // The permission in the channel of the cards is enough.
    discord.bot_may(locks, plain | Permissions::MENTION_EVERYONE);
    let diagnosis = diagnose(&discord, rules(role, locks, &[locks])).await;
    assert!(!codes(&diagnosis).contains("role-not-pinged"), "{diagnosis:#?}");
    discord.make_mentionable(role);
    let diagnosis = diagnose(&discord, rules(role, locks, &[])).await;
    assert!(!codes(&diagnosis).contains("role-not-pinged"), "{diagnosis:#?}");
}
