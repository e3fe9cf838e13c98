//! Edits and follow-ups after the first response, with the interaction's token, for 15 minutes.

use std::time::Duration;

use super::body::MessageBody;
use super::clock::{Clock, Moment};
use super::error::ApiError;
use super::interactions::{First, Interaction, Response};
use super::model::MessageId;
use super::state::{State, Writing};
use super::upload::Upload;

/// How long an interaction's token is valid for edits and follow-ups.
pub const TOKEN_LIFE: Duration = Duration::from_mins(15);

impl State {
    /// The interaction of a token that is still valid as a webhook.
    pub fn webhook(&self, token: &str, now: Moment) -> Result<&Interaction, ApiError> {
        let interaction = self.interactions.values().find(|known| known.token == token);
        let interaction = interaction.ok_or_else(ApiError::unknown_webhook)?;
        match &interaction.first {
            None | Some(First { response: Response::Choices(_), .. }) => {
                Err(ApiError::unknown_webhook())
            }
            Some(_) if now > interaction.sent + TOKEN_LIFE => {
                Err(ApiError::invalid_webhook_token())
            }
            Some(_) => Ok(interaction),
        }
    }

    /// The message that a webhook's route names, if this interaction owns it.
    pub fn webhook_message(
        &self,
        token: &str,
        name: &str,
        now: Moment,
    ) -> Result<MessageId, ApiError> {
        let interaction = self.webhook(token, now)?;
        let mut own = interaction.original.iter().chain(&interaction.followups);
        let named = match name {
            "@original" => interaction.original,
            id => own.find(|own| own.to_string() == id).copied(),
        };
        named.filter(|id| self.messages.contains_key(id)).ok_or_else(ApiError::unknown_message)
    }

    pub fn edit_by_webhook(
        &mut self,
        token: &str,
        name: &str,
        body: Upload,
        now: Moment,
    ) -> Result<MessageId, ApiError> {
        let id = self.webhook_message(token, name, now)?;
        let body = MessageBody::upload(body)?;
        let writing = if self.messages[&id].loading { Writing::First } else { Writing::Edit };
        self.write(id, body, writing, now)?;
        self.pursue(token, None);
        Ok(id)
    }

    pub fn delete_by_webhook(
        &mut self,
        token: &str,
        name: &str,
        now: Moment,
    ) -> Result<(), ApiError> {
        let id = self.webhook_message(token, name, now)?;
        self.messages.remove(&id);
        self.pursue(token, None);
        Ok(())
    }

    pub fn follow_up(
        &mut self,
        clock: &Clock,
        token: &str,
        body: Upload,
    ) -> Result<MessageId, ApiError> {
        let now = clock.now();
        let interaction = self.webhook(token, now)?.clone();
        let body = MessageBody::upload(body)?;
        let original = interaction.original.and_then(|id| self.messages.get(&id));
        // The first follow-up after a deferral replaces "thinking…", and keeps its visibility.
        if let Some(id) = original.filter(|message| message.loading).map(|message| message.id) {
            self.write(id, body, Writing::First, now)?;
            self.pursue(token, None);
            return Ok(id);
        }
        let id = self.post(clock, interaction.place(body.flags), body)?;
        self.pursue(token, Some(id));
        Ok(id)
    }

    fn pursue(&mut self, token: &str, followup: Option<MessageId>) {
        let interaction = self.interactions.values_mut().find(|known| known.token == token);
        let interaction = interaction.expect("its token was checked");
        interaction.pursued = true;
        interaction.followups.extend(followup);
    }
}
