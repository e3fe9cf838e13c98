//! The edge towards Discord: events in, commands to the core, answers out.
//!
//! Models, messages and the REST API are serenity's; the gateway is our own.

mod answer;
mod bot;
mod connection;
mod escape;
mod events;
mod failure;
mod gateway;
mod markup;
mod parse;
mod posting;
mod register;
mod render;

use std::future::Future;
use std::time::Duration;

pub use bot::Bot;
pub use connection::Connection;
pub use gateway::BotError;
pub use posting::Poster;
use serenity::all::HttpError;
use serenity::http::ErrorResponse;
use tokio::time::timeout;

/// What is said of a request that Discord did not answer in time.
const NO_ANSWER: &str = "no answer in time";

/// Waits for Discord no longer than `limit`. serenity sets no limit of its own.
async fn within<T>(
    limit: Duration,
    request: impl Future<Output = serenity::Result<T>>,
) -> serenity::Result<T> {
    timeout(limit, request).await.unwrap_or(Err(serenity::Error::Other(NO_ANSWER)))
}

/// The answer with which Discord did not do what it was asked.
fn refused(error: &serenity::Error) -> Option<&ErrorResponse> {
    match error {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(response)) => Some(response),
        _ => None,
    }
}

/// An error of serenity's for the log. Never its own text where that has an address in it: the
/// addresses of interactions hold their tokens.
fn describe(error: &serenity::Error) -> String {
    match error {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(response)) => format!(
            "HTTP {}, code {}: {}",
            response.status_code.as_u16(),
            response.error.code,
            crate::text::visible(&response.error.message)
        ),
        serenity::Error::Http(HttpError::Request(error)) if error.is_timeout() => {
            NO_ANSWER.to_owned()
        }
        serenity::Error::Http(HttpError::Request(error)) if error.is_connect() => {
            "no connection".to_owned()
        }
        serenity::Error::Http(HttpError::Request(_)) => "the request was cut off".to_owned(),
        error => error.to_string(),
    }
}
