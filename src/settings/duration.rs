//! Parses durations such as `1h30m`.

use chrono::TimeDelta;

/// Longest duration: a year. No setting needs more.
const LONGEST: TimeDelta = TimeDelta::days(366);

/// Parses `90s`, `30m`, `2h`, `1d`, or several of them as in `1h30m`. `None` for any other text,
/// for zero, and for more than a year.
pub(super) fn duration(text: &str) -> Option<TimeDelta> {
    // humantime would take `1H` for no unit and `30M` for months, and knows fractions and other units.
    let text = text.to_ascii_lowercase();
    let is_ours = |c: char| c.is_ascii_digit() || c.is_whitespace() || "smhd".contains(c);
    if text.contains("ms") || !text.chars().all(is_ours) {
        return None;
    }
    let time = TimeDelta::from_std(humantime::parse_duration(&text).ok()?).ok()?;
    (TimeDelta::seconds(1)..=LONGEST).contains(&time).then_some(time)
}

/// Parses a duration that may also be zero: `0`, `0s`, `0m`, `0h` or `0d`.
pub(super) fn duration_or_zero(text: &str) -> Option<TimeDelta> {
    match text {
        "0" | "0s" | "0m" | "0h" | "0d" => Some(TimeDelta::zero()),
        text => duration(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_numbers_with_units() {
        let cases = [
            ("90s", Some(90)),
            ("30m", Some(1_800)),
            ("2h", Some(7_200)),
            ("1d", Some(86_400)),
            ("1h30m", Some(5_400)),
            ("1H 30M", Some(5_400)),
            ("30M", Some(1_800)),
            ("1 0 m", Some(600)),
            ("366d", Some(31_622_400)),
            ("", None),
            ("30", None),
            ("m", None),
            ("0s", None),
            ("-5m", None),
            ("1.5h", None),
            ("5 minutes", None),
            ("5000ms", None),
            ("2w", None),
            ("1y", None),
            ("1m h", None),
            ("366d1s", None),
            ("400d", None),
            ("99999999999999999999d", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(duration(text).map(|time| time.num_seconds()), seconds, "{text:?}");
        }
    }
}
