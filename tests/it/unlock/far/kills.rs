//! The bot dies at each request of an approval that releases a far lock: when the request arrives, so that it is
//! not carried out, or when it has been carried out and is not answered yet. Here the bot is a task of the test,
//! and it is aborted. `unlock/crashes.rs` kills whole processes.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use locktender::lock::Stores;
use locktender::unlock::Status;
use tokio::task::AbortHandle;

use super::*;
use crate::support::proxy::Proxy;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Before,
    After,
}

/// Aborts a task at a request of a given number.
#[derive(Default)]
struct Trap {
    met: AtomicUsize,
    carried_out: AtomicUsize,
    victim: Mutex<Option<AbortHandle>>,
}

impl Trap {
    fn set(self: &Arc<Self>, proxies: [&Proxy; 2], at: usize, when: When) {
        for proxy in proxies {
            let (before, after) = (self.clone(), self.clone());
            proxy.rule_and_after(
                move |_| {
                    let number = before.met.fetch_add(1, Ordering::SeqCst);
                    if before.is_dead(number, at, when) { before.kill() } else { Fate::Pass }
                },
                move |_| {
                    let number = after.carried_out.fetch_add(1, Ordering::SeqCst);
                    if when == When::After && number == at {
                        after.kill();
                    }
                },
            );
        }
    }

    /// Whether the bot is dead when this request arrives. A dead bot sends nothing.
    fn is_dead(&self, number: usize, at: usize, when: When) -> bool {
        match when {
            When::Before => number >= at,
            When::After => self.carried_out.load(Ordering::SeqCst) > at,
        }
    }

    fn kill(&self) -> Fate {
        if let Some(victim) = &*self.victim.lock().unwrap() {
            victim.abort();
        }
        Fate::Cut
    }
}

/// Approves, and dies at this request. Returns whether there was such a request.
async fn dies(scene: Arc<Scene>, at: usize, when: When) -> bool {
    let trap = Arc::new(Trap::default());
    let (go, started) = tokio::sync::oneshot::channel();
    let task = tokio::spawn({
        let scene = scene.clone();
        async move {
            started.await.unwrap();
            scene.approve().await;
        }
    });
    *trap.victim.lock().unwrap() = Some(task.abort_handle());
    trap.set([&scene.far.own, &scene.far.proxy], at, when);
    go.send(()).unwrap();
    task.await.is_err_and(|error| error.is_cancelled())
}

/// Kills the bot at one request of an approval, and checks what the next start makes of it. `false` if the
/// approval has fewer requests.
async fn kill(stores: Stores, at: usize, when: When) -> bool {
    let scene = Arc::new(Scene::new(stores).await);
    let has_died = dies(scene.clone(), at, when).await;
    let mut scene = Arc::into_inner(scene).expect("the task has ended");
    for proxy in [&scene.far.own, &scene.far.proxy] {
        proxy.rule(|_| Fate::Pass);
    }
    scene.far.restart(true).await;
    scene.resumed().await;
    if *scene.far.office.filed(scene.request).await.request.status() == Status::Pending {
        scene.approve().await;
    }
    scene.far.office.context.courier.deliver().await;
    let point = format!("{stores:?}, killed {when:?} request {at}");
    assert_eq!(scene.outcome().await, "Unlocked", "{point}");
    assert_eq!((scene.far.row().await, scene.far.s3.get(LOCKFILE)), (None, None), "{point}");
    let actions = scene.actions().await;
    let count = |action: &str| actions.iter().filter(|it| *it == action).count();
    assert_eq!((count("request.approved"), count("unlock.done")), (1, 1), "{point}: {actions:?}");
    assert!(count("unlock.started") >= 1, "{point}: {actions:?}");
    assert_eq!(scene.far.office.wall.read(ANNOUNCE).len(), 1, "{point}");
    has_died
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_dies_anywhere_finishes_what_it_began_on_a_far_lock() {
    for (stores, enough) in [(ROW_ALONE, 6), (BOTH, 8)] {
        for when in [When::Before, When::After] {
            let mut at = 0;
            while kill(stores, at, when).await {
                at += 1;
            }
            assert!(at >= enough, "only {at} points {when:?}");
        }
    }
}
