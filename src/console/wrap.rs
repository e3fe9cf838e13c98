//! Breaks painted lines at blanks, so that they fit a terminal.

use super::width::columns;

/// Ends all colours.
pub(super) const RESET: &str = "\x1b[0m";

/// The start of a colour code. No text from outside has it.
const CODE: &str = "\x1b[";

/// Lines of at most `width` columns. A word is never broken: a lock ID can be copied as a whole.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let (mut line, mut used) = (String::new(), 0);
        for (at, word) in words(paragraph).iter().enumerate() {
            let wide = columns(word);
            if used > 0 && used + 1 + wide > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            } else if at > 0 {
                line.push(' ');
                used += 1;
            }
            line.push_str(word);
            used += wide;
        }
        lines.push(line);
    }
    carry_colours(&mut lines);
    lines
}

/// The words between blanks. A moment, such as 2026-11-25 04:30:41 UTC, is one.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        if word.starts_with("UTC") && words.len() >= 2 {
            let moment = words.split_off(words.len() - 2).join(" ");
            words.push(format!("{moment} {word}"));
        } else {
            words.push(word.to_owned());
        }
    }
    words
}

/// Ends each line without a colour and starts the next one with it, so that what a caller writes
/// between two lines is not painted.
fn carry_colours(lines: &mut [String]) {
    let mut open = String::new();
    for line in lines {
        line.insert_str(0, &open);
        open = last_code(line).filter(|code| *code != RESET).unwrap_or_default().to_owned();
        if !open.is_empty() {
            line.push_str(RESET);
        }
    }
}

fn last_code(line: &str) -> Option<&str> {
    let code = &line[line.rfind(CODE)?..];
    Some(&code[..=code.find('m')?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_at_blanks_only() {
        for (text, width, lines) in [
            ("", 10, vec![""]),
            ("one two three", 7, vec!["one two", "three"]),
            ("one two three", 13, vec!["one two three"]),
            ("1f6e7bc2-0ede-e7d2 is long", 8, vec!["1f6e7bc2-0ede-e7d2", "is long"]),
            ("at 2026-11-25 04:30:41 UTC.", 14, vec!["at", "2026-11-25 04:30:41 UTC."]),
            ("🔒🔒 ab", 6, vec!["🔒🔒", "ab"]),
            ("🔒🔒 ab", 7, vec!["🔒🔒 ab"]),
            ("  kept  apart", 20, vec!["  kept  apart"]),
            ("first\nsecond", 20, vec!["first", "second"]),
        ] {
            assert_eq!(wrap(text, width), lines, "{text:?} in {width}");
        }
    }

    #[test]
    fn a_colour_goes_on_in_the_next_line_and_takes_no_room() {
        let painted = "\x1b[1mone two\x1b[0m three";
        assert_eq!(columns(painted), 13);
        assert_eq!(wrap(painted, 13), [painted]);
        assert_eq!(wrap(painted, 5), ["\x1b[1mone\x1b[0m", "\x1b[1mtwo\x1b[0m", "three"]);
    }
}
