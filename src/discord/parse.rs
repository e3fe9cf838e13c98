//! What an interaction asks for.
//!
//! The ids of buttons are written and read here. They survive a restart because they say all that
//! the command needs, and they may be forged, so they say nothing that the command believes: a
//! state is looked up, a page is clamped.

use serenity::all::{
    CommandDataOptionValue, CommandInteraction, ComponentInteraction, ResolvedOption, ResolvedValue,
};

use super::register::COMMAND;
use crate::command::Command;
use crate::error::Refusal;

/// Longest id of a button, in characters, from Discord's component reference.
const CUSTOM_ID_LIMIT: usize = 100;

/// What a slash command asks for.
pub(super) fn slash(interaction: &CommandInteraction) -> Result<Command, Refusal> {
    let [ResolvedOption { name, value: ResolvedValue::SubCommand(options), .. }] =
        &*interaction.data.options()
    else {
        return Err(Refusal::Unknown);
    };
    if interaction.data.name != COMMAND {
        return Err(Refusal::Unknown);
    }
    let text = |wanted: &str| {
        options.iter().find_map(|option| match option.value {
            ResolvedValue::String(text) if option.name == wanted => Some(text.to_owned()),
            _ => None,
        })
    };
    match *name {
        "status" => Ok(Command::Status { state: text("state").ok_or(Refusal::Unknown)? }),
        "list" => Ok(Command::List { filter: text("filter").unwrap_or_default(), page: 0 }),
        "help" => Ok(Command::Help),
        _ => Err(Refusal::Unknown),
    }
}

/// The letters typed so far, where they are the beginning of a state's name.
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

/// What a button asks for.
pub(super) fn button(interaction: &ComponentInteraction) -> Result<Command, Refusal> {
    command(&interaction.data.custom_id).ok_or(Refusal::Unknown)
}

/// The id of the button at a place of its message: `0:status:env/prod`, `1:list:2:prod`.
///
/// The place is there because two buttons of a message may do the same, and their ids must differ.
/// An id that would be too long is cut, and then names no state: commands shorten what they name.
pub(super) fn custom_id(place: usize, command: &Command) -> String {
    let id = match command {
        Command::Status { state } => format!("{place}:status:{state}"),
        Command::List { filter, page } => format!("{place}:list:{page}:{filter}"),
        Command::Help => format!("{place}:help"),
    };
    id.chars().take(CUSTOM_ID_LIMIT).collect()
}

/// The command of a button's id; `None` for an id that this version does not write.
fn command(custom_id: &str) -> Option<Command> {
    if custom_id.chars().count() > CUSTOM_ID_LIMIT {
        return None;
    }
    let (_place, id) = custom_id.split_once(':')?;
    match id.split_once(':') {
        Some(("status", state)) => Some(Command::Status { state: state.to_owned() }),
        Some(("list", rest)) => {
            let (page, filter) = rest.split_once(':')?;
            Some(Command::List { filter: filter.to_owned(), page: page.parse().ok()? })
        }
        None if id == "help" => Some(Command::Help),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_button_says_what_it_does() {
        for written in [
            Command::Status { state: "main:env/prod@blue".to_owned() },
            Command::List { filter: String::new(), page: 0 },
            Command::List { filter: "a:b".to_owned(), page: 12 },
            Command::Help,
        ] {
            assert_eq!(command(&custom_id(3, &written)), Some(written));
        }
    }

    #[test]
    fn a_foreign_id_does_nothing() {
        let long = format!("0:status:{}", "x".repeat(100));
        for id in ["", ":", "0:", "status", "0:approve:1", "0:list:-1:", "0:list:x:", &long] {
            assert_eq!(command(id), None, "{id}");
        }
    }

    proptest! {
        #[test]
        fn no_id_is_too_long_and_none_panics(text in ".*", page in any::<usize>()) {
            let list = Command::List { filter: text.clone(), page };
            prop_assert!(custom_id(0, &list).chars().count() <= CUSTOM_ID_LIMIT);
            let _ = command(&text);
        }
    }
}
