//! Renders a message as Discord's embed and buttons, within all limits of the API.

use serenity::all::{
    ButtonStyle, CreateActionRow, CreateAllowedMentions, CreateButton, CreateEmbed,
    CreateEmbedFooter, CreateInputText, CreateInteractionResponseFollowup,
    CreateInteractionResponseMessage, CreateMessage, CreateModal, EditInteractionResponse,
    EditMessage, InputTextStyle, Nonce, RoleId, UserId,
};

use super::markup::Drawn;
use super::parse::{FORM_TEXT, custom_id};
use crate::command::Command;
use crate::message::{Button, Form, Message, Tone};
use crate::text::{REASON, clip};

/// Most buttons in a row (Discord's component reference).
const BUTTONS_A_ROW: usize = 5;

/// Longest placeholder of a form's field, in characters (same reference).
const EXAMPLE_LIMIT: usize = 100;

/// Most roles and people that a message pings. Their mentions must fit into a content of 2,000
/// characters.
const CALLS: usize = 80;

/// A message in Discord's forms.
pub(super) struct Rendered {
    calls: Vec<RoleId>,
    pings: Vec<UserId>,
    embed: CreateEmbed,
    rows: Vec<CreateActionRow>,
}

impl Rendered {
    pub(super) fn new(message: &Message) -> Self {
        let calls = message.calls.iter().map(|role| role.get()).filter(|&role| role != 0);
        let pings = message.pings.iter().map(|user| user.get()).filter(|&user| user != 0);
        let calls: Vec<RoleId> = calls.take(CALLS).map(RoleId::new).collect();
        Self {
            pings: pings.take(CALLS - calls.len()).map(UserId::new).collect(),
            calls,
            embed: embed(message),
            rows: rows(&message.buttons),
        }
    }

    /// A new message for everyone in a channel. It pings its roles and people only. A repeat with
    /// the same nonce creates no second message.
    pub(super) fn post(self, nonce: &str) -> CreateMessage {
        let content = self.content();
        let post = CreateMessage::new()
            .embed(self.embed)
            .components(self.rows)
            .nonce(Nonce::String(nonce.to_owned()))
            .enforce_nonce(true)
            .allowed_mentions(nobody().roles(self.calls).users(self.pings));
        match content {
            Some(content) => post.content(content),
            None => post,
        }
    }

    /// A replacement for a posted message. It still names the roles and people, but pings no one
    /// again.
    pub(super) fn change(self) -> EditMessage {
        let content = self.content();
        let change =
            EditMessage::new().embed(self.embed).components(self.rows).allowed_mentions(nobody());
        match content {
            Some(content) => change.content(content),
            None => change,
        }
    }

    /// The first response to an interaction.
    pub(super) fn response(self, ephemeral: bool) -> CreateInteractionResponseMessage {
        CreateInteractionResponseMessage::new()
            .embed(self.embed)
            .components(self.rows)
            .allowed_mentions(nobody())
            .ephemeral(ephemeral)
    }

    /// A replacement for a deferred answer, or for the message of a button.
    pub(super) fn edit(self) -> EditInteractionResponse {
        EditInteractionResponse::new()
            .embed(self.embed)
            .components(self.rows)
            .allowed_mentions(nobody())
    }

    /// A further message that only the asker sees.
    pub(super) fn followup(self) -> CreateInteractionResponseFollowup {
        CreateInteractionResponseFollowup::new()
            .embed(self.embed)
            .components(self.rows)
            .allowed_mentions(nobody())
            .ephemeral(true)
    }

    /// Only mentions outside of embeds ping.
    fn content(&self) -> Option<String> {
        let roles = self.calls.iter().map(|role| format!("<@&{role}>"));
        let people = self.pings.iter().map(|user| format!("<@{user}>"));
        let mentions: Vec<String> = roles.chain(people).collect();
        (!mentions.is_empty()).then(|| mentions.join(" "))
    }
}

/// Longest reason, as Discord counts it.
#[expect(clippy::cast_possible_truncation, reason = "it is a few hundred")]
const REASON_LIMIT: u16 = REASON as u16;

/// A form as Discord's dialog with one text to fill in.
pub(super) fn modal(form: &Form) -> CreateModal {
    let style = if form.long { InputTextStyle::Paragraph } else { InputTextStyle::Short };
    let mut input = CreateInputText::new(style, form.label, FORM_TEXT)
        .required(form.required)
        .placeholder(clip(&form.example, EXAMPLE_LIMIT));
    // A name may be longer than a reason, so a short field has no limit.
    if form.long {
        input = input.max_length(REASON_LIMIT);
    }
    CreateModal::new(custom_id(0, &form.command), &form.title)
        .components(vec![CreateActionRow::InputText(input)])
}

/// Pings no one. It is set on each message, because Discord by default pings everyone who is
/// mentioned.
pub(super) fn nobody() -> CreateAllowedMentions {
    CreateAllowedMentions::new().all_users(false).all_roles(false).everyone(false)
}

fn embed(message: &Message) -> CreateEmbed {
    let Drawn { title, description, fields, footer } = Drawn::new(message);
    let mut embed = CreateEmbed::new().colour(colour(message.tone)).fields(fields);
    if !title.is_empty() {
        embed = embed.title(title);
    }
    if !description.is_empty() {
        embed = embed.description(description);
    }
    if let Some(moment) = message.read_at {
        embed = embed.timestamp(moment);
    }
    if footer.is_empty() { embed } else { embed.footer(CreateEmbedFooter::new(footer)) }
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
                .style(style(&button.command))
                .disabled(!button.enabled)
        })
        .collect();
    buttons.chunks(BUTTONS_A_ROW).map(|row| CreateActionRow::Buttons(row.to_vec())).collect()
}

fn style(command: &Command) -> ButtonStyle {
    match command {
        Command::Approve { .. } => ButtonStyle::Success,
        Command::Deny { .. } => ButtonStyle::Danger,
        _ => ButtonStyle::Secondary,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::message::Text;
    use crate::people::{EventId, RequestId};
    use crate::text::REASON;

    fn card() -> Message {
        let request = RequestId::of(EventId::new(7));
        let mut message = Message::sentence(Tone::Held, Text::own("Somebody asks."))
            .button("Approve", Command::Approve { request, typed: None }, true)
            .button("Deny", Command::Deny { request, reason: None }, true)
            .button("Withdraw", Command::Withdraw { request }, false);
        message.calls = vec![crate::people::RoleId::new(41), crate::people::RoleId::new(42)];
        message
    }

    fn json(part: impl serde::Serialize) -> Value {
        serde_json::to_value(part).unwrap()
    }

    #[test]
    fn a_posted_message_calls_its_roles_and_a_changed_one_nobody() {
        let post = json(Rendered::new(&card()).post("n1"));
        assert_eq!(post["content"], "<@&41> <@&42>");
        let allowed = json!({ "parse": [], "users": [], "roles": ["41", "42"] });
        assert_eq!(post["allowed_mentions"], allowed);
        assert_eq!((&post["nonce"], &post["enforce_nonce"]), (&json!("n1"), &json!(true)));

        let change = json(Rendered::new(&card()).change());
        assert_eq!(change["content"], post["content"]);
        assert_eq!(change["allowed_mentions"], json!({ "parse": [], "users": [], "roles": [] }));
    }

    #[test]
    fn what_answers_somebody_calls_nobody() {
        let nobody = json!({ "parse": [], "users": [], "roles": [] });
        for answer in [
            json(Rendered::new(&card()).response(true)),
            json(Rendered::new(&card()).edit()),
            json(Rendered::new(&card()).followup()),
        ] {
            assert_eq!(answer["allowed_mentions"], nobody);
            assert_eq!(answer.get("content"), None);
        }
    }

    #[test]
    fn more_roles_than_fit_are_not_called() {
        let mut message = card();
        message.calls = (0..200).map(|n| crate::people::RoleId::new(u64::MAX - n)).collect();
        message.calls.push(crate::people::RoleId::new(0));
        let post = json(Rendered::new(&message).post("n1"));
        assert!(post["content"].as_str().unwrap().len() <= 2_000);
        assert_eq!(post["allowed_mentions"]["roles"].as_array().unwrap().len(), CALLS);
    }

    #[test]
    fn buttons_look_like_what_they_do() {
        let post = json(Rendered::new(&card()).post("n1"));
        let buttons = post["components"][0]["components"].as_array().unwrap();
        let looks = |button: &Value| (button["custom_id"].clone(), button["style"].clone());
        let expected = [("0:approve:7", 3), ("1:deny:7", 4), ("2:withdraw:7", 2)];
        assert_eq!(
            buttons.iter().map(looks).collect::<Vec<_>>(),
            expected.map(|(id, style)| (json!(id), json!(style))),
        );
        assert_eq!(buttons[2]["disabled"], true);
    }

    #[test]
    fn a_form_is_a_dialog_with_one_text() {
        let mut form = Form {
            title: "Deny: env/prod".to_owned(),
            label: "Why not?",
            example: "x".repeat(EXAMPLE_LIMIT + 1),
            required: false,
            long: true,
            command: Command::Deny { request: RequestId::of(EventId::new(7)), reason: None },
        };
        let dialog = json(modal(&form));
        assert_eq!(
            (&dialog["title"], &dialog["custom_id"]),
            (&json!(form.title), &json!("0:deny:7"))
        );
        let input = &dialog["components"][0]["components"][0];
        assert_eq!((&input["custom_id"], &input["label"]), (&json!(FORM_TEXT), &json!("Why not?")));
        assert_eq!((&input["required"], &input["style"]), (&json!(false), &json!(2)));
        assert_eq!(input["max_length"], REASON);
        assert_eq!(input["placeholder"].as_str().unwrap().chars().count(), EXAMPLE_LIMIT);

        form.long = false;
        let dialog = json(modal(&form));
        let input = &dialog["components"][0]["components"][0];
        assert_eq!((&input["style"], input.get("max_length")), (&json!(1), None));
    }
}
