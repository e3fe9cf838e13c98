//! Parses the command of an interaction.
//!
//! Ids of buttons and forms are written and read here. They contain all that the command needs, so
//! they survive a restart. They may be forged, so the command trusts nothing in them: it looks up
//! the state and the request, and limits the page.

use serenity::all::{
    ActionRowComponent, CommandDataOptionValue, CommandInteraction, ComponentInteraction,
    ModalInteraction, ResolvedOption, ResolvedValue,
};

use super::register::COMMAND;
use crate::command::{Command, Entered, Subcommand};
use crate::error::Refusal;
use crate::text::{REASON, clip, length};

/// Longest id of a button or form (Discord's component reference).
pub(super) const CUSTOM_ID_LIMIT: usize = 100;

/// The id of a form's only text field.
pub(super) const FORM_TEXT: &str = "text";

/// The command of a slash command.
pub(super) fn slash(interaction: &CommandInteraction) -> Result<Command, Refusal> {
    let [ResolvedOption { name, value: ResolvedValue::SubCommand(options), .. }] =
        &*interaction.data.options()
    else {
        return Err(Refusal::Unknown);
    };
    if interaction.data.name != COMMAND {
        return Err(Refusal::Unknown);
    }
    let subcommand = Subcommand::named(name).ok_or(Refusal::Unknown)?;
    let mut entered = Entered::default();
    for option in subcommand.options {
        match options.iter().find(|given| given.name == option.name).map(|given| &given.value) {
            Some(ResolvedValue::String(text)) => entered.add(option, *text),
            Some(ResolvedValue::Integer(number)) if *number >= 0 => entered.add(option, number),
            Some(ResolvedValue::Boolean(flag)) => entered.add(option, flag),
            _ => {}
        }
    }
    subcommand.read(&entered).ok_or(Refusal::Unknown)
}

/// The letters typed so far, if the focused option is a state's name.
pub(super) fn partial_state(interaction: &CommandInteraction) -> Option<&str> {
    let [subcommand] = &*interaction.data.options else {
        return None;
    };
    let CommandDataOptionValue::SubCommand(options) = &subcommand.value else {
        return None;
    };
    options.iter().find_map(|option| match &option.value {
        CommandDataOptionValue::Autocomplete { value, .. } if option.name == "state" => {
            Some(value.as_str())
        }
        _ => None,
    })
}

/// The command of a button.
pub(super) fn button(interaction: &ComponentInteraction) -> Result<Command, Refusal> {
    command(&interaction.data.custom_id).ok_or(Refusal::Unknown)
}

/// The command of a submitted form.
pub(super) fn form(interaction: &ModalInteraction) -> Result<Command, Refusal> {
    let data = &interaction.data;
    let mut inputs = data.components.iter().flat_map(|row| &row.components);
    let (Some(ActionRowComponent::InputText(input)), None) = (inputs.next(), inputs.next()) else {
        return Err(Refusal::Unknown);
    };
    if input.custom_id != FORM_TEXT {
        return Err(Refusal::Unknown);
    }
    filled(&data.custom_id, input.value.as_deref().unwrap_or_default()).ok_or(Refusal::Unknown)
}

/// The command of a form's id with the submitted text.
pub(super) fn filled(custom_id: &str, text: &str) -> Option<Command> {
    let asked = command(custom_id).filter(Command::may_ask_back)?;
    // A name typed as confirmation is compared in full, whatever its length.
    let text = match asked {
        Command::Approve { .. } => text.to_owned(),
        _ => clip(text, REASON),
    };
    Some(asked.filled(text))
}

/// The id of the button at a place of its message: `0:status:env/prod`, `1:list:2:prod`,
/// `2:withdraw:1309…`. A form has the id of its command at place 0.
///
/// The place is needed because two buttons of a message may do the same, and their ids must differ.
/// An id that would be too long becomes one that does nothing, because a cut one could name
/// something else. Commands shorten the names in them.
pub(super) fn custom_id(place: usize, command: &Command) -> String {
    let id = written(place, command);
    if length(&id) > CUSTOM_ID_LIMIT { format!("{place}:too-long") } else { id }
}

/// The id of a button at a place, of any length.
fn written(place: usize, command: &Command) -> String {
    match command {
        Command::Status { state } => format!("{place}:status:{state}"),
        Command::List { filter, page } => format!("{place}:list:{page}:{filter}"),
        Command::Unlock { state, .. } => format!("{place}:unlock:{state}"),
        Command::Approve { request, .. } => format!("{place}:approve:{request}"),
        Command::Deny { request, .. } => format!("{place}:deny:{request}"),
        Command::Withdraw { request } => format!("{place}:withdraw:{request}"),
        Command::DenyByState { state, .. } => format!("{place}:deny-open:{state}"),
        Command::WithdrawByState { state, .. } => format!("{place}:withdraw-open:{state}"),
        Command::History { state, before, count } => {
            let before = before.map(|before| before.to_string()).unwrap_or_default();
            format!("{place}:history:{before}:{count}:{state}")
        }
        Command::Watch { state, keep: false } => format!("{place}:watch:{state}"),
        Command::Watch { state, keep: true } => format!("{place}:keep:{state}"),
        Command::Unwatch { state } => format!("{place}:unwatch:{state}"),
        // No message has a button for these. One that gets a button needs an arm in `command` too.
        Command::Watches | Command::Doctor | Command::Help => format!("{place}:{}", command.name()),
    }
}

/// The command of a button's id. `None` for any id that this version would not write exactly so.
pub(super) fn command(custom_id: &str) -> Option<Command> {
    let (place, id) = custom_id.split_once(':')?;
    let (name, about) = id.split_once(':').unwrap_or((id, ""));
    let command = match name {
        "status" => Command::Status { state: about.to_owned() },
        "list" => {
            let (page, filter) = about.split_once(':')?;
            Command::List { filter: filter.to_owned(), page: page.parse().ok()? }
        }
        "unlock" => Command::Unlock { state: about.to_owned(), reason: None },
        "approve" => Command::Approve { request: about.parse().ok()?, typed: None },
        "deny" => Command::Deny { request: about.parse().ok()?, reason: None },
        "withdraw" => Command::Withdraw { request: about.parse().ok()? },
        "deny-open" => Command::DenyByState { state: about.to_owned(), reason: None },
        "withdraw-open" => Command::WithdrawByState { state: about.to_owned(), reason: None },
        "history" => {
            let (before, about) = about.split_once(':')?;
            let (count, state) = about.split_once(':')?;
            let before = if before.is_empty() { None } else { Some(before.parse().ok()?) };
            Command::History { state: state.to_owned(), before, count: count.parse().ok()? }
        }
        "watch" => Command::Watch { state: about.to_owned(), keep: false },
        "keep" => Command::Watch { state: about.to_owned(), keep: true },
        "unwatch" => Command::Unwatch { state: about.to_owned() },
        "watches" => Command::Watches,
        "doctor" => Command::Doctor,
        "help" => Command::Help,
        _ => return None,
    };
    // Rejects `+7` and `007`, which also parse as numbers. Earlier versions counted the limit in characters.
    let is_short = custom_id.chars().count() <= CUSTOM_ID_LIMIT;
    (is_short && written(place.parse().ok()?, &command) == custom_id).then_some(command)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::people::{EventId, RequestId};

    fn request(number: u64) -> RequestId {
        RequestId::of(EventId::new(number))
    }

    fn commands() -> impl Strategy<Value = Command> {
        let ids = || any::<u64>().prop_map(request);
        prop_oneof![
            ".*".prop_map(|state| Command::Status { state }),
            (".*", any::<bool>()).prop_map(|(state, keep)| Command::Watch { state, keep }),
            ".*".prop_map(|state| Command::Unwatch { state }),
            Just(Command::Watches),
            (".*", any::<usize>()).prop_map(|(filter, page)| Command::List { filter, page }),
            ".*".prop_map(|state| Command::Unlock { state, reason: None }),
            ids().prop_map(|request| Command::Approve { request, typed: None }),
            ids().prop_map(|request| Command::Deny { request, reason: None }),
            ids().prop_map(|request| Command::Withdraw { request }),
            ".*".prop_map(|state| Command::DenyByState { state, reason: None }),
            ".*".prop_map(|state| Command::WithdrawByState { state, reason: None }),
            (".*", any::<Option<u64>>(), any::<usize>())
                .prop_map(|(state, before, count)| Command::History { state, before, count }),
            Just(Command::Help),
        ]
    }

    #[test]
    fn a_button_says_what_it_does() {
        let cases = [
            (Command::Status { state: "main:env/prod@blue".into() }, "3:status:main:env/prod@blue"),
            (Command::List { filter: String::new(), page: 0 }, "3:list:0:"),
            (Command::List { filter: "a:b".into(), page: 12 }, "3:list:12:a:b"),
            (Command::Unlock { state: "a:b".into(), reason: None }, "3:unlock:a:b"),
            (Command::Approve { request: request(7), typed: None }, "3:approve:7"),
            (Command::Deny { request: request(7), reason: None }, "3:deny:7"),
            (Command::Withdraw { request: request(7) }, "3:withdraw:7"),
            (Command::History { state: "a:b".into(), before: None, count: 5 }, "3:history::5:a:b"),
            (
                Command::History { state: "a".into(), before: Some(12), count: 5 },
                "3:history:12:5:a",
            ),
            (Command::Help, "3:help"),
        ];
        for (asked, id) in cases {
            assert_eq!(custom_id(3, &asked), id);
            assert_eq!(command(id), Some(asked));
        }
    }

    #[test]
    fn a_foreign_id_does_nothing() {
        let long = format!("0:status:{}", "x".repeat(100));
        for id in [
            "",
            ":",
            "0:",
            "status",
            "0:release:1",
            "x:help",
            "00:help",
            "0:help:me",
            "0:list:-1:",
            "0:list:x:",
            "0:approve",
            "0:approve:",
            "0:approve:+7",
            "0:approve:007",
            "0:approve:7:env/prod",
            "0:approve:18446744073709551616",
            "0:deny:٧",
            "0:withdraw: 7",
            "0:history:1",
            "0:history:01:5:a",
            "0:history::x:a",
            "0:too-long",
            &long,
        ] {
            assert_eq!(command(id), None, "{id}");
            assert_eq!(filled(id, "yes"), None, "{id}");
        }
    }

    #[test]
    fn a_form_fills_in_the_command_that_asked() {
        let long = "x".repeat(REASON + 1);
        let unlock = |reason: String| Command::Unlock { state: "a".into(), reason: Some(reason) };
        assert_eq!(filled("0:unlock:a", "dead"), Some(unlock("dead".into())));
        assert_eq!(filled("0:unlock:a", &long), Some(unlock(clip(&long, REASON))));
        let approve = Command::Approve { request: request(7), typed: Some(long.clone()) };
        assert_eq!(filled("0:approve:7", &long), Some(approve));
        let deny = Command::Deny { request: request(7), reason: Some(String::new()) };
        assert_eq!(filled("0:deny:7", ""), Some(deny));
        // These open no form.
        for id in ["0:withdraw:7", "0:status:a", "0:history::5:a", "0:help"] {
            assert_eq!(filled(id, "yes"), None, "{id}");
        }
    }

    proptest! {
        #[test]
        fn an_id_means_its_command_or_nothing(asked in commands(), place in any::<usize>()) {
            let id = custom_id(place, &asked);
            prop_assert!(length(&id) <= CUSTOM_ID_LIMIT);
            prop_assert!(command(&id).is_none_or(|read| read == asked));
        }

        #[test]
        fn an_id_that_is_read_is_one_that_is_written(
            id in "[0-9]{1,2}:(status|list|unlock|approve|deny|withdraw|history|help)(:[0-9a:+-]*)?",
        ) {
            if let Some(read) = command(&id) {
                let (place, _) = id.split_once(':').unwrap();
                prop_assert_eq!(custom_id(place.parse().unwrap(), &read), id);
            }
        }

        #[test]
        fn no_text_makes_it_panic(id in ".*", text in ".*") {
            let _ = (command(&id), filled(&id, &text));
        }
    }
}
