//! Application commands. The bot registers them, and people use them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use twilight_model::application::command::Command;
use twilight_model::id::Id;
use twilight_model::id::marker::{CommandMarker, CommandVersionMarker};

use super::body::parse;
use super::clock::Clock;
use super::error::ApiError;
use super::model::{ApplicationId, GuildId};
use super::validate;

/// A guild for guild commands, or `None` for global commands.
pub(super) type Scope = Option<GuildId>;

#[derive(Default)]
pub(super) struct Registry {
    commands: BTreeMap<Scope, Vec<Registered>>,
    pub bulk_overwrites: usize,
}

struct Registered {
    command: Command,
    /// The definition in the form that the API returns.
    json: Value,
}

impl Registry {
    /// Replaces all commands of a scope at once. A command with the same name keeps its id.
    pub fn overwrite(
        &mut self,
        clock: &Clock,
        application: ApplicationId,
        scope: Scope,
        body: Value,
    ) -> Result<Value, ApiError> {
        let definitions: Vec<Map<String, Value>> = parse(body)?;
        let before = self.commands.entry(scope).or_default();
        let mut after = Vec::new();
        for definition in definitions {
            let name = definition.get("name").and_then(Value::as_str);
            let same_name = before.iter().find(|old| name == Some(&old.command.name));
            let id = same_name.and_then(|old| old.command.id).unwrap_or_else(|| clock.id());
            let version = clock.id();
            let json = completed(definition, application, scope, id, version);
            after.push(Registered { command: parse(json.clone())?, json });
        }
        let commands: Vec<_> = after.iter().map(|new| new.command.clone()).collect();
        validate::commands(&commands)?;
        *before = after;
        self.bulk_overwrites += 1;
        Ok(self.json(scope))
    }

    pub fn json(&self, scope: Scope) -> Value {
        self.commands.get(&scope).into_iter().flatten().map(|known| known.json.clone()).collect()
    }

    pub fn all(&self) -> BTreeMap<Scope, Vec<Command>> {
        let typed = |known: &Vec<Registered>| known.iter().map(|k| k.command.clone()).collect();
        self.commands.iter().map(|(scope, known)| (*scope, typed(known))).collect()
    }

    /// Finds a command by name. A guild's own command comes before a global one.
    pub fn find(&self, guild: Option<GuildId>, name: &str) -> Option<(Scope, &Command)> {
        let scopes = [guild, None];
        let mut found = scopes.into_iter().flat_map(|scope| {
            let known = self.commands.get(&scope).into_iter().flatten();
            known.map(move |known| (scope, &known.command))
        });
        found.find(|(_, command)| command.name == name)
    }
}

/// The definition with the fields that Discord adds, and without those that it omits.
fn completed(
    mut command: Map<String, Value>,
    application: ApplicationId,
    scope: Scope,
    id: Id<CommandMarker>,
    version: Id<CommandVersionMarker>,
) -> Value {
    command.insert("id".to_owned(), json!(id));
    command.insert("application_id".to_owned(), json!(application));
    command.insert("version".to_owned(), json!(version));
    let mut defaults = json!({
        "type": 1,
        "default_member_permissions": null,
        "name_localizations": null,
        "description": "",
        "description_localizations": null,
        "nsfw": false,
        "integration_types": [0],
        "contexts": null,
    });
    match scope {
        Some(guild) => defaults["guild_id"] = json!(guild),
        None => defaults["dm_permission"] = json!(true),
    }
    for (field, value) in defaults.as_object().into_iter().flatten() {
        command.entry(field).or_insert_with(|| value.clone());
    }
    without_defaults(&mut command, "options");
    Value::Object(command)
}

/// Removes option fields with default values, as Discord does.
fn without_defaults(parent: &mut Map<String, Value>, list: &str) {
    let Some(Value::Array(options)) = parent.get_mut(list) else {
        return;
    };
    if options.is_empty() {
        parent.remove(list);
        return;
    }
    for option in options.iter_mut().filter_map(Value::as_object_mut) {
        let silent = |value: &Value| {
            value.is_null() || *value == json!(false) || *value == json!([]) || *value == json!({})
        };
        option.retain(|_, value| !silent(value));
        without_defaults(option, list);
    }
}
