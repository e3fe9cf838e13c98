//! Helpers for text from outside: how much of it is kept or shown, and that nothing in it hides.

use crate::lock::is_invisible;

/// How many characters of a text from outside are shown in a field of its own.
pub const LONG: usize = 200;

/// How many characters of a text from outside are shown where ten stand on a page.
pub const SHORT: usize = 80;

/// Longest reason, in characters.
pub const REASON: usize = 500;

/// Makes every character show itself: what is invisible or turns the writing direction is written
/// as its number, so that nothing in a text from outside can hide or pretend.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) {
            shown.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The first `limit` characters, with an ellipsis in place of the last where something is left out.
#[must_use]
pub fn clip(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => text.chars().take(limit.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// The length of a text where Discord limits it. Discord does not say what it counts: a text has at least as many
/// UTF-16 units as characters, so this is safe.
#[must_use]
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A text of at most this [`length`], with an ellipsis in the middle where something is left out: of names in one
/// folder, the ends are what tells them apart.
#[must_use]
pub fn clip_middle(text: &str, limit: usize) -> String {
    if length(text) <= limit {
        return text.to_owned();
    }
    let end = limit / 2;
    let start = limit.saturating_sub(end + 1);
    let mut room = start;
    let first = text.chars().take_while(|c| takes(&mut room, *c));
    let mut room = end;
    let last: Vec<char> = text.chars().rev().take_while(|c| takes(&mut room, *c)).collect();
    first.chain(['…']).chain(last.into_iter().rev()).collect()
}

/// Whether a character fits into the room that is left, and takes it.
fn takes(room: &mut usize, c: char) -> bool {
    let left = room.checked_sub(c.len_utf16());
    *room = left.unwrap_or(0);
    left.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_can_hide() {
        assert_eq!(visible("a\u{202e}b\nc\u{200b}\0é🔒"), "a\\u{202e}b\\u{a}c\\u{200b}\\u{0}é🔒");
    }

    #[test]
    fn a_clipped_text_says_so() {
        assert_eq!(clip("ééé", 3), "ééé");
        assert_eq!(clip("éééé", 3), "éé…");
        assert_eq!(clip("", 3), "");
        assert_eq!(clip_middle("abcdef", 6), "abcdef");
        assert_eq!(clip_middle("abcdefg", 6), "ab…efg");
        assert_eq!(clip_middle("ééééé", 4), "é…éé");
        assert_eq!(clip_middle("", 0), "");
        // A lock has two UTF-16 units.
        assert_eq!(clip_middle("🔒🔒", 4), "🔒🔒");
        assert_eq!(clip_middle("🔒🔒🔒", 5), "🔒…🔒");
        assert_eq!(clip_middle("a🔒🔒🔒b", 6), "a…🔒b");
        assert_eq!(clip_middle("a🔒🔒🔒b", 5), "a…b");
    }
}
