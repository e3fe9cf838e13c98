//! The REST routes. Each one parses its path and body. The state enforces the rules.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{FromRequestParts, Path, State as Shared};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::channel_routes;
use super::commands::Scope;
use super::error::ApiError;
use super::model::{ApplicationId, GuildId, InteractionId, UserId};
use super::state::{Server, State};
use super::upload::Upload;

pub(super) type Reply = Result<Json<Value>, ApiError>;
pub(super) type Done = Result<StatusCode, ApiError>;
pub(super) type App = Shared<Arc<Server>>;
pub(super) type Body = Result<Json<Value>, JsonRejection>;

pub(super) fn api() -> Router<Arc<Server>> {
    Router::new()
        .route("/gateway", get(gateway))
        .route("/gateway/bot", get(gateway_bot))
        .route("/users/@me", get(me))
        .route("/applications/@me", get(application))
        .route("/oauth2/applications/@me", get(application))
        .route("/applications/{app}/commands", get(commands).put(overwrite))
        .route("/applications/{app}/guilds/{guild}/commands", get(commands).put(overwrite))
        .route("/interactions/{id}/{token}/callback", post(respond))
        .route("/webhooks/{app}/{token}", post(follow_up))
        .route(
            "/webhooks/{app}/{token}/messages/{message}",
            patch(edit_answer).get(answer).delete(delete_answer),
        )
        .route("/guilds/{guild}/roles", get(roles))
        .route("/guilds/{guild}/members/{user}", get(member))
        .merge(channel_routes::api())
}

/// The ids of a path. An invalid id makes the route unknown.
pub(super) struct Ids<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Ids<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(ids)| Self(ids)).map_err(|_: PathRejection| ApiError::unknown_route())
    }
}

pub(super) fn json_body(body: Body) -> Result<Value, ApiError> {
    body.map(|Json(body)| body).map_err(|rejection| ApiError::invalid(rejection.body_text()))
}

async fn gateway(Shared(server): App) -> Json<Value> {
    Json(json!({ "url": format!("ws://{}", server.address) }))
}

async fn gateway_bot(Shared(server): App) -> Json<Value> {
    let left = 1000_usize.saturating_sub(server.read().sessions.identifies.len());
    Json(json!({
        "url": format!("ws://{}", server.address),
        "shards": 1,
        "session_start_limit": {
            "total": 1000,
            "remaining": left,
            "reset_after": 86_400_000,
            "max_concurrency": 1,
        },
    }))
}

async fn me(Shared(server): App) -> Json<Value> {
    let mut user = server.read().bot.json();
    user["verified"] = json!(true);
    user["mfa_enabled"] = json!(true);
    user["email"] = Value::Null;
    Json(user)
}

async fn application(Shared(server): App) -> Json<Value> {
    let state = server.read();
    Json(json!({
        "id": state.application,
        "name": state.bot.name,
        "icon": null,
        "description": "",
        "bot_public": false,
        "bot_require_code_grant": false,
        "verify_key": "0".repeat(64),
        "team": null,
        "owner": null,
        "flags": 0,
        "bot": state.bot.json(),
        "integration_types_config": { "0": {} },
    }))
}

/// `/applications/{app}/commands` and `/applications/{app}/guilds/{guild}/commands`.
#[derive(Deserialize)]
struct CommandsPath {
    app: ApplicationId,
    guild: Option<GuildId>,
}

fn scope(state: &State, path: &CommandsPath) -> Result<Scope, ApiError> {
    if path.app != state.application {
        return Err(ApiError::wrong_application());
    }
    match path.guild {
        Some(guild) if !state.guilds.contains_key(&guild) => Err(ApiError::missing_access()),
        scope => Ok(scope),
    }
}

async fn commands(Shared(server): App, Ids(path): Ids<CommandsPath>) -> Reply {
    let state = server.read();
    Ok(Json(state.commands.json(scope(&state, &path)?)))
}

async fn overwrite(Shared(server): App, Ids(path): Ids<CommandsPath>, body: Body) -> Reply {
    let body = json_body(body)?;
    server.write(|state| {
        let scope = scope(state, &path)?;
        state.commands.overwrite(&server.clock, path.app, scope, body).map(Json)
    })
}

async fn respond(
    Shared(server): App,
    Ids((id, token)): Ids<(InteractionId, String)>,
    body: Body,
) -> Done {
    let body = json_body(body)?;
    server.write(|state| state.respond(&server.clock, id, &token, body))?;
    Ok(StatusCode::NO_CONTENT)
}

fn check_webhook(state: &State, app: ApplicationId) -> Result<(), ApiError> {
    if app == state.application { Ok(()) } else { Err(ApiError::unknown_webhook()) }
}

async fn follow_up(
    Shared(server): App,
    Ids((app, token)): Ids<(ApplicationId, String)>,
    body: Upload,
) -> Reply {
    server.write(|state| {
        check_webhook(state, app)?;
        let id = state.follow_up(&server.clock, &token, body)?;
        Ok(Json(state.message_json(&state.messages[&id])))
    })
}

type AnswerPath = Ids<(ApplicationId, String, String)>;

async fn answer(Shared(server): App, Ids((app, token, name)): AnswerPath) -> Reply {
    let state = server.read();
    check_webhook(&state, app)?;
    let id = state.webhook_message(&token, &name, server.clock.now())?;
    Ok(Json(state.message_json(&state.messages[&id])))
}

async fn edit_answer(
    Shared(server): App,
    Ids((app, token, name)): AnswerPath,
    body: Upload,
) -> Reply {
    server.write(|state| {
        check_webhook(state, app)?;
        let id = state.edit_by_webhook(&token, &name, body, server.clock.now())?;
        Ok(Json(state.message_json(&state.messages[&id])))
    })
}

async fn delete_answer(Shared(server): App, Ids((app, token, name)): AnswerPath) -> Done {
    server.write(|state| {
        check_webhook(state, app)?;
        state.delete_by_webhook(&token, &name, server.clock.now())?;
        Ok(StatusCode::NO_CONTENT)
    })
}

async fn roles(Shared(server): App, Ids(id): Ids<GuildId>) -> Reply {
    let state = server.read();
    let guild = state.guilds.get(&id).ok_or_else(ApiError::unknown_guild)?;
    Ok(Json(guild.roles.iter().enumerate().map(|(at, role)| role.json(at)).collect()))
}

async fn member(Shared(server): App, Ids((guild, user)): Ids<(GuildId, UserId)>) -> Reply {
    let state = server.read();
    let guild = state.guilds.get(&guild).ok_or_else(ApiError::unknown_guild)?;
    let member = guild.members.get(&user).ok_or_else(ApiError::unknown_member)?;
    Ok(Json(member.json(Some(&state.users[&user]))))
}
