//! The turns of one replica: it waits for the lease, and serves as long as it holds it.

use std::sync::Arc;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use super::AppError;
use crate::workers::LeaseKeeper;

/// Ends when another replica has taken over.
pub(super) type Relieved<'r> = &'r mut (dyn Future<Output = ()> + Unpin + Send);

/// Stands by, serves, and stands by again after another replica has taken the lease, until the shutdown.
///
/// `serve` gets the token that ends its turn. Its error ends all turns.
pub(super) async fn take_turns(
    keeper: &Arc<LeaseKeeper>,
    shutdown: &CancellationToken,
    serve: impl AsyncFn(CancellationToken, Relieved<'_>) -> Result<(), AppError>,
) -> Result<(), AppError> {
    while let Some(lease) = keeper.take(shutdown).await {
        let turn = shutdown.child_token();
        // A keeper that panics ends the turn, too.
        let kept = tokio::spawn(keeper.clone().keep(lease, turn.clone())).map(|_| ());
        let kept = kept.shared();
        let served = serve(turn.clone(), &mut kept.clone()).await;
        turn.cancel();
        kept.await;
        served?;
    }
    Ok(())
}
