//! A day of a team's work, as the readers of the channels see it. To read it:
//! `cargo test --test it a_day_of_work -- --nocapture`.

use chrono::TimeDelta;
use locktender::clock::SystemClock;
use locktender::ports::Clock;
use serde_json::{Value, json};

use super::post::{Post, plain};
use crate::support::discord::ChannelId;
use crate::support::e2e::{self, Bench, Locking};
use crate::support::lock::LockRow;
use crate::support::site::STATE;
use crate::support::terraform::{Backend, WorkingDir};

/// Two more states, beside the site's own.
const DATABASE: &str = "prod/database";
const WEB: &str = "staging/web";

/// The number of successful plans of the day.
const PLANS: usize = 5;

async fn another(bench: &Bench, post: &Post, state: &str) -> WorkingDir {
    let key = format!("{state}/terraform.tfstate");
    bench.working_dir(&Backend { key, ..post.site.dir.backend().clone() }).await
}

/// Changes a lock row so that the lock was taken this long ago.
async fn taken_before(row: &LockRow, ago: TimeDelta) {
    let mut record: Value = serde_json::from_str(row.info()).unwrap();
    record["Created"] = json!(SystemClock.now() - ago);
    let mut item = row.item.clone();
    item["Info"]["S"] = json!(record.to_string());
    row.table.put(&item).await;
}

/// Runs an apply to its end. The bot sees its lock and announces the end.
async fn apply(post: &Post, dir: &WorkingDir) {
    let told = post.told(0).await.len();
    let apply = dir.start_apply().await;
    post.see(dir).await;
    apply.finish().await.expect_success();
    post.told(told + 1).await;
}

/// The messages of a channel without those about plans, and the number of those. A plan takes a fifth of
/// a second, so the bot may or may not see it.
fn read(post: &Post, channel: ChannelId) -> (String, usize) {
    let world = post.site.discord.world();
    let texts: Vec<String> = world.channel(channel).into_iter().map(|it| world.text(it)).collect();
    let texts: Vec<String> = texts.iter().map(|text| plain(text)).collect();
    let lines = texts.iter().flat_map(|text| text.lines());
    let (plans, lines): (Vec<&str>, Vec<&str>) = lines.partition(|line| line.contains("(plan)"));
    (lines.join("\n"), plans.len())
}

#[tokio::test]
async fn a_day_of_work_reads_as_a_few_lines_each_of_which_matters() {
    let Some(bench) = e2e::bench().await else { return };
    let mut post = Post::closed(&bench, Locking::Row).await;
    let (database, web) =
        (another(&bench, &post, DATABASE).await, another(&bench, &post, WEB).await);

    // A runner died in the night. The bot announces the stale lock when it starts in the morning. A
    // colleague's plan is refused by the lock, and bob watches it.
    let stale = database.apply_and_kill().await;
    taken_before(stale.row(), TimeDelta::hours(5)).await;
    post.site.start().await;
    let (network, site) = (&post.site.dir, &post.site);
    assert!(!database.plan().await.success);
    post.notify(&site.bob, DATABASE).await;
    site.discord
        .eventually("the stale one", |world| {
            let all = world.channel(site.announce).into_iter();
            all.into_iter().find(|it| world.text(it).contains("looks stale")).map(drop)
        })
        .await;
    let card = site.ask(DATABASE).await;
    site.approve(&card, DATABASE).await;
    site.card("unlocked").await;
    post.called("bob").await;
    post.told(2).await;

    // Plans, and three applies.
    for dir in [network, &database, &web, network] {
        dir.plan().await.expect_success();
    }
    apply(&post, network).await;
    apply(&post, &web).await;
    apply(&post, &database).await;

    // Another runner dies, and a colleague runs `force-unlock`.
    let told = post.told(0).await.len();
    let killed = web.apply_and_kill().await;
    post.see(&web).await;
    web.force_unlock(&killed.id()).await.expect_success();
    post.told(told + 1).await;

    // The evening.
    network.plan().await.expect_success();
    apply(&post, network).await;

    let (announced, plans) = read(&post, site.announce);
    println!("#locks\n{announced}\n\nand {plans} of {PLANS} plans");
    assert!(plans <= PLANS, "{plans}");
    insta::assert_snapshot!(announced, @r"
    title: ⏳ prod/database looks stale
    Held N h so far by HOLDER (apply).
    This hold looks **stale**: the limit is N h, because there are too few past holds here to compare with.
    [Request unlock](secondary, 0:unlock:prod/database)
    🔓 prod/database is free. Held N h by HOLDER (apply), released by bob (<@bob>) at the request of alice (<@alice>).
    🔓 prod/network is free. Held N s by HOLDER (apply).
    🔓 staging/web is free. Held N s by HOLDER (apply).
    🔓 prod/database is free. Held N s by HOLDER (apply).
    🔓 staging/web is free. Held N s by HOLDER (apply).
    🔓 prod/network is free. Held N s by HOLDER (apply).
    ");
    let (asked, _) = read(&post, site.channel);
    println!("\n#ops\n{asked}");
    let asked = asked.replace(&stale.id(), "LOCK-ID");
    assert!(asked.contains("LOCK-ID") && asked.contains("unlocked"), "{asked}");
    assert_eq!(post.held().await, Vec::<String>::new());
    assert!(post.past(STATE).await.len() >= 2, "both applies are remembered");
    post.site.close().await;
}
