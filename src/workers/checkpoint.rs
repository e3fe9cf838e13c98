//! Once a day, checks the whole audit trail and stores its heads, so that cutting off the end of a
//! chain is detected too.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::try_join_all;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::audit::{Checkpoint, Heads, Unsound, Verified, Verifier};
use crate::error::{Fault, WriteFault};
use crate::lock::StatePath;
use crate::metrics;
use crate::ports::{Clock, Courier, Extent, Notice, Trail};
use crate::text::visible;

/// How often the worker checks whether a new day has begun.
const INTERVAL: Duration = Duration::from_mins(10);

/// Makes the checkpoints.
pub struct Checkpoints {
    /// The trail that is checked.
    pub trail: Arc<dyn Trail>,
    /// Delivers the notice about the checkpoint.
    pub courier: Arc<dyn Courier>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Checks the trail, or one chain of it, against itself and the last checkpoint. Its memory does
/// not grow with the number of entries.
///
/// # Errors
/// A fault if the trail cannot be read. A bad entry or a damaged checkpoint is a result, not a
/// fault.
pub async fn verify(
    trail: &dyn Trail,
    path: Option<&StatePath>,
) -> Result<Result<Verified, Unsound>, Fault> {
    verify_counted(trail, path, &|| {}).await
}

/// As [`verify`], and calls `read` for each entry that was read. If the trail is checked again, its entries are
/// read again.
///
/// # Errors
/// As for [`verify`].
pub async fn verify_counted(
    trail: &dyn Trail,
    path: Option<&StatePath>,
    read: &(dyn Fn() + Sync),
) -> Result<Result<Verified, Unsound>, Fault> {
    match verify_once(trail, path, read).await? {
        // A scan or a query may see one entry of a transaction before the other ("Amazon `DynamoDB`
        // Transactions: How it works", "Isolation levels"). So it checks again: a real break is
        // still there.
        Err(_) => verify_once(trail, path, read).await,
        holds => Ok(holds),
    }
}

async fn verify_once(
    trail: &dyn Trail,
    path: Option<&StatePath>,
    read: &(dyn Fn() + Sync),
) -> Result<Result<Verified, Unsound>, Fault> {
    // The checkpoint is read first, so it contains no entry that the check does not see.
    let checkpoint = trail.checkpoint().await?;
    let heads = checkpoint.map_or(Ok(Heads::new()), |checkpoint| checkpoint.heads);
    let (mut seen, damaged) = match heads {
        Ok(heads) => (heads, None),
        // The entries are still checked, since a bad entry tells more than a damaged checkpoint.
        Err(damaged) => (Heads::new(), Some(damaged)),
    };
    if let Some(path) = path {
        seen.retain(|of, _| of == path.as_str());
    }
    let seen = Arc::new(seen);
    let of = trail.segments();
    // This task hashes the entries of all segments, while other tasks fetch and parse the next
    // pages. Hashing is a small part of the cost of an entry.
    let extents = match path {
        Some(path) => vec![Extent::Chain(path)],
        None => (0..of).map(|number| Extent::Segment { number, of }).collect(),
    };
    let checks = extents.into_iter().map(|extent| check(trail, extent, Arc::clone(&seen), read));
    let mut verifier = Verifier::against(Arc::clone(&seen));
    for checked in try_join_all(checks).await? {
        verifier.merge(checked);
    }
    Ok(match (verifier.finish(), damaged) {
        (Err(broken), _) => Err(broken.into()),
        (Ok(_), Some(damaged)) => Err(damaged.into()),
        (Ok(verified), None) => Ok(verified),
    })
}

async fn check(
    trail: &dyn Trail,
    extent: Extent<'_>,
    seen: Arc<Heads>,
    read: &(dyn Fn() + Sync),
) -> Result<Verifier, Fault> {
    let mut verifier = Verifier::against(seen);
    let mut check = |entry| {
        verifier.check(&entry);
        read();
        ControlFlow::Continue(())
    };
    trail.each(extent, &mut check).await?;
    Ok(verifier)
}

impl Checkpoints {
    /// Makes one checkpoint each UTC day until `shutdown`.
    pub async fn run(&self, shutdown: CancellationToken) {
        let rounds = async {
            loop {
                if let Err(fault) = self.round().await {
                    warn!(kind = fault.kind.as_str(), "no checkpoint of the trail: {fault}");
                }
                sleep(INTERVAL).await;
            }
        };
        shutdown.run_until_cancelled(rounds).await;
    }

    /// Makes today's checkpoint, unless it exists or the trail is empty.
    ///
    /// # Errors
    /// A fault if the trail cannot be read or the checkpoint cannot be stored.
    pub async fn round(&self) -> Result<(), Fault> {
        let now = self.clock.now();
        let last = self.trail.checkpoint().await?;
        if last.as_ref().is_some_and(|Checkpoint { at, .. }| at.date_naive() == now.date_naive()) {
            return Ok(());
        }
        let kept = match verify(&*self.trail, None).await? {
            Ok(verified) if verified.entries == 0 => false,
            Ok(verified) => {
                metrics::trail_checked(true, now);
                self.keep(now, Some(&verified.heads), &checkpoint(now, &verified)).await?
            }
            Err(unsound) => {
                metrics::trail_checked(false, now);
                error!(what = visible(&unsound.to_string()), "the audit trail does not hold");
                let notice = Notice::TrailBroken { at: now, what: unsound.to_string() };
                self.keep(now, None, &notice).await?
            }
        };
        if kept {
            self.courier.deliver().await;
        }
        Ok(())
    }

    async fn keep(
        &self,
        now: DateTime<Utc>,
        heads: Option<&Heads>,
        notice: &Notice,
    ) -> Result<bool, Fault> {
        let kept = self.trail.set_checkpoint(now, heads, notice).await;
        let first = kept.map_err(WriteFault::into_fault)?;
        if first {
            info!(holds = heads.is_some(), "checkpoint of the audit trail");
        }
        Ok(first)
    }
}

fn checkpoint(at: DateTime<Utc>, verified: &Verified) -> Notice {
    Notice::Checkpoint {
        at,
        chains: verified.heads.len(),
        entries: verified.entries,
        digest: verified.digest(),
    }
}
