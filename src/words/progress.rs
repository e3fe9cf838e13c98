//! What a terminal shows of long work while it goes on.

use std::time::Duration;

use chrono::TimeDelta;

use crate::lock::in_words;
use crate::text::visible;

/// `12,500 entries read, 8,100 a second, 2 s`
pub(crate) fn entries_read(entries: u64, elapsed: Duration) -> String {
    let rate = entries.saturating_mul(1_000)
        / u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    format!("{} entries read, {} a second, {}", grouped(entries), grouped(rate), time(elapsed))
}

/// ``Waiting for the table `locktender` to become active, 12 s``
pub(crate) fn waiting_for_table(table: &str, elapsed: Duration) -> String {
    format!("Waiting for the table `{}` to become active, {}", visible(table), time(elapsed))
}

fn time(elapsed: Duration) -> String {
    in_words(TimeDelta::from_std(elapsed).unwrap_or(TimeDelta::MAX))
}

/// The digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_says_how_far_it_is() {
        let said = [
            entries_read(0, Duration::ZERO),
            entries_read(999, Duration::from_millis(500)),
            entries_read(1_234_567, Duration::from_secs(100)),
            waiting_for_table("locktender", Duration::from_secs(72)),
        ];
        insta::assert_snapshot!(said.join("\n"), @"
        0 entries read, 0 a second, 0 s
        999 entries read, 1,998 a second, 0 s
        1,234,567 entries read, 12,345 a second, 1 min
        Waiting for the table `locktender` to become active, 1 min
        ");
    }
}
