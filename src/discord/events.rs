//! Handles the events from Discord.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serenity::all::{
    AutocompleteChoice, Builder, ChannelId, ChannelType, CommandInteraction,
    CreateAutocompleteResponse, CreateInteractionResponse, GuildId, Http, Interaction,
    InteractionId, Member, Message, MessageFlags, PartialChannel, Permissions, User,
};
use tokio::time::sleep;
use tracing::{debug, error, info, warn};

use super::answer::{AskedBy, Ticket, is_answered_already};
use super::permissions::lacking;
use super::picture::illustrate;
use super::register::{Registered, register};
use super::{describe, parse, within};
use crate::command::{Audience, Command};
use crate::commands::{self, Asker};
use crate::context::Context;
use crate::error::Refusal;
use crate::metrics;
use crate::people::{self, Actor, EventId, Person, Place, RoleId, Room, UserId};
use crate::standing::Standing;
use crate::telemetry::millis;
use crate::text::{LONG, clip, clip_middle, visible};

/// Most choices of an autocompletion, and the longest one in characters (Discord's command
/// reference).
const CHOICES: usize = 25;
const CHOICE_LIMIT: usize = 100;

/// How long a replica in doubt waits for the answer of another one.
const HEAD_START: Duration = Duration::from_secs(1);

/// Time limit for Discord to accept the commands, or the choices of an autocompletion.
const PATIENCE: Duration = Duration::from_secs(30);

/// Attempts to register the commands. The pause doubles, starting at one second.
const REGISTER_TRIES: u32 = 6;

pub(super) struct Handler {
    pub(super) context: Context,
    pub(super) guild: GuildId,
    pub(super) http: Arc<Http>,
    pub(super) standing: Standing,
}

impl Handler {
    /// Answers an interaction.
    pub(super) async fn interaction(self: Arc<Self>, interaction: Interaction) {
        match interaction {
            Interaction::Autocomplete(asked) => self.autocomplete(&asked).await,
            Interaction::Command(asked) => {
                let origin = Origin {
                    id: asked.id,
                    token: &asked.token,
                    asked_by: AskedBy::Command,
                    guild: asked.guild_id,
                    channel: asked.channel_id,
                    described: asked.channel.as_ref(),
                    allowed: asked.app_permissions,
                    user: &asked.user,
                    member: asked.member.as_deref(),
                };
                self.answer(&origin, parse::slash(&asked)).await;
            }
            Interaction::Component(asked) => {
                let origin = Origin {
                    id: asked.id,
                    token: &asked.token,
                    asked_by: button_on(&asked.message),
                    guild: asked.guild_id,
                    channel: asked.channel_id,
                    described: asked.channel.as_ref(),
                    allowed: asked.app_permissions,
                    user: &asked.user,
                    member: asked.member.as_ref(),
                };
                self.answer(&origin, parse::button(&asked)).await;
            }
            Interaction::Modal(asked) => {
                let origin = Origin {
                    id: asked.id,
                    token: &asked.token,
                    asked_by: asked.message.as_deref().map_or(AskedBy::Command, button_on),
                    guild: asked.guild_id,
                    channel: asked.channel_id,
                    described: asked.channel.as_ref(),
                    allowed: asked.app_permissions,
                    user: &asked.user,
                    member: asked.member.as_ref(),
                };
                self.answer(&origin, parse::form(&asked)).await;
            }
            // The gateway does not send pings.
            _ => {}
        }
    }
}

/// An interaction, as Discord reports it.
struct Origin<'o> {
    id: InteractionId,
    token: &'o str,
    asked_by: AskedBy,
    guild: Option<GuildId>,
    channel: ChannelId,
    /// The channel's description, which Discord may leave out.
    described: Option<&'o PartialChannel>,
    /// The bot's permissions there, if Discord reports them.
    allowed: Option<Permissions>,
    user: &'o User,
    /// `None` outside a server.
    member: Option<&'o Member>,
}

impl Origin<'_> {
    fn actor(&self) -> Actor {
        let roles = self.member.map(|member| &*member.roles).unwrap_or_default();
        Actor {
            person: Person { id: UserId::new(self.user.id.get()), name: self.user.name.clone() },
            is_bot: self.user.bot,
            roles: roles.iter().map(|role| RoleId::new(role.get())).collect(),
            place: Place {
                // No server has number 0.
                guild: people::GuildId::new(self.guild.map_or(0, GuildId::get)),
                channel: people::ChannelId::new(self.channel.get()),
            },
            room: room(self.described, self.allowed),
        }
    }
}

/// The details of a channel. What Discord does not report does not count against the asker: then no
/// permission is missing, and the channel is not a thread.
fn room(described: Option<&PartialChannel>, allowed: Option<Permissions>) -> Room {
    let kind = described.map(|channel| channel.kind);
    let is_public = matches!(kind, Some(ChannelType::PublicThread | ChannelType::NewsThread));
    let is_thread = is_public || kind == Some(ChannelType::PrivateThread);
    Room {
        thread_of: described
            .filter(|_| is_public)
            .and_then(|channel| channel.parent_id)
            .map(|parent| people::ChannelId::new(parent.get())),
        missing: allowed.map(|allowed| lacking(allowed, is_thread)).unwrap_or_default(),
    }
}

fn button_on(message: &Message) -> AskedBy {
    let ephemeral = message.flags.is_some_and(|flags| flags.contains(MessageFlags::EPHEMERAL));
    AskedBy::Button { on: if ephemeral { Audience::Asker } else { Audience::Channel } }
}

/// A text from outside, made safe for the log.
fn logged(text: &str) -> String {
    clip(&visible(text), LONG)
}

impl Handler {
    async fn answer(&self, origin: &Origin<'_>, asked: Result<Command, Refusal>) {
        let begun = Instant::now();
        let here = origin.guild == Some(self.guild) && origin.member.is_some();
        let asked = if here { asked } else { Err(Refusal::Elsewhere) };
        let to = (origin.id, origin.token);
        let ticket = Ticket::new(&self.http, to, origin.asked_by, asked.as_ref().ok());
        let actor = origin.actor();
        let asker =
            Asker { actor: &actor, event: EventId::new(origin.id.get()), acceptance: &ticket };
        let mut outcome = "answered";
        let work = async {
            self.let_others_answer_first().await;
            // A command's future is large and would be costly to move.
            let answer = Box::pin(commands::answer(&asked, &asker, &self.context)).await;
            outcome = answer.outcome;
            answer.said
        };
        let reference = origin.id.to_string();
        let picture = match ticket.answer(work).await {
            Ok(picture) => picture,
            Err(error) if is_answered_already(&error) => {
                outcome = "answered elsewhere";
                None
            }
            Err(error) => {
                outcome = "unanswered";
                error!(reference, error = describe(&error), "Discord did not take the answer");
                None
            }
        };
        let command = asked.as_ref().map_or("unknown", Command::name);
        metrics::interaction(command, outcome, begun.elapsed());
        info!(
            id = reference,
            command,
            state = asked.as_ref().ok().and_then(Command::state).map(logged),
            user = origin.user.id.get(),
            outcome,
            ms = millis(begun.elapsed()),
            "interaction"
        );
        // People read the words while the picture is drawn and sent.
        if let Some(picture) = picture {
            illustrate(&self.http, (origin.id.get(), origin.token), picture).await;
        }
    }

    /// A replica that could not renew its lease may not be the only one that is connected. The other one can then
    /// reach the tables, and has the better answer.
    async fn let_others_answer_first(&self) {
        if self.standing.is_in_doubt() {
            sleep(HEAD_START).await;
        }
    }

    async fn autocomplete(&self, asked: &CommandInteraction) {
        let begun = Instant::now();
        self.let_others_answer_first().await;
        let known = match (asked.guild_id == Some(self.guild), parse::partial_state(asked)) {
            (true, Some(typed)) => {
                self.context.reading.directory.known().await.map(|known| (known, typed))
            }
            _ => None,
        };
        let choices = known.iter().flat_map(|(known, typed)| {
            known.matching(typed, CHOICES).into_iter().map(|state| {
                let state = self.context.reading.shown(state.clone());
                let name = clip_middle(&visible(state.name.as_str()), CHOICE_LIMIT);
                AutocompleteChoice::new(name, state.short_name())
            })
        });
        let response = CreateAutocompleteResponse::new().set_choices(choices.collect());
        let response = CreateInteractionResponse::Autocomplete(response)
            .execute(&self.http, (asked.id, &*asked.token));
        let error = within(PATIENCE, response).await.err().as_ref().map(describe);
        // This happens for each key, so operators need no event. If the answer is too late, the
        // person has typed on and Discord asks again.
        metrics::autocompletion(error.is_none(), begun.elapsed());
        debug!(id = asked.id.get(), error, ms = millis(begun.elapsed()), "autocompletion");
    }

    /// Registers the commands with Discord if they differ from the registered ones.
    pub(super) async fn register(self: Arc<Self>) {
        let mut pause = Duration::from_secs(1);
        for _ in 0..REGISTER_TRIES {
            match within(PATIENCE, register(&self.http, self.guild)).await {
                Ok(Registered::Already) => return info!("commands are up to date"),
                Ok(Registered::Anew) => return info!("commands registered"),
                Err(error) => warn!(error = describe(&error), "commands not registered yet"),
            }
            sleep(pause).await;
            pause *= 2;
        }
        error!(
            "commands could not be registered: invite the bot with the scope \
             applications.commands, check DISCORD_GUILD_ID, and start it again"
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::people::Permission;

    #[test]
    fn what_the_bot_lacks_in_a_channel_is_read_off_the_interaction() {
        let all = Permissions::VIEW_CHANNEL | Permissions::SEND_MESSAGES | Permissions::EMBED_LINKS;
        let in_threads = all | Permissions::SEND_MESSAGES_IN_THREADS;
        let (see, send) = (Permission::ViewChannel, Permission::SendMessages);
        let (thread, embed) = (Permission::SendMessagesInThreads, Permission::EmbedLinks);
        // Type 0 is a text channel, 11 a public thread, 12 a private thread.
        for (kind, allowed, missing, thread_of) in [
            (Some(0), Some(all), vec![], None),
            (Some(0), Some(Permissions::empty()), vec![see, send, embed], None),
            (Some(0), Some(all - Permissions::EMBED_LINKS), vec![embed], None),
            (Some(0), Some(Permissions::ADMINISTRATOR), vec![], None),
            (Some(0), None, vec![], None),
            (Some(11), Some(in_threads), vec![], Some(7)),
            (Some(11), Some(all), vec![thread], Some(7)),
            (Some(12), Some(in_threads - Permissions::SEND_MESSAGES), vec![], None),
            (Some(12), Some(all), vec![thread], None),
            (None, Some(all), vec![], None),
            (None, None, vec![], None),
        ] {
            let described = kind.map(|kind| {
                let channel = json!({ "id": "9", "name": "ops", "type": kind, "parent_id": "7" });
                serde_json::from_value::<PartialChannel>(channel).unwrap()
            });
            let room = room(described.as_ref(), allowed);
            assert_eq!(room.missing, missing.into_iter().collect(), "{kind:?}, {allowed:?}");
            assert_eq!(room.thread_of, thread_of.map(people::ChannelId::new), "{kind:?}");
        }
    }
}
