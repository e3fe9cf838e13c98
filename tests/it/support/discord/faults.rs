//! Faults that a test requests, and Discord's global rate limit.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::support::proxy::Gate;

/// The requests per second that Discord allows one bot in total.
const GLOBAL_LIMIT: usize = 50;

/// How a request fails.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The answer is this status with Discord's JSON error code. The request has no effect.
    Status(u16, u32),
    /// The answer is 429 for the route, with this `Retry-After`. The request has no effect.
    RateLimited(Duration),
    /// The answer is a global 429, with this `Retry-After`. The request has no effect.
    RateLimitedEverywhere(Duration),
    /// The request succeeds. The answer says that the next request has to wait for this time.
    LastOne(Duration),
    /// The request succeeds after this time, both in real time and on Discord's clock.
    Delay(Duration),
    /// The request succeeds when the gate opens.
    Wait(Arc<Gate>),
    /// The request takes effect, but the connection closes without an answer.
    AnswerLost,
}

/// The requested faults. Each rule applies to a limited number of requests.
#[derive(Default)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
    recent: Mutex<VecDeque<Instant>>,
    unlimited: AtomicBool,
}

struct Rule {
    left: usize,
    method: String,
    path: String,
    fault: Fault,
}

impl Faults {
    /// The next `times` requests to `route` fail in this way. A route is a method and a path after
    /// `/api/v10`, where `*` stands for one segment: `"POST /channels/*/messages"`. The gateway is
    /// `"GET /"`.
    pub fn next(&self, times: usize, route: &str, fault: Fault) {
        let (method, path) = route.split_once(' ').expect("a route is a method and a path");
        let rule = Rule { left: times, method: method.to_owned(), path: path.to_owned(), fault };
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
    }

    /// From now on every request to `route` fails in this way.
    pub fn always(&self, route: &str, fault: Fault) {
        self.next(usize::MAX, route, fault);
    }

    /// Switches the global limit off, for a test in which people act faster than real people do.
    pub fn lift_global_limit(&self) {
        self.unlimited.store(true, Ordering::Relaxed);
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn take(&self, method: &str, path: &str) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = rules
            .iter_mut()
            .find(|rule| rule.left > 0 && rule.method == method && matches(&rule.path, path))?;
        rule.left -= 1;
        Some(rule.fault.clone())
    }

    /// Counts a request against the global limit. Returns the time to wait if the limit is reached.
    pub(super) fn over_global_limit(&self) -> Option<Duration> {
        const WINDOW: Duration = Duration::from_secs(1);
        if self.unlimited.load(Ordering::Relaxed) {
            return None;
        }
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        // Real time, because the limit is about the real pace of the bot.
        let now = Instant::now();
        while recent.front().is_some_and(|&first| now - first >= WINDOW) {
            recent.pop_front();
        }
        if recent.len() < GLOBAL_LIMIT {
            recent.push_back(now);
            return None;
        }
        Some(WINDOW.saturating_sub(now - recent[0]))
    }
}

/// Whether a path matches the pattern. `*` stands for one segment.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(expected), Some(segment)) if expected == segment => {}
            _ => return false,
        }
    }
}
