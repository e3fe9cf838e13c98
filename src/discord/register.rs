//! Registers the slash command with Discord, only when it has changed.

use serde_json::{Map, Value};
use serenity::all::{
    ApplicationId, CommandOptionType, CommandType, CreateCommand, CreateCommandOption, GuildId,
    Http, LightMethod, Request, Route,
};

use crate::command::{CommandOption, OptionKind, SUBCOMMANDS, Subcommand};

/// The only slash command. All others are its subcommands.
pub(super) const COMMAND: &str = "lock";

fn definition() -> CreateCommand {
    let mut command = CreateCommand::new(COMMAND)
        .kind(CommandType::ChatInput)
        .description("Terraform and OpenTofu state locks");
    for Subcommand { name, description, options, .. } in SUBCOMMANDS {
        let kind = CommandOptionType::SubCommand;
        let mut subcommand = CreateCommandOption::new(kind, *name, *description);
        for each in *options {
            subcommand = subcommand.add_sub_option(option(each));
        }
        command = command.add_option(subcommand);
    }
    command
}

fn option(option: &CommandOption) -> CreateCommandOption {
    let of_type = |kind| CreateCommandOption::new(kind, option.name, option.description);
    let definition = match option.kind {
        OptionKind::State => of_type(CommandOptionType::String).set_autocomplete(true),
        OptionKind::Text(most) => {
            of_type(CommandOptionType::String).max_length(u16::try_from(most).unwrap_or(u16::MAX))
        }
        OptionKind::Number(most) => {
            of_type(CommandOptionType::Integer).min_int_value(1).max_int_value(most as u64)
        }
        OptionKind::Flag => of_type(CommandOptionType::Boolean),
    };
    if option.is_required { definition.required(true) } else { definition }
}

/// Whether the commands were written to Discord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registered {
    Already,
    Anew,
}

/// Whether the server's commands are those of this version.
pub(super) async fn is_registered(
    http: &Http,
    application_id: ApplicationId,
    guild_id: GuildId,
) -> serenity::Result<bool> {
    let route = Route::GuildCommands { application_id, guild_id };
    let present = http.fire::<Value>(Request::new(route, LightMethod::Get)).await?;
    Ok(covers(&present, &serde_json::to_value([definition()])?))
}

/// Sets the server's commands to those of this version, with one bulk overwrite if they differ.
/// Discord allows 200 new commands per day and server, so a restart must not use any.
pub(super) async fn register(http: &Http, guild_id: GuildId) -> serenity::Result<Registered> {
    let application_id =
        http.application_id().ok_or(serenity::http::HttpError::ApplicationIdMissing)?;
    let route = Route::GuildCommands { application_id, guild_id };
    let wanted = serde_json::to_value([definition()])?;
    // If they cannot be read, writing them again is harmless.
    let present = http.fire::<Value>(Request::new(route, LightMethod::Get)).await;
    if present.is_ok_and(|present| covers(&present, &wanted)) {
        return Ok(Registered::Already);
    }
    let body = serde_json::to_vec(&wanted)?;
    let _: Value = http.fire(Request::new(route, LightMethod::Put).body(Some(body))).await?;
    Ok(Registered::Anew)
}

/// Fields that Discord adds to a command (Discord's reference of the application command object).
const DISCORDS_OWN: [&str; 10] = [
    "application_id",
    "contexts",
    "default_member_permissions",
    "default_permission",
    "dm_permission",
    "guild_id",
    "handler",
    "id",
    "integration_types",
    "version",
];

/// Whether Discord's version of a command matches the wanted one. Discord may leave out fields with
/// default values.
fn covers(present: &Value, wanted: &Value) -> bool {
    match (present, wanted) {
        (Value::Object(present), Value::Object(wanted)) => {
            let told = |key: &&String| !DISCORDS_OWN.contains(&key.as_str());
            let nothing = Value::Null;
            present.keys().chain(wanted.keys()).filter(told).all(|key| {
                let of = |map: &Map<String, Value>| map.get(key).unwrap_or(&nothing).clone();
                covers(&of(present), &of(wanted))
            })
        }
        (Value::Array(present), Value::Array(wanted)) => {
            present.len() == wanted.len()
                && present.iter().zip(wanted).all(|(present, wanted)| covers(present, wanted))
        }
        (present, wanted) => present == wanted || (is_default(present) && is_default(wanted)),
    }
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wanted() -> Value {
        serde_json::to_value([definition()]).unwrap()
    }

    #[test]
    fn what_discord_adds_and_leaves_out_is_no_difference() {
        let mut present = wanted();
        let command = present[0].as_object_mut().unwrap();
        command.insert("id".to_owned(), json!("1"));
        command.insert("default_member_permissions".to_owned(), Value::Null);
        command["options"][1]["options"][0].as_object_mut().unwrap().remove("required");
        assert!(covers(&present, &wanted()));
    }

    #[test]
    fn a_changed_added_or_missing_part_is_a_difference() {
        let changes: [fn(&mut Value); 6] = [
            |present| present[0]["options"][0]["options"][0]["max_length"] = json!(10),
            |present| present[0]["description"] = json!("other"),
            |present| present[0]["options"].as_array_mut().unwrap().truncate(2),
            |present| present[0]["options"][2]["options"] = json!([{"name": "more"}]),
            |present| present[0]["options"][0]["options"][0]["autocomplete"] = json!(false),
            |present| *present = json!([]),
        ];
        for change in changes {
            let mut present = wanted();
            change(&mut present);
            assert!(!covers(&present, &wanted()), "{present}");
        }
    }
}
