//! Interactions as the gateway delivers them.

use serde_json::{Value, json};
use twilight_model::application::interaction::Interaction as Model;

use super::clock::Clock;
use super::interactions::{Interaction, Kind};
use super::model::{ChannelId, Home, InteractionId, PERMISSIONS, UserId};
use super::state::State;

/// An action of a person, before Discord makes an interaction from it.
pub(super) struct Action {
    pub person: UserId,
    pub channel: ChannelId,
    pub kind: Kind,
    pub data: Value,
    /// The interaction that opened the submitted dialog.
    pub opened_by: Option<InteractionId>,
}

impl State {
    /// Makes an interaction from an action, and delivers it to every session.
    pub fn act(&mut self, clock: &Clock, action: Action) -> InteractionId {
        let Action { person, channel, kind, data, opened_by } = action;
        let id: InteractionId = clock.id();
        let token = format!("aW50ZXJhY3Rpb24{id}");
        let metadata = self.metadata(id, kind, person, channel, opened_by);
        let mut payload = json!({
            "id": id,
            "application_id": self.application,
            "type": kind.number(),
            "token": token,
            "version": 1,
            "data": data,
            "channel": self.channels[&channel].json(&self.users),
            "channel_id": channel,
            "locale": "en-US",
            "app_permissions": self.bot_may.get(&channel).copied().unwrap_or(PERMISSIONS),
            "entitlements": [],
            "authorizing_integration_owners": metadata["authorizing_integration_owners"],
            "attachment_size_limit": 10_485_760,
        });
        let user = &self.users[&person];
        match self.channels[&channel].home {
            Home::Guild(guild) => {
                let membership = self.guilds[&guild].members.get(&person);
                let membership = membership
                    .unwrap_or_else(|| panic!("{} is no member of the channel's guild", user.name));
                let mut member = membership.json(Some(user));
                member["permissions"] = json!(PERMISSIONS);
                payload["member"] = member;
                payload["channel"]["permissions"] = json!(PERMISSIONS);
                payload["guild_id"] = json!(guild);
                payload["guild"] = json!({ "id": guild, "locale": "en-US", "features": [] });
                payload["guild_locale"] = json!("en-US");
                payload["context"] = json!(0);
            }
            Home::Direct(with) => {
                assert_eq!(with, person, "{} is not in this direct channel", user.name);
                payload["user"] = user.json();
                payload["context"] = json!(1);
            }
        }
        // The message may have been deleted since the dialog was opened.
        if let Some(message) = kind.source().and_then(|id| self.messages.get(&id)) {
            payload["message"] = self.message_json(message);
        }
        // The bot's library is lenient, so an independent parser checks that the payload is complete.
        serde_json::from_value::<Model>(payload.clone())
            .unwrap_or_else(|error| panic!("the fake made a bad interaction: {error}\n{payload}"));
        self.sessions.dispatch("INTERACTION_CREATE", &payload);
        let interaction = Interaction {
            token,
            kind,
            person,
            channel,
            sent: clock.now(),
            payload,
            metadata,
            first: None,
            original: None,
            followups: Vec::new(),
            pursued: false,
        };
        self.interactions.insert(id, interaction);
        id
    }

    fn metadata(
        &self,
        id: InteractionId,
        kind: Kind,
        person: UserId,
        channel: ChannelId,
        opened_by: Option<InteractionId>,
    ) -> Value {
        // In a direct message Discord writes "0" instead of the guild's id.
        let owner = self.channels[&channel].guild().map_or("0".to_owned(), |id| id.to_string());
        let mut metadata = json!({
            "id": id,
            "type": kind.number(),
            "user": self.users[&person].json(),
            "authorizing_integration_owners": { "0": owner },
        });
        if let Kind::Component { message } = kind {
            metadata["interacted_message_id"] = json!(message);
        }
        if let Some(opener) = opened_by {
            metadata["triggering_interaction_metadata"] =
                self.interactions[&opener].metadata.clone();
        }
        metadata
    }
}
