//! What holds for any text from outside on a terminal.

use super::{Style, text};
use crate::lock::is_invisible;
use crate::words::fuzz::shown;

/// No text from outside reaches the terminal as a control sequence, or hides there.
pub fn message(bytes: &[u8]) {
    for message in shown(bytes).messages {
        let drawn = text(&message, Style::Plain);
        // The bot's own words have emoji with a variation selector.
        let hidden = |&c: &char| is_invisible(c) && !matches!(c, '\n' | '\u{fe0f}');
        assert_eq!(drawn.chars().find(hidden), None, "{drawn:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzzing::each_seed;

    #[test]
    fn the_seeds_of_messages_hold() {
        each_seed("message", message);
    }
}
