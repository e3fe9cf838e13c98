//! A message as text, for snapshots.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use twilight_model::channel::message::component::{Button, ButtonStyle, Component};
use twilight_model::channel::message::embed::Embed;

use super::mentions::Ping;
use super::message::Message;
use super::state::State;
use super::world::World;

/// The name of each id. Ids differ between runs, so a snapshot shows names.
#[derive(Clone, Debug)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    pub fn of(state: &State) -> Self {
        let users = state.users.values().map(|user| (user.id.to_string(), user.name.clone()));
        let channels = state.channels.values();
        let channels = channels.map(|channel| (channel.id.to_string(), channel.name.clone()));
        let roles = state.guilds.values().flat_map(|guild| &guild.roles);
        let roles = roles.map(|role| (role.id.to_string(), role.name.clone()));
        Self(users.chain(channels).chain(roles).collect())
    }

    fn put_into(&self, mut text: String) -> String {
        for (id, name) in &self.0 {
            text = text.replace(id, name);
        }
        text
    }
}

impl World {
    /// The message as text: who sees it, its content, embeds, buttons and pings. Names replace ids, so
    /// `<@123…>` becomes `<@alice>`.
    pub fn text(&self, message: &Message) -> String {
        let mut lines = Vec::new();
        if let Some(only) = message.only_for {
            lines.push(format!("(only {only} sees this)"));
        }
        if message.loading {
            lines.push("(thinking…)".to_owned());
        }
        if !message.content.is_empty() {
            lines.push(message.content.clone());
        }
        lines.extend(message.embeds.iter().flat_map(embed_lines));
        for row in &message.components {
            if let Component::ActionRow(row) = row {
                let parts: Vec<_> = row.components.iter().map(component_text).collect();
                lines.push(parts.join(" "));
            }
        }
        if !message.pinged.is_empty() {
            let pinged: Vec<_> = message.pinged.iter().map(ping_text).collect();
            lines.push(format!("(pings {})", pinged.join(", ")));
        }
        self.names.put_into(lines.join("\n"))
    }

    /// The bot's part of the message as API JSON. Names replace ids, and `…` the ids that have no name.
    pub fn json(&self, message: &Message) -> Value {
        let json = json!({
            "content": message.content,
            "embeds": message.embeds,
            "components": message.components,
        });
        let text = without_ids(&self.names.put_into(json.to_string()));
        serde_json::from_str(&text).expect("a name has no character that JSON escapes")
    }
}

/// The text with `…` for every number that is long enough to be an id.
fn without_ids(text: &str) -> String {
    let mut short = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        short.push_str(before);
        short.push_str(if number.len() < 17 { number } else { "…" });
        rest = after;
    }
    short + rest
}

fn embed_lines(embed: &Embed) -> Vec<String> {
    let mut lines = vec![match embed.color {
        Some(color) => format!("┌ #{color:06x}"),
        None => "┌".to_owned(),
    }];
    if let Some(author) = &embed.author {
        lines.push(format!("author: {}", author.name));
    }
    if let Some(title) = &embed.title {
        let url = embed.url.as_ref().map(|url| format!(" <{url}>")).unwrap_or_default();
        lines.push(format!("title: {title}{url}"));
    }
    lines.extend(embed.description.iter().flat_map(|text| text.lines()).map(str::to_owned));
    for field in &embed.fields {
        let inline = if field.inline { " (inline)" } else { "" };
        let value = field.value.replace('\n', "\n  ");
        lines.push(format!("{}{inline}:\n  {value}", field.name));
    }
    if let Some(footer) = &embed.footer {
        lines.push(format!("footer: {}", footer.text));
    }
    if let Some(timestamp) = &embed.timestamp {
        lines.push(format!("timestamp: {}", timestamp.iso_8601()));
    }
    let body = lines.split_off(1);
    lines.extend(body.join("\n").lines().map(|line| format!("│ {line}")));
    lines.push("└".to_owned());
    lines
}

fn component_text(component: &Component) -> String {
    match component {
        Component::Button(button) => button_text(button),
        Component::SelectMenu(menu) => format!("[select: {}]", menu.custom_id),
        other => format!("[{:?}]", other.kind()),
    }
}

fn button_text(button: &Button) -> String {
    let style = match button.style {
        ButtonStyle::Primary => "primary",
        ButtonStyle::Secondary => "secondary",
        ButtonStyle::Success => "success",
        ButtonStyle::Danger => "danger",
        ButtonStyle::Link => "link",
        _ => "other",
    };
    let label = button.label.as_deref().unwrap_or("(no label)");
    let target = button.custom_id.as_deref().or(button.url.as_deref()).unwrap_or_default();
    let mut text = format!("[{label}]({style}, {target}");
    if button.disabled {
        text.push_str(", disabled");
    }
    text.push(')');
    text
}

fn ping_text(ping: &Ping) -> String {
    match ping {
        Ping::Everyone => "@everyone".to_owned(),
        Ping::Here => "@here".to_owned(),
        Ping::Role(role) => format!("@&{role}"),
        Ping::User(user) => format!("@{user}"),
    }
}
