//! What a failed Discord request means for the delivery of a message.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

use super::NO_ANSWER;
use crate::ports::Undelivered;
use crate::text::visible;

/// From Discord's list of JSON error codes.
const UNKNOWN_CHANNEL: i64 = 10_003;
const UNKNOWN_MESSAGE: i64 = 10_008;
/// Another application posted the message: the bot's token was replaced by that of another one.
const FOREIGN_MESSAGE: i64 = 50_005;
const MISSING_ACCESS: i64 = 50_001;
const EMPTY_MESSAGE: i64 = 50_006;
const MISSING_PERMISSIONS: i64 = 50_013;
const INVALID_FORM: i64 = 50_035;
const THREAD_ARCHIVED: i64 = 50_083;
const THREAD_LOCKED: i64 = 160_005;

/// A failed request: an error answer, or no answer.
pub(super) struct Failure {
    undelivered: Undelivered,
    /// Discord's error code, if the answer came from Discord.
    code: Option<i64>,
}

impl Failure {
    /// Interprets an error answer.
    pub(super) fn of(http: StatusCode, headers: &HeaderMap, body: Option<&Value>) -> Self {
        let said = body.and_then(|body| Some((body["code"].as_i64(), body["message"].as_str()?)));
        let code = said.and_then(|(code, _)| code);
        let why = match said {
            Some((code, message)) => {
                let code = code.map(|code| format!(", code {code}")).unwrap_or_default();
                format!("HTTP {}{code}: {}", http.as_u16(), visible(message))
            }
            None => format!("HTTP {}, not by Discord", http.as_u16()),
        };
        Self { undelivered: undelivered(http, code, why, &Limit::of(headers, body)), code }
    }

    /// The rate limit that Discord reported earlier has not ended yet.
    pub(super) fn full(after: Duration) -> Self {
        let why = "the channel's limit is used up".to_owned();
        Self { undelivered: Undelivered::Later { after: Some(after), why }, code: None }
    }

    /// The channel does not exist.
    pub(super) fn no_channel() -> Self {
        let why = "There is no such channel: ask in one that exists, and set \
                   LOCKTENDER_ANNOUNCE_CHANNEL_ID to one of this server";
        Self { undelivered: Undelivered::ChannelGone { why: why.to_owned() }, code: None }
    }

    /// Whether the thread is archived and must be opened first.
    pub(super) fn is_archived(&self) -> bool {
        self.code == Some(THREAD_ARCHIVED)
    }

    /// Whether a later retry can succeed without a person's action.
    pub(super) fn passes(&self) -> bool {
        matches!(self.undelivered, Undelivered::Later { .. } | Undelivered::Everywhere { .. })
    }
}

/// A request without an answer.
pub(super) fn unsent(why: &str) -> Failure {
    Failure { undelivered: Undelivered::Later { after: None, why: why.to_owned() }, code: None }
}

impl From<&reqwest::Error> for Failure {
    /// Does not use reqwest's text, which contains the address.
    fn from(error: &reqwest::Error) -> Self {
        unsent(match () {
            () if error.is_timeout() => NO_ANSWER,
            () if error.is_connect() => "no connection",
            () => "the request was cut off",
        })
    }
}

impl From<Failure> for Undelivered {
    fn from(failure: Failure) -> Self {
        failure.undelivered
    }
}

/// How long to wait, and whether in all channels.
#[derive(Debug, PartialEq)]
struct Limit {
    after: Option<Duration>,
    is_global: bool,
}

impl Limit {
    /// Reads the header (seconds) and the body (fractional seconds) and takes the longer one. A 429
    /// answer without a body from Discord comes from Cloudflare, which has blocked this address.
    fn of(headers: &HeaderMap, body: Option<&Value>) -> Self {
        let header = headers.get(RETRY_AFTER).and_then(|after| after.to_str().ok()?.parse().ok());
        let in_body = body.and_then(|body| body["retry_after"].as_f64());
        let seconds = [header, in_body].into_iter().flatten();
        let after = seconds.filter_map(|seconds| Duration::try_from_secs_f64(seconds).ok()).max();
        let is_global = headers.contains_key("x-ratelimit-global")
            || body.is_none_or(|body| body["global"] == Value::Bool(true));
        Self { after, is_global }
    }
}

fn undelivered(http: StatusCode, code: Option<i64>, why: String, limit: &Limit) -> Undelivered {
    let after = limit.after;
    if http == StatusCode::TOO_MANY_REQUESTS {
        return if limit.is_global {
            Undelivered::Everywhere { after, why }
        } else {
            Undelivered::Later { after, why }
        };
    }
    if http == StatusCode::UNAUTHORIZED {
        let why = format!("Discord does not accept the bot token ({why})");
        return Undelivered::Everywhere { after, why };
    }
    let Some(code) = code else {
        // A proxy or Cloudflare answered. Discord may not have received the request.
        return Undelivered::Later { after, why };
    };
    match (http.as_u16(), code) {
        (_, UNKNOWN_MESSAGE | FOREIGN_MESSAGE) => Undelivered::MessageGone,
        (_, UNKNOWN_CHANNEL) => Failure::no_channel().undelivered,
        (_, THREAD_ARCHIVED | THREAD_LOCKED) => Undelivered::Refused {
            why: format!(
                "The thread is archived or locked, and this bot cannot open it ({why}): open and \
                 unlock it, and allow this bot there to view the channel and to send messages in \
                 threads"
            ),
        },
        (403, _) | (_, MISSING_ACCESS | MISSING_PERMISSIONS) => Undelivered::Refused {
            why: format!(
                "Discord does not let this bot write in the channel ({why}): allow it there to view \
                 the channel, to send messages, to embed links, and in a thread to send messages in \
                 threads"
            ),
        },
        (_, INVALID_FORM | EMPTY_MESSAGE) => Undelivered::Malformed {
            why: format!("Discord never takes this message ({why}): report it"),
        },
        (400..500, _) => Undelivered::NotTaken {
            why: format!("Discord does not take this message ({why}): report it"),
        },
        _ => Undelivered::Later { after, why },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn headers(all: &[(&'static str, &str)]) -> HeaderMap {
        all.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn limit(all: &[(&'static str, &str)], body: Option<&Value>) -> (Option<f64>, bool) {
        let Limit { after, is_global } = Limit::of(&headers(all), body);
        (after.map(|after| after.as_secs_f64()), is_global)
    }

    #[test]
    fn the_longer_of_header_and_body_counts() {
        let body = json!({ "message": "slow down", "retry_after": 64.57, "global": false });
        assert_eq!(limit(&[("retry-after", "65")], Some(&body)), (Some(65.0), false));
        assert_eq!(limit(&[("retry-after", "1.5")], Some(&body)), (Some(64.57), false));
        assert_eq!(limit(&[], Some(&body)), (Some(64.57), false));
        assert_eq!(limit(&[("retry-after", "0.25")], Some(&json!({}))), (Some(0.25), false));
        assert_eq!(limit(&[], Some(&json!({}))), (None, false));
    }

    #[test]
    fn no_time_that_makes_no_sense_is_taken() {
        for odd in ["-1", "NaN", "inf", "1e300", "soon", ""] {
            assert_eq!(limit(&[("retry-after", odd)], Some(&json!({}))).0, None, "{odd}");
        }
        assert_eq!(limit(&[], Some(&json!({ "retry_after": -3.0 }))).0, None);
    }

    #[test]
    fn a_limit_on_everything_is_told_from_one_on_a_channel() {
        let body = json!({ "retry_after": 2, "global": true });
        assert_eq!(limit(&[], Some(&body)), (Some(2.0), true));
        let header = [("x-ratelimit-global", "true"), ("retry-after", "3")];
        assert_eq!(limit(&header, Some(&json!({}))), (Some(3.0), true));
        // Cloudflare answers with an HTML page.
        assert_eq!(limit(&[("retry-after", "3600")], None), (Some(3_600.0), true));
    }

    #[test]
    fn a_page_by_somebody_in_between_is_no_word_of_discords() {
        for status in [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND, StatusCode::BAD_GATEWAY] {
            let failure = Failure::of(status, &HeaderMap::new(), None);
            assert!(failure.passes(), "{status}");
        }
    }
}
