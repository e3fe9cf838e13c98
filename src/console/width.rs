//! How much room texts take on a terminal, and how they are made to fit.

use unicode_width::UnicodeWidthStr;

use super::Style;

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// With colours, or without.
    pub style: Style,
    /// How wide a line may be. `None` for a pipe or a file: `grep` and `awk` need each line whole.
    pub width: Option<usize>,
}

impl Output {
    /// For a pipe or a file.
    pub const PLAIN: Self = Self { style: Style::Plain, width: None };
}

/// Shortest line that is still folded. On a terminal that is less wide, lines are as they come.
const LEAST: usize = 20;

/// How many columns a text takes, without its colours.
pub(super) fn columns(text: &str) -> usize {
    without_colours(text).width()
}

/// The text with spaces behind it up to this many columns.
pub(super) fn padded(text: &str, room: usize) -> String {
    format!("{text}{}", " ".repeat(room.saturating_sub(columns(text))))
}

/// The text in at most this many columns, with an ellipsis in place of its end.
pub(super) fn fit_end(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    format!("{}…", head(text, room.saturating_sub(1)))
}

/// The text in at most this many columns, with an ellipsis in its middle: of names in one folder, the ends are
/// what tells them apart.
pub(super) fn fit_middle(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let end = room / 2;
    format!("{}…{}", head(text, room.saturating_sub(end + 1)), tail(text, end))
}

/// Breaks lines that are too wide between words. The rest of a line begins below the last text that two spaces
/// set apart, such as the value of a field, or further left if a word needs that. A word that is too wide itself
/// stays whole, so that it can be copied.
pub(super) fn fold(text: &str, width: Option<usize>) -> String {
    match width {
        Some(width) if width >= LEAST => {
            text.split('\n').map(|line| fold_line(line, width)).collect::<Vec<_>>().join("\n")
        }
        _ => text.to_owned(),
    }
}

fn fold_line(line: &str, width: usize) -> String {
    if columns(line) <= width {
        return line.to_owned();
    }
    let (leading, indent) = indents(line, width);
    let (mut folded, mut used) = (String::new(), 0);
    for word in line.split_inclusive(' ') {
        let room = columns(word.trim_end_matches(' '));
        let further_left = leading + 2;
        let next = if indent + room > width { further_left.min(indent) } else { indent };
        // Where it would fit no better, it stays.
        if used + room > width && next < used && (used > indent || next + room <= width) {
            folded.truncate(folded.trim_end_matches(' ').len());
            folded.push('\n');
            folded.push_str(&" ".repeat(next));
            used = next;
        }
        folded.push_str(word);
        used += columns(word);
    }
    folded
}

/// Where a line begins, and where the rest of it does.
fn indents(line: &str, width: usize) -> (usize, usize) {
    let line = without_colours(line);
    let text = line.trim_start_matches(' ');
    let leading = line.len() - text.len();
    let value = text.split_once("  ").map(|(_, value)| value.trim_start_matches(' '));
    match value.map(|value| line.width() - value.width()) {
        Some(column) if column <= width / 2 => (leading, column),
        _ => (leading, leading),
    }
}

/// The text without the escape sequences of its colours. Text from outside has no escape character.
fn without_colours(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once('m').map_or(part, |(_, rest)| rest));
    std::iter::once(first).chain(rest).collect()
}

fn head(text: &str, room: usize) -> &str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let end = ends.take_while(|end| text[..*end].width() <= room).last().unwrap_or_default();
    &text[..end]
}

fn tail(text: &str, room: usize) -> &str {
    let starts = text.char_indices().rev().map(|(at, _)| at);
    let start = starts.take_while(|start| text[*start..].width() <= room).last();
    &text[start.unwrap_or(text.len())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shortened_to_the_columns_that_it_takes() {
        assert_eq!(fit_end("abcdef", 6), "abcdef");
        assert_eq!(fit_end("abcdefg", 6), "abcde…");
        assert_eq!(fit_middle("abcdefg", 6), "ab…efg");
        assert_eq!(fit_middle("abcdefg", 1), "…");
        // Each of these takes two columns, and a half one has no room.
        assert_eq!(fit_middle("日本語日本語", 7), "日…語");
        assert_eq!(fit_end("日本語", 4), "日…");
        assert_eq!(padded("日本", 6), "日本  ");
        assert_eq!(padded("\x1b[1mab\x1b[0m", 4), "\x1b[1mab\x1b[0m  ");
        for room in 0..12 {
            for text in ["日本語日本語", "abcdefghijkl", "🔒é\u{301}🔒🔒ab"] {
                assert!(columns(&fit_middle(text, room)) <= room.max(1), "{text} in {room}");
                assert!(columns(&fit_end(text, room)) <= room.max(1), "{text} in {room}");
            }
        }
    }

    #[test]
    fn a_line_is_folded_between_words_below_its_value() {
        let text = "\x1b[1mA title that is far too wide\x1b[0m\n  Label  a value of some words\n  ID     1f6e7bc2-0ede-e7d2\n  Path   my-bucket/env/prod/terraform.tfstate";
        insta::assert_snapshot!(fold(text, Some(24)).replace('\x1b', "^"), @"
        ^[1mA title that is far too
        wide^[0m
          Label  a value of some
                 words
          ID
            1f6e7bc2-0ede-e7d2
          Path   my-bucket/env/prod/terraform.tfstate
        ");
        assert_eq!(fold(text, None), text);
        assert_eq!(fold(text, Some(3)), text);
    }
}
