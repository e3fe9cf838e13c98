//! What Discord tells the bot, and which part of it does something.

use std::time::{Duration, Instant};

use serenity::all::{
    AutocompleteChoice, Builder, CommandInteraction, Context as Gateway,
    CreateAutocompleteResponse, CreateInteractionResponse, EventHandler, GuildId, Interaction,
    Ready, ResumedEvent, UserId,
};
use serenity::async_trait;
use tokio::time::sleep;
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use super::answer::{AskedBy, Ticket, within};
use super::register::{Registered, register};
use super::{describe, parse};
use crate::command::{Audience, Command};
use crate::commands::{self, Context};
use crate::error::Refusal;
use crate::message::{LONG, clip, clip_middle, visible};
use crate::telemetry::millis;

/// Most choices of an autocompletion, and the longest of each, from Discord's command reference.
const CHOICES: usize = 25;
const CHOICE_LIMIT: usize = 100;

/// How long Discord may take to accept the commands, or the choices of an autocompletion.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often telling Discord the commands is tried, the pause doubling from one second on.
const REGISTER_TRIES: u32 = 6;

pub(super) struct Handler {
    pub(super) context: Context,
    pub(super) guild: GuildId,
    /// The interactions under way, which a shutdown waits for.
    pub(super) under_way: TaskTracker,
}

#[async_trait]
impl EventHandler for Handler {
    async fn ready(&self, gateway: Gateway, ready: Ready) {
        info!(bot = ready.user.name, "connected");
        self.register(&gateway).await;
    }

    async fn resume(&self, _: Gateway, _: ResumedEvent) {
        info!("connected again");
    }

    async fn interaction_create(&self, gateway: Gateway, interaction: Interaction) {
        let _under_way = self.under_way.token();
        match interaction {
            Interaction::Autocomplete(asked) => self.autocomplete(&gateway, &asked).await,
            Interaction::Command(asked) => {
                let ticket =
                    Ticket { id: asked.id, token: asked.token.clone(), asked_by: AskedBy::Command };
                let from = Origin { guild: asked.guild_id, user: asked.user.id };
                self.answer(&gateway, &ticket, from, parse::slash(&asked)).await;
            }
            Interaction::Component(asked) => {
                let ticket =
                    Ticket { id: asked.id, token: asked.token.clone(), asked_by: AskedBy::Button };
                let from = Origin { guild: asked.guild_id, user: asked.user.id };
                self.answer(&gateway, &ticket, from, parse::button(&asked)).await;
            }
            // This version opens no modal, and pings come over the gateway to nobody.
            _ => {}
        }
    }
}

/// Where an interaction comes from, as Discord vouches for it.
struct Origin {
    guild: Option<GuildId>,
    user: UserId,
}

/// A text from outside as the log has it.
fn logged(text: &str) -> String {
    clip(&visible(text), LONG)
}

impl Handler {
    async fn answer(
        &self,
        gateway: &Gateway,
        ticket: &Ticket,
        from: Origin,
        asked: Result<Command, Refusal>,
    ) {
        let begun = Instant::now();
        let asked = if from.guild == Some(self.guild) { asked } else { Err(Refusal::Elsewhere) };
        let audience = asked.as_ref().map_or(Audience::Asker, Command::audience);
        let reference = ticket.id.to_string();
        let mut outcome = "answered";
        let work = async {
            let answer = commands::answer(&asked, &self.context, &reference).await;
            outcome = answer.outcome;
            answer.said
        };
        if let Err(error) = ticket.answer(&gateway.http, audience, work).await {
            outcome = "unanswered";
            error!(reference, error = describe(&error), "Discord did not take the answer");
        }
        info!(
            id = reference,
            command = asked.as_ref().map_or("unknown", Command::name),
            state = asked.as_ref().ok().and_then(Command::state).map(logged),
            user = from.user.get(),
            outcome,
            ms = millis(begun.elapsed()),
            "interaction"
        );
    }

    async fn autocomplete(&self, gateway: &Gateway, asked: &CommandInteraction) {
        let begun = Instant::now();
        let known = match (asked.guild_id == Some(self.guild), parse::partial_state(asked)) {
            (true, Some(typed)) => self.context.directory.known().await.map(|known| (known, typed)),
            _ => None,
        };
        let choices = known.iter().flat_map(|(known, typed)| {
            known.matching(typed, CHOICES).into_iter().map(|state| {
                let name = clip_middle(&visible(state.name.as_str()), CHOICE_LIMIT);
                AutocompleteChoice::new(name, state.short_name())
            })
        });
        let response = CreateAutocompleteResponse::new().set_choices(choices.collect());
        let response = CreateInteractionResponse::Autocomplete(response)
            .execute(&gateway.http, (asked.id, &*asked.token));
        let error = within(PATIENCE, response).await.err().as_ref().map(describe);
        // One a key is no event for an operator; and where it came too late, the person has typed
        // on meanwhile, and Discord asks again.
        debug!(id = asked.id.get(), error, ms = millis(begun.elapsed()), "autocompletion");
    }

    async fn register(&self, gateway: &Gateway) {
        let mut pause = Duration::from_secs(1);
        for _ in 0..REGISTER_TRIES {
            match within(PATIENCE, register(&gateway.http, self.guild)).await {
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
