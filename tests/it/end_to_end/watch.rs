//! The bot as a process watches the locks of real Terraform, with moto for all of AWS. Every end of a
//! hold is announced once, with the way in which it ended.

mod day;
mod post;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use locktender::lock::in_words;
use locktender::watch::Ending;
use tokio::time::sleep;

use crate::support::e2e::{self, Locking};
use crate::support::site::STATE;
use post::Post;

/// More than the time of two looks of the bot.
const LOOKS: Duration = Duration::from_millis(2_500);

/// One apply ends by itself. One is killed, and two people release its lock. One is killed, and its lock
/// is removed by hand. One is killed and its lock removed while the bot is not running. Then the bot is
/// killed again, and sees another apply.
async fn every_ending_is_told_once(locking: Locking) {
    let Some(bench) = e2e::bench().await else { return };
    let mut post = Post::open(&bench, locking).await;

    post.let_an_apply_end().await;
    post.have_a_killed_apply_released().await;
    let killed = post.kill_an_apply().await;
    post.site.dir.force_unlock(&killed.id()).await.expect_success();
    post.told(3).await;
    let killed = post.kill_an_apply().await;
    post.site.kill();
    post.site.dir.force_unlock(&killed.id()).await.expect_success();
    post.site.start().await;
    post.told(4).await;

    post.site.kill();
    post.site.start().await;
    let apply = post.site.dir.start_apply().await;
    post.see(&post.site.dir).await;
    apply.finish().await.expect_success();
    // A duplicate from the restart would come before the last announcement.
    let told = post.told(5).await;
    insta::allow_duplicates! {
        insta::assert_snapshot!(told.join("\n"), @"
        🔓 prod/network is free. Held N s by HOLDER (apply).
        🔓 prod/network is free. Held N s by HOLDER (apply), released by bob (<@bob>) at the request of alice (<@alice>).
        🔓 prod/network is free. Held N s by HOLDER (apply).
        🔓 prod/network is free. Held N s by HOLDER (apply).
        🔓 prod/network is free. Held N s by HOLDER (apply).
        ");
        insta::assert_snapshot!(post.calls().join("\n"), @r"
        <@alice>
        🔓 prod/network is free. Held N s by HOLDER (apply). Next: alice (<@alice>).
        (pings @alice)
        <@bob>
        🔓 prod/network is free, released by request. Next: bob (<@bob>).
        (pings @bob)
        ");
    }
    let past = post.past(STATE).await;
    let endings: Vec<bool> =
        past.iter().map(|past| matches!(past.ending, Ending::Unlocked { .. })).collect();
    assert_eq!(endings, [false, false, false, true, false], "the last one first: {past:?}");
    post.site.close().await;
}

impl Post {
    /// An apply runs and ends while alice watches its state.
    async fn let_an_apply_end(&self) {
        let taken = Instant::now();
        let apply = self.site.dir.start_apply().await;
        let at_work = Instant::now();
        self.see(&self.site.dir).await;
        self.notify(&self.site.alice, STATE).await;
        sleep(LOOKS).await;
        assert_eq!(self.told(0).await, Vec::<String>::new(), "it is at work");
        let worked = at_work.elapsed();
        apply.finish().await.expect_success();
        self.told(1).await;
        let past = self.past(STATE).await.remove(0);
        let between = worked..taken.elapsed();
        assert!(between.contains(&past.length().to_std().unwrap()), "{between:?}: {past:?}");
        let held = format!(
            "is free. Held {} by `{}` (apply).",
            in_words(past.length()),
            past.hold.who.as_deref().unwrap()
        );
        let announced = self.site.announced(1).await;
        assert!(announced[0].contains(&held), "{held} in {announced:?}");
        assert!(past.length() > TimeDelta::seconds(2), "{past:?}");
        self.called("alice").await;
    }

    /// A killed apply stays locked until two people release it. bob watches its state.
    async fn have_a_killed_apply_released(&self) {
        self.kill_an_apply().await;
        self.notify(&self.site.bob, STATE).await;
        sleep(LOOKS).await;
        assert_eq!(self.told(1).await.len(), 1, "it is locked still");
        let card = self.site.ask(STATE).await;
        self.site.approve(&card, STATE).await;
        self.site.card("unlocked").await;
        self.told(2).await;
        self.called("bob").await;
    }
}

#[tokio::test]
async fn every_ending_of_a_row_is_told_once_and_told_from_the_others() {
    every_ending_is_told_once(Locking::Row).await;
}

#[tokio::test]
async fn every_ending_of_a_lockfile_is_told_once_and_told_from_the_others() {
    every_ending_is_told_once(Locking::Lockfile).await;
}

#[tokio::test]
async fn every_ending_of_a_lock_in_both_stores_is_told_once_and_told_from_the_others() {
    every_ending_is_told_once(Locking::Both).await;
}

#[tokio::test]
async fn a_workspace_that_clears_is_told_by_its_name_while_the_default_one_is_locked() {
    let Some(bench) = e2e::bench().await else { return };
    let mut post = Post::open(&bench, Locking::Both).await;
    let default = post.kill_an_apply().await;
    post.site.dir.new_workspace("blue").await;
    let apply = post.site.dir.start_apply().await;
    post.see(&post.site.dir).await;
    apply.finish().await.expect_success();
    insta::assert_snapshot!(post.told(1).await.join("\n"), @"🔓 prod/network@blue is free. Held N s by HOLDER (apply).");
    sleep(LOOKS).await;
    assert_eq!(post.told(1).await.len(), 1);
    assert_eq!(post.held().await, [default.id()]);
    post.site.close().await;
}
