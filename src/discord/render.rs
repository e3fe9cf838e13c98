//! A message as Discord's embed and buttons, within every limit of its API.

use chrono::{DateTime, Utc};
use serenity::all::{
    ButtonStyle, CreateActionRow, CreateAllowedMentions, CreateButton, CreateEmbed,
    CreateEmbedFooter, CreateInteractionResponseFollowup, CreateInteractionResponseMessage,
    EditInteractionResponse, FormattedTimestamp, FormattedTimestampStyle, Timestamp,
};

use super::escape;
use super::parse::custom_id;
use crate::message::{Button, Field, Message, Span, Text, Tone};

/// Buttons in a row, from Discord's component reference.
const BUTTONS_A_ROW: usize = 5;

/// A message in the three shapes in which Discord takes one.
pub(super) struct Rendered {
    embed: CreateEmbed,
    rows: Vec<CreateActionRow>,
}

impl Rendered {
    pub(super) fn new(message: &Message) -> Self {
        Self { embed: embed(message), rows: rows(&message.buttons) }
    }

    /// As the first answer to an interaction.
    pub(super) fn response(self, ephemeral: bool) -> CreateInteractionResponseMessage {
        CreateInteractionResponseMessage::new()
            .embed(self.embed)
            .components(self.rows)
            .allowed_mentions(nobody())
            .ephemeral(ephemeral)
    }

    /// In place of an answer that was put off, or of the message a button is on.
    pub(super) fn edit(self) -> EditInteractionResponse {
        EditInteractionResponse::new()
            .embed(self.embed)
            .components(self.rows)
            .allowed_mentions(nobody())
    }

    /// As a further message, seen by the asker alone.
    pub(super) fn followup(self) -> CreateInteractionResponseFollowup {
        CreateInteractionResponseFollowup::new()
            .embed(self.embed)
            .components(self.rows)
            .allowed_mentions(nobody())
            .ephemeral(true)
    }
}

/// Mentions nobody. Set on every message, since Discord's default is to ping whoever is named.
fn nobody() -> CreateAllowedMentions {
    CreateAllowedMentions::new().all_users(false).all_roles(false).everyone(false)
}

fn embed(message: &Message) -> CreateEmbed {
    let mut embed = CreateEmbed::new().colour(colour(message.tone)).fields(
        message
            .fields
            .iter()
            .map(|Field { label, value, short }| (markdown(label), markdown(value), *short)),
    );
    if !message.title.spans().is_empty() {
        embed = embed.title(markdown(&message.title));
    }
    if !message.body.is_empty() {
        let lines: Vec<String> = message.body.iter().map(markdown).collect();
        embed = embed.description(lines.join("\n"));
    }
    if let Some(moment) = message.read_at {
        embed = embed.timestamp(moment);
    }
    match &message.footer {
        Some(footer) => embed.footer(CreateEmbedFooter::new(markdown(footer))),
        None => embed,
    }
}

fn colour(tone: Tone) -> u32 {
    match tone {
        Tone::Held => 0x00e6_7e22,
        Tone::Broken => 0x00e7_4c3c,
        Tone::Free => 0x002e_cc71,
        Tone::Plain => 0x0058_65f2,
    }
}

fn rows(buttons: &[Button]) -> Vec<CreateActionRow> {
    let buttons: Vec<CreateButton> = buttons
        .iter()
        .enumerate()
        .map(|(at, button)| {
            CreateButton::new(custom_id(at, &button.command))
                .label(button.label)
                .style(ButtonStyle::Secondary)
                .disabled(!button.enabled)
        })
        .collect();
    buttons.chunks(BUTTONS_A_ROW).map(|row| CreateActionRow::Buttons(row.to_vec())).collect()
}

fn markdown(text: &Text) -> String {
    let mut written = String::new();
    for span in text.spans() {
        match span {
            Span::Own(words) => written.push_str(words),
            Span::Strong(words) => written.push_str(&format!("**{words}**")),
            Span::Named(name) => written.push_str(&escape::plain(name)),
            Span::Quoted(text) => written.push_str(&escape::code(text)),
            Span::At(moment) => {
                let full = stamp(moment, FormattedTimestampStyle::LongDateTime);
                let distance = stamp(moment, FormattedTimestampStyle::RelativeTime);
                written.push_str(&format!("{full} ({distance})"));
            }
        }
    }
    written
}

fn stamp(moment: &DateTime<Utc>, style: FormattedTimestampStyle) -> String {
    FormattedTimestamp::new(Timestamp::from(*moment), Some(style)).to_string()
}
