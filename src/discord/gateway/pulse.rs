//! When a heartbeat is due, and when a missing acknowledgement means that a connection is dead.

use std::time::Duration;

use tokio::time::Instant;

/// How long to wait for the acknowledgement of a heartbeat. Discord answers at once. Its
/// documentation allows the time until the next heartbeat.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(1);
const LONGEST_PATIENCE: Duration = Duration::from_secs(10);

/// The heartbeats of one connection.
pub(super) struct Pulse {
    interval: Duration,
    next: Instant,
    /// Deadline for the acknowledgement of the oldest heartbeat under way.
    acknowledged_by: Option<Instant>,
}

impl Pulse {
    /// A pulse whose first heartbeat falls into the first interval, at the fraction `chance` (0 to
    /// 1). So bots that Discord disconnects together do not send together.
    pub(super) fn new(interval: Duration, now: Instant, chance: f64) -> Self {
        Self { interval, next: now + interval.mul_f64(chance), acknowledged_by: None }
    }

    /// The time of the next action.
    pub(super) fn due(&self) -> Instant {
        self.acknowledged_by.map_or(self.next, |by| by.min(self.next))
    }

    /// Whether an acknowledgement is overdue.
    pub(super) fn is_dead(&self, now: Instant) -> bool {
        self.acknowledged_by.is_some_and(|by| now >= by)
    }

    /// Whether to send a heartbeat now. If so, it counts as sent.
    pub(super) fn beats(&mut self, now: Instant) -> bool {
        if now < self.next {
            return false;
        }
        self.next = now + self.interval;
        let patience = self.interval.clamp(SHORTEST_PATIENCE, LONGEST_PATIENCE);
        self.acknowledged_by.get_or_insert(now + patience);
        true
    }

    /// Discord has acknowledged a heartbeat.
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
