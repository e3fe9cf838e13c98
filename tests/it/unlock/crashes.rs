//! SIGKILL before and after every request of a change, whether it reads or writes, and whether it is
//! to the tables, to S3 or to Discord. After the next start it is fully done or not at all, recorded
//! once, announced once.
//!
//! Everything that the bot asks goes through proxies. At the request of a given number they kill it:
//! when it arrives, so that nobody carries it out, or when it has been carried out and the bot has
//! not been told. Then the bot is started again, and whoever had pressed presses once more if the
//! card still wants it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::time::{Instant, sleep};

use crate::support::dynamodb::{TABLE, text};
use crate::support::e2e;
use crate::support::given::record;
use crate::support::proxy::{Fate, Proxy};
use crate::support::stand::{Executioner, Stand};
use crate::support::store::Bucket;

/// How many bots live at once; most of the time each waits for a worker's next round.
const AT_ONCE: usize = 4;

/// How long a bot may take to put in order what it finds. A release is left to whoever began it for
/// 5 s, and looked for every 3 s.
const PUT_IN_ORDER: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Before,
    After,
}

/// Where the lock lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lock {
    Row,
    Lockfile,
    Both,
}

/// What is being done when the bot dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Click {
    Open,
    Approve,
    /// The first approval of two that are needed.
    ApproveFirst,
    /// The second one, with which the lock is released.
    ApproveSecond,
    Withdraw,
}

impl Click {
    /// How many approvals are needed.
    fn needed(self) -> usize {
        if matches!(self, Self::ApproveFirst | Self::ApproveSecond) { 2 } else { 1 }
    }

    fn releases(self) -> bool {
        matches!(self, Self::Approve | Self::ApproveSecond)
    }
}

/// Kills the bot at a request of a given number, counted from when it is armed.
struct Trap {
    executioner: Executioner,
    state: Mutex<Armed>,
}

enum Armed {
    Off {
        asked: usize,
    },
    At {
        left: usize,
        when: When,
    },
    /// The request is being carried out, after which the bot dies.
    Sprung,
}

impl Trap {
    fn meet(&self) -> Fate {
        let mut state = self.state.lock().unwrap();
        match &mut *state {
            Armed::Off { asked } => *asked += 1,
            Armed::Sprung => {}
            Armed::At { left: 0, when: When::Before } => {
                *state = Armed::Off { asked: 0 };
                self.executioner.kill();
                return Fate::Cut;
            }
            Armed::At { left: 0, when: When::After } => *state = Armed::Sprung,
            Armed::At { left, .. } => *left -= 1,
        }
        Fate::Pass
    }

    fn after(&self) {
        let mut state = self.state.lock().unwrap();
        if matches!(*state, Armed::Sprung) {
            *state = Armed::Off { asked: 0 };
            self.executioner.kill();
        }
    }

    fn arm(&self, state: Armed) {
        *self.state.lock().unwrap() = state;
    }

    /// How many requests there were since it was set to count them.
    fn asked(&self) -> usize {
        match *self.state.lock().unwrap() {
            Armed::Off { asked } => asked,
            _ => 0,
        }
    }

    fn is_armed(&self) -> bool {
        !matches!(*self.state.lock().unwrap(), Armed::Off { .. })
    }
}

/// A bot behind proxies, a lock, and a request for it where one is wanted.
struct Scene {
    stand: Stand,
    trap: Arc<Trap>,
    path: String,
    lockfile: Option<Bucket>,
    _proxies: Vec<Proxy>,
}

const KEY: &str = "env/prod/terraform.tfstate";
const STATE: (&str, &str) = ("state", "env/prod");
const REASON: (&str, &str) = ("reason", "the runner died");

impl Scene {
    async fn new(lock: Lock, click: Click, bench: Option<&e2e::Bench>) -> Self {
        let stand = Stand::new().await.set("LOCKTENDER_APPROVALS", &click.needed().to_string());
        let trap = Arc::new(Trap {
            executioner: stand.executioner(),
            state: Mutex::new(Armed::Off { asked: 0 }),
        });
        let mut proxies = Vec::new();
        let mut through = async |upstream: &str| {
            let proxy = Proxy::start(upstream).await;
            let (before, after) = (trap.clone(), trap.clone());
            proxy.rule_and_after(move |_| before.meet(), move |_| after.after());
            let endpoint = proxy.endpoint();
            proxies.push(proxy);
            endpoint
        };
        let dynamodb = through(&stand.db.endpoint()).await;
        let discord = through(&stand.discord.url()).await;
        let mut stand =
            stand.set("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb).set("DISCORD_API_URL", &discord);
        let mut bucket_name = "states".to_owned();
        let mut lockfile = None;
        if let Some(bench) = bench.filter(|_| lock != Lock::Row) {
            let bucket = bench.bucket().await;
            bucket_name.clone_from(&bucket.name);
            let s3 = through(&bench.moto.endpoint().to_string()).await;
            stand = stand
                .set("AWS_ENDPOINT_URL_S3", &s3)
                .set("LOCKTENDER_USE_LOCKFILE", "true")
                .set("LOCKTENDER_STATE_BUCKET", &bucket.name)
                .set("LOCKTENDER_LOCK_TABLE", if lock == Lock::Both { TABLE } else { "" });
            lockfile = Some(bucket);
        }
        let path = format!("{bucket_name}/{KEY}");
        let record = record("1f6e7bc2", "OperationTypeApply", "root@vm", "2026-11-23T07:48:00Z");
        if lock != Lock::Lockfile {
            stand.db.put(&path, &[("Info", text(&record))]).await;
        }
        if let Some(bucket) = &lockfile {
            bucket.put(&format!("{KEY}.tflock"), record.as_bytes()).await;
        }
        Self { stand, trap, path, lockfile, _proxies: proxies }
    }

    async fn is_locked(&self) -> bool {
        let row = !self.stand.db.rows(TABLE).await.is_empty();
        let lockfile = match &self.lockfile {
            Some(bucket) => bucket.get(&format!("{KEY}.tflock")).await.is_some(),
            None => false,
        };
        row || lockfile
    }

    /// Does the click that is meant, without waiting for what comes of it.
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

    /// Brings about the state in which the click makes sense.
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

    /// Waits until nothing is left to be delivered and nothing is under way.
    async fn settled(&self) {
        let begun = Instant::now();
        loop {
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
            assert!(begun.elapsed() < PUT_IN_ORDER, "{due} due, {executing}");
            sleep(Duration::from_millis(50)).await;
        }
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

    async fn assert_whole(&self, click: Click, point: &str) {
        let stand = &self.stand;
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

/// How many requests a click takes until all of it is done.
async fn requests(lock: Lock, click: Click, bench: Option<&e2e::Bench>) -> usize {
    let scene = Scene::new(lock, click, bench).await;
    scene.prepare(click).await;
    scene.trap.arm(Armed::Off { asked: 0 });
    scene.click(click);
    let begun = Instant::now();
    while !scene.is_done(click) && begun.elapsed() < PUT_IN_ORDER {
        sleep(Duration::from_millis(5)).await;
    }
    scene.settled().await;
    let asked = scene.trap.asked();
    scene.assert_whole(click, &format!("{click:?} of {lock:?}, nobody dies")).await;
    asked
}

/// Kills the bot at one request of a click, starts it again, and looks.
async fn kill(lock: Lock, click: Click, at: usize, when: When, bench: Option<&e2e::Bench>) {
    let point = format!("{click:?} of {lock:?}, killed {when:?} request {at}");
    let scene = Scene::new(lock, click, bench).await;
    scene.prepare(click).await;
    scene.trap.arm(Armed::At { left: at, when });
    scene.click(click);
    let begun = Instant::now();
    while scene.trap.is_armed() {
        assert!(begun.elapsed() < PUT_IN_ORDER, "{point}: there is no such request");
        sleep(Duration::from_millis(5)).await;
    }
    scene.stand.start().await;
    scene.settled().await;
    if !scene.is_done(click) {
        scene.click(click);
        let begun = Instant::now();
        while !scene.is_done(click) {
            assert!(begun.elapsed() < PUT_IN_ORDER, "{point}: not done");
            sleep(Duration::from_millis(5)).await;
        }
        scene.settled().await;
    }
    scene.assert_whole(click, &point).await;
}

/// Kills at every point of these clicks, and gives the number of points.
async fn kill_everywhere(cases: &[(Lock, Click)], bench: Option<&e2e::Bench>) -> usize {
    let mut points = Vec::new();
    for &(lock, click) in cases {
        let asked = requests(lock, click, bench).await;
        let both = |at| [(lock, click, at, When::Before), (lock, click, at, When::After)];
        points.extend((0..asked).flat_map(both));
    }
    stream::iter(points.iter())
        .for_each_concurrent(AT_ONCE, |&(lock, click, at, when)| kill(lock, click, at, when, bench))
        .await;
    points.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bot_that_is_killed_anywhere_finishes_what_it_began_on_a_row() {
    let clicks =
        [Click::Open, Click::Approve, Click::ApproveFirst, Click::ApproveSecond, Click::Withdraw];
    let cases = clicks.map(|click| (Lock::Row, click));
    let points = kill_everywhere(&cases, None).await;
    assert!(points >= 80, "only {points} points");
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
    let points = kill_everywhere(&cases, Some(&bench)).await;
    assert!(points >= 120, "only {points} points");
}
