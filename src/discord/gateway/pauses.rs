//! When to connect again, and how often a session may be started.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Least time between the starts of two connections, even successful ones. So nothing that Discord
/// does can make the bot spin.
const LEAST: Duration = Duration::from_secs(1);

/// Pause after the first failure. It doubles with each further failure.
const FIRST: Duration = Duration::from_secs(1);
const DOUBLINGS: u32 = 4;

/// Discord allows 1,000 new sessions a day, and resets the token of a bot that starts more.
const SESSIONS: usize = 20;
const SESSIONS_IN: Duration = Duration::from_mins(30);

/// The pauses between connections, and the sessions started in the last half hour.
#[derive(Default)]
pub(super) struct Pauses {
    /// Consecutive connections that did not reach a session.
    failures: u32,
    begun: Option<Instant>,
    sessions: VecDeque<Instant>,
}

impl Pauses {
    /// How long to wait before the next connection. The first one does not wait. `chance` (0 to 1)
    /// spreads bots that Discord disconnects together.
    pub(super) fn next(&mut self, now: Instant, chance: f64) -> Duration {
        let grown = match self.failures {
            0 => Duration::ZERO,
            n => (FIRST * 2_u32.pow((n - 1).min(DOUBLINGS))).mul_f64(1.0 + chance),
        };
        let least = self.begun.map_or(Duration::ZERO, |begun| (begun + LEAST) - now);
        let pause = grown.max(least);
        self.failures = self.failures.saturating_add(1);
        self.begun = Some(now + pause);
        pause
    }

    /// The connection reached a session.
    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// The session was lost, so the next connection starts a new one after a pause.
    pub(super) fn session_lost(&mut self) {
        self.failures = self.failures.max(1);
    }

    /// Whether a session may be started now. If so, it counts as started.
    pub(super) fn may_begin_session(&mut self, now: Instant) -> bool {
        while self.sessions.front().is_some_and(|&begun| now - begun >= SESSIONS_IN) {
            self.sessions.pop_front();
        }
        let may = self.sessions.len() < SESSIONS;
        if may {
            self.sessions.push_back(now);
        }
        may
    }
}

/// A random number from 0 to 1.
pub(super) fn chance() -> f64 {
    fastrand::f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_try_is_at_once_the_second_soon_and_later_ones_ever_rarer() {
        let mut pauses = Pauses::default();
        let mut now = Instant::now();
        for expected in [0, 1, 2, 4, 8, 16, 16] {
            let pause = pauses.next(now, 0.0);
            assert_eq!(pause, Duration::from_secs(expected));
            now += pause;
        }
        assert_eq!(pauses.next(now, 1.0), Duration::from_secs(32));
    }

    #[test]
    fn after_a_session_the_next_try_is_at_once_but_never_spins() {
        let mut pauses = Pauses::default();
        let now = Instant::now();
        assert_eq!(pauses.next(now, 0.0), Duration::ZERO);
        pauses.succeeded();
        assert_eq!(pauses.next(now, 0.0), LEAST, "the last one began this moment");
        pauses.succeeded();
        assert_eq!(pauses.next(now + Duration::from_mins(1), 0.0), Duration::ZERO);
        pauses.succeeded();
        pauses.session_lost();
        assert_eq!(pauses.next(now + Duration::from_mins(2), 0.0), FIRST);
    }

    #[test]
    fn no_more_sessions_are_begun_than_discord_allows_in_a_day() {
        let mut pauses = Pauses::default();
        let begun = Instant::now();
        let begins = (0..86_400).filter(|second| {
            let now = begun + Duration::from_secs(*second);
            pauses.may_begin_session(now)
        });
        let begins = begins.count();
        assert!((900..1_000).contains(&begins), "{begins}");
    }

    #[test]
    fn chances_are_from_0_to_1_and_differ() {
        let chances: Vec<f64> = (0..100).map(|_| chance()).collect();
        assert!(chances.iter().all(|chance| (0.0..1.0).contains(chance)));
        assert!(chances.iter().any(|chance| *chance < 0.5));
        assert!(chances.iter().any(|chance| *chance >= 0.5));
    }
}
