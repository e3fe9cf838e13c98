//! Parses a chat line: its speaker and its content.

use crate::command::{Command, Entered, SUBCOMMANDS, Subcommand};
use crate::text::{REASON, clip};

/// Longest name of a speaker, in characters, as on Discord.
const NAME: usize = 32;

/// The first words of a line that is not a command of `/lock`.
pub(super) const VERBS: [&str; 3] = ["press", "answer", "quit"];

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Command(Command),
    /// The label of a button.
    Press(String),
    /// The text for a form.
    Answer(String),
    Quit,
    Nothing,
    /// None of these: the label of a button without `press`, the text for a form without `answer`,
    /// a typing error, or conversation between people.
    Else,
}

/// Splits `alice: /lock list` into the speaker and the words. A name is one word of letters, digits
/// and `-_.`, so that a command with a colon is not taken for a name.
pub(super) fn speaker(line: &str) -> (Option<&str>, &str) {
    match line.split_once(':') {
        Some((name, words)) if is_name(name.trim()) && !words.starts_with("//") => {
            (Some(name.trim()), words.trim())
        }
        _ => (None, line.trim()),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= NAME
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && !is_verb(text)
        && !is_option(text)
}

/// Whether a command has an option of this name. Nobody called reason says `reason: the runner died`.
fn is_option(word: &str) -> bool {
    let mut options = SUBCOMMANDS.iter().flat_map(|command| command.options);
    options.any(|option| option.name.eq_ignore_ascii_case(word))
}

/// Whether a line starts with this word because it is meant for the bot. `press: Approve` has no
/// speaker.
fn is_verb(word: &str) -> bool {
    let word = word.to_lowercase();
    VERBS.contains(&&*word) || Subcommand::named(&word).is_some()
}

/// Parses the words of a line. Options are written as Discord shows them, `state:env/prod`, or
/// without their names. `/lock` may be left out.
pub(super) fn parse(words: &str) -> Said {
    let (first, rest) = first_word(words);
    match first.to_lowercase().trim_end_matches(':') {
        "" => Said::Nothing,
        "quit" | "exit" => Said::Quit,
        "press" => Said::Press(label(rest)),
        "answer" => Said::Answer(clip(rest, REASON)),
        "/lock" | "lock" => command(rest).map_or(Said::Else, Said::Command),
        "?" => Said::Command(Command::Help),
        // A card has buttons of these names. Without a state, its button may be meant.
        "deny" | "withdraw" if rest.is_empty() => Said::Else,
        _ => command(words.trim_start_matches('/')).map_or(Said::Else, Said::Command),
    }
}

/// The first word, and what follows it.
pub(super) fn first_word(words: &str) -> (&str, &str) {
    let words = words.trim();
    let (first, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    (first, rest.trim())
}

/// The label of a button, also as it is drawn: `[ Approve ]`.
fn label(words: &str) -> String {
    words.trim_matches(|c: char| c.is_whitespace() || matches!(c, '[' | ']')).to_owned()
}

fn command(words: &str) -> Option<Command> {
    let (name, rest) = first_word(words);
    let subcommand = Subcommand::named(name.to_lowercase().trim_end_matches(':'))?;
    let mut entered = Entered::default();
    match subcommand.options {
        [] => {}
        [only] => entered.add(only, option(only.name, rest)),
        [state, second, ..] => {
            let (of_state, value) = state_and(second.name, rest);
            entered.add(state, of_state);
            if !value.is_empty() {
                entered.add(second, value);
            }
        }
    }
    subcommand.read(&entered)
}

/// The value of a command's only option, with or without its name.
fn option<'l>(name: &str, words: &'l str) -> &'l str {
    let words = words.trim();
    words.strip_prefix(name).and_then(|rest| rest.strip_prefix(':')).unwrap_or(words).trim()
}

/// A state and the value of the option after it, which is empty where there is none. Without the
/// names of both a state is one word; with them it may have blanks in it, as on Discord.
fn state_and<'l>(name: &str, words: &'l str) -> (&'l str, &'l str) {
    let words = words.trim();
    let after = format!(" {name}:");
    if let Some((state, value)) =
        words.strip_prefix("state:").and_then(|words| words.split_once(&after))
    {
        return (state.trim(), value.trim());
    }
    let words = option("state", words);
    let (state, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    (state, option(name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::HISTORY_MOST;

    fn status(state: &str) -> Said {
        Said::Command(Command::Status { state: state.to_owned() })
    }

    #[test]
    fn a_line_says_who_says_what() {
        let list =
            |filter: &str| Said::Command(Command::List { filter: filter.to_owned(), page: 0 });
        let press = |label: &str| Said::Press(label.to_owned());
        let cases = [
            ("alice: /lock status env/prod", "alice", status("env/prod")),
            ("/lock status state:env/prod", "", status("env/prod")),
            ("bob:/lock status main:env/prod@blue", "bob", status("main:env/prod@blue")),
            ("/lock status", "", status("")),
            ("/lock list", "", list("")),
            ("/lock list filter: prod", "", list("prod")),
            ("jörg: /lock help", "jörg", Said::Command(Command::Help)),
            ("reason: the runner died", "", Said::Else),
            ("Filter: prod", "", Said::Else),
            ("bob: press Refresh", "bob", Said::Press("Refresh".to_owned())),
            ("bob: press", "bob", Said::Press(String::new())),
            ("bob: answer env/prod", "bob", Said::Answer("env/prod".to_owned())),
            ("bob: answer", "bob", Said::Answer(String::new())),
            ("bob: hello there", "bob", Said::Else),
            ("/lock frobnicate", "", Said::Else),
            ("/lock", "", Said::Else),
            ("quit", "", Said::Quit),
            ("  ", "", Said::Nothing),
            ("carol:", "carol", Said::Nothing),
            // A line without `/lock` is understood too.
            ("status env/prod", "", status("env/prod")),
            ("/status env/prod", "", status("env/prod")),
            ("Status state:env/prod", "", status("env/prod")),
            ("lock status env/prod", "", status("env/prod")),
            ("status: env/prod", "", status("env/prod")),
            ("status main:env/prod", "", status("main:env/prod")),
            ("bob: list prod", "bob", list("prod")),
            ("LIST", "", list("")),
            ("help", "", Said::Command(Command::Help)),
            ("?", "", Said::Command(Command::Help)),
            ("press Refresh", "", press("Refresh")),
            ("PRESS [ Notify me ]", "", press("Notify me")),
            ("press: Approve", "", press("Approve")),
            ("deny", "", Said::Else),
            ("approve", "", Said::Else),
            ("s3://my-bucket/env/prod/terraform.tfstate", "", Said::Else),
            ("exit", "", Said::Quit),
        ];
        for (line, who, said) in cases {
            let (name, words) = speaker(line);
            assert_eq!((name.unwrap_or(""), parse(words)), (who, said), "{line:?}");
        }
    }

    #[test]
    fn an_unlock_has_a_state_and_a_reason() {
        let unlock = |state: &str, reason: Option<&str>| {
            let reason = reason.map(str::to_owned);
            Said::Command(Command::Unlock { state: state.to_owned(), reason })
        };
        let died = Some("the runner died");
        let cases = [
            ("env/prod reason: the runner died", "env/prod", died),
            ("env/prod reason:the runner died", "env/prod", died),
            ("env/prod the runner died", "env/prod", died),
            ("state:env/prod reason:the runner died", "env/prod", died),
            ("state: env/prod  reason: the runner died ", "env/prod", died),
            ("state:env/prod the runner died", "env/prod", died),
            ("state:my state reason:the runner died", "my state", died),
            (
                "main:env/prod@blue for a reason: this",
                "main:env/prod@blue",
                Some("for a reason: this"),
            ),
            ("env/prod", "env/prod", None),
            ("env/prod reason:", "env/prod", None),
            ("state:env/prod reason: ", "env/prod", None),
            ("", "", None),
        ];
        for (words, state, reason) in cases {
            assert_eq!(parse(&format!("/lock unlock {words}")), unlock(state, reason), "{words:?}");
        }
        let (_, words) = speaker("alice: /lock unlock env/prod reason: it died: look");
        assert_eq!(parse(words), unlock("env/prod", Some("it died: look")));
    }

    #[test]
    fn a_denial_and_a_withdrawal_name_a_state_and_may_say_why() {
        let state = || "env/prod".to_owned();
        for (words, reason) in [
            ("env/prod", None),
            ("state:env/prod reason: it still runs", Some("it still runs".to_owned())),
            ("env/prod it still runs", Some("it still runs".to_owned())),
        ] {
            let denied = Command::DenyByState { state: state(), reason: reason.clone() };
            assert_eq!(parse(&format!("/lock deny {words}")), Said::Command(denied));
            let withdrawn = Command::WithdrawByState { state: state(), reason };
            assert_eq!(parse(&format!("/lock withdraw {words}")), Said::Command(withdrawn));
        }
    }

    #[test]
    fn a_reason_is_no_longer_than_on_discord() {
        let long = "x".repeat(REASON + 1);
        for words in [format!("/lock unlock a {long}"), format!("answer {long}")] {
            let (Said::Command(Command::Unlock { reason: Some(text), .. }) | Said::Answer(text)) =
                parse(&words)
            else {
                panic!("{words}");
            };
            assert_eq!(text.chars().count(), REASON);
        }
    }

    #[test]
    fn a_history_may_say_how_long_it_is() {
        for (words, count) in [
            ("env/prod", Some(HISTORY_MOST)),
            ("env/prod 5", Some(5)),
            ("env/prod count:5", Some(5)),
            ("state:env/prod count: 5", Some(5)),
            ("env/prod five", None),
        ] {
            let history =
                |count| Command::History { state: "env/prod".to_owned(), before: None, count };
            let said = count.map_or(Said::Else, |count| Said::Command(history(count)));
            assert_eq!(parse(&format!("/lock history {words}")), said, "{words:?}");
        }
    }

    #[test]
    fn a_name_is_no_longer_than_on_discord() {
        let name = "n".repeat(NAME);
        assert_eq!(speaker(&format!("{name}: quit")), (Some(&*name), "quit"));
        let line = format!("{name}n: quit");
        assert_eq!(speaker(&line), (None, &*line));
    }
}
