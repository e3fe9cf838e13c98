//! The rules of an interaction: exactly one first response, within 3 s.

use std::time::Duration;

use serde_json::{Value, json};
use twilight_model::application::command::CommandOptionChoice;
use twilight_model::channel::message::component::{Component, TextInput};

use super::body::{Callback, ChoicesBody, MessageBody, ModalBody, parse};
use super::clock::{Clock, Moment};
use super::error::ApiError;
use super::message::EPHEMERAL;
use super::model::{ChannelId, InteractionId, MessageId, UserId};
use super::state::{Place, State, Writing};
use super::validate;

/// How long Discord waits for the first response.
pub const FIRST_RESPONSE: Duration = Duration::from_secs(3);

/// The kind of action that a person took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Command,
    Autocomplete,
    Component {
        message: MessageId,
    },
    /// There is a message if a button on it opened the dialog.
    ModalSubmit {
        message: Option<MessageId>,
    },
}

impl Kind {
    pub fn number(self) -> u8 {
        match self {
            Self::Command => 2,
            Self::Component { .. } => 3,
            Self::Autocomplete => 4,
            Self::ModalSubmit { .. } => 5,
        }
    }

    /// The message that the person acted on. A response may change it.
    pub fn source(self) -> Option<MessageId> {
        match self {
            Self::Command | Self::Autocomplete => None,
            Self::Component { message } => Some(message),
            Self::ModalSubmit { message } => message,
        }
    }
}

/// The kind of the bot's first response.
#[derive(Clone, Debug)]
pub enum Response {
    /// A new message.
    Message,
    /// "Thinking…", to be filled in later.
    Deferred,
    /// A change of the message that the person acted on.
    Update,
    /// An accepted click, with the change to come later.
    DeferredUpdate,
    /// The choices shown while the person types.
    Choices(Vec<CommandOptionChoice>),
    /// A dialog.
    Modal(Modal),
}

/// A dialog that a person has open.
#[derive(Clone, Debug)]
pub struct Modal {
    pub custom_id: String,
    pub title: String,
    pub(super) opened_by: InteractionId,
    pub(super) components: Vec<Component>,
}

impl Modal {
    /// The fields to fill in.
    pub fn inputs(&self) -> Vec<&TextInput> {
        let rows = self.components.iter().filter_map(|component| match component {
            Component::ActionRow(row) => Some(row),
            _ => None,
        });
        rows.flat_map(|row| &row.components)
            .filter_map(|component| match component {
                Component::TextInput(input) => Some(input),
                _ => None,
            })
            .collect()
    }
}

#[derive(Clone, Debug)]
pub(super) struct First {
    pub after: Duration,
    pub response: Response,
}

#[derive(Clone, Debug)]
pub(super) struct Interaction {
    pub token: String,
    pub kind: Kind,
    pub person: UserId,
    pub channel: ChannelId,
    pub sent: Moment,
    /// The payload of the gateway, kept for a second delivery.
    pub payload: Value,
    /// The interaction's metadata, as the API shows it on the messages that answer it.
    pub metadata: Value,
    pub first: Option<First>,
    /// The message that `@original` names.
    pub original: Option<MessageId>,
    pub followups: Vec<MessageId>,
    /// Whether the bot sent anything after the first response.
    pub pursued: bool,
}

impl Interaction {
    /// Whether Discord has told the person that the application did not respond.
    pub fn given_up(&self, now: Moment) -> bool {
        self.first.is_none() && now > self.sent + FIRST_RESPONSE
    }

    /// The place of an answer. `flags` may make it ephemeral.
    pub fn place(&self, flags: Option<u64>) -> Place {
        let ephemeral = flags.unwrap_or(0) & EPHEMERAL != 0;
        Place {
            channel: self.channel,
            only_for: ephemeral.then_some(self.person),
            answers: Some(self.metadata.clone()),
        }
    }
}

impl State {
    /// Handles the first response.
    pub fn respond(
        &mut self,
        clock: &Clock,
        id: InteractionId,
        token: &str,
        body: Value,
    ) -> Result<(), ApiError> {
        let now = clock.now();
        let known = self.interactions.get(&id).filter(|interaction| interaction.token == token);
        let interaction = known.cloned().ok_or_else(ApiError::unknown_interaction)?;
        if interaction.first.is_some() {
            return Err(ApiError::already_acknowledged());
        }
        if interaction.given_up(now) {
            return Err(ApiError::unknown_interaction());
        }
        let Callback { kind, data } = parse(body)?;
        let data = data.unwrap_or_else(|| json!({}));
        let mut original = None;
        let response = match (kind, interaction.kind) {
            (4, Kind::Command | Kind::Component { .. } | Kind::ModalSubmit { .. }) => {
                let body = MessageBody::parse(data)?;
                original = Some(self.post(clock, interaction.place(body.flags), body)?);
                Response::Message
            }
            (5, Kind::Command | Kind::Component { .. } | Kind::ModalSubmit { .. }) => {
                let body = MessageBody::parse(data)?;
                original = Some(self.post_loading(clock, interaction.place(body.flags)));
                Response::Deferred
            }
            (6, Kind::Component { message } | Kind::ModalSubmit { message: Some(message) }) => {
                original = Some(message);
                Response::DeferredUpdate
            }
            (7, Kind::Component { message } | Kind::ModalSubmit { message: Some(message) }) => {
                self.write(message, MessageBody::parse(data)?, Writing::Edit, now)?;
                original = Some(message);
                Response::Update
            }
            (8, Kind::Autocomplete) => {
                let body: ChoicesBody = parse(data)?;
                validate::choices(&body)?;
                Response::Choices(body.choices)
            }
            (9, Kind::Command | Kind::Component { .. }) => {
                let body: ModalBody = parse(data)?;
                validate::modal(&body)?;
                let ModalBody { custom_id, title, components } = body;
                Response::Modal(Modal { custom_id, title, components, opened_by: id })
            }
            (kind, to) => {
                let detail = format!("a response of type {kind} to {to:?}");
                return Err(ApiError::invalid(detail));
            }
        };
        let interaction = self.interactions.get_mut(&id).expect("it was found above");
        interaction.first = Some(First { after: now.saturating_sub(interaction.sent), response });
        interaction.original = original;
        Ok(())
    }
}
