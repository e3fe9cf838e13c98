//! Guesses what a line means that the chat does not understand.

use super::parse::{VERBS, first_word};
use crate::command::SUBCOMMANDS;

/// How much of a word must be right for a guess.
const ALIKE: f64 = 0.6;

/// The line that was probably meant: the same words, with the name of a command in place of the one
/// that is almost it.
pub(super) fn meant(words: &str) -> Option<String> {
    let (first, rest) = first_word(words);
    if matches!(first.to_lowercase().as_str(), "/lock" | "lock") {
        let (name, rest) = first_word(rest);
        let known = SUBCOMMANDS.iter().map(|subcommand| subcommand.name);
        return Some(format!("/lock {} {rest}", nearest(name, known)?).trim_end().to_owned());
    }
    let known = SUBCOMMANDS.iter().map(|subcommand| subcommand.name).chain(VERBS);
    if let Some(name) = nearest(first.trim_start_matches('/'), known) {
        return Some(format!("{name} {rest}").trim_end().to_owned());
    }
    // A state's name alone.
    let is_state = rest.is_empty() && first.contains('/') && !first.starts_with('/');
    is_state.then(|| format!("status {first}"))
}

/// The word of these that is most like the one typed, if it is like it at all, and not the same.
pub(super) fn nearest<'w>(
    typed: &str,
    words: impl IntoIterator<Item = &'w str>,
) -> Option<&'w str> {
    let typed = typed.to_lowercase();
    let alike = words
        .into_iter()
        .map(|word| (strsim::normalized_damerau_levenshtein(&typed, &word.to_lowercase()), word));
    let (alike, word) = alike.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (alike > ALIKE && alike < 1.0).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_recognized() {
        for (typed, line) in [
            ("satus env/prod", Some("status env/prod")),
            ("/lock stauts env/prod", Some("/lock status env/prod")),
            ("hlep", Some("help")),
            ("lst", Some("list")),
            ("/hisotry env/prod count:2", Some("history env/prod count:2")),
            ("pres Approve", Some("press Approve")),
            ("anser env/prod", Some("answer env/prod")),
            ("env/prod", Some("status env/prod")),
            ("hello", None),
            ("what is this?", None),
            ("/lock", None),
            ("/lock frobnicate", None),
            ("history env/prod five", None),
            ("", None),
        ] {
            assert_eq!(meant(typed).as_deref(), line, "{typed:?}");
        }
        assert_eq!(nearest("aprove", ["Deny", "Approve"]), Some("Approve"));
        assert_eq!(nearest("approve", ["Approve"]), None, "this is no near miss");
    }
}
