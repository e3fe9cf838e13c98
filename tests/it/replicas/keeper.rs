//! The keeper of the lease on a real table, with a clock of its own for each replica.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use locktender::aws::AwsLease;
use locktender::lease::{Lease, Replica, Stored};
use locktender::ports::{Clock, Leases};
use locktender::standing::{Duty, Link, Standing};
use locktender::workers::LeaseKeeper;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::deadline::Deadline;
use crate::support::dynamodb::{DynamoDb, session, tables, text};
use crate::support::given::NOW;
use crate::support::office::Hands;
use crate::support::proxy::{Fate, Proxy};

/// A replica on a machine of its own.
struct Machine {
    keeper: Arc<LeaseKeeper>,
    leases: Arc<AwsLease>,
    clock: Arc<Hands>,
    standing: Standing,
    shutdown: CancellationToken,
}

impl Machine {
    /// Its clock moves only while it waits.
    fn at(endpoint: &str, id: &str) -> Self {
        let leases = Arc::new(AwsLease::connect(&session(endpoint), tables()));
        let (clock, standing) = (Arc::new(Hands::at(NOW)), Standing::default());
        let me = Replica { id: id.to_owned(), host: id.to_owned(), process: None };
        let keeper = LeaseKeeper::new(leases.clone(), me, standing.clone(), clock.clone());
        let shutdown = CancellationToken::new();
        Self { keeper: Arc::new(keeper), leases, clock, standing, shutdown }
    }

    async fn take(&self) -> Lease {
        self.keeper.take(&self.shutdown).await.unwrap()
    }

    fn keep(&self, lease: Lease) -> (JoinHandle<()>, CancellationToken) {
        let turn = self.shutdown.child_token();
        (tokio::spawn(self.keeper.clone().keep(lease, turn.clone())), turn)
    }

    async fn stored(&self) -> Lease {
        match self.leases.read().await.unwrap() {
            Stored::Lease(lease) => lease,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until the stored lease is like this.
    async fn sees(&self, what: impl Fn(&Lease) -> bool) -> Lease {
        let deadline = Deadline::generous();
        loop {
            let lease = self.stored().await;
            if what(&lease) {
                return lease;
            }
            assert!(deadline.look_again().await, "{lease:?}");
        }
    }
}

async fn table() -> DynamoDb {
    let db = DynamoDb::start().await;
    db.migrate().await;
    db
}

#[tokio::test]
async fn the_first_replica_has_the_lease_at_once_and_keeps_it_until_it_shuts_down() {
    let db = table().await;
    let [first, second] = ["first", "second"].map(|id| Machine::at(&db.endpoint(), id));
    let lease = first.take().await;
    assert_eq!(first.clock.uptime(), Duration::ZERO);
    let (kept, _) = first.keep(lease);
    first.sees(|lease| lease.version > 3 && !lease.is_connected).await;
    assert!(matches!(first.standing.duty(), Duty::Holder { .. }) && !first.standing.is_in_doubt());
    // The other replica learns at once that this one is connected.
    first.standing.set_link(Link::Connected);
    first.sees(|lease| lease.is_connected).await;

    first.shutdown.cancel();
    kept.await.unwrap();
    assert!(first.stored().await.is_free);
    assert_eq!(second.take().await.holder.id, "second");
    assert_eq!(second.clock.uptime(), Duration::ZERO);
}

#[tokio::test]
async fn a_lease_that_is_not_renewed_is_taken_when_its_time_is_over() {
    let db = table().await;
    let [first, second] = ["first", "second"].map(|id| Machine::at(&db.endpoint(), id));
    let lease = first.take().await;
    assert_eq!(second.take().await.version, lease.version + 1);
    let waited = second.clock.uptime();
    assert!(waited >= lease.lasts && waited < lease.lasts + Duration::from_secs(2), "{waited:?}");

    // The first one wakes up. It does not take the lease back.
    let (kept, turn) = first.keep(lease);
    kept.await.unwrap();
    assert!(turn.is_cancelled());
    assert_eq!(first.standing.duty(), Duty::Standby);
    assert_eq!(first.stored().await.holder.id, "second");
}

#[tokio::test]
async fn of_two_replicas_that_start_together_one_has_the_lease() {
    let db = table().await;
    for round in 0..20 {
        let keepers = ["a", "b"].map(|id| Machine::at(&db.endpoint(), &format!("{id}{round}")));
        let [a, b] = &keepers;
        // The lease of the round before has run out, so both take it when they have waited for that.
        let won = tokio::select! {
            lease = a.take() => lease,
            lease = b.take() => lease,
        };
        assert_eq!(a.stored().await.version, won.version, "round {round}");
        assert_eq!(won.version, round + 1);
    }
}

#[tokio::test]
async fn an_item_that_nobody_understands_does_not_keep_the_bot_from_its_work() {
    let db = table().await;
    let number = |digits: &str| AttributeValue::N(digits.to_owned());
    let attributes: [&[(&str, AttributeValue)]; 6] = [
        &[],
        &[("version", text("7"))],
        &[("version", number("-7"))],
        &[("version", number("1.5"))],
        &[("version", number("99999999999999999999999999"))],
        &[("version", number("7")), ("holder", number("7"))],
    ];
    for odd in attributes {
        let key = [("pk", text("lease")), ("sk", text("bot"))];
        let item: Vec<_> = key.into_iter().chain(odd.iter().cloned()).collect();
        db.put_item(&tables().table, &item).await;
        let keeper = Machine::at(&db.endpoint(), "first");
        keeper.take().await;
        assert_eq!(keeper.stored().await.holder.id, "first", "{odd:?}");
    }
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_does_not_lose_the_lease() {
    let db = table().await;
    let proxy = Proxy::start(&db.endpoint()).await;
    let keeper = Machine::at(&proxy.endpoint(), "first");
    let lose = |seen: &crate::support::proxy::Seen| match seen.what.as_str() {
        "PutItem" => Fate::LoseAnswer,
        _ => Fate::Pass,
    };
    proxy.rule(lose);
    // It finds its own name in the lease, and so it has it.
    let taking = tokio::spawn({
        let (keeper, shutdown) = (keeper.keeper.clone(), keeper.shutdown.clone());
        async move { keeper.take(&shutdown).await.unwrap() }
    });
    let deadline = Deadline::generous();
    while proxy.count("PutItem") < 3 {
        assert!(deadline.look_again().await, "it tries again");
    }
    proxy.rule(|_| Fate::Pass);
    let lease = taking.await.unwrap();
    let (kept, _) = keeper.keep(lease);
    keeper.sees(|lease| lease.version > 3).await;
    proxy.rule(lose);
    while proxy.count("PutItem") < 3 {
        assert!(deadline.look_again().await, "it tries again");
    }
    proxy.rule(|_| Fate::Pass);
    let version = keeper.stored().await.version;
    keeper.sees(|lease| lease.version > version && lease.holder.id == "first").await;
    assert!(!kept.is_finished());

    // It gives up what it really holds.
    proxy.rule(lose);
    while proxy.count("PutItem") < 3 {
        assert!(deadline.look_again().await, "it tries again");
    }
    keeper.shutdown.cancel();
    proxy.rule(|_| Fate::Pass);
    kept.await.unwrap();
    assert!(keeper.stored().await.is_free);
}

#[tokio::test]
async fn a_replica_that_may_not_write_the_lease_serves_in_doubt_and_stands_down_later() {
    let db = table().await;
    let proxy = Proxy::start(&db.endpoint()).await;
    let denied = r#"{"__type":"com.amazon.coral.service#AccessDeniedException","message":"no"}"#;
    proxy.rule(|seen| match seen.what.as_str() {
        "PutItem" => Fate::Answer(400, denied.to_owned()),
        _ => Fate::Pass,
    });
    let alone = Machine::at(&proxy.endpoint(), "alone");
    let lease = alone.take().await;
    assert!(alone.clock.uptime() >= Duration::from_secs(30));
    assert!(alone.standing.is_in_doubt());
    assert_eq!(alone.leases.read().await.unwrap(), Stored::Nothing);
    let (kept, turn) = alone.keep(lease);
    let other = Machine::at(&db.endpoint(), "other");
    other.take().await;
    assert!(!turn.is_cancelled());
    // It can write again. It learns that another one has the lease, whatever version that has.
    proxy.rule(|_| Fate::Pass);
    kept.await.unwrap();
    assert!(turn.is_cancelled());
    assert_eq!(other.stored().await.holder.id, "other");
}
