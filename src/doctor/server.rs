//! Whether the bot can work in its Discord server: its token, its commands, its channels and the roles.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Check, Code, Diagnosis, Finding, shown};
use crate::error::Fault;
use crate::people::{ChannelId, Permission, RoleId};
use crate::ports::{ChannelFacts, Clock, ExamineServer, ServerFacts, ServerTrouble};
use crate::unlock::{Policies, Policy};

const SUBJECT: &str = "Discord server";

/// The check of the server.
pub struct ServerCheck {
    /// The server.
    pub server: Arc<dyn ExamineServer>,
    /// The rules, which name roles and channels. `None` if the settings of the rules are wrong.
    pub policies: Option<Policies>,
}

/// Without a token nothing in Discord can be looked at.
#[must_use]
pub fn no_token() -> Diagnosis {
    let why = "It takes DISCORD_TOKEN and DISCORD_GUILD_ID to look at it.";
    Diagnosis::default().not_checked(SUBJECT, why)
}

/// The channels and roles that the rules name.
#[derive(Debug, Default)]
struct Wanted {
    channels: BTreeSet<ChannelId>,
    approvers: BTreeSet<RoleId>,
    requesters: BTreeSet<RoleId>,
    /// The channels in which cards are posted. Empty if any channel will do.
    cards: BTreeSet<ChannelId>,
}

#[async_trait]
impl Check for ServerCheck {
    fn subject(&self) -> String {
        SUBJECT.to_owned()
    }

    async fn examine(&self, _: &dyn Clock) -> Diagnosis {
        let wanted = self.policies.as_ref().map(Wanted::of).unwrap_or_default();
        match self.server.look(&wanted.channels).await {
            Ok(facts) => of_facts(&facts, &wanted),
            Err(ServerTrouble::Token) => Diagnosis::default().finding(token_refused()),
            Err(ServerTrouble::NotIn) => Diagnosis::default().finding(not_reached()),
            Err(ServerTrouble::Fault(fault)) => Diagnosis::default().fault(SUBJECT, &fault),
        }
    }
}

impl Wanted {
    fn of(policies: &Policies) -> Self {
        let by_state = policies.by_state().iter().map(|it| &it.policy);
        [policies.general()].into_iter().chain(by_state).fold(Self::default(), Self::and)
    }

    fn and(mut self, policy: &Policy) -> Self {
        self.approvers.extend(&policy.approver_roles);
        self.requesters.extend(&policy.asking.roles);
        self.cards.extend(&policy.asking.channels);
        self.channels.extend(policy.announce);
        self.channels.extend(&policy.asking.channels);
        self
    }
}

fn of_facts(facts: &ServerFacts, wanted: &Wanted) -> Diagnosis {
    let reached = format!("The bot is in it as {}.", shown(&facts.bot));
    let mut diagnosis = Diagnosis::default()
        .checked(SUBJECT, reached)
        .with(of_commands(facts.commands.as_ref().copied()));
    for channel in &wanted.channels {
        diagnosis = diagnosis.with(of_channel(*channel, facts.channels.get(channel)));
    }
    for role in wanted.approvers.union(&wanted.requesters) {
        let is_approver = wanted.approvers.contains(role);
        diagnosis = diagnosis.with(match facts.roles.get(role) {
            None => Diagnosis::default().finding(role_missing(*role, is_approver)),
            Some(false) if is_approver && !may_mention(facts, wanted) => {
                Diagnosis::default().finding(not_pinged(*role))
            }
            Some(_) => Diagnosis::default().checked(format!("role {role}"), "It exists."),
        });
    }
    diagnosis
}

/// Whether the bot may mention all roles where it posts cards.
fn may_mention(facts: &ServerFacts, wanted: &Wanted) -> bool {
    if wanted.cards.is_empty() {
        return facts.may_mention;
    }
    let may = |channel| match facts.channels.get(channel) {
        Some(Ok(ChannelFacts::Seen { may_mention, .. })) => *may_mention,
        // What is wrong with such a channel is said elsewhere.
        _ => true,
    };
    wanted.cards.iter().all(may)
}

fn of_commands(commands: Result<bool, &Fault>) -> Diagnosis {
    let subject = "commands of the bot";
    match commands {
        Ok(true) => Diagnosis::default().checked(subject, "Those of this version are registered."),
        Ok(false) => Diagnosis::default().finding(Finding {
            code: Code::CommandsNotRegistered,
            subject: subject.to_owned(),
            what: "The commands of this version are not registered in the server.".to_owned(),
            why: "People see no /lock, or one of another version.".to_owned(),
            remedy:
                "Start the bot, which registers them. If they still are not, invite it again with \
                     the scope applications.commands."
                    .to_owned(),
        }),
        Err(fault) => Diagnosis::default().fault(subject, fault),
    }
}

fn of_channel(channel: ChannelId, facts: Option<&Result<ChannelFacts, Fault>>) -> Diagnosis {
    let subject = format!("channel {channel}");
    let facts = match facts {
        Some(Ok(facts)) => facts,
        Some(Err(fault)) => return Diagnosis::default().fault(subject, fault),
        None => {
            return Diagnosis::default().not_checked(subject, "Discord was not asked about it.");
        }
    };
    match facts {
        ChannelFacts::Missing | ChannelFacts::Elsewhere => {
            Diagnosis::default().finding(channel_missing(subject, facts))
        }
        ChannelFacts::Seen { lacks, .. } if lacks.is_empty() => {
            Diagnosis::default().checked(subject, "The bot may post there.")
        }
        ChannelFacts::Seen { lacks, .. } => {
            let lacks: Vec<&str> = lacks.iter().copied().map(Permission::as_str).collect();
            Diagnosis::default().finding(Finding {
                code: Code::ChannelNotWritable,
                subject,
                what: format!("The bot lacks {} there.", lacks.join(" and ")),
                why: "Cards and announcements for this channel do not appear.".to_owned(),
                remedy: "Allow it in the settings of the channel, under Permissions, for the bot's role."
                    .to_owned(),
            })
        }
    }
}

fn channel_missing(subject: String, facts: &ChannelFacts) -> Finding {
    Finding {
        code: Code::ChannelMissing,
        subject,
        what: match facts {
            ChannelFacts::Elsewhere => "The channel is in another server.",
            _ => "There is no such channel.",
        }
        .to_owned(),
        why: "What is meant for it is posted nowhere.".to_owned(),
        remedy:
            "Correct its id in the settings: in Discord, right-click the channel, Copy Channel ID."
                .to_owned(),
    }
}

fn role_missing(role: RoleId, is_approver: bool) -> Finding {
    Finding {
        code: Code::RoleMissing,
        subject: format!("role {role}"),
        what: "There is no such role in the server.".to_owned(),
        why: if is_approver {
            "Nobody has it, so nobody can approve by it.".to_owned()
        } else {
            "Nobody has it, so nobody can ask for an unlock by it.".to_owned()
        },
        remedy: "Correct its id in the settings: in Discord, right-click the role, Copy Role ID."
            .to_owned(),
    }
}

fn not_pinged(role: RoleId) -> Finding {
    Finding {
        code: Code::RoleNotPinged,
        subject: format!("role {role}"),
        what: "The bot cannot ping this approver role.".to_owned(),
        why: "Approvers are not told of a new request. Its card only names the role.".to_owned(),
        remedy: "Switch \"Allow anyone to @mention this role\" on for the role, or allow the bot Mention \
                 @everyone, @here and all roles."
            .to_owned(),
    }
}

fn token_refused() -> Finding {
    Finding {
        code: Code::TokenRefused,
        subject: "DISCORD_TOKEN".to_owned(),
        what: "Discord does not accept the bot token.".to_owned(),
        why: "The bot cannot connect.".to_owned(),
        remedy: "Reset the token in the Discord developer portal, under Bot, and set DISCORD_TOKEN to the \
                 new one."
            .to_owned(),
    }
}

fn not_reached() -> Finding {
    Finding {
        code: Code::ServerNotReached,
        subject: SUBJECT.to_owned(),
        what: "The bot is not in the server that DISCORD_GUILD_ID names.".to_owned(),
        why: "Nobody can ask it anything there.".to_owned(),
        remedy: "Invite it by the link in the README, or correct DISCORD_GUILD_ID.".to_owned(),
    }
}
