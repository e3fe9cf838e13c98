//! The edge towards Discord: events in, commands to the core, answers out.

mod answer;
mod bot;
mod escape;
mod events;
mod parse;
mod register;
mod render;

pub use bot::{Bot, BotError};
use serenity::all::HttpError;

/// An error of serenity's for the log. Never its own text where that has an address in it: the
/// addresses of interactions hold their tokens.
fn describe(error: &serenity::Error) -> String {
    match error {
        serenity::Error::Http(HttpError::UnsuccessfulRequest(response)) => format!(
            "HTTP {}, code {}: {}",
            response.status_code.as_u16(),
            response.error.code,
            crate::message::visible(&response.error.message)
        ),
        serenity::Error::Http(HttpError::Request(error)) if error.is_timeout() => {
            "no answer in time".to_owned()
        }
        serenity::Error::Http(HttpError::Request(error)) if error.is_connect() => {
            "no connection".to_owned()
        }
        serenity::Error::Http(HttpError::Request(_)) => "the request was cut off".to_owned(),
        error => error.to_string(),
    }
}
