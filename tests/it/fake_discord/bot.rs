//! A bot that handles some interactions by itself, and leaves the others to the test.

use std::sync::Arc;

use serenity::all::{
    ActionRowComponent, AutocompleteChoice, ButtonStyle, ChannelId as SerenityChannel,
    ClientBuilder, Command, CommandDataOption, CommandDataOptionValue, CommandInteraction,
    CommandOptionType, Context, CreateActionRow, CreateAllowedMentions, CreateAutocompleteResponse,
    CreateButton, CreateCommand, CreateCommandOption, CreateEmbed, CreateInputText,
    CreateInteractionResponse, CreateInteractionResponseMessage, CreateModal,
    EditInteractionResponse, EventHandler, GatewayIntents, GuildId as SerenityGuild, Http,
    HttpBuilder, HttpError, InputTextStyle, Interaction,
};
use serenity::async_trait;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::support::deadline::PATIENCE;
use crate::support::discord::{ChannelId, FakeDiscord};

/// A running bot. [`Bot::next`] returns the interactions that it does not answer by itself.
pub struct Bot {
    pub http: Arc<Http>,
    left: UnboundedReceiver<Interaction>,
    running: JoinHandle<serenity::Result<()>>,
}

impl Bot {
    /// Starts the bot, and waits until it is connected and has registered its commands.
    pub async fn start(discord: &FakeDiscord) -> Self {
        let bot = Self::connect(discord, discord.token(), GatewayIntents::empty()).await;
        discord.gateway().identified(1).await;
        discord.eventually("commands", |world| (world.bulk_overwrites > 0).then_some(())).await;
        bot
    }

    /// Starts the bot without waiting.
    pub async fn connect(discord: &FakeDiscord, token: &str, intents: GatewayIntents) -> Self {
        let http = HttpBuilder::new(token).proxy(discord.url()).ratelimiter_disabled(true).build();
        let (sender, left) = unbounded_channel();
        let guild = SerenityGuild::new(discord.guild().get());
        let handler = Handler { guild, left: sender };
        let client = ClientBuilder::new_with_http(http, intents).event_handler(handler);
        let mut client = client.await.expect("the fake is there");
        let http = client.http.clone();
        let running = tokio::spawn(async move { client.start().await });
        Self { http, left, running }
    }

    /// The next interaction that the bot leaves to the test.
    pub async fn next(&mut self) -> Interaction {
        let next = tokio::time::timeout(PATIENCE, self.left.recv());
        next.await.expect("an interaction in time").expect("the bot runs")
    }

    pub async fn next_command(&mut self) -> CommandInteraction {
        self.next().await.command().expect("a command")
    }

    /// Waits until the client ends, which it does when Discord rejects the bot.
    pub async fn ended(mut self) -> serenity::Result<()> {
        (&mut self.running).await.expect("the client does not panic")
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// The status and the JSON error code of Discord's refusal.
pub fn refusal<T: std::fmt::Debug>(result: serenity::Result<T>) -> (u16, isize) {
    match result {
        Err(serenity::Error::Http(HttpError::UnsuccessfulRequest(response))) => {
            (response.status_code.as_u16(), response.error.code)
        }
        other => panic!("Discord should have refused, but: {other:?}"),
    }
}

pub fn serenity_channel(channel: ChannelId) -> SerenityChannel {
    SerenityChannel::new(channel.get())
}

/// A public response with this text.
pub fn says(text: &str) -> CreateInteractionResponse {
    let message = CreateInteractionResponseMessage::new().content(text);
    CreateInteractionResponse::Message(message.allowed_mentions(CreateAllowedMentions::new()))
}

/// An edit of the answer to this text.
pub fn now_says(text: &str) -> EditInteractionResponse {
    let edit = EditInteractionResponse::new().content(text);
    edit.allowed_mentions(CreateAllowedMentions::new())
}

struct Handler {
    guild: SerenityGuild,
    left: UnboundedSender<Interaction>,
}

#[async_trait]
impl EventHandler for Handler {
    async fn ready(&self, context: Context, _: serenity::all::Ready) {
        let registered = self.guild.set_commands(&context.http, vec![lock_command()]).await;
        registered.expect("the commands are valid");
        let ping = vec![CreateCommand::new("ping").description("Answers")];
        Command::set_global_commands(&context.http, ping).await.expect("the commands are valid");
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        let answered = match &interaction {
            Interaction::Command(command) => match subcommand(command) {
                Some("status") => command.create_response(&context, status()).await,
                Some("slow") => {
                    command.defer_ephemeral(&context).await.expect("deferred in time");
                    command.edit_response(&context, now_says("Done.")).await.map(|_| ())
                }
                _ => return self.leave(interaction),
            },
            Interaction::Autocomplete(typing) => {
                let typed = typing.data.autocomplete().expect("an option in focus").value;
                if typed == "manual" {
                    return self.leave(interaction);
                }
                let known = ["env/prod", "env/stage", "network"];
                let fitting = known.into_iter().filter(|state| state.starts_with(typed));
                let choices = fitting.map(AutocompleteChoice::from).collect();
                let choices = CreateAutocompleteResponse::new().set_choices(choices);
                let response = CreateInteractionResponse::Autocomplete(choices);
                typing.create_response(&context, response).await
            }
            Interaction::Component(click) => match click.data.custom_id.as_str() {
                "refresh" => {
                    let message = CreateInteractionResponseMessage::new().content("Refreshed.");
                    let message = message.allowed_mentions(CreateAllowedMentions::new());
                    let update = CreateInteractionResponse::UpdateMessage(message);
                    click.create_response(&context, update).await
                }
                "ask" => click.create_response(&context, reason_dialog()).await,
                _ => return self.leave(interaction),
            },
            Interaction::Modal(modal) if modal.data.custom_id == "reason" => {
                let ActionRowComponent::InputText(input) = &modal.data.components[0].components[0]
                else {
                    panic!("the dialog has a text input")
                };
                let reason = input.value.as_deref().unwrap_or_default();
                modal.create_response(&context, says(&format!("Because: {reason}"))).await
            }
            _ => return self.leave(interaction),
        };
        answered.expect("answered in time");
    }
}

impl Handler {
    fn leave(&self, interaction: Interaction) {
        // The test may have ended.
        let _ = self.left.send(interaction);
    }
}

fn subcommand(command: &CommandInteraction) -> Option<&str> {
    let first = command.data.options.first()?;
    let CommandDataOption { name, value: CommandDataOptionValue::SubCommand(_), .. } = first else {
        return None;
    };
    Some(name)
}

pub fn lock_command() -> CreateCommand {
    let sub = |name: &str| CreateCommandOption::new(CommandOptionType::SubCommand, name, "Does it");
    let of = |kind, name: &str| CreateCommandOption::new(kind, name, "What it is about");
    let state = of(CommandOptionType::String, "state").required(true).set_autocomplete(true);
    let days = of(CommandOptionType::Integer, "days").add_int_choice("week", 7);
    CreateCommand::new("lock")
        .description("Tends locks")
        .add_option(sub("status").add_sub_option(state))
        .add_option(sub("slow"))
        .add_option(
            sub("manual")
                .add_sub_option(days)
                .add_sub_option(of(CommandOptionType::Number, "hours"))
                .add_sub_option(of(CommandOptionType::Boolean, "all"))
                .add_sub_option(of(CommandOptionType::User, "who"))
                .add_sub_option(of(CommandOptionType::Role, "role"))
                .add_sub_option(of(CommandOptionType::Channel, "where"))
                .add_sub_option(of(CommandOptionType::String, "note").max_length(5)),
        )
}

/// A message with an embed and every kind of button.
fn status() -> CreateInteractionResponse {
    let embed = CreateEmbed::new()
        .title("env/prod")
        .description("Held by **alice**\nsince today")
        .field("Operation", "apply", true)
        .footer(serenity::all::CreateEmbedFooter::new("Locktender"))
        .colour(0x00ff_8800);
    let button = |id: &str, label: &str| CreateButton::new(id).label(label);
    let row = CreateActionRow::Buttons(vec![
        button("refresh", "Refresh").style(ButtonStyle::Secondary),
        button("ask", "Ask").style(ButtonStyle::Success),
        button("manual", "Manual").style(ButtonStyle::Danger),
        button("never", "Never").disabled(true),
        CreateButton::new_link("https://example.com").label("Docs"),
    ]);
    let message = CreateInteractionResponseMessage::new().ephemeral(true).embed(embed);
    let message = message.components(vec![row]).allowed_mentions(CreateAllowedMentions::new());
    CreateInteractionResponse::Message(message)
}

pub fn reason_dialog() -> CreateInteractionResponse {
    let input = CreateInputText::new(InputTextStyle::Short, "Reason", "reason").max_length(40);
    let rows = vec![CreateActionRow::InputText(input)];
    CreateInteractionResponse::Modal(CreateModal::new("reason", "Why?").components(rows))
}
