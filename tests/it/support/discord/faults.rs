//! Faults on demand, and Discord's global rate limit.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::support::proxy::Gate;

/// Requests a second that a bot has in all.
const GLOBAL_LIMIT: usize = 50;

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status, with Discord's JSON error code, and no effect.
    Status(u16, u32),
    /// 429 for the route, with this `Retry-After`, and no effect.
    RateLimited(Duration),
    /// 429 for everything that the bot does, with this `Retry-After`, and no effect.
    RateLimitedEverywhere(Duration),
    /// The effect and the answer come, and the answer says that the next one has to wait so long.
    LastOne(Duration),
    /// The effect and the answer come, but only after this time, by Discord's clock too.
    Delay(Duration),
    /// The effect and the answer come, but only when the gate opens.
    Wait(Arc<Gate>),
    /// The effect comes, but the connection is closed without an answer.
    AnswerLost,
}

/// The faults to come; each rule is used up by the requests it meets.
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
    /// The next `times` requests to `route` meet the fault. A route is a method and a path after
    /// `/api/v10`, where `*` stands for one segment: `"POST /channels/*/messages"`. The gateway
    /// itself is `"GET /"`.
    pub fn next(&self, times: usize, route: &str, fault: Fault) {
        let (method, path) = route.split_once(' ').expect("a route is a method and a path");
        let rule = Rule { left: times, method: method.to_owned(), path: path.to_owned(), fault };
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
    }

    /// Every request to `route` meets the fault from now on.
    pub fn always(&self, route: &str, fault: Fault) {
        self.next(usize::MAX, route, fault);
    }

    /// Lets the bot make as many requests a second as it can. For a test in which people do more
    /// in a second than a server's people do.
    pub fn lift_global_limit(&self) {
        self.unlimited.store(true, Ordering::Relaxed);
    }

    /// All is well again.
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

    /// Counts a request against the global limit; when it is used up, says for how long.
    pub(super) fn over_global_limit(&self) -> Option<Duration> {
        const WINDOW: Duration = Duration::from_secs(1);
        if self.unlimited.load(Ordering::Relaxed) {
            return None;
        }
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        // Measured in real time, for it is the machine's real pace that it limits.
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

/// Whether a path is the pattern's, where `*` stands for one segment.
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
