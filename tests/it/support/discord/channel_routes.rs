//! The routes of channels and their messages.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State as Shared};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use twilight_model::guild::Permissions;

use super::body::MessageBody;
use super::error::ApiError;
use super::model::{ChannelId, MessageId, PERMISSIONS, Thread};
use super::routes::{App, Body, Done, Ids, Reply, json_body};
use super::state::{Place, Server, Writing};
use super::upload::Upload;

/// How long Discord remembers an enforced nonce. Its documentation says "a few minutes".
const NONCE_LIFE: Duration = Duration::from_mins(5);

pub(super) fn api() -> Router<Arc<Server>> {
    Router::new()
        .route("/channels/{channel}", get(channel).patch(open_thread))
        .route("/channels/{channel}/messages", get(messages).post(create_message))
        .route(
            "/channels/{channel}/messages/{message}",
            get(message).patch(edit_message).delete(delete_message),
        )
}

async fn channel(Shared(server): App, Ids(id): Ids<ChannelId>) -> Reply {
    let state = server.read();
    let mut channel = state.channel(id)?.json(&state.users);
    // Discord hides a channel from a bot that may not view it.
    let may = state.may(id);
    if !may.contains(Permissions::VIEW_CHANNEL) {
        return Err(ApiError::missing_access());
    }
    if state.bot_may.contains_key(&id) {
        channel["permission_overwrites"] = json!([{
            "id": state.bot.id, "type": 1, "allow": may, "deny": PERMISSIONS - may,
        }]);
    }
    Ok(Json(channel))
}

/// The only channel setting that the bot changes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Opened {
    archived: bool,
}

async fn open_thread(Shared(server): App, Ids(id): Ids<ChannelId>, body: Body) -> Reply {
    let body: Opened = serde_json::from_value(json_body(body)?).map_err(ApiError::invalid)?;
    server.write(|state| {
        state.channel(id)?.check_writable()?;
        let channel = state.channels.get_mut(&id).expect("a channel that was found");
        let thread = channel.thread.as_mut().ok_or_else(ApiError::missing_permissions)?;
        thread.archived = body.archived;
        Ok(Json(state.channel(id)?.json(&state.users)))
    })
}

/// The query of a page of messages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    limit: Option<usize>,
    before: Option<MessageId>,
    after: Option<MessageId>,
}

async fn messages(Shared(server): App, Ids(id): Ids<ChannelId>, Query(page): Query<Page>) -> Reply {
    let state = server.read();
    state.channel(id)?;
    let limit = page.limit.unwrap_or(50);
    if !(1..=100).contains(&limit) {
        return Err(ApiError::invalid("a page of 1 to 100 messages"));
    }
    let wanted: Vec<_> = state
        .messages
        .values()
        .filter(|message| message.channel == id && !message.is_ephemeral())
        .filter(|message| page.before.is_none_or(|before| message.id < before))
        .filter(|message| page.after.is_none_or(|after| message.id > after))
        .collect();
    // Newest first. With `after`, the page has the messages closest to that message.
    let skipped = if page.after.is_some() { wanted.len().saturating_sub(limit) } else { 0 };
    let newest_first = wanted.into_iter().rev().skip(skipped).take(limit);
    Ok(Json(newest_first.map(|message| state.message_json(message)).collect()))
}

async fn create_message(Shared(server): App, Ids(channel): Ids<ChannelId>, body: Upload) -> Reply {
    let body = MessageBody::upload(body)?;
    server.write(|state| {
        state.channel(channel)?.check_writable()?;
        if !body.files.is_empty() && !state.may(channel).contains(Permissions::ATTACH_FILES) {
            return Err(ApiError::missing_permissions());
        }
        // Posting a message opens an archived thread.
        let here = state.channels.get_mut(&channel).expect("a channel that was found");
        here.thread = here.thread.map(|thread| Thread { archived: false, ..thread });
        if body.enforce_nonce && body.nonce.is_some() {
            let oldest = server.clock.now().saturating_sub(NONCE_LIFE);
            let repeated = state.messages.values().find(|message| {
                let here = message.channel == channel && message.created >= oldest;
                here && message.nonce == body.nonce
            });
            if let Some(first) = repeated {
                return Ok(Json(state.message_json(first)));
            }
        }
        let place = Place { channel, only_for: None, answers: None };
        let id = state.post(&server.clock, place, body)?;
        Ok(Json(state.message_json(&state.messages[&id])))
    })
}

type MessagePath = Ids<(ChannelId, MessageId)>;

async fn message(Shared(server): App, Ids((channel, id)): MessagePath) -> Reply {
    let state = server.read();
    Ok(Json(state.message_json(state.public_message(channel, id)?)))
}

async fn edit_message(Shared(server): App, Ids((channel, id)): MessagePath, body: Upload) -> Reply {
    let body = MessageBody::upload(body)?;
    server.write(|state| {
        state.public_message(channel, id)?;
        state.channel(channel)?.check_open()?;
        state.write(id, body, Writing::Edit, server.clock.now())?;
        Ok(Json(state.message_json(&state.messages[&id])))
    })
}

async fn delete_message(Shared(server): App, Ids((channel, id)): MessagePath) -> Done {
    server.write(|state| {
        state.public_message(channel, id)?;
        state.messages.remove(&id);
        Ok(StatusCode::NO_CONTENT)
    })
}
