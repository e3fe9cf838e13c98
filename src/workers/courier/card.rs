//! Posts and updates the card of a request, and closes a request whose card cannot be posted.

use chrono::TimeDelta;
use tracing::warn;

use super::gather::nonce;
use super::{OutboxCourier, Told};
use crate::error::{Fault, WriteFault};
use crate::ports::{Change, Changed, Filed, Notice, NoticeId, Undelivered};
use crate::unlock::{Event, Outcome, Status, decide};
use crate::words::request::card;

/// The asker gets the answer to the command within this time.
const ASKER_WAITS: TimeDelta = TimeDelta::seconds(20);

impl OutboxCourier {
    /// Posts the card of a request, or edits it to show the current status. Posts a deleted card again,
    /// unless the end of its request has its own notice.
    pub(super) async fn bring_up_to_date(
        &self,
        filed: &Filed,
        id: &NoticeId,
    ) -> Result<Result<Told, Undelivered>, Fault> {
        let request = &filed.request;
        let ended = request.closing().map(|closing| closing.outcome);
        if ended == Some(Outcome::Unpostable) {
            return Ok(Ok(Told::NothingToSay));
        }
        let channel = request.place.channel;
        let policy = self.policies.of(&request.state);
        let holder = request.holder(&self.holders);
        let mut message = card(request, policy, holder, self.clock.now());
        if let Some(posted) = filed.card {
            match self.channels.edit(channel, posted, &message).await {
                Err(Undelivered::MessageGone) if ended == Some(Outcome::Unlocked) => {
                    return Ok(Ok(Told::NothingToSay));
                }
                // The approvers and the holder were pinged with the first card.
                Err(Undelivered::MessageGone) => {
                    message.calls.clear();
                    message.pings.clear();
                }
                Err(gone @ Undelivered::ChannelGone { .. }) => {
                    return self.unpostable(filed, gone).await;
                }
                edited => return Ok(edited.map(|()| Told::Posted)),
            }
        }
        // An earlier try may have posted the card and lost the answer, for this notice or another
        // one. So the first card always has the same nonce.
        let first = NoticeId(format!("card#{}", request.id));
        let (is_first, id) = if filed.card.is_none() { (true, &first) } else { (false, id) };
        match self.channels.post(channel, &message, &nonce([id])).await {
            Ok(posted) => {
                self.ledger.set_card(request, posted).await?;
                if is_first && request.version > 0 {
                    // That earlier try may have posted the card with an older status.
                    let edited = self.channels.edit(channel, posted, &message).await;
                    return Ok(edited.map(|()| Told::Posted));
                }
                Ok(Ok(Told::Posted))
            }
            Err(undelivered) => self.unpostable(filed, undelivered).await,
        }
    }

    /// Closes a pending request if Discord refuses its card, or if the card's channel is gone. Such a
    /// request could never be approved, and would block other requests for the state. If Discord is only
    /// busy, the request stays open.
    async fn unpostable(
        &self,
        filed: &Filed,
        undelivered: Undelivered,
    ) -> Result<Result<Told, Undelivered>, Fault> {
        let why = match &undelivered {
            Undelivered::Refused { why }
            | Undelivered::NotTaken { why }
            | Undelivered::ChannelGone { why }
            | Undelivered::Malformed { why } => why.clone(),
            Undelivered::Later { .. }
            | Undelivered::Everywhere { .. }
            | Undelivered::MessageGone => {
                return Ok(Err(undelivered));
            }
        };
        let (request, now) = (&filed.request, self.clock.now());
        let event = Event::Unpostable(why.clone());
        let Ok(transition) = decide(request, event, self.policies.of(&request.state), now) else {
            return Ok(Err(undelivered));
        };
        let change = Change::of(filed, &transition);
        let Changed::Done(closed) =
            self.ledger.change(&change).await.map_err(WriteFault::into_fault)?
        else {
            // Another process changed the request. The next try reads it again.
            let why = "the request was changed meanwhile".to_owned();
            return Ok(Err(Undelivered::Later { after: None, why }));
        };
        let channel = request.place.channel;
        warn!(request = %request.id, channel = channel.get(), "closed without a card: {why}");
        let requester_is_told =
            self.turns.is_waited_for(channel) && now - request.opened_at <= ASKER_WAITS;
        if !requester_is_told {
            self.announce_end(&NoticeId(format!("closed#{}", request.id)), &closed).await?;
        }
        Ok(Ok(Told::NothingToSay))
    }

    /// Announces the end of a request that its card does not show. Only logs it if there is no
    /// announce channel, or if that is the request's own channel.
    pub(super) async fn announce_end(&self, id: &NoticeId, filed: &Filed) -> Result<(), Fault> {
        let request = &filed.request;
        let announce = self.policies.of(&request.state).announce;
        let elsewhere = announce.filter(|channel| *channel != request.place.channel);
        let Some(channel) = elsewhere else {
            let outcome = request.closing().map(|closing| closing.outcome);
            warn!(request = %request.id, ?outcome, "a request has ended, and its card does not say so");
            return Ok(());
        };
        self.outbox.add(id, &Notice::Ended { request: request.id, channel }).await?;
        self.turns.wake.notify_one();
        Ok(())
    }
}

/// Whether a pending request has no card yet.
pub(super) fn has_no_card_yet(filed: &Filed) -> bool {
    filed.card.is_none() && *filed.request.status() == Status::Pending
}
