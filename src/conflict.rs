//! Retries a change of a request after a conflict: another process changed the request first.

use crate::error::{Error, Fault};
use crate::ports::{Changed, Filed};

/// Most tries of one change.
pub(crate) const TRIES: usize = 10;

/// The result of one try of a change.
#[expect(clippy::large_enum_variant, reason = "it is matched as soon as it is made")]
pub(crate) enum Attempt<T> {
    /// No further try is needed.
    Done(T),
    /// Another process changed the request first. This is the request now.
    Conflict(Filed),
}

impl From<Changed> for Attempt<Filed> {
    fn from(changed: Changed) -> Self {
        match changed {
            Changed::Done(filed) => Self::Done(filed),
            Changed::Conflict(filed) => Self::Conflict(filed),
        }
    }
}

/// Tries a change of a request. After a conflict, tries it again on the request as it is now.
///
/// # Errors
/// The error of a try. A fault after [`TRIES`] conflicts.
pub(crate) async fn retry_on_conflict<T, A>(
    mut filed: Filed,
    mut attempt: impl FnMut(Filed) -> A,
) -> Result<T, Error>
where
    A: Future<Output = Result<Attempt<T>, Error>>,
{
    for _ in 0..TRIES {
        // On the heap: most commands change no request, and the future of a change is large.
        match Box::pin(attempt(filed)).await? {
            Attempt::Done(done) => return Ok(done),
            Attempt::Conflict(fresh) => filed = fresh,
        }
    }
    Err(Fault::too_busy().into())
}
