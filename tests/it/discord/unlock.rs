//! A request in Discord: its card, its approvers, and the effects of clicks.

use chrono::TimeDelta;

use super::scene::Scene;
use super::unlock_scene::{REASON, STATE, record_of, timeless};
use crate::support::discord::{Fault, Ping, Response};
use crate::support::dynamodb::{BUCKET, TABLE, text};

#[tokio::test]
async fn a_card_calls_the_approvers_once_and_its_changes_call_nobody() {
    let (scene, _bot) = Scene::stale().await;
    let card = scene.request().await;
    let called: Vec<Ping> = card.pinged.iter().copied().collect();
    assert_eq!((called, card.rings), (vec![Ping::Role(scene.approvers())], 1));

    scene.bob.press(&card, "Approve").await;
    let closed = scene.says(&card, "unlocked").await;
    assert_eq!((closed.edits, closed.rings), (1, 1));
    assert!(closed.buttons().is_empty(), "a card that has ended has nothing to press");
    scene.assert_released_once().await;
    scene.assert_only_approvers_called();
}

/// The card of a request that ended in this way, as Discord shows it.
async fn card_that(ends: &str) -> String {
    let mut scene = Scene::new().await;
    scene.put(STATE, &record_of("ci@runner-4", TimeDelta::hours(5))).await;
    if ends == "expired" {
        scene.policy.request_ttl = TimeDelta::milliseconds(300);
    }
    let _bot = scene.start().await;
    scene.registered(1).await;
    let card = scene.request().await;
    let (alice, bob) = (&scene.alice, &scene.bob);
    match ends {
        "unlocked" => drop(bob.press(&card, "Approve").await),
        "denied" => {
            let form = bob.press(&card, "Deny").await.modal();
            bob.submit(&form, &[("text", "it is still running")]).await;
        }
        "withdrawn" => drop(alice.press(&card, "Withdraw").await),
        "changed hands" => {
            scene.put(STATE, &record_of("root@vm", TimeDelta::zero())).await;
            let told = scene.told(bob, &card, "Approve").await;
            assert!(told.contains("This request has ended: changed hands"), "{told}");
        }
        "already free" => {
            scene.db.delete(&format!("{BUCKET}/{STATE}/terraform.tfstate")).await;
            let told = scene.told(bob, &card, "Approve").await;
            assert!(told.contains("This request has ended: already free"), "{told}");
        }
        "failed" => {
            scene.db.client.delete_table().table_name(TABLE).send().await.unwrap();
            bob.press(&card, "Approve").await;
        }
        // No one acts.
        _ => assert_eq!(ends, "expired"),
    }
    let closed = scene.says(&card, &format!(": {ends}")).await;
    scene.assert_only_approvers_called();
    scene.text(&closed)
}

#[tokio::test]
async fn every_end_of_a_request_is_told_on_its_card() {
    let ends =
        ["unlocked", "denied", "withdrawn", "expired", "changed hands", "already free", "failed"];
    let cards = futures::future::join_all(ends.map(card_that)).await;
    insta::assert_snapshot!(timeless(&cards.join("\n\n")));
}

#[tokio::test]
async fn a_card_says_what_is_asked_and_who_has_approved() {
    let mut scene = Scene::new().await;
    scene.policy.approvals = 2.try_into().unwrap();
    scene.put(STATE, &record_of("ci@runner-4", TimeDelta::hours(5))).await;
    let carol = scene.discord.member("carol", &[scene.approvers()]);
    let _bot = scene.start().await;
    scene.registered(1).await;
    let answer = scene.ask("unlock", &[("state", STATE), ("reason", REASON)]).await;
    let pending = scene.card("asks to unlock").await;
    let mut seen = vec![scene.text(&answer.message()), scene.text(&pending)];
    scene.bob.press(&pending, "Approve").await;
    let half = scene.says(&pending, "1 of 2: bob").await;
    assert!(scene.is_locked().await);
    let twice = scene.told(&scene.bob, &half, "Approve").await;
    seen.extend([scene.text(&half), twice]);
    carol.press(&half, "Approve").await;
    seen.push(scene.text(&scene.says(&half, "unlocked").await));
    assert!(!scene.is_locked().await);
    insta::assert_snapshot!(timeless(&seen.join("\n\n")));
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn an_earlier_approver_without_the_role_does_not_count_and_is_looked_up_in_discord() {
    let mut scene = Scene::new().await;
    scene.policy.approvals = 2.try_into().unwrap();
    scene.put(STATE, &record_of("ci@runner-4", TimeDelta::hours(5))).await;
    let [carol, dave] =
        ["carol", "dave"].map(|name| scene.discord.member(name, &[scene.approvers()]));
    let _bot = scene.start().await;
    scene.registered(1).await;
    let card = scene.request().await;
    scene.bob.press(&card, "Approve").await;
    scene.says(&card, "1 of 2: bob").await;

    let lookup = "GET /guilds/*/members/*";
    for fault in [Fault::Status(500, 0), Fault::AnswerLost, Fault::Status(403, 50001)] {
        scene.discord.faults().next(1, lookup, fault.clone());
        let told = scene.told(&carol, &card, "Approve").await;
        assert!(told.contains("Nothing was changed. Discord"), "{fault:?}: {told}");
        assert!(scene.is_locked().await);
    }

    scene.bob.set_roles(scene.discord.guild(), &[]);
    carol.press(&card, "Approve").await;
    scene.says(&card, "1 of 2: carol").await;
    carol.leave(scene.discord.guild());
    dave.press(&card, "Approve").await;
    scene.says(&card, "1 of 2: dave").await;
    assert!(scene.is_locked().await);

    scene.bob.set_roles(scene.discord.guild(), &[scene.approvers()]);
    scene.bob.press(&card, "Approve").await;
    scene.says(&card, "unlocked").await;
    assert!(!scene.is_locked().await);
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn a_request_from_a_status_asks_for_the_reason_and_leaves_the_status() {
    let (scene, _bot) = Scene::stale().await;
    let status = scene.ask("status", &[("state", STATE)]).await.message();
    let form = scene.alice.press(&status, "Request unlock").await.modal();
    assert_eq!(form.title, "Unlock env/prod");
    assert!(form.inputs()[0].required.unwrap_or(true), "a reason is needed");
    let told = scene.alone(scene.alice.submit(&form, &[("text", REASON)]).await).await;
    assert!(told.contains("is in the channel: https://discord.com/channels/"), "{told}");
    let card = scene.card("asks to unlock").await;
    assert!(scene.text(&card).contains(&format!("`{REASON}`")));
    let now = scene.discord.world().message(status.id).cloned().unwrap();
    assert_eq!((now.edits, &now.embeds), (0, &status.embeds), "the status stays as it was");

    // A second request is refused with a link to the first.
    let form = scene.bob.press(&status, "Request unlock").await.modal();
    let told = scene.alone(scene.bob.submit(&form, &[("text", "me too")]).await).await;
    assert!(told.contains("There is an open request for this lock, by alice"), "{told}");
    assert!(told.contains("https://discord.com/channels/"), "{told}");
    assert_eq!(scene.cards(), 1);

    // A form may let blanks pass, but a reason of blanks is no reason.
    scene.alice.press(&card, "Withdraw").await;
    scene.says(&card, "withdrawn").await;
    let form = scene.alice.press(&status, "Request unlock").await.modal();
    let told = scene.alone(scene.alice.submit(&form, &[("text", "\u{200b} \n")]).await).await;
    assert!(told.contains("A reason is needed"), "{told}");
    assert_eq!(scene.actions().await, ["request.opened", "request.withdrawn"]);
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn a_fresh_lock_is_released_only_with_its_name_typed() {
    let (scene, _bot) = Scene::locked_for(TimeDelta::minutes(5)).await;
    let card = scene.request().await;
    let form = scene.bob.press(&card, "Approve").await.modal();
    assert_eq!(form.title, "It may be alive: env/prod");
    for typed in ["env/prod2", "ENV/PROD", "yes", "main:env/prod"] {
        let told = scene.alone(scene.bob.submit(&form, &[("text", typed)]).await).await;
        assert!(told.contains("That is not the state's name"), "{typed}: {told}");
        scene.assert_untouched(&card).await;
    }
    let answer = scene.bob.submit(&form, &[("text", " env/prod ")]).await;
    assert!(matches!(answer.response(), Some(Response::DeferredUpdate)));
    scene.assert_released_once().await;
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn a_stale_lock_is_released_at_once() {
    let (scene, _bot) = Scene::stale().await;
    let card = scene.request().await;
    let answer = scene.bob.press(&card, "Approve").await;
    assert!(matches!(answer.response(), Some(Response::DeferredUpdate)));
    scene.assert_released_once().await;
    assert!(answer.messages().iter().all(|message| !message.is_ephemeral()), "the card says it");
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn a_denial_may_say_why() {
    for (text, told) in [("it is still running", true), ("", false), ("\u{200b} ", false)] {
        let (scene, _bot) = Scene::stale().await;
        let card = scene.request().await;
        let form = scene.bob.press(&card, "Deny").await.modal();
        scene.assert_untouched(&card).await;
        scene.bob.submit(&form, &[("text", text)]).await;
        let closed = scene.says(&card, "Denied by bob").await;
        assert_eq!(scene.text(&closed).contains("Why it was denied"), told, "{text:?}");
        assert!(scene.is_locked().await);
        let trail = scene.trail().await;
        assert_eq!(trail[1].text("action"), Some("request.denied"));
        assert_eq!(trail[1].text("reason"), told.then_some(text));
        scene.assert_only_approvers_called();
    }
}

#[tokio::test]
async fn history_is_for_the_asker_alone_and_turns_its_pages_in_place() {
    let (scene, _bot) = Scene::stale().await;
    let digest = format!("{BUCKET}/env/dev/terraform.tfstate-md5");
    scene.db.put(&digest, &[("Digest", text("0"))]).await;
    let none = scene.ask("history", &[("state", "env/dev")]).await.message();
    assert!(
        scene.text(&none).contains("No release of its lock was ever requested"),
        "{}",
        scene.text(&none)
    );
    let card = scene.request().await;
    scene.told(&scene.alice, &card, "Approve").await;
    scene.bob.press(&card, "Approve").await;
    scene.says(&card, "unlocked").await;

    let page = scene.ask("history", &[("state", STATE), ("count", "2")]).await.message();
    assert!(page.is_ephemeral() && none.is_ephemeral());
    let mut seen = vec![scene.text(&page)];
    for label in ["Older", "Newest"] {
        let answer = scene.alice.press(&page, label).await;
        assert!(matches!(answer.response(), Some(Response::Update)), "{label}");
        assert_eq!(answer.message().id, page.id, "{label}");
        seen.push(scene.text(&answer.message()));
    }
    assert_eq!(seen[0], seen[2]);
    assert!(!seen[1].contains("unlock.done") && seen[1].contains("request.opened"));
    insta::assert_snapshot!(timeless(&seen[..2].join("\n\n")));
    scene.assert_only_approvers_called();
}

#[tokio::test]
async fn a_lock_that_changed_hands_is_not_asked_about_twice() {
    let (scene, _bot) = Scene::stale().await;
    let old = scene.request().await;
    scene.put(STATE, &record_of("root@vm", TimeDelta::hours(3))).await;
    // The open request is about a lock that is gone, so it blocks no new request.
    let answer = scene.bob.slash(scene.channel, "unlock", &[("state", STATE), ("reason", "mine")]);
    let told = scene.alone(answer.await).await;
    assert!(told.contains("is in the channel"), "{told}");
    scene.says(&old, "changed hands").await;
    let new = scene.card("bob asks to unlock").await;
    assert!(scene.text(&new).contains("root@vm"));
    // The old button means the old request, even if there is another lock.
    let told = scene.alone(scene.alice.press_forged(&old, &Scene::id_of(&old, "Approve")).await);
    assert!(told.await.contains("This request has ended: changed hands"));
    assert!(scene.is_locked().await);
    scene.assert_only_approvers_called();
}
