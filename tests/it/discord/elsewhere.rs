//! Interactions from servers that the bot does not serve.

use std::sync::Arc;

use super::scene::Scene;

#[tokio::test]
async fn another_server_is_refused_and_learns_nothing() {
    let scene = Scene::new().await;
    scene.lock("env/prod", "root@vm").await;
    // A bot of that server has left its commands registered.
    let other = scene.discord.add_guild();
    let bot = scene.start_with(Arc::new(scene.db.locks()), other).await;
    scene.registered(1).await;
    bot.stop().await.unwrap();
    let _bot = scene.start().await;
    scene.registered(2).await;

    let channel = scene.discord.channel_in(other, "ops");
    let mallory = scene.discord.member("mallory", &[]);
    mallory.join(other, &[]);
    let answer = mallory.slash(channel, "status", &[("state", "env/prod")]).await.message();
    assert!(answer.is_ephemeral());
    let text = scene.text(&answer);
    assert!(
        text.contains("This bot answers only in the server") && !text.contains("root@vm"),
        "{text}"
    );
    assert!(mallory.autocomplete(channel, "status", "state", "env").await.is_empty());
    scene.assert_clean();
}
