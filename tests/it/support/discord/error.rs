//! Discord's error answers: a status, a JSON code and a message.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An answer that is not a success.
#[derive(Clone, Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    code: u32,
    message: String,
    violation: Option<String>,
}

/// Marks a response, so that the request log counts the request as the bot's mistake.
#[derive(Clone, Debug)]
pub(super) struct Violation(pub String);

impl ApiError {
    pub fn new(status: StatusCode, code: u32, message: &str) -> Self {
        Self { status, code, message: message.to_owned(), violation: None }
    }

    /// The request breaks a rule that a correct bot never breaks, in any state of Discord.
    #[expect(clippy::needless_pass_by_value, reason = "it ends chains of `map_err`")]
    pub fn invalid(detail: impl ToString) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 50035, "Invalid Form Body").with_violation(&detail)
    }

    pub fn empty_message() -> Self {
        Self::new(StatusCode::BAD_REQUEST, 50006, "Cannot send an empty message")
            .with_violation(&"an empty message")
    }

    pub fn unknown_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, 0, "404: Not Found").with_violation(&"unknown route")
    }

    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, 0, "401: Unauthorized")
    }

    pub fn missing_access() -> Self {
        Self::new(StatusCode::FORBIDDEN, 50001, "Missing Access")
    }

    pub fn missing_permissions() -> Self {
        Self::new(StatusCode::FORBIDDEN, 50013, "Missing Permissions")
    }

    pub fn thread_archived() -> Self {
        Self::new(StatusCode::BAD_REQUEST, 50083, "Thread is archived")
    }

    pub fn thread_locked() -> Self {
        Self::new(StatusCode::FORBIDDEN, 160_005, "Thread is locked")
    }

    pub fn wrong_application() -> Self {
        let message = "You are not authorized to perform this action on this application";
        Self::new(StatusCode::FORBIDDEN, 20012, message)
    }

    pub fn unknown_channel() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10003, "Unknown Channel")
    }

    pub fn unknown_guild() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10004, "Unknown Guild")
    }

    pub fn unknown_member() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10007, "Unknown Member")
    }

    pub fn unknown_message() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10008, "Unknown Message")
    }

    pub fn unknown_webhook() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10015, "Unknown Webhook")
    }

    pub fn unknown_interaction() -> Self {
        Self::new(StatusCode::NOT_FOUND, 10062, "Unknown interaction")
    }

    pub fn already_acknowledged() -> Self {
        let message = "Interaction has already been acknowledged.";
        Self::new(StatusCode::BAD_REQUEST, 40060, message)
    }

    pub fn invalid_webhook_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, 50027, "Invalid Webhook Token")
    }

    fn with_violation(mut self, detail: &impl ToString) -> Self {
        self.violation = Some(detail.to_string());
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "message": self.message, "code": self.code }));
        let mut response = (self.status, body).into_response();
        if let Some(violation) = self.violation {
            response.extensions_mut().insert(Violation(violation));
        }
        response
    }
}
