//! A copy of the fake Discord's state, for assertions.

use std::collections::BTreeMap;
use std::time::Instant;

use twilight_model::application::command::Command;

use super::clock::Moment;
use super::commands::Scope;
use super::message::Message;
use super::model::{ChannelId, MessageId, UserId};
use super::sessions::Identify;
use super::state::State;
use super::text::Names;

/// A request of the bot.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// The path after `/api/v10`, without the query.
    pub path: String,
    /// `None` if the connection was closed without an answer.
    pub status: Option<u16>,
    pub at: Moment,
    /// The real time. Discord's clock does not follow it.
    pub seen: Instant,
}

#[derive(Clone, Debug, Default)]
pub(super) struct RequestLog {
    pub requests: Vec<Request>,
    pub violations: Vec<String>,
    pub invalid_requests: usize,
}

/// The state at one moment.
#[derive(Clone, Debug)]
pub struct World {
    /// The registered commands by guild. `None` has the global commands.
    pub commands: BTreeMap<Scope, Vec<Command>>,
    /// The number of bulk registrations of commands. Discord allows few of them.
    pub bulk_overwrites: usize,
    /// Every message that has not been deleted, oldest first.
    pub messages: Vec<Message>,
    /// Every session that was opened. Discord allows 1,000 a day.
    pub identifies: Vec<Identify>,
    /// How often a session was resumed.
    pub resumes: usize,
    /// The number of heartbeats. The fake answers every one.
    pub heartbeats: usize,
    /// The codes with which Discord closed connections, oldest first.
    pub closes: Vec<u16>,
    /// The codes with which the bot closed connections, oldest first.
    pub goodbyes: Vec<u16>,
    /// Every request in the order of the answers, including `GET /` of the gateway.
    pub requests: Vec<Request>,
    /// Requests that a correct bot never sends. Tests assert at their end that there are none.
    pub violations: Vec<String>,
    /// The number of answers with 401, 403 or 429. After 10,000 in ten minutes Discord bans the address.
    pub invalid_requests: usize,
    pub(super) names: Names,
}

impl World {
    pub(super) fn of(state: &State) -> Self {
        Self {
            commands: state.commands.all(),
            bulk_overwrites: state.commands.bulk_overwrites,
            messages: state.messages.values().cloned().collect(),
            identifies: state.sessions.identifies.clone(),
            resumes: state.sessions.resumes,
            heartbeats: state.sessions.heartbeats,
            closes: state.sessions.closes.clone(),
            goodbyes: state.sessions.goodbyes.clone(),
            requests: state.log.requests.clone(),
            violations: state.log.violations.clone(),
            invalid_requests: state.log.invalid_requests,
            names: Names::of(state),
        }
    }

    /// The messages that all people in the channel see, oldest first.
    pub fn channel(&self, channel: ChannelId) -> Vec<&Message> {
        let here = self.messages.iter().filter(|message| message.channel == channel);
        here.filter(|message| !message.is_ephemeral()).collect()
    }

    /// The messages that only this person sees, oldest first.
    pub fn seen_alone_by(&self, person: UserId) -> Vec<&Message> {
        self.messages.iter().filter(|message| message.only_for == Some(person)).collect()
    }

    /// A message in any channel, ephemeral or not, unless it has been deleted.
    pub fn message(&self, id: MessageId) -> Option<&Message> {
        self.messages.iter().find(|message| message.id == id)
    }

    /// The requests with this method and path. `*` stands for one segment of the path.
    pub fn requests_to(&self, route: &str) -> Vec<&Request> {
        let (method, path) = route.split_once(' ').expect("a route is a method and a path");
        let to = |request: &&Request| {
            request.method == method && super::faults::matches(path, &request.path)
        };
        self.requests.iter().filter(to).collect()
    }
}
