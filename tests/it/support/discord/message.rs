//! A message, as people see it and as API JSON.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use twilight_model::channel::message::component::{Button, Component};
use twilight_model::channel::message::embed::Embed;

use super::attachments::Attachment;
use super::clock::{Moment, iso_8601};
use super::mentions::Ping;
use super::model::{ChannelId, MessageId, User, UserId};

/// The flag of a message that only one person sees.
pub(super) const EPHEMERAL: u64 = 1 << 6;
/// The flag of a message that Discord shows as "thinking…".
const LOADING: u64 = 1 << 7;

/// A message of the bot.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: MessageId,
    pub channel: ChannelId,
    pub content: String,
    pub embeds: Vec<Embed>,
    pub components: Vec<Component>,
    pub attachments: Vec<Attachment>,
    /// The only person who sees it, if it is ephemeral.
    pub only_for: Option<UserId>,
    /// Whether it is a deferred answer that has not been filled in yet.
    pub loading: bool,
    /// The number of edits. Filling in a deferred answer is not an edit.
    pub edits: u32,
    /// All targets that any version of this message has pinged.
    pub pinged: BTreeSet<Ping>,
    /// The number of versions that pinged a target, including the first version.
    pub rings: u32,
    /// Whether the bot sent content without `allowed_mentions`, so that Discord's wide defaults decided
    /// the pings. It is set by every creation, and by edits of the content.
    pub allowed_mentions_absent: bool,
    pub(super) flags: u64,
    pub(super) nonce: Option<Value>,
    pub(super) created: Moment,
    pub(super) edited: Option<Moment>,
    /// The metadata of the interaction that it answers.
    pub(super) answers: Option<Value>,
}

impl Message {
    /// Whether only one person sees it.
    pub fn is_ephemeral(&self) -> bool {
        self.only_for.is_some()
    }

    /// The buttons, in the order in which people see them.
    pub fn buttons(&self) -> Vec<&Button> {
        let rows = self.components.iter().filter_map(|component| match component {
            Component::ActionRow(row) => Some(row),
            _ => None,
        });
        rows.flat_map(|row| &row.components)
            .filter_map(|component| match component {
                Component::Button(button) => Some(button),
                _ => None,
            })
            .collect()
    }

    pub(super) fn json(&self, bot: &User, mentioned: &[&User]) -> Value {
        let mut flags = self.flags;
        if self.is_ephemeral() {
            flags |= EPHEMERAL;
        }
        if self.loading {
            flags |= LOADING;
        }
        let roles: Vec<_> = self.pinged.iter().filter_map(Ping::role).collect();
        let mut message = json!({
            "id": self.id,
            "channel_id": self.channel,
            "type": 0,
            "author": bot.json(),
            "content": self.content,
            "embeds": self.embeds,
            "components": self.components,
            "mentions": mentioned.iter().map(|user| user.json()).collect::<Vec<_>>(),
            "mention_roles": roles,
            "mention_everyone": self.pinged.iter().any(Ping::is_general),
            "attachments": self.attachments.iter().map(Attachment::json).collect::<Vec<_>>(),
            "pinned": false,
            "tts": false,
            "timestamp": iso_8601(self.created),
            "edited_timestamp": self.edited.map(iso_8601),
            "flags": flags,
        });
        if let Some(nonce) = &self.nonce {
            message["nonce"] = nonce.clone();
        }
        if let Some(interaction) = &self.answers {
            let from_command = interaction["type"] == 2;
            message["type"] = json!(if from_command { 20 } else { 0 });
            message["interaction_metadata"] = interaction.clone();
            // Discord sends these messages through a webhook that has the application's id.
            message["application_id"] = json!(bot.id);
            message["webhook_id"] = json!(bot.id);
        }
        message
    }
}
