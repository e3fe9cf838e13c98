//! The Discord edge: receives events, passes commands to the core, sends answers.
//!
//! Models, messages and the REST API are from serenity. The gateway is our own.

mod answer;
mod bot;
mod connection;
mod escape;
mod events;
mod examine;
mod failure;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzz;
mod gateway;
mod markup;
mod parse;
mod permissions;
mod picture;
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

/// Error text for a request that Discord did not answer in time.
const NO_ANSWER: &str = "no answer in time";

/// Waits for Discord for at most `limit`. serenity sets no limit itself.
async fn within<T>(
    limit: Duration,
    request: impl Future<Output = serenity::Result<T>>,
) -> serenity::Result<T> {
    timeout(limit, request).await.unwrap_or(Err(serenity::Error::Other(NO_ANSWER)))
}

/// Discord's error answer, if the error contains one.
fn refused(error: &serenity::Error) -> Option<&ErrorResponse> {
    match error {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(response)) => Some(response),
        _ => None,
    }
}

/// A serenity error for the log. It omits texts that contain an address, because the addresses of
/// interactions contain their tokens.
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
