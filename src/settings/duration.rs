//! Parses durations such as `1h30m`.

use chrono::TimeDelta;

/// Longest duration, in seconds: a year. No setting needs more.
const LONGEST: i64 = 366 * 86_400;

/// Parses `90s`, `30m`, `2h`, `1d`, or several of them as in `1h30m`. `None` for any other text,
/// for zero, and for more than a year.
pub(super) fn duration(text: &str) -> Option<TimeDelta> {
    let mut seconds: i64 = 0;
    let mut number = String::new();
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        let unit = match c.to_ascii_lowercase() {
            digit if digit.is_ascii_digit() => {
                number.push(digit);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        let count: i64 = std::mem::take(&mut number).parse().ok()?;
        seconds = seconds.checked_add(count.checked_mul(unit)?)?;
    }
    let whole = number.is_empty() && (1..=LONGEST).contains(&seconds);
    whole.then(|| TimeDelta::seconds(seconds))
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
            ("", None),
            ("30", None),
            ("m", None),
            ("0s", None),
            ("-5m", None),
            ("1.5h", None),
            ("5 minutes", None),
            ("400d", None),
            ("99999999999999999999d", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(duration(text).map(|time| time.num_seconds()), seconds, "{text:?}");
        }
    }
}
