//! Completes the words of a chat line.

use std::collections::BTreeMap;

use super::parse::{first_word, speaker};
use crate::command::{CommandOption, OptionKind, SUBCOMMANDS, Subcommand};

/// What can be completed at this moment.
#[derive(Default)]
pub(super) struct Offers {
    /// Who speaks in a line without a name.
    pub(super) speaker: String,
    /// The people, by name in lower case.
    pub(super) people: BTreeMap<String, Offered>,
    /// What a person can do who has not spoken yet.
    pub(super) stranger: Offered,
    /// The names of states.
    pub(super) states: Vec<String>,
}

/// What one person can do.
#[derive(Default)]
pub(super) struct Offered {
    /// The labels of the buttons that this person sees.
    pub(super) buttons: Vec<&'static str>,
    /// The example of the question that this person was asked.
    pub(super) answer: Option<String>,
}

/// Where the completed part of the typed text starts, and what can stand there. A blank follows
/// where more words do.
pub(super) fn complete(typed: &str, offers: &Offers) -> (usize, Vec<String>) {
    let (name, _) = speaker(typed);
    let words = match name.and_then(|_| typed.split_once(':')) {
        Some((_, words)) => words.trim_start(),
        None => typed.trim_start(),
    };
    let by = name.unwrap_or(&offers.speaker).to_lowercase();
    let by = offers.people.get(&by).unwrap_or(&offers.stranger);
    let Some((verb, rest)) = words.split_once(' ') else {
        return matching(typed, words, first_words(name.is_none(), words, by, offers));
    };
    let rest = rest.trim_start();
    match verb.to_lowercase().as_str() {
        "press" => matching(typed, rest, by.buttons.iter().map(ToString::to_string)),
        "answer" => matching(typed, rest, by.answer.clone()),
        "/lock" | "lock" => match rest.split_once(' ') {
            None => matching(typed, rest, SUBCOMMANDS.iter().map(with_blank)),
            Some((name, rest)) => options(typed, name, rest.trim_start(), offers),
        },
        verb => options(typed, verb.trim_start_matches('/'), rest, offers),
    }
}

/// What a line can start with.
fn first_words(may_name: bool, word: &str, by: &Offered, offers: &Offers) -> Vec<String> {
    if word.starts_with('/') {
        return vec!["/lock ".to_owned()];
    }
    let mut all: Vec<String> = SUBCOMMANDS.iter().map(with_blank).collect();
    if !by.buttons.is_empty() {
        all.push("press ".to_owned());
    }
    if by.answer.is_some() {
        all.push("answer ".to_owned());
    }
    if may_name {
        all.extend(offers.people.keys().map(|name| format!("{name}: ")));
        all.push("quit".to_owned());
    }
    all
}

fn with_blank(subcommand: &Subcommand) -> String {
    let blank = if subcommand.options.is_empty() { "" } else { " " };
    format!("{}{blank}", subcommand.name)
}

/// Completes the options of a subcommand: its state, or the name of the next option.
fn options(typed: &str, name: &str, rest: &str, offers: &Offers) -> (usize, Vec<String>) {
    let Some(subcommand) = Subcommand::named(name) else {
        return (typed.len(), Vec::new());
    };
    let (_, second) = first_word(rest);
    match (subcommand.options, rest.split_once(' ')) {
        ([first, more @ ..], None) => {
            let blank = if more.is_empty() { "" } else { " " };
            let prefix = if rest.starts_with("state:") { "state:" } else { "" };
            let values = match first.kind {
                OptionKind::State => offers.states.iter(),
                _ => [].iter(),
            };
            let values = values.map(|state| format!("{prefix}{state}{blank}"));
            let named = (first.kind != OptionKind::State).then(|| option(first));
            matching(typed, rest, values.chain(named))
        }
        // The last option takes all words that follow.
        ([_, second_option], Some((_, word))) if !second.contains(' ') => {
            matching(typed, word.trim_start(), [option(second_option)])
        }
        _ => (typed.len(), Vec::new()),
    }
}

/// An option as people type it.
fn option(option: &CommandOption) -> String {
    let value = if option.kind == OptionKind::Flag { "true" } else { "" };
    format!("{}:{value}", option.name)
}

/// Those that continue the word at the end of the typed text, in any case of letters.
fn matching(
    typed: &str,
    word: &str,
    all: impl IntoIterator<Item = String>,
) -> (usize, Vec<String>) {
    let lower = word.to_lowercase();
    let continues = |one: &String| one.to_lowercase().starts_with(&lower);
    (typed.len() - word.len(), all.into_iter().filter(continues).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers() -> Offers {
        let offered = |buttons: &[&'static str], answer: Option<&str>| Offered {
            buttons: buttons.to_vec(),
            answer: answer.map(str::to_owned),
        };
        let people = [
            ("alice".to_owned(), offered(&["Withdraw", "Deny"], None)),
            ("bob".to_owned(), offered(&["Approve", "Deny"], Some("env/staging"))),
        ];
        Offers {
            speaker: "alice".to_owned(),
            people: people.into(),
            stranger: offered(&["Refresh"], None),
            states: ["env/prod", "env/staging", "services/api"].map(str::to_owned).into(),
        }
    }

    #[test]
    fn a_line_is_completed_word_by_word() {
        for (typed, completed) in [
            ("al", "alice: "),
            ("b", "bob: "),
            ("st", "status "),
            ("bob: st", "bob: status "),
            ("bob:st", "bob:status "),
            ("/", "/lock "),
            ("/lock un", "/lock unlock |/lock unwatch "),
            ("wat", "watch |watches"),
            ("status env/", "status env/prod|status env/staging"),
            ("/lock unlock ENV/P", "/lock unlock env/prod "),
            ("unlock state:env/p", "unlock state:env/prod "),
            ("unlock env/prod ", "unlock env/prod reason:"),
            ("unlock env/prod r", "unlock env/prod reason:"),
            ("unlock env/prod reason: the r", ""),
            ("history env/prod c", "history env/prod count:"),
            ("watch env/prod ", "watch env/prod keep:true"),
            ("list ", "list filter:"),
            ("press ", "press Withdraw|press Deny"),
            ("press de", "press Deny"),
            ("bob: press ", "bob: press Approve|bob: press Deny"),
            ("Bob: press a", "Bob: press Approve"),
            ("carol: press ", "carol: press Refresh"),
            ("bob: answer ", "bob: answer env/staging"),
            ("bob: an", "bob: answer "),
            ("alice: an", ""),
            ("alice: answer ", ""),
            ("frobnicate e", ""),
        ] {
            let (start, all) = complete(typed, &offers());
            let lines: Vec<String> =
                all.iter().map(|one| format!("{}{one}", &typed[..start])).collect();
            assert_eq!(lines.join("|"), completed, "{typed:?}");
        }
    }
}
