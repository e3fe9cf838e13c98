//! One decision, one transaction.
//!
//! A single `TransactWriteItems` writes a decision: the request over the version it was decided on, the guard
//! of its path, the audit entries, the event, the notices, and in a release the delete of the lock's row.
//! `DynamoDB` writes all of it or none, and says which conditions failed.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;

use crate::audit::Tail;
use crate::aws::answers::Answers;
use crate::aws::ledger::AwsLedger;
use crate::aws::ledger::filed_of;
use crate::aws::ledger::plan::{Plan, Purpose, Write};
use crate::aws::locks::rows;
use crate::aws::pauses::{PAUSES, wait};
use crate::aws::values::Item;
use crate::error::{Fault, WriteFault};
use crate::lock::{Flaw, LockState};
use crate::ports::{Change, Changed, Filed, Ledger, Opened, Opening, Released};
use crate::unlock::{ApprovedUnlock, Found};

/// Why a transaction was not carried out, and will not be however often it is sent.
enum Obstacle {
    /// Another process changed the request first. This is the request now.
    Conflict(Filed),
    /// The path has this open request already.
    AlreadyOpen(Filed),
    /// Another request was opened after the openings were counted.
    OpeningsChanged,
    /// The lock's row is no longer the approved one.
    LockChanged(Found),
    /// The lock table does not let its row be deleted.
    RowRefused(String),
}

/// The result of sending a transaction once.
enum Sent {
    /// It is written.
    Done(Filed),
    /// It is not, and sending it again would not help.
    Blocked(Obstacle),
    /// An earlier delivery of the same interaction had its effect. With the request now, where the answer
    /// says it.
    Repeated(Option<Filed>),
    /// The path has an open request already, named by this guard.
    Guarded(Item),
    /// Another entry is at the end of the chain.
    TailMoved,
    /// Another write was under way, or there was no capacity for this one.
    Busy,
    /// This very transaction is under way, from an earlier try or another process. It may still be carried
    /// out.
    UnderWay,
    /// A reason that this version does not know.
    Unexpected(String),
}

/// A reason for a cancelled transaction that this program does not expect.
#[derive(Debug, thiserror::Error)]
#[error("the transaction was cancelled: {0}")]
struct Cancelled(String);

/// A transaction that `DynamoDB` does not take as it is. Nothing was written.
fn mistake(what: impl Into<String>) -> Fault {
    Fault { source: Some(Box::new(Cancelled(what.into()))), ..Fault::bug() }
}

/// The tries of one change.
#[derive(Default)]
struct Tries {
    /// Whether each was answered.
    answers: Answers,
    /// Whether the table said that an earlier one is under way.
    under_way: bool,
}

impl Tries {
    fn judge(&self, fault: Fault) -> WriteFault {
        if self.under_way { WriteFault::Unanswered(fault) } else { self.answers.judge(fault) }
    }
}

impl AwsLedger {
    /// See [`Ledger::open`].
    pub(super) async fn write_opening(&self, opening: &Opening<'_>) -> Result<Opened, WriteFault> {
        let Opening { transition, event } = *opening;
        let write = Write { from: None, transition, event: Some(event), release_row: None };
        let tail = self.trail.tail(&transition.next.state.path).await?;
        match self.write(write, tail).await? {
            Ok(filed) => Ok(Opened::Done(filed)),
            Err(Obstacle::AlreadyOpen(filed)) => Ok(Opened::AlreadyOpen(filed)),
            Err(Obstacle::OpeningsChanged) => Ok(Opened::OpeningsChanged),
            Err(_) => Err(mistake("another step than those of an opening failed").into()),
        }
    }

    /// See [`Ledger::change`].
    pub(super) async fn write_change(&self, change: &Change<'_>) -> Result<Changed, WriteFault> {
        let Change { from, transition, event } = *change;
        let write = Write { from: Some(from), transition, event, release_row: None };
        match self.write(write, from.tail.clone()).await? {
            Ok(filed) => Ok(Changed::Done(filed)),
            Err(Obstacle::Conflict(filed)) => Ok(Changed::Conflict(filed)),
            Err(_) => Err(mistake("another step than those of a change failed").into()),
        }
    }

    /// See [`Ledger::release`].
    pub(super) async fn write_release(
        &self,
        change: &Change<'_>,
        unlock: &ApprovedUnlock,
    ) -> Result<Released, WriteFault> {
        let Change { from, transition, event } = *change;
        if let Err(fault) = self.lock_table(&transition.next) {
            return Ok(Released::RowRefused(fault.to_string()));
        }
        let write = Write { from: Some(from), transition, event, release_row: Some(unlock) };
        match self.write(write, from.tail.clone()).await? {
            Ok(filed) => Ok(Released::Changed(Changed::Done(filed))),
            Err(Obstacle::Conflict(filed)) => Ok(Released::Changed(Changed::Conflict(filed))),
            Err(Obstacle::LockChanged(found)) => Ok(Released::LockChanged(found)),
            Err(Obstacle::RowRefused(why)) => Ok(Released::RowRefused(why)),
            Err(_) => Err(mistake("another step than those of a release failed").into()),
        }
    }

    /// Sends a transaction until it is written or cannot be. Its first entry goes after `tail`.
    async fn write(
        &self,
        write: Write<'_>,
        mut tail: Tail,
    ) -> Result<Result<Filed, Obstacle>, WriteFault> {
        let next = &write.transition.next;
        let mut tries = Tries::default();
        for pause in PAUSES {
            wait(pause).await;
            let plan = Plan::new(self, write, &tail)?;
            match self.send(write, &plan, &tries).await? {
                Sent::Done(filed) | Sent::Repeated(Some(filed)) => return Ok(Ok(filed)),
                Sent::Blocked(obstacle) => return Ok(Err(obstacle)),
                Sent::Repeated(None) => {
                    let filed = self.request(next.id).await.map_err(WriteFault::Unanswered)?;
                    return filed.map(Ok).ok_or_else(|| mistake("the request is gone").into());
                }
                Sent::Guarded(guard) => {
                    let open =
                        self.guarded_request(&guard).await.map_err(|fault| tries.judge(fault))?;
                    // If that request has ended in the meantime, the path is open.
                    if open.request.is_open() {
                        return Ok(Err(Obstacle::AlreadyOpen(open)));
                    }
                }
                Sent::TailMoved => {
                    tail = self.trail.tail(&next.state.path).await?;
                    // The number of its first entry is taken, so no try of that plan can still be carried
                    // out.
                    tries = Tries::default();
                }
                Sent::Busy => {}
                Sent::UnderWay => tries.under_way = true,
                Sent::Unexpected(what) => return Err(tries.judge(mistake(what))),
            }
        }
        Err(tries.judge(self.own.throttled()))
    }

    async fn send(&self, write: Write<'_>, plan: &Plan, tries: &Tries) -> Result<Sent, WriteFault> {
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(plan.items()))
            .client_request_token(plan.token())
            .customize()
            .interceptor(tries.answers.clone())
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(Sent::Done(plan.filed().clone()));
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Ok(self.read_reasons(write, plan, cancelled.cancellation_reasons())?)
            }
            Some(
                TransactWriteItemsError::TransactionInProgressException(_)
                | TransactWriteItemsError::IdempotentParameterMismatchException(_),
            ) => Ok(Sent::UnderWay),
            _ => {
                let is_of_row = self.lock_table_at_fault(write, &error).is_some();
                match tries.judge(self.transaction_fault(write, error)) {
                    WriteFault::Refused(fault) if is_of_row && fault.kind.is_final() => {
                        Ok(Sent::Blocked(Obstacle::RowRefused(fault.to_string())))
                    }
                    fault @ WriteFault::Refused(_) => Err(fault),
                    fault @ WriteFault::Unanswered(_) => self.look_again(plan, fault).await,
                }
            }
        }
    }

    /// Reads the request after a write whose answer was lost: it says whether the write was carried out.
    async fn look_again(&self, plan: &Plan, fault: WriteFault) -> Result<Sent, WriteFault> {
        match self.request(plan.filed().request.id).await {
            Ok(Some(filed)) if plan.is_written_in(&filed) => Ok(Sent::Done(filed)),
            _ => Err(fault),
        }
    }

    /// Reads the reasons of a cancelled transaction, one for each of its steps.
    fn read_reasons(
        &self,
        write: Write<'_>,
        plan: &Plan,
        reasons: &[CancellationReason],
    ) -> Result<Sent, Fault> {
        let failed = |step: Purpose| {
            let failed =
                |reason: &&CancellationReason| reason.code() == Some("ConditionalCheckFailed");
            let of_step = plan.steps().zip(reasons).filter(|(of, _)| *of == step);
            of_step.map(|(_, reason)| reason).find(failed)
        };
        if let Some(reason) = failed(Purpose::Request) {
            let filed = |item| filed_of(item).map_err(|odd| self.own.odd_item(item, odd));
            let now = reason.item().map(filed).transpose()?;
            let is_repeated = failed(Purpose::Event).is_some();
            return Ok(match now {
                // The first try was written, and only its answer was lost.
                Some(now) if plan.is_written_in(&now) => Sent::Done(now),
                // Its number is that of the interaction, so it is of an earlier delivery.
                Some(now) if is_repeated || write.from.is_none() => Sent::Repeated(Some(now)),
                Some(now) => Sent::Blocked(Obstacle::Conflict(now)),
                None => Sent::Unexpected("the request is gone".to_owned()),
            });
        }
        if failed(Purpose::Event).is_some() {
            // The version is the one that was decided on.
            return Ok(Sent::Repeated(write.from.cloned()));
        }
        if let Some(reason) = failed(Purpose::Guard) {
            return Ok(Sent::Guarded(reason.item().cloned().unwrap_or_default()));
        }
        if failed(Purpose::Openings).is_some() {
            return Ok(Sent::Blocked(Obstacle::OpeningsChanged));
        }
        if let Some(reason) = failed(Purpose::Row) {
            let found = reason.item().filter(|item| !item.is_empty()).cloned();
            let path = write.transition.next.state.path.as_str();
            let found = found.and_then(|row| rows::stored(path, row));
            // For a row without a record, the condition is about more than the record.
            let pinned = write.transition.next.pinned.row();
            let pinned = pinned.filter(|row| row.info != Err(Flaw::Missing));
            if found.is_some() && found.as_ref() == pinned {
                let what = "the row is the approved one, and is not deleted as such";
                return Ok(Sent::Unexpected(what.to_owned()));
            }
            return Ok(Sent::Blocked(Obstacle::LockChanged(match found {
                None => Found::Gone,
                Some(row) => {
                    let expected = write.transition.next.pinned.expected();
                    let lockfile = None;
                    Found::Other(Box::new(LockState::from_stores(expected, Some(row), lockfile)))
                }
            })));
        }
        if failed(Purpose::Entry).is_some() {
            return Ok(Sent::TailMoved);
        }
        let codes: Vec<&str> = reasons.iter().filter_map(CancellationReason::code).collect();
        let passes = |code: &&str| {
            matches!(
                *code,
                "None"
                    | "TransactionConflict"
                    | "ThrottlingError"
                    | "ProvisionedThroughputExceeded"
            )
        };
        match codes.iter().find(|code| !passes(code)) {
            None => Ok(Sent::Busy),
            Some(_) => Ok(Sent::Unexpected(codes.join(", "))),
        }
    }
}

impl Plan {
    /// Whether a request is as this plan leaves it. The hash at the end of its chain covers all that the plan
    /// records, so no other change has the same result.
    fn is_written_in(&self, filed: &Filed) -> bool {
        filed.tail == self.filed().tail && filed.request == self.filed().request
    }
}
