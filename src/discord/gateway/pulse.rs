//! When a heartbeat is due, and when one that nobody acknowledged says that a connection is dead.

use std::time::Duration;

use tokio::time::Instant;

/// How long Discord may take to acknowledge a heartbeat. It answers at once; its documentation
/// allows the time until the next heartbeat.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(1);
const LONGEST_PATIENCE: Duration = Duration::from_secs(10);

/// The heartbeats of one connection.
pub(super) struct Pulse {
    interval: Duration,
    next: Instant,
    /// By when the oldest heartbeat on its way has to be acknowledged.
    acknowledged_by: Option<Instant>,
}

impl Pulse {
    /// A pulse that begins somewhere in the first interval, by `chance` from 0 to 1, so that not
    /// all bots that Discord sends away come back at the same moment.
    pub(super) fn new(interval: Duration, now: Instant, chance: f64) -> Self {
        Self { interval, next: now + interval.mul_f64(chance), acknowledged_by: None }
    }

    /// When there is something to do.
    pub(super) fn due(&self) -> Instant {
        self.acknowledged_by.map_or(self.next, |by| by.min(self.next))
    }

    /// Whether a heartbeat should have been acknowledged by now.
    pub(super) fn is_dead(&self, now: Instant) -> bool {
        self.acknowledged_by.is_some_and(|by| now >= by)
    }

    /// Whether to send a heartbeat now; it counts as sent.
    pub(super) fn beats(&mut self, now: Instant) -> bool {
        if now < self.next {
            return false;
        }
        self.next = now + self.interval;
        let patience = self.interval.clamp(SHORTEST_PATIENCE, LONGEST_PATIENCE);
        self.acknowledged_by.get_or_insert(now + patience);
        true
    }

    /// Discord has a heartbeat.
    pub(super) fn acknowledged(&mut self) {
        self.acknowledged_by = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(40);

    #[test]
    fn heartbeats_go_on_as_long_as_they_are_acknowledged() {
        let begun = Instant::now();
        let mut pulse = Pulse::new(INTERVAL, begun, 0.5);
        let mut now = begun;
        for beat in 0..3 {
            now = pulse.due();
            assert_eq!(now, begun + INTERVAL / 2 + INTERVAL * beat);
            assert!(!pulse.is_dead(now) && pulse.beats(now));
            pulse.acknowledged();
        }
        assert!(!pulse.beats(now), "one heartbeat an interval");
    }

    #[test]
    fn the_first_heartbeat_without_an_answer_is_noticed() {
        let begun = Instant::now();
        for (interval, patience) in [(1, 1), (4, 4), (40, 10), (3_600, 10)] {
            let mut pulse = Pulse::new(Duration::from_secs(interval), begun, 0.0);
            assert!(pulse.beats(begun));
            let by = begun + Duration::from_secs(patience);
            assert_eq!(pulse.due(), by, "{interval}");
            assert!(pulse.is_dead(by) && !pulse.is_dead(by - Duration::from_millis(1)));
        }
    }
}
