//! Autocompletion of a state's name.

use twilight_model::application::command::{CommandOptionChoice, CommandOptionChoiceValue};

use super::scene::Scene;
use crate::support::dynamodb::{BUCKET, text};

#[tokio::test]
async fn names_complete_from_a_few_letters_held_ones_first() {
    let scene = Scene::new().await;
    for state in ["env/dev", "env/staging", "services/api"] {
        let digest = format!("{BUCKET}/{state}/terraform.tfstate-md5");
        scene.db.put(&digest, &[("Digest", text("0"))]).await;
    }
    scene.lock("services/web", "root@vm").await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    let complete = async |typed: &str| -> Vec<String> {
        let choices = scene.alice.autocomplete(scene.channel, "status", "state", typed).await;
        choices.into_iter().map(|choice| choice.name).collect()
    };
    assert_eq!(complete("").await, ["services/web", "env/dev", "env/staging", "services/api"]);
    assert_eq!(complete("stg").await, ["env/staging"]);
    assert_eq!(complete("api").await, ["services/api"]);
    assert_eq!(complete("zzz").await, Vec::<String>::new());
    scene.assert_clean();
}

#[tokio::test]
async fn no_more_than_25_are_offered() {
    let scene = Scene::new().await;
    for n in 0..40 {
        scene.lock(&format!("service/{n}"), "root@vm").await;
    }
    let _bot = scene.start().await;
    scene.registered(1).await;
    let choices = scene.alice.autocomplete(scene.channel, "status", "state", "service").await;
    assert_eq!(choices.len(), 25);
    scene.assert_clean();
}

/// Asserts that a state is offered for `typed`, and that the choice and the button under its answer both
/// lead to it. Returns the offered name.
async fn assert_found(scene: &Scene, typed: &str) -> String {
    let choices = scene.alice.autocomplete(scene.channel, "status", "state", typed).await;
    let [CommandOptionChoice { name, value: CommandOptionChoiceValue::String(value), .. }] =
        &*choices
    else {
        panic!("one choice, a text: {choices:?}")
    };
    let message = scene.ask("status", &[("state", value)]).await.message();
    assert!(scene.text(&message).contains("root@vm"));
    let again = scene.alice.press(&message, "Refresh").await.message();
    assert!(scene.text(&again).contains("root@vm"));
    scene.assert_clean();
    name.clone()
}

#[tokio::test]
async fn a_name_too_long_for_a_choice_or_a_button_works_all_the_same() {
    let long = format!("teams/{}/network", "platform-".repeat(20));
    let scene = Scene::new().await;
    scene.lock(&long, "root@vm").await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    let name = assert_found(&scene, "network").await;
    assert!(name.starts_with("teams/platform-") && name.ends_with("-/network"), "{name}");
}

#[tokio::test]
async fn a_key_that_nobody_could_type_is_found_all_the_same() {
    let scene = Scene::new().await;
    scene.lock("env//dbl", "root@vm").await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    assert_eq!(assert_found(&scene, "dbl").await, "states/env//dbl/terraform.tfstate");
}
