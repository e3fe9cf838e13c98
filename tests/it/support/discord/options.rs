//! The options that a person fills in, with types from the definition that the bot registered.
//!
//! Discord's client refuses values that the definition does not allow. A test that tries one panics with
//! the reason.

use serde_json::{Map, Value, json};
use twilight_model::application::command::{
    Command, CommandOption, CommandOptionChoiceValue, CommandOptionType,
};

use super::model::{GuildId, PERMISSIONS, RoleId};
use super::state::State;

/// Options by name, as text.
pub type Given<'a> = &'a [(&'a str, &'a str)];

/// Whether the person has sent the command or is still typing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage<'a> {
    Sent,
    /// Still typing into this option.
    Typing(&'a str),
}

impl State {
    /// The interaction's data for a command. `path` is a subcommand of `/lock`, or a full path with a
    /// slash: `"/lock status"`, `"/ping"`.
    pub fn command_data(
        &self,
        guild: Option<GuildId>,
        path: &str,
        given: Given<'_>,
        stage: Stage<'_>,
    ) -> Value {
        let full = path.strip_prefix('/').map_or_else(|| format!("lock {path}"), str::to_owned);
        let mut names = full.split_whitespace();
        let name = names.next().expect("a command has a name");
        let (scope, command) = self
            .commands
            .find(guild, name)
            .unwrap_or_else(|| panic!("no command /{name} is registered here"));
        let nested: Vec<_> = names.collect();
        let (groups, definitions) = descend(command, &nested, &full);
        let mut resolved = Map::new();
        let mut options = Vec::new();
        for (name, text) in given {
            let definition = definitions.iter().find(|option| option.name == *name);
            let definition = definition.unwrap_or_else(|| {
                let known: Vec<_> = definitions.iter().map(|option| &option.name).collect();
                panic!("/{full} has no option {name:?}, only {known:?}");
            });
            options.push(self.filled(definition, text, guild, stage, &mut resolved));
        }
        if stage == Stage::Sent {
            for option in definitions.iter().filter(|option| option.required == Some(true)) {
                let given = given.iter().any(|(name, _)| *name == option.name);
                assert!(given, "/{full} needs its option {:?}", option.name);
            }
        }
        for (kind, name) in groups.into_iter().rev() {
            options = vec![json!({ "type": kind, "name": name, "options": options })];
        }
        let mut data = json!({ "id": command.id, "name": command.name, "type": 1 });
        if !options.is_empty() {
            data["options"] = Value::Array(options);
        }
        if let Some(guild) = scope {
            data["guild_id"] = json!(guild);
        }
        if !resolved.is_empty() {
            data["resolved"] = Value::Object(resolved);
        }
        data
    }

    fn filled(
        &self,
        option: &CommandOption,
        text: &str,
        guild: Option<GuildId>,
        stage: Stage<'_>,
        resolved: &mut Map<String, Value>,
    ) -> Value {
        let mut filled = json!({ "type": option.kind, "name": option.name });
        if stage == Stage::Typing(&option.name) {
            assert_eq!(option.autocomplete, Some(true), "{:?} has no autocomplete", option.name);
            filled["value"] = json!(text);
            filled["focused"] = json!(true);
            return filled;
        }
        filled["value"] = match option.kind {
            CommandOptionType::String => json!(text),
            CommandOptionType::Integer => json!(number::<i64>(option, text)),
            CommandOptionType::Number => json!(number::<f64>(option, text)),
            CommandOptionType::Boolean => json!(number::<bool>(option, text)),
            CommandOptionType::User | CommandOptionType::Role | CommandOptionType::Channel => {
                self.resolve(option, text, guild, resolved);
                json!(text)
            }
            other => panic!("options of the type {other:?} are not modelled"),
        };
        check_limits(option, &filled["value"]);
        filled
    }

    /// Adds the object of an id to the resolved data, as Discord does.
    fn resolve(
        &self,
        option: &CommandOption,
        text: &str,
        guild: Option<GuildId>,
        resolved: &mut Map<String, Value>,
    ) {
        let guild = guild.map(|guild| &self.guilds[&guild]);
        let mut add = |kind: &str, mut object: Value| {
            if matches!(kind, "members" | "channels") {
                object["permissions"] = json!(PERMISSIONS);
            }
            resolved.entry(kind).or_insert(json!({}))[text] = object;
        };
        let known = match option.kind {
            CommandOptionType::User => text.parse().ok().and_then(|id| {
                let user = self.users.get(&id)?;
                add("users", user.json());
                if let Some(member) = guild.and_then(|guild| guild.members.get(&id)) {
                    add("members", member.json(None));
                }
                Some(())
            }),
            CommandOptionType::Role => text.parse().ok().and_then(|id: RoleId| {
                let at = guild?.roles.iter().position(|role| role.id == id)?;
                add("roles", guild?.roles[at].json(at));
                Some(())
            }),
            _ => text.parse().ok().and_then(|id| {
                add("channels", self.channels.get(&id)?.json(&self.users));
                Some(())
            }),
        };
        assert!(known.is_some(), "{:?}: Discord knows nothing of the id {text:?}", option.name);
    }
}

type Groups<'a> = Vec<(CommandOptionType, &'a str)>;

/// Finds the (sub)command of a path. Returns its groups and its options.
fn descend<'a>(
    command: &'a Command,
    nested: &[&'a str],
    full: &str,
) -> (Groups<'a>, &'a [CommandOption]) {
    let is_group =
        |kind| matches!(kind, CommandOptionType::SubCommand | CommandOptionType::SubCommandGroup);
    let mut options = command.options.as_slice();
    let mut groups = Vec::new();
    for name in nested {
        let found = options.iter().find(|option| is_group(option.kind) && option.name == *name);
        let found = found.unwrap_or_else(|| panic!("/{full} is not registered: no {name:?}"));
        groups.push((found.kind, *name));
        options = found.options.as_deref().unwrap_or_default();
    }
    assert!(!options.iter().any(|option| is_group(option.kind)), "/{full} needs a subcommand");
    (groups, options)
}

fn number<T: std::str::FromStr>(option: &CommandOption, text: &str) -> T {
    let kind = option.kind;
    text.parse().unwrap_or_else(|_| panic!("{:?} takes a {kind:?}, not {text:?}", option.name))
}

fn check_limits(option: &CommandOption, value: &Value) {
    let name = &option.name;
    if let Some(text) = value.as_str() {
        let length = text.chars().count();
        let longest = option.max_length.map_or(6000, usize::from);
        let shortest = option.min_length.map_or(0, usize::from);
        assert!(
            (shortest..=longest).contains(&length),
            "{name:?} takes {shortest} to {longest} characters, not {length}",
        );
    }
    let choices = option.choices.as_deref().unwrap_or_default();
    let offered = choices.iter().any(|choice| match &choice.value {
        CommandOptionChoiceValue::String(choice) => *value == json!(choice),
        CommandOptionChoiceValue::Integer(choice) => *value == json!(choice),
        CommandOptionChoiceValue::Number(choice) => *value == json!(choice),
    });
    assert!(choices.is_empty() || offered, "{name:?} does not offer the choice {value}");
}
