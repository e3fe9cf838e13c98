//! The JSON payloads of the gateway: <https://discord.com/developers/docs/events/gateway-events>.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use serenity::all::{ApplicationId, Interaction};

/// Limits for the heartbeat interval. Discord asks for about 41 s. A wrong value must neither make
/// the bot spin nor stop its heartbeats.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_hours(1);

/// A payload from Discord.
pub(super) struct Received {
    /// The number of the event. A session is resumed from it.
    pub(super) sequence: Option<u64>,
    pub(super) what: What,
}

impl Received {
    /// Whether it is an event of a session. This does not check the number, because an event may
    /// lack it.
    pub(super) fn is_event(&self) -> bool {
        matches!(
            self.what,
            What::Ready(_)
                | What::Resumed
                | What::Interaction(_)
                | What::Unreadable { .. }
                | What::Event
        )
    }
}

/// The content of a payload, as far as the bot uses it.
pub(super) enum What {
    /// The first payload: the heartbeat interval that Discord wants.
    Hello {
        interval: Duration,
    },
    /// A session has started.
    Ready(Ready),
    /// The session continues, and all missed events have been sent.
    Resumed,
    Interaction(Box<Interaction>),
    /// An interaction that this version cannot read, with its id.
    Unreadable {
        reference: Option<String>,
    },
    /// Any other event.
    Event,
    /// Discord wants a heartbeat at once.
    Heartbeat,
    /// Discord acknowledged a heartbeat.
    Acknowledged,
    /// Discord wants a new connection.
    Reconnect,
    /// The session is over, or only its connection if `resumable`.
    InvalidSession {
        resumable: bool,
    },
    /// A payload that this version does not know.
    Unknown,
}

/// The start of a session. It has only fields that the bot uses, all optional.
#[derive(Deserialize)]
pub(super) struct Ready {
    pub(super) session_id: Option<String>,
    pub(super) resume_gateway_url: Option<String>,
    pub(super) application: Option<Application>,
    pub(super) user: Option<User>,
}

#[derive(Deserialize)]
pub(super) struct Application {
    pub(super) id: ApplicationId,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) username: Option<String>,
}

#[derive(Deserialize)]
struct Envelope {
    op: u64,
    #[serde(default)]
    d: Value,
    s: Option<u64>,
    t: Option<String>,
}

/// Reads a payload. `None` if the text is not one.
pub(super) fn read(text: &str) -> Option<Received> {
    let Envelope { op, d, s, t } = serde_json::from_str(text).ok()?;
    let what = match op {
        0 => match t.as_deref() {
            Some("READY") => What::Ready(serde_json::from_value(d).ok()?),
            Some("RESUMED") => What::Resumed,
            Some("INTERACTION_CREATE") => interaction(d),
            _ => What::Event,
        },
        1 => What::Heartbeat,
        7 => What::Reconnect,
        9 => What::InvalidSession { resumable: d == Value::Bool(true) },
        10 => What::Hello { interval: interval(&d)? },
        11 => What::Acknowledged,
        _ => What::Unknown,
    };
    Some(Received { sequence: if op == 0 { s } else { None }, what })
}

fn interval(hello: &Value) -> Option<Duration> {
    let millis = hello.get("heartbeat_interval")?.as_f64()?;
    let interval = Duration::try_from_secs_f64(millis.max(0.0) / 1000.0).unwrap_or(LONGEST);
    Some(interval.clamp(SHORTEST, LONGEST))
}

fn interaction(mut data: Value) -> What {
    let reference = data.get("id").and_then(Value::as_str).map(str::to_owned);
    complete(&mut data);
    match serde_json::from_value(data) {
        Ok(interaction) => What::Interaction(Box::new(interaction)),
        // The error text may quote the interaction, which contains a token.
        Err(_) => What::Unreadable { reference },
    }
}

/// Adds fields that serenity requires but that an interaction may lack. The bot uses none of them.
fn complete(interaction: &mut Value) {
    let Value::Object(fields) = interaction else { return };
    let unused = [
        ("entitlements", json!([])),
        ("attachment_size_limit", json!(0)),
        ("locale", json!("")),
        ("version", json!(1)),
    ];
    for (field, nothing) in unused {
        fields.entry(field).or_insert(nothing);
    }
    let subcommand = fields.get_mut("data").and_then(|data| data.get_mut("options")?.get_mut(0));
    if let Some(Value::Object(subcommand)) = subcommand
        && subcommand.get("type") == Some(&json!(1))
    {
        subcommand.entry("options").or_insert(json!([]));
    }
}

/// Starts a session. It requests no intents, because interactions come without them and contain the
/// member's roles.
pub(super) fn identify(token: &str) -> String {
    let properties =
        json!({ "os": std::env::consts::OS, "browser": "locktender", "device": "locktender" });
    let data = json!({ "token": token, "intents": 0, "properties": properties });
    json!({ "op": 2, "d": data }).to_string()
}

/// Resumes a session after the event with this number.
pub(super) fn resume(token: &str, session_id: &str, sequence: u64) -> String {
    let data = json!({ "token": token, "session_id": session_id, "seq": sequence });
    json!({ "op": 6, "d": data }).to_string()
}

/// A heartbeat, with the number of the last event.
pub(super) fn heartbeat(sequence: Option<u64>) -> String {
    json!({ "op": 1, "d": sequence }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kind of a payload in one word.
    fn says(payload: &Value) -> &'static str {
        match read(&payload.to_string()).map(|received| received.what) {
            None => "nothing",
            Some(What::Hello { .. }) => "hello",
            Some(What::Ready(_)) => "ready",
            Some(What::Resumed) => "resumed",
            Some(What::Interaction(_)) => "interaction",
            Some(What::Unreadable { .. }) => "unreadable",
            Some(What::Event) => "event",
            Some(What::Heartbeat) => "heartbeat",
            Some(What::Acknowledged) => "acknowledged",
            Some(What::Reconnect) => "reconnect",
            Some(What::InvalidSession { resumable: true }) => "resumable",
            Some(What::InvalidSession { resumable: false }) => "over",
            Some(What::Unknown) => "unknown",
        }
    }

    fn event(name: &str, data: &Value) -> Value {
        json!({ "op": 0, "s": 1, "t": name, "d": data })
    }

    #[test]
    fn every_payload_is_read_and_unknown_ones_are_no_mistake() {
        for (payload, expected) in [
            (json!({ "op": 10, "d": { "heartbeat_interval": 41_250 } }), "hello"),
            (json!({ "op": 10, "d": {} }), "nothing"),
            (json!({ "op": 1, "d": null }), "heartbeat"),
            (json!({ "op": 11 }), "acknowledged"),
            (json!({ "op": 7, "d": null, "s": null, "t": null }), "reconnect"),
            (json!({ "op": 9, "d": true }), "resumable"),
            (json!({ "op": 9, "d": false }), "over"),
            (json!({ "op": 9 }), "over"),
            (json!({ "op": 31, "d": {} }), "unknown"),
            (event("READY", &json!({})), "ready"),
            (event("RESUMED", &json!({})), "resumed"),
            (event("RESUMED", &Value::Null), "resumed"),
            (event("GUILD_CREATE", &json!({ "id": "1" })), "event"),
            (event("INTERACTION_CREATE", &json!({ "id": "1", "type": 2 })), "unreadable"),
            (event("INTERACTION_CREATE", &Value::Null), "unreadable"),
            (json!({ "d": {} }), "nothing"),
            (json!([]), "nothing"),
        ] {
            assert_eq!(says(&payload), expected, "{payload}");
        }
        assert!(read("{").is_none());
    }

    #[test]
    fn a_heartbeat_interval_of_any_size_is_bearable() {
        for (interval, expected) in [
            (json!(41_250), Duration::from_millis(41_250)),
            (json!(0.5), SHORTEST),
            (json!(0), SHORTEST),
            (json!(-1), SHORTEST),
            (json!(u64::MAX), LONGEST),
        ] {
            let hello = json!({ "heartbeat_interval": interval });
            assert_eq!(super::interval(&hello), Some(expected), "{hello}");
        }
    }

    #[test]
    fn a_session_is_begun_by_the_least_that_discord_may_say_of_it() {
        let ready = json!({
            "v": 10, "user": { "id": "5", "username": "locktender" }, "guilds": [],
            "session_id": "s", "resume_gateway_url": "wss://example.org",
            "application": { "id": "5", "flags": 0 },
        });
        let What::Ready(ready) = read(&event("READY", &ready).to_string()).unwrap().what else {
            panic!("no READY");
        };
        assert_eq!(ready.session_id.as_deref(), Some("s"));
        assert_eq!(ready.resume_gateway_url.as_deref(), Some("wss://example.org"));
        assert_eq!(ready.application.unwrap().id.get(), 5);
    }

    /// A minimal interaction, without optional fields and fields that the bot does not use.
    fn least(kind: u8, data: &Value) -> Value {
        let user = json!({ "id": "3", "username": "alice", "discriminator": "0", "avatar": null });
        let member = json!({
            "user": user, "roles": ["7"], "joined_at": "2025-01-02T03:04:05.678000+00:00",
            "deaf": false, "mute": false, "flags": 0, "permissions": "0",
        });
        json!({
            "id": "1", "application_id": "5", "type": kind, "token": "t", "guild_id": "2",
            "channel_id": "4", "member": member, "data": data,
        })
    }

    #[test]
    fn the_least_of_an_interaction_is_enough() {
        let command = json!({ "id": "9", "name": "lock", "type": 1, "options": [
            { "name": "help", "type": 1 }
        ] });
        let mut button = least(3, &json!({ "custom_id": "x", "component_type": 2 }));
        button["message"] = json!({
            "id": "10", "channel_id": "4", "author": { "id": "5", "username": "locktender",
                "discriminator": "0", "avatar": null },
            "content": "", "timestamp": "2026-11-23T12:00:00.000000+00:00",
            "edited_timestamp": null, "tts": false, "mention_everyone": false, "mentions": [],
            "mention_roles": [], "attachments": [], "embeds": [], "pinned": false, "type": 0,
        });
        let form = json!({ "custom_id": "x", "components": [
            { "type": 1, "components": [{ "type": 4, "custom_id": "name", "value": "env" }] }
        ] });
        for interaction in [least(2, &command), least(4, &command), button, least(5, &form)] {
            let interaction = event("INTERACTION_CREATE", &interaction);
            assert_eq!(says(&interaction), "interaction", "{interaction}");
        }
    }

    #[test]
    fn what_the_bot_sends_is_what_discord_documents() {
        let properties = json!({
            "os": std::env::consts::OS, "browser": "locktender", "device": "locktender"
        });
        for (sent, expected) in [
            (
                identify("t"),
                json!({ "op": 2, "d": { "token": "t", "intents": 0, "properties": properties } }),
            ),
            (
                resume("t", "s", 7),
                json!({ "op": 6, "d": { "token": "t", "session_id": "s", "seq": 7 } }),
            ),
            (heartbeat(Some(7)), json!({ "op": 1, "d": 7 })),
            (heartbeat(None), json!({ "op": 1, "d": null })),
        ] {
            assert_eq!(serde_json::from_str::<Value>(&sent).unwrap(), expected);
        }
    }
}
