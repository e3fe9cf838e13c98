//! What a person gets for an action.

use std::sync::Arc;
use std::time::Duration;

use super::interactions::{Interaction, Modal, Response};
use super::message::Message;
use super::model::InteractionId;
use super::state::Server;

/// The bot's answer to one action, as it is at the moment one looks at it.
#[derive(Clone)]
pub struct Answer {
    pub(super) server: Arc<Server>,
    pub(super) interaction: InteractionId,
}

impl Answer {
    /// Waits for the first response, or until Discord tells the person that there was none.
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

    /// Waits until a deferred answer has come; any other is settled with its first response.
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

    /// How the bot responded at first; nothing if it did not in time.
    pub fn response(&self) -> Option<Response> {
        self.look(|interaction| Some(interaction.first.as_ref()?.response.clone()))
    }

    /// Whether the person was told that the application did not respond.
    pub fn is_missing(&self) -> bool {
        self.look(|interaction| interaction.given_up(self.server.clock.now()))
    }

    /// Whether the person saw "thinking…", or a click that took its time.
    pub fn was_deferred(&self) -> bool {
        matches!(self.response(), Some(Response::Deferred | Response::DeferredUpdate))
    }

    /// How long the person waited for the first response.
    pub fn response_time(&self) -> Option<Duration> {
        self.look(|interaction| Some(interaction.first.as_ref()?.after))
    }

    /// The messages made or changed in answer, oldest first, as they are now.
    pub fn messages(&self) -> Vec<Message> {
        let state = self.server.read();
        let interaction = &state.interactions[&self.interaction];
        let ids = interaction.original.iter().chain(&interaction.followups);
        ids.filter_map(|id| state.messages.get(id)).cloned().collect()
    }

    /// The one message of the answer, as it is now.
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

    /// Delivers the same interaction once more, as Discord does to a second session, or to a bot
    /// that resumes from too far back.
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
