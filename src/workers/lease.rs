//! Takes the lease, keeps it, and hands it over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::error::{Fault, WriteFault};
use crate::host::has_ended;
use crate::lease::{Lease, Replaces, Replica, Stored, Vigil};
use crate::ports::{Clock, Leases};
use crate::standing::{Duty, Standing};
use crate::text::visible;

/// How often a waiting replica reads the lease.
const LOOK: Duration = Duration::from_secs(1);

/// How often the holder writes it.
const RENEW: Duration = Duration::from_secs(3);

/// Limit for one read or write. Two writes may fail before the lease runs out.
const LIMIT: Duration = Duration::from_secs(2);

/// How long a waiting replica tries to read or write the lease before it goes on without.
const GIVE_UP: Duration = Duration::from_secs(30);

/// How often a replica that shuts down tries to give the lease up.
const TRIES: usize = 3;

/// How long the holder waits for another replica after it has given the lease up: for its look and its write.
const SUCCESSOR: Duration = Duration::from_millis(2_500);

/// How long the holder waits in all until that replica is connected.
const CONNECTED: Duration = Duration::from_secs(8);

/// How often it looks meanwhile.
const GLANCE: Duration = Duration::from_millis(200);

/// This replica's part in the lease.
pub struct LeaseKeeper {
    /// Where the lease is.
    leases: Arc<dyn Leases>,
    /// This replica.
    me: Replica,
    /// Is told which part this replica has.
    standing: Standing,
    /// Measures time.
    clock: Arc<dyn Clock>,
    reads: Outage,
    writes: Outage,
}

/// Whether the last try failed, so that an outage is logged once.
#[derive(Default)]
struct Outage(AtomicBool);

/// The result of a write.
#[derive(PartialEq, Eq)]
enum Written {
    Done,
    /// Something else is stored than was expected.
    Refused,
    /// It failed, and may have been carried out.
    NotKnown,
}

/// The result of a renewal.
enum Renewal {
    Stored,
    /// An earlier version of this replica is stored. The next write replaces it.
    Adopted,
    /// What is stored could not be read or written.
    NotKnown,
    /// Another replica has the lease.
    Taken,
}

impl LeaseKeeper {
    /// The keeper of this replica. Does nothing yet.
    #[must_use]
    pub fn new(
        leases: Arc<dyn Leases>,
        me: Replica,
        standing: Standing,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { leases, me, standing, clock, reads: Outage::default(), writes: Outage::default() }
    }

    /// Waits as a standby until this replica holds the lease. Returns `None` at a shutdown.
    ///
    /// If the lease cannot be read or written for a while, it returns a lease that is not stored: then the bot answers
    /// in doubt, rather than not at all.
    pub async fn take(&self, shutdown: &CancellationToken) -> Option<Lease> {
        let mut vigil = Vigil::default();
        let mut failing_since = None;
        while !shutdown.is_cancelled() {
            let now = self.clock.uptime();
            let read = self.read().await;
            let mut is_failing = read.is_none();
            if let Some(stored) = &read
                && let Some(replaces) = vigil.look(stored, &self.me, self.clock.uptime(), has_ended)
            {
                let lease = Lease::taken(self.me.clone(), &replaces);
                match self.write(&lease, &replaces).await {
                    Written::Done => {
                        info!(version = lease.version, "this replica holds the lease");
                        return Some(lease);
                    }
                    Written::Refused => {}
                    Written::NotKnown => is_failing = true,
                }
            }
            failing_since = is_failing.then(|| failing_since.unwrap_or(now));
            if failing_since.is_some_and(|since| now.saturating_sub(since) >= GIVE_UP) {
                warn!("the lease cannot be taken, and this replica connects without it");
                self.standing.set_duty(Duty::Holder { until: Instant::now() });
                return Some(Lease::without(self.me.clone()));
            }
            self.wait_as_standby(read.as_ref());
            shutdown.run_until_cancelled(self.clock.pass(LOOK)).await;
        }
        None
    }

    fn wait_as_standby(&self, read: Option<&Stored>) {
        if let (Some(Stored::Lease(lease)), Duty::Starting) = (read, self.standing.duty()) {
            let host = visible(&lease.holder.host);
            info!(host, "another replica holds the lease, and this one stands by");
        }
        if read.is_some() {
            self.standing.set_duty(Duty::Standby);
        }
    }

    /// Keeps the lease until `turn` ends, and then hands it over. Ends `turn` if another replica has the lease.
    ///
    /// A replica that cannot renew its lease goes on. It cannot know whether another one has taken it, or whether
    /// nobody can reach the table.
    pub async fn keep(self: Arc<Self>, mut lease: Lease, turn: CancellationToken) {
        // Also after a panic: without a keeper the bot must not go on.
        let _ends = turn.clone().drop_guard();
        loop {
            let (pause, is_stored) = match self.renew(&mut lease).await {
                Renewal::Stored => (RENEW, true),
                Renewal::Adopted => continue,
                Renewal::NotKnown => (LOOK, false),
                Renewal::Taken => {
                    warn!("another replica has taken the lease, and this one stands by");
                    self.standing.set_duty(Duty::Standby);
                    return;
                }
            };
            tokio::select! {
                () = turn.cancelled() => return self.hand_over(lease).await,
                () = self.clock.pass(pause) => {}
                // A failed write is not tried again before its pause is over.
                () = self.standing.changes_from(lease.is_connected), if is_stored => {}
            }
        }
    }

    /// Writes the lease again.
    async fn renew(&self, lease: &mut Lease) -> Renewal {
        let begun = Instant::now();
        let next = lease.renewed(self.standing.is_connected());
        match self.write(&next, &Replaces::Version(lease.version)).await {
            Written::Done => {
                *lease = next;
                let until = begun + lease.sure_for();
                self.standing.set_duty(Duty::Holder { until });
                Renewal::Stored
            }
            Written::NotKnown => Renewal::NotKnown,
            Written::Refused => match self.read().await.map(|stored| stored.held_by(&self.me)) {
                // An earlier write was carried out without an answer.
                Some(Some(mine)) => {
                    *lease = mine;
                    Renewal::Adopted
                }
                Some(None) => Renewal::Taken,
                None => Renewal::NotKnown,
            },
        }
    }

    /// Gives the lease up, and waits a moment until another replica is connected.
    async fn hand_over(&self, lease: Lease) {
        let Some(given_up) = self.give_up(lease).await else {
            return;
        };
        let begun = Instant::now();
        while begun.elapsed() < CONNECTED {
            match self.read().await {
                Some(Stored::Lease(now)) if now.version == given_up => {
                    if begun.elapsed() >= SUCCESSOR {
                        return;
                    }
                }
                Some(Stored::Lease(now)) if !now.is_connected => {}
                _ => return,
            }
            self.clock.pass(GLANCE).await;
        }
    }

    /// Gives the lease up, and returns its last version. `None` if that fails: then it runs out.
    async fn give_up(&self, mut lease: Lease) -> Option<u64> {
        for _ in 0..TRIES {
            let given_up = lease.given_up();
            match self.write(&given_up, &Replaces::Version(lease.version)).await {
                Written::Done => return Some(given_up.version),
                // This write or an earlier one may have been carried out without an answer.
                Written::NotKnown | Written::Refused => match self.read().await? {
                    Stored::Lease(stored) if stored == given_up => return Some(given_up.version),
                    stored => lease = stored.held_by(&self.me)?,
                },
            }
        }
        None
    }

    /// Reads the lease. `None` if that failed.
    async fn read(&self) -> Option<Stored> {
        let read = timeout(LIMIT, self.leases.read()).await;
        self.reads.log(read, "the lease cannot be read")
    }

    async fn write(&self, lease: &Lease, replaces: &Replaces) -> Written {
        let written = timeout(LIMIT, self.leases.write(lease, replaces)).await;
        let written = written.map(|written| written.map_err(WriteFault::into_fault));
        match self.writes.log(written, "the lease cannot be written") {
            Some(true) => Written::Done,
            Some(false) => Written::Refused,
            None => Written::NotKnown,
        }
    }
}

impl Outage {
    /// Logs the begin and the end of an outage.
    fn log<T>(&self, result: Result<Result<T, Fault>, Elapsed>, what: &str) -> Option<T> {
        let (kind, why, cause) = match result {
            Ok(Ok(answer)) => {
                if self.0.swap(false, Ordering::Relaxed) {
                    info!("{what}: this is over");
                }
                return Some(answer);
            }
            Ok(Err(fault)) => (Some(fault.kind.as_str()), fault.to_string(), fault.cause()),
            Err(_) => (None, "no answer in time".to_owned(), None),
        };
        if !self.0.swap(true, Ordering::Relaxed) {
            let cause = cause.map(|cause| visible(&cause));
            warn!(kind, cause, "{what}: {why}");
        }
        None
    }
}
