//! People. They can do what Discord's client allows.

use std::sync::Arc;

use serde_json::{Value, json};
use twilight_model::application::command::CommandOptionChoice;
use twilight_model::channel::message::component::ButtonStyle;

use super::answer::Answer;
use super::interactions::{Kind, Modal, Response};
use super::message::Message;
use super::model::{ChannelId, GuildId, Home, RoleId, UserId};
use super::options::{Given, Stage};
use super::payload::Action;
use super::state::Server;

/// A person on Discord. Clones are the same person.
#[derive(Clone)]
pub struct Person {
    pub(super) server: Arc<Server>,
    pub(super) id: UserId,
}

impl Person {
    /// The user id in payloads and mentions.
    pub fn id(&self) -> UserId {
        self.id
    }

    /// Uses a command, and waits for the first response or for the deadline of 3 s.
    ///
    /// `path` is a subcommand of `/lock`, or a full path with a slash. The channel decides the place: a
    /// guild, another guild, or a direct message.
    ///
    /// # Panics
    /// If the bot has not registered the command or option, or Discord's client would refuse the value.
    pub async fn slash(&self, channel: ChannelId, path: &str, options: Given<'_>) -> Answer {
        self.start_slash(channel, path, options).responded().await
    }

    /// Uses a command without waiting, so that the test can act in the meantime.
    pub fn start_slash(&self, channel: ChannelId, path: &str, options: Given<'_>) -> Answer {
        self.command(channel, path, options, Stage::Sent)
    }

    /// Types `text` into an option, and returns the bot's choices.
    ///
    /// # Panics
    /// If the bot offers nothing within 3 s, or the option has no autocomplete.
    pub async fn autocomplete(
        &self,
        channel: ChannelId,
        path: &str,
        option: &str,
        text: &str,
    ) -> Vec<CommandOptionChoice> {
        let typing = self.command(channel, path, &[(option, text)], Stage::Typing(option));
        match typing.responded().await.response() {
            Some(Response::Choices(choices)) => choices,
            other => panic!("no choices for {option:?} but {other:?}"),
        }
    }

    /// Presses the button with this label on the current version of the message.
    ///
    /// # Panics
    /// If the person does not see the message or the button, or the button is disabled.
    pub async fn press(&self, message: &Message, label: &str) -> Answer {
        self.start_press(message, label).responded().await
    }

    /// Presses a button without waiting.
    pub fn start_press(&self, message: &Message, label: &str) -> Answer {
        let message = self.seen(message);
        let buttons = message.buttons();
        let button = buttons.iter().find(|button| button.label.as_deref() == Some(label));
        let button = button.unwrap_or_else(|| {
            let labels: Vec<_> = buttons.iter().filter_map(|b| b.label.as_deref()).collect();
            panic!("no button {label:?} on the message, only {labels:?}");
        });
        assert!(!button.disabled, "the button {label:?} is disabled");
        assert_ne!(button.style, ButtonStyle::Link, "the button {label:?} is a link");
        let custom_id = button.custom_id.as_deref().expect("a button that is no link has one");
        self.click(&message, custom_id)
    }

    /// Sends a click with any `custom_id`, as a modified client can.
    pub async fn press_forged(&self, message: &Message, custom_id: &str) -> Answer {
        self.click(&self.seen(message), custom_id).responded().await
    }

    /// Submits a dialog. `fields` are by `custom_id`.
    ///
    /// # Panics
    /// If a field is unknown, too long or too short, or a required field is missing.
    pub async fn submit(&self, modal: &Modal, fields: &[(&str, &str)]) -> Answer {
        let inputs = modal.inputs();
        for (name, _) in fields {
            let known = inputs.iter().any(|input| input.custom_id == *name);
            assert!(known, "the dialog {:?} has no field {name:?}", modal.title);
        }
        let mut rows = Vec::new();
        for (at, input) in inputs.into_iter().enumerate() {
            let given = fields.iter().find(|(name, _)| input.custom_id == *name);
            let text = given.map(|(_, text)| *text).or(input.value.as_deref()).unwrap_or_default();
            let name = &input.custom_id;
            let length = text.chars().count();
            let shortest = usize::from(input.min_length.unwrap_or(0));
            let longest = usize::from(input.max_length.unwrap_or(4000));
            let required = input.required.unwrap_or(true);
            assert!(length > 0 || !required, "the field {name:?} is required");
            assert!(
                (shortest..=longest).contains(&length) || length == 0,
                "the field {name:?} takes {shortest} to {longest} characters, not {length}",
            );
            let field = json!({ "type": 4, "id": 2 * at + 2, "custom_id": name, "value": text });
            rows.push(json!({ "type": 1, "id": 2 * at + 1, "components": [field] }));
        }
        let data = json!({ "custom_id": modal.custom_id, "components": rows });
        let (channel, message, opener) = {
            let state = self.server.read();
            let opener = &state.interactions[&modal.opened_by];
            (opener.channel, opener.kind.source(), opener.person)
        };
        assert_eq!(opener, self.id, "the dialog is open in front of someone else");
        let opened_by = Some(modal.opened_by);
        self.act(Action {
            person: self.id,
            channel,
            kind: Kind::ModalSubmit { message },
            data,
            opened_by,
        })
        .responded()
        .await
    }

    /// Becomes a member of a guild.
    pub fn join(&self, guild: GuildId, roles: &[RoleId]) {
        self.server.write(|state| state.add_member(&self.server.clock, guild, self.id, roles));
    }

    /// Leaves a guild.
    pub fn leave(&self, guild: GuildId) {
        self.server.write(|state| {
            let guild = state.guilds.get_mut(&guild).expect("a known guild");
            guild.members.remove(&self.id).expect("only a member leaves");
        });
    }

    /// Replaces the roles in a guild.
    pub fn set_roles(&self, guild: GuildId, roles: &[RoleId]) {
        self.server.write(|state| {
            let guild = state.guilds.get_mut(&guild).expect("a known guild");
            let member = guild.members.get_mut(&self.id).expect("only a member has roles");
            member.roles = roles.to_vec();
        });
    }

    /// The direct message channel with the bot.
    pub fn direct_channel(&self) -> ChannelId {
        self.server.write(|state| state.direct_channel(&self.server.clock, self.id))
    }

    fn command(
        &self,
        channel: ChannelId,
        path: &str,
        options: Given<'_>,
        stage: Stage<'_>,
    ) -> Answer {
        let data = {
            let known = self.server.read();
            let guild = known.channels.get(&channel).expect("a known channel").guild();
            known.command_data(guild, path, options, stage)
        };
        let kind = match stage {
            Stage::Sent => Kind::Command,
            Stage::Typing(_) => Kind::Autocomplete,
        };
        self.act(Action { person: self.id, channel, kind, data, opened_by: None })
    }

    /// The current version of a message, if this person sees it.
    fn seen(&self, message: &Message) -> Message {
        let state = self.server.read();
        let now = state.messages.get(&message.id).expect("the message has been deleted");
        let alone = now.only_for.is_none_or(|only| only == self.id);
        let here = match state.channels[&now.channel].home {
            Home::Guild(guild) => state.guilds[&guild].members.contains_key(&self.id),
            Home::Direct(with) => with == self.id,
        };
        assert!(alone && here, "{} does not see this message", state.users[&self.id].name);
        now.clone()
    }

    fn click(&self, message: &Message, custom_id: &str) -> Answer {
        let data: Value = json!({ "component_type": 2, "custom_id": custom_id, "id": 2 });
        let kind = Kind::Component { message: message.id };
        let channel = message.channel;
        self.act(Action { person: self.id, channel, kind, data, opened_by: None })
    }

    fn act(&self, action: Action) -> Answer {
        let interaction = self.server.write(|state| state.act(&self.server.clock, action));
        Answer { server: self.server.clone(), interaction }
    }
}
