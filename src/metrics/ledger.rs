//! Counts what becomes of requests, at the one place where every end of one is written.

use std::sync::Arc;

use async_trait::async_trait;

use super::{request_ended, request_opened};
use crate::error::{Fault, WriteFault};
use crate::lock::StatePath;
use crate::people::{MessageId, RequestId, UserId};
use crate::ports::{Asked, Change, Changed, Filed, Ledger, Opened, Opening, Released};
use crate::unlock::{ApprovedUnlock, Lately, Outcome, UnlockRequest};

/// A ledger whose openings and ends are counted.
pub struct CountedLedger(pub Arc<dyn Ledger>);

#[async_trait]
impl Ledger for CountedLedger {
    async fn request(&self, id: RequestId) -> Result<Option<Filed>, Fault> {
        self.0.request(id).await
    }

    async fn open_request(&self, path: &StatePath) -> Result<Option<Filed>, Fault> {
        self.0.open_request(path).await
    }

    async fn asked(&self, path: &StatePath) -> Result<Option<Asked>, Fault> {
        self.0.asked(path).await
    }

    async fn lately(&self, path: &StatePath, person: UserId) -> Result<Lately, Fault> {
        self.0.lately(path, person).await
    }

    async fn open_requests(&self) -> Result<Vec<Filed>, Fault> {
        self.0.open_requests().await
    }

    async fn open(&self, opening: &Opening<'_>) -> Result<Opened, WriteFault> {
        let opened = self.0.open(opening).await;
        if let Ok(Opened::Done(_)) = opened {
            request_opened();
        }
        opened
    }

    async fn change(&self, change: &Change<'_>) -> Result<Changed, WriteFault> {
        let changed = self.0.change(change).await;
        if let Ok(Changed::Done(done)) = &changed {
            note_end(&change.from.request, &done.request);
        }
        changed
    }

    async fn release(
        &self,
        change: &Change<'_>,
        unlock: &ApprovedUnlock,
    ) -> Result<Released, WriteFault> {
        let released = self.0.release(change, unlock).await;
        if let Ok(Released::Changed(Changed::Done(done))) = &released {
            note_end(&change.from.request, &done.request);
        }
        released
    }

    async fn set_card(&self, request: &UnlockRequest, card: MessageId) -> Result<(), Fault> {
        self.0.set_card(request, card).await
    }
}

fn note_end(before: &UnlockRequest, now: &UnlockRequest) {
    if let (None, Some(closing)) = (before.closing(), now.closing()) {
        request_ended(word(closing.outcome));
    }
}

/// An outcome as the cards say it.
fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unlocked => "unlocked",
        Outcome::Denied => "denied",
        Outcome::Withdrawn => "withdrawn",
        Outcome::Expired => "expired",
        Outcome::Superseded => "changed hands",
        Outcome::AlreadyFree => "already free",
        Outcome::Failed => "failed",
        Outcome::Unpostable => "unpostable",
    }
}
