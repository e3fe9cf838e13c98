//! The bodies that a bot may send. An unknown field is an error.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};
use serde_json::Value;
use twilight_model::application::command::CommandOptionChoice;
use twilight_model::channel::message::{AllowedMentions, Component, Embed};

use super::attachments::{Attachment, Listed};
use super::error::ApiError;
use super::upload::Upload;
use super::validate;

/// A field of an edit: left out, set to null, or given.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Patch<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T> Patch<T> {
    pub fn given(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    pub fn apply(self, to: &mut T)
    where
        T: Default,
    {
        match self {
            Self::Keep => {}
            Self::Clear => *to = T::default(),
            Self::Set(value) => *to = value,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

/// A message to create or to change.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MessageBody {
    pub content: Patch<String>,
    pub embeds: Patch<Vec<Embed>>,
    pub components: Patch<Vec<Component>>,
    pub allowed_mentions: Option<AllowedMentions>,
    pub flags: Option<u64>,
    pub nonce: Option<Value>,
    pub enforce_nonce: bool,
    tts: bool,
    pub attachments: Patch<Vec<Listed>>,
    sticker_ids: Option<Vec<IgnoredAny>>,
    /// The files that came with it, by their number.
    #[serde(skip)]
    pub files: BTreeMap<u64, Attachment>,
}

impl MessageBody {
    /// Reads a message and checks every limit that holds for its parts.
    pub fn parse(mut body: Value) -> Result<Self, ApiError> {
        // Discord treats an embed without a type as `rich`. The model requires the type.
        if let Some(embeds) = body.get_mut("embeds").and_then(Value::as_array_mut) {
            for embed in embeds.iter_mut().filter_map(Value::as_object_mut) {
                embed.entry("type").or_insert_with(|| "rich".into());
            }
        }
        let mut body: Self = parse(body)?;
        if let Patch::Set(content) = &mut body.content {
            *content = content.trim().to_owned();
        }
        if body.tts || body.sticker_ids.as_ref().is_some_and(|list| !list.is_empty()) {
            return Err(ApiError::invalid("stickers and speech are not modelled"));
        }
        validate::message(&body)?;
        Ok(body)
    }

    /// Reads a message that may come with files.
    pub fn upload(upload: Upload) -> Result<Self, ApiError> {
        let Upload { body, files } = upload;
        Ok(Self { files, ..Self::parse(body)? })
    }
}

/// The first response to an interaction.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Callback {
    #[serde(rename = "type")]
    pub kind: u8,
    #[serde(default)]
    pub data: Option<Value>,
}

/// The choices offered while a person types.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChoicesBody {
    pub choices: Vec<CommandOptionChoice>,
}

/// A dialog to open.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModalBody {
    pub custom_id: String,
    pub title: String,
    pub components: Vec<Component>,
}

/// Reads a body. The error is Discord's answer to an invalid body.
pub(super) fn parse<T: DeserializeOwned>(body: Value) -> Result<T, ApiError> {
    serde_json::from_value(body).map_err(ApiError::invalid)
}
