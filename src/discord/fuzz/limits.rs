//! Discord's limits on messages and dialogs, checked on the bytes that are sent.

use std::collections::BTreeSet;

use serde_json::Value;

/// Discord does not define a character. A text has at least as many UTF-16 units as characters.
fn length(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.encode_utf16().count())
}

fn all<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value[key].as_array().into_iter().flatten()
}

/// Asserts that Discord takes a message, and that its texts ping nobody.
pub(super) fn fits(message: &Value) {
    assert!(length(&message["content"]) <= 2_000);
    let allowed = &message["allowed_mentions"];
    assert_eq!(all(allowed, "parse").count(), 0, "a text may ping");
    assert!(all(allowed, "users").count() <= 100 && all(allowed, "roles").count() <= 100);
    for embed in all(message, "embeds") {
        fits_embed(embed);
    }
    fits_buttons(message);
}

fn fits_embed(embed: &Value) {
    let (title, description) = (length(&embed["title"]), length(&embed["description"]));
    let footer = length(&embed["footer"]["text"]);
    let mut sum = title + description + footer;
    assert!(title <= 256 && description <= 4_096 && footer <= 2_048, "{embed:#}");
    assert!(all(embed, "fields").count() <= 25);
    for field in all(embed, "fields") {
        let (label, value) = (length(&field["name"]), length(&field["value"]));
        assert!(label <= 256 && value <= 1_024, "{field:#}");
        for text in [&field["name"], &field["value"]] {
            assert!(
                !text.as_str().unwrap_or_default().trim().is_empty(),
                "an empty field: {embed:#}"
            );
        }
        sum += label + value;
    }
    assert!(sum <= 6_000, "{sum} characters: {embed:#}");
    assert!(title + description > 0 || all(embed, "fields").next().is_some(), "nothing is shown");
}

fn fits_buttons(message: &Value) {
    assert!(all(message, "components").count() <= 5);
    let mut ids = BTreeSet::new();
    for row in all(message, "components") {
        assert!((1..=5).contains(&all(row, "components").count()));
        for button in all(row, "components") {
            assert!((1..=80).contains(&length(&button["label"])));
            let id = button["custom_id"].as_str().unwrap_or_default();
            assert!((1..=100).contains(&length(&button["custom_id"])), "{id:?}");
            assert!(ids.insert(id.to_owned()), "two buttons have the id {id:?}");
        }
    }
}

/// Asserts that Discord takes a dialog.
pub(super) fn fits_a_dialog(dialog: &Value) {
    assert!((1..=45).contains(&length(&dialog["title"])), "{dialog:#}");
    assert!((1..=100).contains(&length(&dialog["custom_id"])), "{dialog:#}");
    for row in all(dialog, "components") {
        for input in all(row, "components") {
            assert!((1..=45).contains(&length(&input["label"])), "{input:#}");
            assert!(length(&input["placeholder"]) <= 100, "{input:#}");
        }
    }
}
