//! What a line of the chat says, and who says it.

use crate::command::Command;

/// Who speaks where a line names nobody.
const SOMEBODY: &str = "you";

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Command(Command),
    /// The label of a button.
    Press(String),
    Quit,
    Nothing,
    /// Talk among people, or a slip.
    Else,
}

/// Splits `alice: /lock list` into the speaker and the words. A name is one word of letters, digits
/// and `-_.`, so that a command with a colon in it is not taken for one.
pub(super) fn speaker(line: &str) -> (&str, &str) {
    let line = line.trim();
    match line.split_once(':') {
        Some((name, words)) if is_name(name) => (name, words.trim()),
        _ => (SOMEBODY, line),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Reads the words of a line. Options are written as Discord shows them, `state:env/prod`, or
/// without their names.
pub(super) fn parse(words: &str) -> Said {
    let (first, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    match first.to_ascii_lowercase().as_str() {
        "" => Said::Nothing,
        "quit" | "exit" => Said::Quit,
        "press" => Said::Press(rest.trim().to_owned()),
        "/lock" => command(rest.trim()).map_or(Said::Else, Said::Command),
        _ => Said::Else,
    }
}

fn command(words: &str) -> Option<Command> {
    let (subcommand, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    match subcommand {
        "status" => Some(Command::Status { state: option("state", rest).to_owned() }),
        "list" => Some(Command::List { filter: option("filter", rest).to_owned(), page: 0 }),
        "help" => Some(Command::Help),
        _ => None,
    }
}

/// The value of a command's only option, with or without its name.
fn option<'l>(name: &str, words: &'l str) -> &'l str {
    let words = words.trim();
    words.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')).unwrap_or(words).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(state: &str) -> Said {
        Said::Command(Command::Status { state: state.to_owned() })
    }

    #[test]
    fn a_line_says_who_says_what() {
        let list =
            |filter: &str| Said::Command(Command::List { filter: filter.to_owned(), page: 0 });
        let cases = [
            ("alice: /lock status env/prod", "alice", status("env/prod")),
            ("/lock status state:env/prod", "you", status("env/prod")),
            ("bob:/lock status main:env/prod@blue", "bob", status("main:env/prod@blue")),
            ("/lock status", "you", status("")),
            ("/lock list", "you", list("")),
            ("/lock list filter: prod", "you", list("prod")),
            ("jörg: /lock help", "jörg", Said::Command(Command::Help)),
            ("bob: press Refresh", "bob", Said::Press("Refresh".to_owned())),
            ("bob: hello there", "bob", Said::Else),
            ("/lock frobnicate", "you", Said::Else),
            ("/lock", "you", Said::Else),
            ("quit", "you", Said::Quit),
            ("  ", "you", Said::Nothing),
            ("carol:", "carol", Said::Nothing),
        ];
        for (line, who, said) in cases {
            let (name, words) = speaker(line);
            assert_eq!((name, parse(words)), (who, said), "{line:?}");
        }
    }
}
