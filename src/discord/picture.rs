//! Adds a picture to an answer that people read already.

use std::time::Duration;

use serenity::all::{Builder, CreateAttachment, EditInteractionResponse, Http};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::{debug, warn};

use super::render::nobody;
use super::{describe, within};
use crate::message::Picture;
use crate::picture::{NotDrawn, drawn};
use crate::words::picture as words;

/// One picture is drawn at a time: each takes some megabytes and all of a processor.
static EASEL: Semaphore = Semaphore::const_new(1);

/// How long a picture waits for its turn. After that the words stand alone.
const TURN: Duration = Duration::from_secs(10);

/// Time limit for Discord to take a picture.
const UPLOAD: Duration = Duration::from_secs(30);

/// Draws a picture, and adds it to the original response of an interaction. If that fails, the words stand as they
/// are.
pub(super) async fn illustrate(http: &Http, (reference, token): (u64, &str), picture: Picture) {
    let attachment = match attachment(picture).await {
        Ok(attachment) => attachment,
        Err(why) => return warn!(reference, %why, "a picture was not drawn"),
    };
    // What an edit leaves out stays: the words, and the buttons.
    let edit = EditInteractionResponse::new().new_attachment(attachment);
    let edit = edit.allowed_mentions(nobody());
    if let Err(error) = within(UPLOAD, edit.execute(http, token)).await {
        warn!(reference, error = describe(&error), "a picture was not taken");
    } else {
        debug!(reference, "a picture was added");
    }
}

/// A picture as a file, with its description.
pub(super) async fn attachment(picture: Picture) -> Result<CreateAttachment, NotDrawn> {
    let turn = timeout(TURN, EASEL.acquire()).await;
    let _turn = turn.map_err(|_| NotDrawn("too many others are drawn".to_owned()))?;
    let (name, description) = (words::file_name(&picture), words::description(&picture));
    let drawing = spawn_blocking(move || drawn(&picture));
    let png = drawing.await.map_err(|panicked| NotDrawn(panicked.to_string()))??;
    Ok(CreateAttachment::bytes(png, name).description(description))
}
