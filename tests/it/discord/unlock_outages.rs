//! Requests while Discord fails. Messages come later, once and in order. A click that Discord has given
//! up changes nothing.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::scene::Scene;
use super::unlock_scene::{CALLBACK, REASON, STATE};
use crate::support::deadline::Deadline;
use crate::support::discord::{Answer, FIRST_RESPONSE, Fault, Message};
use crate::support::proxy::Gate;
use crate::support::stand::Stand;

const POST: &str = "POST /channels/*/messages";
const EDIT: &str = "PATCH /channels/*/messages/*";

/// Every temporary failure of Discord.
fn trouble() -> [Fault; 4] {
    [
        Fault::RateLimited(Duration::from_millis(100)),
        Fault::Status(500, 0),
        Fault::Status(503, 0),
        Fault::AnswerLost,
    ]
}

async fn a_card_in(trouble: Fault) {
    let (scene, _bot) = Scene::stale().await;
    scene.discord.faults().next(1, POST, trouble.clone());
    let answer = scene.ask("unlock", &[("state", STATE), ("reason", REASON)]).await;
    let told = scene.text(&answer.message());
    assert!(told.contains("is recorded. Discord does not accept its card"), "{trouble:?}: {told}");
    let card = scene.card("asks to unlock").await;
    scene.discord.faults().next(1, EDIT, trouble);
    scene.bob.press(&card, "Approve").await;
    let closed = scene.says(&card, "unlocked").await;
    assert_eq!(closed.rings, 1);
    scene.assert_released_once().await;
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn a_card_that_discord_does_not_take_comes_later_and_once() {
    let not_taken = trouble().into_iter().filter(|it| !matches!(it, Fault::AnswerLost));
    join_all(not_taken.map(a_card_in)).await;
}

#[tokio::test]
async fn a_card_that_discord_took_without_saying_so_is_the_one_that_follows_what_happens() {
    // The approval comes before the bot's next attempt to post the card.
    a_card_in(Fault::AnswerLost).await;
}

#[tokio::test]
async fn announcements_that_discord_does_not_take_come_later_once_and_in_order() {
    let stand = Stand::new().await;
    let states = ["env/a", "env/b", "env/c"];
    for state in states {
        stand.db.lock(&format!("{state}/terraform.tfstate")).await;
    }
    let stand = stand.set("LOCKTENDER_STALE_AFTER", "1s");
    stand.start().await;
    let route = format!("POST /channels/{}/messages", stand.announce);
    let said = |words: &str| -> Vec<String> {
        let all = stand.read(stand.announce);
        all.into_iter().filter(|text| text.contains(words)).collect()
    };
    // Old locks are first announced as stale. This test is not about that.
    let deadline = Deadline::generous();
    let is_stale = |state: &str| said("stale").iter().any(|text| text.contains(state));
    while !states.iter().all(|state| is_stale(state)) {
        assert!(deadline.look_again().await, "{:?}", stand.read(stand.announce));
    }
    let before = stand.discord.world().requests_to(&route).len();
    for fault in trouble() {
        stand.discord.faults().next(1, &route, fault);
    }
    for state in states {
        let options = [("state", state), ("reason", REASON)];
        stand.alice.slash(stand.channel, "unlock", &options).await.settled().await;
        let card = stand.card(&format!("asks to unlock {state}")).await;
        stand.bob.press(&card, "Approve").await;
        stand.card(&format!("{state}: unlocked")).await;
    }
    let deadline = Deadline::generous();
    while stand.due().await > 0 {
        assert!(deadline.look_again().await, "{:?}", stand.announced());
    }
    let announced = said("is free");
    assert_eq!(announced.len(), states.len(), "{announced:?}");
    let tries = stand.discord.world().requests_to(&route).len() - before;
    assert!(tries >= states.len() + trouble().len(), "{tries} tries");
    for (text, state) in announced.iter().zip(states) {
        let by = "released by bob (<@bob>) at the request of alice (<@alice>)";
        let words = [&*format!("🔓 {state} is free. Held "), by];
        assert!(words.iter().all(|words| text.contains(words)), "{text}");
    }
    assert_eq!(stand.discord.world().violations, Vec::<String>::new());
}

/// Bob approves. `meanwhile` runs after the release, and before the edit of the card. Asserts that the
/// edit was refused, that the release is done, and that the bot still runs.
async fn assert_release_stands(meanwhile: impl Fn(&Scene, &Message)) -> Scene {
    let (scene, _bot) = Scene::stale().await;
    let card = scene.request().await;
    let gate = Arc::new(Gate::default());
    scene.discord.faults().next(1, EDIT, Fault::Wait(gate.clone()));
    scene.bob.press(&card, "Approve").await;
    gate.reached().await;
    assert!(!scene.is_locked().await, "the card changes after the release");
    meanwhile(&scene, &card);
    gate.open();
    let refused = |world: &crate::support::discord::World| {
        let edits = world.requests_to(EDIT);
        edits.iter().any(|edit| edit.status == Some(404)).then_some(())
    };
    scene.discord.eventually("a change that is refused", refused).await;
    let expected = ["request.opened", "request.approved", "unlock.done"];
    assert_eq!(scene.actions().await, expected);
    let elsewhere = scene.discord.channel("elsewhere");
    let status = scene.bob.slash(elsewhere, "status", &[("state", STATE)]).await.settled().await;
    assert!(scene.text(&status.message()).contains("is free"));
    // A notice that cannot be delivered is not retried for ever.
    let outbox = async || {
        let rows = scene.db.rows("locktender").await;
        rows.iter().filter(|row| row["pk"].as_s().unwrap() == "outbox").count()
    };
    let deadline = Deadline::generous();
    while outbox().await > 0 {
        assert!(deadline.look_again().await, "something is still to be delivered");
    }
    scene.assert_only_approvers_called();
    scene
}

#[tokio::test]
async fn a_card_that_is_deleted_meanwhile_leaves_the_release_standing() {
    let scene = assert_release_stands(|scene, card| scene.discord.delete_message(card)).await;
    assert_eq!(scene.cards(), 0, "a card that has ended is not posted again");
}

#[tokio::test]
async fn a_channel_that_is_deleted_meanwhile_leaves_the_release_standing() {
    assert_release_stands(|scene, _| scene.discord.delete_channel(scene.channel)).await;
}

#[tokio::test]
async fn an_open_card_that_was_deleted_is_posted_again_and_calls_nobody_again() {
    let (scene, _bot) = Scene::stale().await;
    let card = scene.request().await;
    scene.discord.delete_message(&card);
    let options = [("state", STATE), ("reason", "where is it?")];
    let answer = scene.bob.slash(scene.channel, "unlock", &options).await;
    let told = scene.alone(answer).await;
    let again = scene.card("alice asks to unlock").await;
    assert!(told.contains(&again.id.to_string()), "{told} leads to the new card");
    assert_eq!(again.rings, 0);
    scene.bob.press(&again, "Approve").await;
    scene.assert_released_once().await;
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn a_channel_in_which_the_bot_may_not_write_is_told_to_who_asks() {
    let (scene, _bot) = Scene::stale().await;
    scene.discord.let_write(scene.channel, false);
    let answer = scene.ask("unlock", &[("state", STATE), ("reason", REASON)]).await;
    let told = scene.text(&answer.message());
    assert!(told.contains("is closed, because its card cannot be posted"), "{told}");
    assert!(told.contains("allow it there to view the channel"), "{told}");
    assert!(scene.is_locked().await);
    assert_eq!(scene.actions().await, ["request.opened", "request.unpostable"]);
    // People can ask in another channel, and in this one as soon as the bot may write in it.
    let elsewhere = scene.discord.channel("elsewhere");
    let options = [("state", STATE), ("reason", REASON)];
    let answer = scene.bob.slash(elsewhere, "unlock", &options).await.settled().await;
    let told = scene.text(&answer.message());
    assert!(told.contains("Your request to unlock env/prod is in the channel"), "{told}");
    let card = scene.discord.world().channel(elsewhere)[0].clone();
    scene.bob.press(&card, "Withdraw").await;
    scene.says(&card, "withdrawn").await;
    scene.discord.let_write(scene.channel, true);
    let card = scene.request().await;
    scene.bob.press(&card, "Approve").await;
    scene.card("unlocked").await;
    assert!(!scene.is_locked().await);
    scene.assert_only_approvers_called();
}

/// A click that has no effect.
#[derive(Clone, Copy, Debug)]
enum Click {
    Open,
    Approve,
    Refused,
    Deny,
    Withdraw,
}

const CLICKS: [Click; 5] =
    [Click::Open, Click::Approve, Click::Refused, Click::Deny, Click::Withdraw];

/// Clicks, and runs `trouble` before the bot gets the click.
async fn click(scene: &Scene, card: Option<&Message>, click: Click, trouble: impl Fn()) -> Answer {
    let options = [("state", STATE), ("reason", REASON)];
    let started = match (click, card) {
        (Click::Open, _) => scene.alice.start_slash(scene.channel, "unlock", &options),
        (Click::Approve, Some(card)) => scene.bob.start_press(card, "Approve"),
        (Click::Refused, Some(card)) => scene.alice.start_press(card, "Approve"),
        (Click::Withdraw, Some(card)) => scene.alice.start_press(card, "Withdraw"),
        (Click::Deny, Some(card)) => {
            let form = scene.bob.press(card, "Deny").await.modal();
            // The form is submitted before anything else happens.
            let submitted = scene.bob.submit(&form, &[("text", "no")]);
            let (answer, ()) = tokio::join!(submitted, async { trouble() });
            return answer;
        }
        (_, None) => panic!("there is no card"),
    };
    trouble();
    started.responded().await
}

async fn nothing_comes_of(what: Click, faults: &[Fault], late: bool) {
    let (scene, _bot) = Scene::stale().await;
    let card = match what {
        Click::Open => None,
        _ => Some(scene.request().await),
    };
    let before = scene.discord.world().requests_to(CALLBACK).len();
    let answer = click(&scene, card.as_ref(), what, || {
        for fault in faults {
            scene.discord.faults().next(1, CALLBACK, fault.clone());
        }
        if late {
            scene.discord.advance(FIRST_RESPONSE + Duration::from_millis(1));
        }
    });
    let (answer, ()) = tokio::join!(answer, async {
        if !late {
            tokio::time::sleep(FIRST_RESPONSE).await;
            scene.discord.advance(FIRST_RESPONSE + Duration::from_millis(1));
        }
    });
    assert!(answer.is_missing() || answer.was_deferred(), "{what:?}");
    if late {
        let heard = |tries: usize| (tries > before).then_some(());
        scene.discord.eventually("a try", |world| heard(world.requests_to(CALLBACK).len())).await;
    }
    // Enough time for the remaining attempts, and for an effect that must not happen.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    if let Some(card) = &card {
        scene.assert_untouched(card).await;
    } else {
        assert!(scene.is_locked().await);
        assert_eq!((scene.actions().await, scene.cards()), (vec![], 0));
    }
    // The same click works once Discord works again.
    scene.discord.faults().clear();
    let card = match card {
        Some(card) => card,
        None => scene.request().await,
    };
    scene.bob.press(&card, "Approve").await;
    scene.assert_released_once().await;
}

#[tokio::test]
async fn nothing_is_changed_by_a_click_that_discord_has_given_up() {
    join_all(CLICKS.map(|what| nothing_comes_of(what, &[], true))).await;
}

#[tokio::test]
async fn nothing_is_changed_where_the_first_response_is_not_known_to_have_arrived() {
    let hangs = Fault::Delay(Duration::from_secs(4));
    let (hangs, fails) = ([hangs.clone(), hangs], [Fault::Status(500, 0), Fault::Status(502, 0)]);
    let tries: [&[Fault]; 2] = [&hangs, &fails];
    let clicks = [Click::Open, Click::Approve, Click::Withdraw];
    let all = clicks.iter().flat_map(|what| tries.map(|faults| (*what, faults)));
    join_all(all.map(|(what, faults)| nothing_comes_of(what, faults, false))).await;
}

#[tokio::test]
async fn a_first_response_that_arrives_at_the_second_try_counts() {
    let faults = [Fault::AnswerLost, Fault::Status(500, 0), Fault::Delay(Duration::from_secs(4))];
    let one = async |fault: Fault| {
        let (scene, _bot) = Scene::stale().await;
        scene.discord.faults().next(1, CALLBACK, fault.clone());
        let card = scene.request().await;
        scene.discord.faults().next(1, CALLBACK, fault.clone());
        let answer = scene.bob.press(&card, "Approve").await;
        assert!(!answer.is_missing(), "{fault:?}");
        scene.assert_released_once().await;
        scene.assert_only_approvers_called();
    };
    join_all(faults.map(one)).await;
}
