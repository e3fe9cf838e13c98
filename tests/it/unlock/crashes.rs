//! SIGKILL before and after every request of a change: reads and writes, to the tables, to S3 and to
//! Discord. After the next start the change is fully done or not at all, recorded once, announced once.
//!
//! All requests of the bot go through proxies. At the request of a given number they kill the bot: when
//! the request arrives, so that it is not carried out, or when it has been carried out and is not answered
//! yet. Then the bot is started again, and the person presses again if the card is still open.

mod lock;
mod trap;

use std::sync::Arc;

use futures::stream::{self, StreamExt};

use crate::support::deadline::Deadline;
use crate::support::dynamodb::{DynamoDb, TABLE, text};
use crate::support::e2e;
use crate::support::given::record;
use crate::support::proxy::Proxy;
use crate::support::stand::Stand;
use crate::support::store::Bucket;
use lock::Lock;
use trap::{Trap, When};

/// The number of bots at once. Most of the time each one waits for a worker's next round.
const AT_ONCE: usize = 4;

/// The variable that is `1` to kill at every point. Otherwise the test tries one point of [`STRIDE`].
const ALL_KILL_POINTS: &str = "LOCKTENDER_ALL_KILL_POINTS";

/// Odd, so that the bot is killed both before and after requests.
const STRIDE: usize = 11;

/// The click during which the bot dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Click {
    Open,
    Approve,
    /// The first of two needed approvals.
    ApproveFirst,
    /// The second approval, which releases the lock.
    ApproveSecond,
    Withdraw,
}

impl Click {
    /// The number of needed approvals.
    fn needed(self) -> usize {
        if matches!(self, Self::ApproveFirst | Self::ApproveSecond) { 2 } else { 1 }
    }

    fn releases(self) -> bool {
        matches!(self, Self::Approve | Self::ApproveSecond)
    }
}

/// A bot behind proxies, and a lock.
struct Scene {
    stand: Stand,
    trap: Arc<Trap>,
    path: String,
    /// The other account, if the lock table is there.
    far: Option<DynamoDb>,
    lockfile: Option<Bucket>,
    /// The point at which the bot dies, for failure messages.
    point: String,
    _proxies: Vec<Proxy>,
}

const KEY: &str = "env/prod/terraform.tfstate";
const STATE: (&str, &str) = ("state", "env/prod");
const REASON: (&str, &str) = ("reason", "the runner died");

impl Scene {
    async fn new(lock: Lock, click: Click, dies: &str, bench: Option<&e2e::Bench>) -> Self {
        let stand = Stand::new().await.set("LOCKTENDER_APPROVALS", &click.needed().to_string());
        let trap = Arc::new(Trap::new(stand.executioner()));
        let mut proxies = Vec::new();
        let mut through = |proxy: Proxy| {
            let (before, after) = (trap.clone(), trap.clone());
            proxy.rule_and_after(move |_| before.meet(), move |_| after.after());
            let endpoint = proxy.endpoint();
            proxies.push(proxy);
            endpoint
        };
        let dynamodb = through(Proxy::start(&stand.db.endpoint()).await);
        let discord = through(Proxy::start(&stand.discord.url()).await);
        let mut stand =
            stand.set("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb).set("DISCORD_API_URL", &discord);
        let mut bucket_name = "states".to_owned();
        let mut lockfile = None;
        if let Some(bench) = bench.filter(|_| lock.has_lockfile()) {
            let bucket = bench.bucket().await;
            bucket_name.clone_from(&bucket.name);
            lockfile = Some(bucket);
        }
        let s3 = bench.map(|bench| bench.moto.endpoint().to_string());
        let mut far = None;
        if lock.is_far() {
            let db = DynamoDb::start().await;
            let s3 = s3.unwrap_or_else(|| db.endpoint());
            let account = through(Proxy::account(&db.endpoint(), &s3).await);
            let file = format!(
                "[[backend]]\nname = 'main'\nbucket = '{bucket_name}'\ndynamodb_table = '{TABLE}'\n\
                 use_lockfile = {}\nendpoint = '{account}'\n",
                lock.has_lockfile()
            );
            std::fs::write(stand.program.folder().join("locktender.toml"), file).unwrap();
            stand = stand.set("LOCKTENDER_CONFIG", "locktender.toml");
            far = Some(db);
        } else if let Some(s3) = s3.filter(|_| lock.has_lockfile()) {
            let s3 = through(Proxy::start(&s3).await);
            stand = stand
                .set("AWS_ENDPOINT_URL_S3", &s3)
                .set("LOCKTENDER_USE_LOCKFILE", "true")
                .set("LOCKTENDER_STATE_BUCKET", &bucket_name)
                .set("LOCKTENDER_LOCK_TABLE", if lock.has_row() { TABLE } else { "" });
        }
        let path = format!("{bucket_name}/{KEY}");
        let record = record("1f6e7bc2", "OperationTypeApply", "root@vm", "2026-11-23T07:48:00Z");
        if lock.has_row() {
            far.as_ref().unwrap_or(&stand.db).put(&path, &[("Info", text(&record))]).await;
        }
        if let Some(bucket) = &lockfile {
            bucket.put(&format!("{KEY}.tflock"), record.as_bytes()).await;
        }
        let point = format!("{click:?} of {lock:?}, {dies}");
        Self { stand, trap, path, far, lockfile, point, _proxies: proxies }
    }

    async fn is_locked(&self) -> bool {
        let table = self.far.as_ref().unwrap_or(&self.stand.db);
        let row = !table.rows(TABLE).await.is_empty();
        let lockfile = match &self.lockfile {
            Some(bucket) => bucket.get(&format!("{KEY}.tflock")).await.is_some(),
            None => false,
        };
        row || lockfile
    }

    /// Makes the click, without waiting for its effect.
    fn click(&self, click: Click) {
        let Stand { alice, bob, carol, discord, channel, .. } = &self.stand;
        let card = || {
            let world = discord.world();
            world.channel(*channel).first().map(|card| (*card).clone())
        };
        match (click, card()) {
            (Click::Open, _) => {
                alice.start_slash(*channel, "unlock", &[STATE, REASON]);
            }
            (Click::Approve | Click::ApproveFirst, Some(card)) => {
                bob.start_press(&card, "Approve");
            }
            (Click::ApproveSecond, Some(card)) => {
                carol.start_press(&card, "Approve");
            }
            (Click::Withdraw, Some(card)) => {
                alice.start_press(&card, "Withdraw");
            }
            (_, None) => panic!("there is no card"),
        }
    }

    /// Brings the scene into the state that the click needs.
    async fn prepare(&self, click: Click) {
        self.stand.start().await;
        if click != Click::Open {
            self.click(Click::Open);
            self.stand.card("asks to unlock").await;
        }
        if click == Click::ApproveSecond {
            self.click(Click::ApproveFirst);
            self.stand.card("1 of 2").await;
        }
        self.settled().await;
    }

    /// Waits until nothing is left to deliver and no release is running.
    async fn settled(&self) {
        let deadline = Deadline::generous();
        let mut seen = None;
        loop {
            // A look at the tables is slow, and without a request of the bot they cannot have changed.
            let met = Some(self.trap.met());
            if seen == met {
                assert!(deadline.look_again().await, "{}: something is under way", self.point);
                continue;
            }
            seen = met;
            let due = self.stand.due().await;
            let under_way = self
                .stand
                .read(self.stand.channel)
                .iter()
                .any(|card| card.contains("is approved and being released"));
            let requests = self.stand.db.rows("locktender").await;
            let executing = requests.iter().any(|row| {
                row.get("request").is_some_and(|request| {
                    request.as_s().is_ok_and(|text| text.contains("\"executing\""))
                })
            });
            if due == 0 && !under_way && !executing {
                return;
            }
        }
    }

    /// Waits until the click has had its effect, and everything is delivered.
    async fn done(&self, click: Click) {
        let deadline = Deadline::generous();
        while !self.is_done(click) {
            assert!(deadline.look_again().await, "{}: {click:?} is not done", self.point);
        }
        self.settled().await;
    }

    /// Whether the click has had its effect.
    fn is_done(&self, click: Click) -> bool {
        let cards = self.stand.read(self.stand.channel);
        match click {
            Click::Open => !cards.is_empty(),
            Click::Approve | Click::ApproveSecond => cards[0].contains("unlocked"),
            Click::ApproveFirst => cards[0].contains("1 of 2"),
            Click::Withdraw => cards[0].contains("withdrawn"),
        }
    }

    async fn assert_whole(&self, click: Click) {
        let Self { stand, point, .. } = self;
        let cards = stand.read(stand.channel);
        assert_eq!(cards.len(), 1, "{point}: one card, not {cards:#?}");
        assert_eq!(stand.count(&self.path, "request.opened").await, 1, "{point}");
        let done = usize::from(click.releases());
        let approved = match click {
            Click::Open | Click::Withdraw => 0,
            Click::Approve | Click::ApproveFirst => 1,
            Click::ApproveSecond => 2,
        };
        assert_eq!(stand.count(&self.path, "unlock.done").await, done, "{point}");
        assert_eq!(stand.count(&self.path, "request.approved").await, approved, "{point}");
        let withdrawn = usize::from(click == Click::Withdraw);
        assert_eq!(stand.count(&self.path, "request.withdrawn").await, withdrawn, "{point}");
        for other in ["unlock.already_free", "unlock.superseded", "unlock.failed"] {
            assert_eq!(stand.count(&self.path, other).await, 0, "{point}: {other}");
        }
        assert_eq!(stand.announced().len(), done, "{point}: {:#?}", stand.announced());
        assert_eq!(self.is_locked().await, !click.releases(), "{point}");
        let violations = stand.discord.world().violations;
        assert!(violations.is_empty(), "{point}: {violations:?}");
    }
}

/// The number of requests of a click, until everything is done.
async fn requests(lock: Lock, click: Click, bench: Option<&e2e::Bench>) -> usize {
    let scene = Scene::new(lock, click, "nobody dies", bench).await;
    scene.prepare(click).await;
    scene.trap.count();
    scene.click(click);
    scene.done(click).await;
    let asked = scene.trap.asked();
    scene.assert_whole(click).await;
    asked
}

/// Kills the bot at one request of a click, starts it again, and checks the result.
async fn kill(lock: Lock, click: Click, at: usize, when: When, bench: Option<&e2e::Bench>) {
    let dies = format!("killed {when:?} request {at}");
    let scene = Scene::new(lock, click, &dies, bench).await;
    scene.prepare(click).await;
    scene.trap.arm(at, when);
    scene.click(click);
    let deadline = Deadline::generous();
    while scene.trap.is_armed() {
        assert!(deadline.look_again().await, "{}: there is no such request", scene.point);
    }
    scene.stand.start().await;
    scene.settled().await;
    if !scene.is_done(click) {
        scene.click(click);
        scene.done(click).await;
    }
    scene.assert_whole(click).await;
}

/// Kills at the points of these clicks. Asserts that there are at least `enough` points.
async fn kill_everywhere(cases: &[(Lock, Click)], enough: usize, bench: Option<&e2e::Bench>) {
    let mut points = Vec::new();
    for &(lock, click) in cases {
        let asked = requests(lock, click, bench).await;
        let both = |at| [(lock, click, at, When::Before), (lock, click, at, When::After)];
        points.extend((0..asked).flat_map(both));
    }
    assert!(points.len() >= enough, "only {} points", points.len());
    let all = std::env::var_os(ALL_KILL_POINTS).is_some_and(|value| value == "1");
    let tried = points.iter().step_by(if all { 1 } else { STRIDE });
    stream::iter(tried)
        .for_each_concurrent(AT_ONCE, |&(lock, click, at, when)| kill(lock, click, at, when, bench))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_is_killed_anywhere_finishes_what_it_began_on_a_row() {
    let clicks =
        [Click::Open, Click::Approve, Click::ApproveFirst, Click::ApproveSecond, Click::Withdraw];
    let cases = clicks.map(|click| (Lock::Row, click));
    kill_everywhere(&cases, 80, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_is_killed_anywhere_finishes_what_it_began_on_a_lockfile() {
    let Some(bench) = e2e::bench().await else { return };
    let cases = [
        (Lock::Lockfile, Click::Open),
        (Lock::Lockfile, Click::Approve),
        (Lock::Lockfile, Click::ApproveSecond),
        (Lock::Both, Click::Open),
        (Lock::Both, Click::Approve),
    ];
    kill_everywhere(&cases, 120, Some(&bench)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_is_killed_anywhere_finishes_what_it_began_on_a_far_row() {
    let clicks = [Click::Open, Click::Approve, Click::ApproveSecond];
    kill_everywhere(&clicks.map(|click| (Lock::FarRow, click)), 70, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_is_killed_anywhere_finishes_what_it_began_on_a_far_row_and_a_lockfile() {
    let Some(bench) = e2e::bench().await else { return };
    let cases = [(Lock::FarBoth, Click::Open), (Lock::FarBoth, Click::Approve)];
    kill_everywhere(&cases, 50, Some(&bench)).await;
}
