//! Discord's limits on requests, checked by a model that is independent of the bot's library.
//!
//! `twilight-validate` checks lengths and counts. This file checks what it leaves to the server.

use std::collections::HashSet;

use twilight_model::application::command::{Command, CommandOption, CommandOptionType};
use twilight_model::channel::message::component::{ActionRow, Component};
use twilight_model::channel::message::{AllowedMentions, Embed, MentionType};
use twilight_validate::{command as command_rules, component as component_rules, message as rules};

use super::body::{ChoicesBody, MessageBody, ModalBody};
use super::error::ApiError;

/// Suppress embeds, ephemeral, suppress notifications. Other flags need features that are not modelled.
const KNOWN_FLAGS: u64 = 1 << 2 | 1 << 6 | 1 << 12;
/// The maximum number of listed users, and of listed roles.
const MENTIONS_MAX: usize = 100;
const NONCE_LENGTH_MAX: usize = 25;
const CHOICES_MAX: usize = 25;
const MODAL_TITLE_LENGTH_MAX: usize = 45;
const COMMANDS_MAX: usize = 100;

type Checked = Result<(), ApiError>;

pub(super) fn message(body: &MessageBody) -> Checked {
    if let Some(content) = body.content.given() {
        rules::content(content).map_err(ApiError::invalid)?;
    }
    if let Some(embeds) = body.embeds.given() {
        rules::embeds(embeds).map_err(ApiError::invalid)?;
        embeds.iter().try_for_each(embed)?;
    }
    if let Some(components) = body.components.given() {
        rules::components(components, false).map_err(ApiError::invalid)?;
        let mut custom_ids = HashSet::new();
        components.iter().try_for_each(|row| message_row(row, &mut custom_ids))?;
    }
    if let Some(allowed) = &body.allowed_mentions {
        allowed_mentions(allowed)?;
    }
    if let Some(nonce) = &body.nonce {
        let length = nonce.as_str().map_or(0, |nonce| nonce.chars().count());
        ensure(nonce.is_string() || nonce.is_i64() || nonce.is_u64(), "the nonce's type")?;
        ensure(length <= NONCE_LENGTH_MAX, "a nonce of more than 25 characters")?;
    }
    ensure(body.flags.unwrap_or(0) & !KNOWN_FLAGS == 0, "flags that are not modelled")
}

fn embed(embed: &Embed) -> Checked {
    let empty_field = |field: &str| field.trim().is_empty();
    ensure(
        !embed.fields.iter().any(|field| empty_field(&field.name) || empty_field(&field.value)),
        "an embed field without a name or a value",
    )?;
    ensure(!embed.author.as_ref().is_some_and(|a| empty_field(&a.name)), "an author unnamed")?;
    ensure(!embed.footer.as_ref().is_some_and(|f| empty_field(&f.text)), "an empty footer")?;
    let shown = embed.title.is_some()
        || embed.description.is_some()
        || !embed.fields.is_empty()
        || embed.author.is_some()
        || embed.footer.is_some()
        || embed.image.is_some()
        || embed.thumbnail.is_some();
    ensure(shown, "an embed that shows nothing")
}

fn message_row<'a>(row: &'a Component, custom_ids: &mut HashSet<&'a str>) -> Checked {
    let Component::ActionRow(ActionRow { components, .. }) = row else {
        return Err(ApiError::invalid("a component outside of an action row"));
    };
    ensure(!components.is_empty(), "an action row without components")?;
    let mut selects = 0;
    for component in components {
        let custom_id = match component {
            Component::Button(button) => {
                let labelled = button.label.as_ref().is_some_and(|label| !label.is_empty());
                ensure(labelled || button.emoji.is_some(), "a button without label or emoji")?;
                button.custom_id.as_deref()
            }
            Component::SelectMenu(menu) => {
                selects += 1;
                Some(menu.custom_id.as_str())
            }
            _ => return Err(ApiError::invalid("a component that messages do not have")),
        };
        if let Some(custom_id) = custom_id {
            ensure(!custom_id.is_empty(), "an empty custom_id")?;
            ensure(custom_ids.insert(custom_id), "a custom_id used twice on a message")?;
        }
    }
    ensure(selects == 0 || components.len() == 1, "a select menu that shares its row")
}

fn allowed_mentions(allowed: &AllowedMentions) -> Checked {
    let lists =
        [(MentionType::Users, allowed.users.len()), (MentionType::Roles, allowed.roles.len())];
    for (kind, listed) in lists {
        ensure(listed <= MENTIONS_MAX, "more than 100 ids in allowed_mentions")?;
        ensure(
            listed == 0 || !allowed.parse.contains(&kind),
            "allowed_mentions both parses a kind and lists its ids",
        )?;
    }
    Ok(())
}

pub(super) fn choices(body: &ChoicesBody) -> Checked {
    ensure(body.choices.len() <= CHOICES_MAX, "more than 25 choices")?;
    body.choices.iter().try_for_each(command_rules::choice).map_err(ApiError::invalid)
}

pub(super) fn modal(body: &ModalBody) -> Checked {
    let title = body.title.chars().count();
    ensure((1..=MODAL_TITLE_LENGTH_MAX).contains(&title), "a modal's title of 1 to 45 characters")?;
    let custom_id = body.custom_id.chars().count();
    let custom_id_max = component_rules::COMPONENT_CUSTOM_ID_LENGTH;
    ensure((1..=custom_id_max).contains(&custom_id), "a modal's custom_id of 1 to 100 characters")?;
    ensure((1..=5).contains(&body.components.len()), "1 to 5 rows in a modal")?;
    rules::components(&body.components, false).map_err(ApiError::invalid)?;
    let mut custom_ids = HashSet::new();
    for row in &body.components {
        let Component::ActionRow(ActionRow { components, .. }) = row else {
            return Err(ApiError::invalid("a modal's component outside of an action row"));
        };
        let [Component::TextInput(input)] = components.as_slice() else {
            return Err(ApiError::invalid("a modal's row holds exactly one text input"));
        };
        ensure(!input.custom_id.is_empty(), "an empty custom_id")?;
        ensure(custom_ids.insert(&input.custom_id), "a custom_id used twice in a modal")?;
    }
    Ok(())
}

pub(super) fn commands(commands: &[Command]) -> Checked {
    ensure(commands.len() <= COMMANDS_MAX, "more than 100 commands")?;
    let mut names = HashSet::new();
    for command in commands {
        ensure(names.insert((&command.name, command.kind)), "two commands of one name")?;
        command_rules::command(command).map_err(ApiError::invalid)?;
        command_rules::options(&command.options).map_err(ApiError::invalid)?;
        let nesting = command.options.iter().filter(|option| is_nesting(option)).count();
        ensure(
            nesting == 0 || nesting == command.options.len(),
            "subcommands beside plain options",
        )?;
        command.options.iter().try_for_each(option)?;
    }
    Ok(())
}

/// The checks that `twilight-validate` does not make for nested options, or does not make at all.
fn option(option: &CommandOption) -> Checked {
    command_rules::option(option).map_err(ApiError::invalid)?;
    let choices = option.choices.as_deref().unwrap_or_default();
    ensure(choices.len() <= CHOICES_MAX, "more than 25 choices")?;
    ensure(
        choices.is_empty() || option.autocomplete != Some(true),
        "an option with both choices and autocomplete",
    )?;
    let nested = option.options.as_deref().unwrap_or_default();
    match option.kind {
        CommandOptionType::SubCommand => {
            ensure(!nested.iter().any(is_nesting), "a subcommand inside of a subcommand")?;
        }
        CommandOptionType::SubCommandGroup => ensure(
            nested.iter().all(|option| option.kind == CommandOptionType::SubCommand),
            "a group of something else than subcommands",
        )?,
        _ => ensure(nested.is_empty(), "a plain option with options of its own")?,
    }
    nested.iter().try_for_each(self::option)
}

fn is_nesting(option: &CommandOption) -> bool {
    matches!(option.kind, CommandOptionType::SubCommand | CommandOptionType::SubCommandGroup)
}

fn ensure(holds: bool, otherwise: &str) -> Checked {
    if holds { Ok(()) } else { Err(ApiError::invalid(otherwise)) }
}
