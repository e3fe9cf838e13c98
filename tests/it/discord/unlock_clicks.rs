//! Clicks that are forged, late, repeated, or made while the bot is disconnected.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;

use super::scene::Scene;
use super::unlock_scene::{CALLBACK, REASON, STATE, record_of};
use crate::support::discord::{Answer, Fault};
use crate::support::proxy::Gate;

/// Waits until the bots have tried this many times to answer, and have had time to do something wrong.
async fn answered(scene: &Scene, times: usize) {
    let enough = |tried: usize| (tried >= times).then_some(());
    let tried = scene
        .discord
        .eventually("first responses", |world| enough(world.requests_to(CALLBACK).len()));
    tried.await;
    tokio::time::sleep(Duration::from_millis(200)).await;
}

fn tries(scene: &Scene) -> usize {
    scene.discord.world().requests_to(CALLBACK).len()
}

#[tokio::test]
async fn a_forged_button_does_nothing() {
    let (scene, _bot) = Scene::stale().await;
    let card = scene.request().await;
    let approve = Scene::id_of(&card, "Approve");
    let (_, request) = approve.rsplit_once(':').unwrap();
    let foreign = "does not have this button";
    let forged = [
        (format!("0:release:{request}"), foreign),
        (format!("0:approve:{request}:env/prod"), foreign),
        (format!("0:approve:+{request}"), foreign),
        (format!("0:approve:0{request}"), foreign),
        (format!("00:approve:{request}"), foreign),
        (format!("0:Approve:{request}"), foreign),
        (format!("{approve}{}", "0".repeat(200)), foreign),
        ("0:approve".to_owned(), foreign),
        (String::new(), foreign),
        ("x".repeat(1_000), foreign),
        ("0:approve:0".to_owned(), "This request is no longer known"),
        ("0:approve:1".to_owned(), "This request is no longer known"),
        ("0:deny:18446744073709551615".to_owned(), "This request is no longer known"),
        (format!("0:approve:{request}1"), "This request is no longer known"),
    ];
    for (id, words) in forged {
        let told = scene.alone(scene.bob.press_forged(&card, &id).await).await;
        assert!(told.contains(words), "{id}: {told}");
    }
    // The id of a button that opens a form can be forged too. This one contains a state.
    for id in ["0:unlock:../env/prod", "0:unlock:#0123456789abcdef"] {
        let told = scene.alone(scene.bob.press_forged(&card, id).await).await;
        assert!(told.contains("is no state name") || told.contains("no longer known"), "{told}");
    }
    scene.assert_untouched(&card).await;
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn a_card_that_lies_about_its_state_does_not_release_another() {
    let (scene, _bot) = Scene::locked_for(TimeDelta::minutes(5)).await;
    let card = scene.request().await;
    // Who has the token can post any text above the real button.
    let lie = scene.ask("status", &[("state", "env/dev")]).await.message();
    let approve = Scene::id_of(&card, "Approve");
    let form = scene.bob.press_forged(&lie, &approve).await.modal();
    assert!(form.title.contains(STATE), "the form names the state of the request: {}", form.title);
    let told = scene.alone(scene.bob.submit(&form, &[("text", "env/dev")]).await).await;
    assert!(told.contains("nothing was approved"), "{told}");
    scene.assert_untouched(&card).await;
}

#[tokio::test]
async fn a_button_from_before_a_restart_works() {
    let (scene, bot) = Scene::stale().await;
    let card = scene.request().await;
    bot.stop().await.unwrap();
    let _bot = scene.start().await;
    scene.bob.press(&card, "Approve").await;
    scene.assert_released_once().await;
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn a_form_from_before_a_restart_works() {
    let (scene, bot) = Scene::locked_for(TimeDelta::minutes(5)).await;
    let card = scene.request().await;
    let form = scene.bob.press(&card, "Approve").await.modal();
    bot.stop().await.unwrap();
    let _bot = scene.start().await;
    scene.bob.submit(&form, &[("text", STATE)]).await;
    scene.assert_released_once().await;
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn whoever_comes_too_late_is_told_who_was_first_and_when() {
    let (scene, _bot) = Scene::stale().await;
    let carol = scene.discord.member("carol", &[scene.approvers()]);
    let card = scene.request().await;
    let form = carol.press(&card, "Deny").await.modal();
    scene.bob.press(&card, "Approve").await;
    scene.says(&card, "unlocked").await;
    // The same lock is taken again. A button of the old card must not release it.
    scene.put(STATE, &record_of("ci@runner-4", TimeDelta::hours(5))).await;
    let before = scene.actions().await;
    let late = "This request has ended: unlocked by bob (<@bob>), <t:";
    for label in ["Approve", "Deny", "Withdraw"] {
        for person in [&scene.alice, &scene.bob, &carol] {
            let answer = person.press_forged(&card, &Scene::id_of(&card, label)).await;
            let told = scene.alone(answer).await;
            assert!(told.contains(late), "{label}: {told}");
        }
    }
    let told = scene.alone(carol.submit(&form, &[("text", "no")]).await).await;
    assert!(told.contains(late), "{told}");
    assert!(scene.is_locked().await);
    assert_eq!(scene.actions().await, before);
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn after_its_time_a_request_is_refused_whether_or_not_its_card_says_so() {
    let mut scene = Scene::new().await;
    scene.policy.request_ttl = TimeDelta::milliseconds(200);
    scene.put(STATE, &record_of("ci@runner-4", TimeDelta::hours(5))).await;
    let _bot = scene.start().await;
    scene.registered(1).await;
    let card = scene.request().await;
    tokio::time::sleep(Duration::from_millis(250)).await;
    for (person, label) in
        [(&scene.bob, "Approve"), (&scene.bob, "Deny"), (&scene.alice, "Withdraw")]
    {
        let answer = person.press_forged(&card, &Scene::id_of(&card, label)).await;
        let told = scene.alone(answer).await;
        assert!(told.contains("expired"), "{label}: {told}");
    }
    assert!(scene.is_locked().await);
    scene.says(&card, "expired").await;
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn an_interaction_that_is_delivered_again_has_no_second_effect() {
    let (scene, _bot) = Scene::stale().await;
    let repeat = async |answer: &Answer| {
        let before = tries(&scene);
        answer.redeliver();
        answer.redeliver();
        answered(&scene, before + 2).await;
    };
    let opened = scene.ask("unlock", &[("state", STATE), ("reason", REASON)]).await;
    let card = scene.card("asks to unlock").await;
    repeat(&opened).await;
    assert_eq!((scene.actions().await, scene.cards()), (vec!["request.opened".to_owned()], 1));

    let refused = scene.alice.press(&card, "Approve").await.settled().await;
    repeat(&refused).await;
    assert_eq!(scene.actions().await, ["request.opened", "approval.refused"]);

    let approved = scene.bob.press(&card, "Approve").await;
    scene.says(&card, "unlocked").await;
    // The same lock, byte for byte, is there again. The old click must not release it again.
    scene.put(STATE, &record_of("ci@runner-4", TimeDelta::hours(5))).await;
    repeat(&approved).await;
    repeat(&opened).await;
    assert!(scene.is_locked().await);
    let actions = scene.actions().await;
    assert_eq!(actions[1..], ["approval.refused", "request.approved", "unlock.done"]);
    assert_eq!(scene.cards(), 1);
    assert_eq!(scene.discord.world().violations, Vec::<String>::new());
}

/// A whole request with two bots that both get every event. The answers to this many first responses to
/// each click are lost. With two lost answers, each bot believes that it was the first.
async fn dance_with_two_bots(lost: usize) {
    let scene = Scene::new().await;
    scene.put(STATE, &record_of("ci@runner-4", TimeDelta::hours(5))).await;
    let _bots = (scene.start().await, scene.start().await);
    scene.registered(1).await;
    let click = async |answer: Answer| {
        let answer = answer.responded().await;
        assert!(!answer.is_missing());
        tokio::time::sleep(Duration::from_millis(400)).await;
    };
    let lose = || scene.discord.faults().next(lost, CALLBACK, Fault::AnswerLost);
    lose();
    let options = [("state", STATE), ("reason", REASON)];
    click(scene.alice.start_slash(scene.channel, "unlock", &options)).await;
    let card = scene.card("asks to unlock").await;
    lose();
    click(scene.alice.start_press(&card, "Approve")).await;
    lose();
    click(scene.bob.start_press(&card, "Approve")).await;
    scene.says(&card, "unlocked").await;

    assert!(!scene.is_locked().await);
    let expected = ["request.opened", "approval.refused", "request.approved", "unlock.done"];
    assert_eq!(scene.actions().await, expected, "{lost} answers lost");
    assert_eq!(scene.cards(), 1, "{lost} answers lost");
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn two_bots_that_hear_the_same_clicks_do_everything_once() {
    join_all([0, 1, 2].map(dance_with_two_bots)).await;
}

#[tokio::test]
async fn a_click_while_the_connection_is_down_is_answered_after_it() {
    let (scene, _bot) = Scene::stale().await;
    let card = scene.request().await;
    scene.discord.gateway().cut();
    let meanwhile = scene.bob.start_press(&card, "Approve");
    scene.discord.gateway().resumed(1).await;
    assert!(!meanwhile.responded().await.is_missing());
    scene.assert_released_once().await;
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn a_connection_that_drops_between_a_click_and_its_answer_changes_nothing_about_it() {
    let (scene, _bot) = Scene::stale().await;
    let card = scene.request().await;
    let gate = Arc::new(Gate::default());
    scene.discord.faults().next(1, CALLBACK, Fault::Wait(gate.clone()));
    let before = tries(&scene);
    let clicked = scene.bob.start_press(&card, "Approve");
    gate.reached().await;
    scene.discord.gateway().cut();
    gate.open();
    scene.discord.gateway().resumed(1).await;
    // Discord may deliver an event again if it does not know that it arrived.
    clicked.redeliver();
    answered(&scene, before + 2).await;
    scene.assert_released_once().await;
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn a_card_from_a_lost_session_can_be_pressed_in_the_next() {
    let (scene, _bot) = Scene::stale().await;
    let card = scene.request().await;
    scene.discord.gateway().invalidate(false);
    scene.discord.gateway().identified(2).await;
    scene.discord.gateway().connected(1).await;
    scene.bob.press(&card, "Approve").await;
    scene.assert_released_once().await;
    scene.assert_only_approvers_called();
}
