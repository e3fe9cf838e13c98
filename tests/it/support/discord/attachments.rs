//! The files of a message, and how a body adds, keeps and removes them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use twilight_model::id::Id;
use twilight_model::id::marker::AttachmentMarker;
use twilight_validate::message as rules;

use super::body::Patch;
use super::error::ApiError;

/// Most files of a message.
const MOST: usize = 10;

/// Longest description of a file.
const DESCRIPTION_LENGTH_MAX: usize = 1_024;

/// A file of a message.
#[derive(Clone, Debug)]
pub struct Attachment {
    pub id: Id<AttachmentMarker>,
    pub filename: String,
    pub description: Option<String>,
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// An attachment in a body: a number for a file of this request, or the id of one that the message has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    id: Value,
    filename: Option<String>,
    description: Option<String>,
}

impl Attachment {
    pub(super) fn json(&self) -> Value {
        let url = format!("https://cdn.discordapp.com/ephemeral-attachments/{}", self.filename);
        json!({
            "id": self.id,
            "filename": self.filename,
            "description": self.description,
            "content_type": self.content_type,
            "size": self.bytes.len(),
            "url": url,
            "proxy_url": url,
        })
    }
}

/// The files that a message has after a body. Those that it does not list are removed, and without a list all stay.
pub(super) fn applied(
    has: &[Attachment],
    listed: Patch<Vec<Listed>>,
    mut files: BTreeMap<u64, Attachment>,
) -> Result<Vec<Attachment>, ApiError> {
    let listed = match listed {
        Patch::Keep if files.is_empty() => return Ok(has.to_vec()),
        Patch::Keep => return Err(ApiError::invalid("files that `attachments` does not list")),
        Patch::Clear => Vec::new(),
        Patch::Set(listed) => listed,
    };
    let mut all = Vec::new();
    for one in listed {
        let Listed { id: named, filename, description } = one;
        let length = description.as_ref().map_or(0, |text| text.chars().count());
        if length > DESCRIPTION_LENGTH_MAX {
            return Err(ApiError::invalid("a description of more than 1,024 characters"));
        }
        // Ids of messages are far greater than the number of a file.
        let number = named.as_u64().or_else(|| named.as_str()?.parse().ok());
        let number = number.ok_or_else(|| ApiError::invalid("the id of an attachment"))?;
        if let Some(kept) = has.iter().find(|it| it.id.get() == number) {
            all.push(kept.clone());
            continue;
        }
        let file = files.remove(&number);
        let file = file.ok_or_else(|| ApiError::invalid(format!("no part files[{number}]")))?;
        if filename.is_some_and(|name| name != file.filename) {
            return Err(ApiError::invalid("a file with two names"));
        }
        rules::attachment_filename(&file.filename).map_err(ApiError::invalid)?;
        all.push(Attachment { description, ..file });
    }
    if !files.is_empty() {
        return Err(ApiError::invalid("files that `attachments` does not list"));
    }
    if all.len() > MOST {
        return Err(ApiError::invalid("more than 10 files"));
    }
    Ok(all)
}
