//! Reads that are slow, fail, or both.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use locktender::aws::AwsLocks;
use locktender::error::{Fault, FaultKind};
use locktender::lock::{LockState, State};
use locktender::ports::{Deleted, Listing, Locks, Seen};
use locktender::unlock::ApprovedUnlock;
use tokio::sync::Semaphore;

use super::scene::Scene;
use crate::support::discord::{Answer, Response};
use crate::support::dynamodb::{backend, session};
use crate::support::stub::{self, Asked, Stub};

/// Locks whose answers take longer than the deadline of a first response. Each answer comes when the test
/// permits it.
struct Slow<L> {
    locks: L,
    fails: bool,
    let_go: Arc<Semaphore>,
}

#[async_trait]
impl<L: Locks> Locks for Slow<L> {
    async fn inspect(&self, state: &State) -> Result<LockState, Fault> {
        self.let_go.acquire().await.unwrap().forget();
        if self.fails {
            return Err(Fault {
                kind: FaultKind::Throttled,
                subject: "The lock table `locks`".to_owned(),
                remedy: "try again in a minute".to_owned(),
                source: None,
            });
        }
        self.locks.inspect(state).await
    }

    async fn list(&self) -> Result<Listing, Fault> {
        self.locks.list().await
    }

    async fn seen(&self) -> Result<Seen, Fault> {
        self.locks.seen().await
    }

    async fn delete_lockfile(&self, unlock: &ApprovedUnlock) -> Result<Deleted, Fault> {
        self.locks.delete_lockfile(unlock).await
    }
}

/// A bot with slow locks, and the semaphore that permits their answers.
async fn slow(fails: bool) -> (Scene, super::scene::Running, Arc<Semaphore>) {
    let scene = Scene::new().await;
    scene.lock("env/prod", "root@vm").await;
    let let_go = Arc::new(Semaphore::new(0));
    let locks = Arc::new(Slow { locks: scene.db.locks(), fails, let_go: let_go.clone() });
    let bot = scene.start_with(locks, scene.discord.guild()).await;
    scene.registered(1).await;
    (scene, bot, let_go)
}

/// Asks for the state. The answer is deferred and then filled in.
async fn put_off(scene: &Scene, let_go: &Semaphore) -> Answer {
    let asked = scene.alice.slash(scene.channel, "status", &[("state", "env/prod")]).await;
    assert!(asked.was_deferred());
    let_go.add_permits(1);
    asked.settled().await
}

#[tokio::test]
async fn a_slow_read_is_put_off_and_filled_in() {
    let (scene, _bot, let_go) = slow(false).await;
    let message = put_off(&scene, &let_go).await.message();
    assert!(!message.is_ephemeral() && !message.loading);
    assert!(scene.text(&message).contains("root@vm"));

    let again = scene.alice.press(&message, "Refresh").await;
    assert!(matches!(again.response(), Some(Response::DeferredUpdate)));
    let_go.add_permits(1);
    again.settled().await;
    assert_eq!(scene.discord.world().channel(scene.channel).len(), 1);
    scene.assert_clean();
}

#[tokio::test]
async fn a_slow_failure_is_still_for_the_asker_alone() {
    let (scene, _bot, let_go) = slow(true).await;
    put_off(&scene, &let_go).await;
    let alice = scene.alice.id();
    let told = |seen: usize| (seen == 1).then_some(());
    scene.discord.eventually("the failure", |world| told(world.seen_alone_by(alice).len())).await;
    let world = scene.discord.world();
    assert_eq!(world.channel(scene.channel).len(), 0, "the placeholder is gone");
    let text = world.text(world.seen_alone_by(alice)[0]);
    assert!(text.contains("throttling") && text.contains("is not known"), "{text}");
    scene.assert_clean();
}

/// Locks whose reads panic.
struct Broken;

#[async_trait]
impl Locks for Broken {
    async fn inspect(&self, _: &State) -> Result<LockState, Fault> {
        panic!("a mistake, made on purpose")
    }

    async fn list(&self) -> Result<Listing, Fault> {
        Ok(Listing::default())
    }

    async fn seen(&self) -> Result<Seen, Fault> {
        Ok(Seen::default())
    }

    async fn delete_lockfile(&self, _: &ApprovedUnlock) -> Result<Deleted, Fault> {
        panic!("a mistake, made on purpose")
    }
}

#[tokio::test]
async fn a_mistake_of_the_program_is_told_and_the_bot_stays() {
    let scene = Scene::new().await;
    let _bot = scene.start_with(Arc::new(Broken), scene.discord.guild()).await;
    scene.registered(1).await;
    let message = scene.ask("status", &[("state", "env/prod")]).await.message();
    assert!(message.is_ephemeral());
    let text = scene.text(&message);
    assert!(text.contains("failed because of a bug") && !text.contains("on purpose"), "{text}");
    let list = scene.ask("list", &[]).await.message();
    assert!(scene.text(&list).contains("No lock is held"));
    scene.assert_clean();
}

#[tokio::test]
async fn a_missing_table_is_told_with_its_remedy_and_the_bot_stays() {
    let scene = Scene::new().await;
    scene.lock("env/prod", "root@vm").await;
    let stores = backend("main", "states", Some("no-such-table"), false);
    let locks = AwsLocks::connect(&scene.db.session(), vec![stores]);
    let _bot = scene.start_with(Arc::new(locks), scene.discord.guild()).await;
    scene.registered(1).await;
    for (subcommand, options) in [("status", &[("state", "env/prod")][..]), ("list", &[])] {
        let message = scene.ask(subcommand, options).await.message();
        assert!(message.is_ephemeral());
        let text = scene.text(&message);
        let words = [
            "no-such-table",
            "does not exist",
            "check its name",
            "is not known",
            "The log has more under",
        ];
        for word in words {
            assert!(text.contains(word), "{word} in {text}");
        }
    }
    let help = scene.ask("help", &[]).await.message();
    assert!(scene.text(&help).contains("/lock status"));
    scene.assert_clean();
}

#[tokio::test]
async fn every_refusal_of_aws_is_told_with_its_remedy_and_the_bot_stays() {
    let told = [
        ("AccessDeniedException", "allow dynamodb:GetItem on it"),
        ("UnrecognizedClientException", "check AWS_PROFILE"),
        ("ExpiredTokenException", "they have expired"),
        ("ProvisionedThroughputExceededException", "try again in a minute"),
        ("SomethingNewException", "try again in a minute"),
    ];
    let scene = Scene::new().await;
    let code = Arc::new(Mutex::new(told[0].0));
    let answers = code.clone();
    let stub = Stub::start(move |_: &Asked| {
        stub::dynamodb_error(400, *answers.lock().unwrap(), "a message of AWS's own")
    });
    let stub = stub.await;
    let stores = backend("main", "states", Some("locks"), false);
    let locks = AwsLocks::connect(&session(stub.endpoint()), vec![stores]);
    let _bot = scene.start_with(Arc::new(locks), scene.discord.guild()).await;
    scene.registered(1).await;
    for (answer, remedy) in told {
        *code.lock().unwrap() = answer;
        let asked = scene.ask("status", &[("state", "env/prod")]).await;
        let text = scene.text(&asked.messages().pop().unwrap());
        for word in [remedy, "The lock table", "is not known"] {
            assert!(text.contains(word), "{answer}: {word} in {text}");
        }
        assert!(!text.contains("AWS's own"), "{text}");
    }
    scene.assert_clean();
}
