//! The bot's answer to an action of a person.

use std::sync::Arc;
use std::time::Duration;

use super::interactions::{Interaction, Modal, Response};
use super::message::Message;
use super::model::InteractionId;
use super::state::Server;

/// The bot's answer to one action. Each method reads the current state.
#[derive(Clone)]
pub struct Answer {
    pub(super) server: Arc<Server>,
    pub(super) interaction: InteractionId,
}

impl Answer {
    /// Waits for the first response, or until Discord's clock has passed the deadline of 3 s.
    pub async fn responded(self) -> Self {
        let clock = &self.server.clock;
        self.server
            .wait_for("the bot's first response", |state| {
                let interaction = &state.interactions[&self.interaction];
                (interaction.first.is_some() || interaction.given_up(clock.now())).then_some(())
            })
            .await;
        self
    }

    /// Waits until a deferred answer is filled in. Any other answer is settled with its first response.
    pub async fn settled(self) -> Self {
        let answer = self.responded().await;
        let look = |interaction: &Interaction| match interaction.first.as_ref()?.response {
            Response::Deferred | Response::DeferredUpdate => interaction.pursued.then_some(()),
            _ => Some(()),
        };
        if !answer.is_missing() {
            answer
                .server
                .wait_for("a deferred answer", |state| {
                    look(&state.interactions[&answer.interaction])
                })
                .await;
        }
        answer
    }

    /// The bot's first response, or `None` if it was not in time.
    pub fn response(&self) -> Option<Response> {
        self.look(|interaction| Some(interaction.first.as_ref()?.response.clone()))
    }

    /// Whether Discord told the person that the application did not respond.
    pub fn is_missing(&self) -> bool {
        self.look(|interaction| interaction.given_up(self.server.clock.now()))
    }

    /// Whether the first response was a deferral.
    pub fn was_deferred(&self) -> bool {
        matches!(self.response(), Some(Response::Deferred | Response::DeferredUpdate))
    }

    /// How long the person waited for the first response.
    pub fn response_time(&self) -> Option<Duration> {
        self.look(|interaction| Some(interaction.first.as_ref()?.after))
    }

    /// The current messages that the answer created or changed, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        let state = self.server.read();
        let interaction = &state.interactions[&self.interaction];
        let ids = interaction.original.iter().chain(&interaction.followups);
        ids.filter_map(|id| state.messages.get(id)).cloned().collect()
    }

    /// The current message of the answer.
    ///
    /// # Panics
    /// If there is none, or more than one.
    pub fn message(&self) -> Message {
        let mut messages = self.messages();
        assert_eq!(messages.len(), 1, "one message in answer, after {:?}", self.response());
        messages.remove(0)
    }

    /// The dialog that opened.
    ///
    /// # Panics
    /// If something else happened.
    pub fn modal(&self) -> Modal {
        match self.response() {
            Some(Response::Modal(modal)) => modal,
            other => panic!("no dialog opened but {other:?}"),
        }
    }

    /// Delivers the same interaction again, as Discord does to a second session, or to a bot that resumes
    /// from an old sequence number.
    pub fn redeliver(&self) {
        self.server.write(|state| {
            let payload = state.interactions[&self.interaction].payload.clone();
            state.sessions.dispatch("INTERACTION_CREATE", &payload);
        });
    }

    fn look<R>(&self, at: impl FnOnce(&Interaction) -> R) -> R {
        at(&self.server.read().interactions[&self.interaction])
    }
}
