//! How long to pause after failures.

use std::time::Duration;

use tokio::time::Instant;

/// The first pause if Discord names none. Each failure in a row doubles it.
const FIRST: Duration = Duration::from_secs(1);

/// Limit on the pause that Discord may ask for.
const LONGEST_SAID: Duration = Duration::from_hours(24);

/// A pause after failures, which grows with each of them. Discord bans an address after 10,000
/// refused requests in 10 minutes.
#[derive(Debug, Default)]
pub(super) struct Rest {
    until: Option<Instant>,
    failures: u32,
}

impl Rest {
    /// When the pause ends, or `None` if it is over.
    pub(super) fn end(&self, now: Instant) -> Option<Instant> {
        self.until.filter(|until| *until > now)
    }

    /// Begins the pause after a failure. The pause doubles with each failure in a row, up to `longest`. If
    /// Discord `said` how long to wait, the pause is at least that long, up to 24 hours. Returns the pause.
    pub(super) fn begin(
        &mut self,
        now: Instant,
        said: Option<Duration>,
        longest: Duration,
    ) -> Duration {
        let grown = FIRST.saturating_mul(2_u32.saturating_pow(self.failures)).min(longest);
        let pause = match said {
            // After the first failure, the time that Discord named is enough.
            Some(said) if self.failures == 0 => said,
            Some(said) => said.max(grown),
            None => grown,
        };
        let pause = pause.min(LONGEST_SAID);
        self.failures = self.failures.saturating_add(1);
        self.until = Some(now + pause);
        pause
    }

    /// Resets the pause after a success.
    pub(super) fn over(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_mins(5);

    /// The pauses after this many failures in a row. Each failure happens when the previous pause ends.
    fn pauses(failures: usize, said: Option<Duration>) -> Vec<Duration> {
        let mut now = Instant::now();
        let mut rest = Rest::default();
        let next = |_| {
            rest.begin(now, said, LONGEST);
            let end = rest.end(now).unwrap();
            let pause = end - now;
            now = end;
            assert_eq!(rest.end(now), None, "it is over then");
            pause
        };
        (0..failures).map(next).collect()
    }

    fn seconds(pauses: &[Duration]) -> Vec<u64> {
        pauses.iter().map(Duration::as_secs).collect()
    }

    #[test]
    fn pauses_grow_with_each_failure_in_a_row() {
        assert_eq!(seconds(&pauses(10, None)), [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        let mut rest = Rest::default();
        let now = Instant::now();
        rest.begin(now, None, LONGEST);
        rest.begin(now, None, LONGEST);
        rest.over();
        assert_eq!(rest.end(now), None);
        rest.begin(now, None, LONGEST);
        assert_eq!(rest.end(now), Some(now + FIRST));
    }

    #[test]
    fn no_pause_is_shorter_than_what_discord_says() {
        let said = Duration::from_millis(300);
        assert_eq!(pauses(1, Some(said)), [said]);
        assert_eq!(seconds(&pauses(4, Some(Duration::from_secs(3)))), [3, 3, 4, 8]);
        let hour = Duration::from_hours(1);
        assert_eq!(pauses(3, Some(hour)), [hour; 3], "although no other pause is so long");
        assert_eq!(pauses(1, Some(Duration::MAX)), [LONGEST_SAID]);
    }

    #[test]
    fn a_channel_that_refuses_for_ten_minutes_is_asked_a_few_times() {
        let all = pauses(20, None);
        let asked = all.iter().scan(Duration::ZERO, |at, pause| {
            *at += *pause;
            (*at < Duration::from_mins(10)).then_some(())
        });
        assert!(asked.count() < 12);
    }
}
