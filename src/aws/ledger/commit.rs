//! One decision, one transaction.
//!
//! What a change consists of is written by a single `TransactWriteItems`: the request over the
//! version that it was decided on, the guard of its path, the entries of the trail, the event, what
//! people are told, and in a release the delete of the lock's row. `DynamoDB` writes all of it or
//! none, and says of each condition that failed what stands in its way.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;

use crate::aws::answers::Answers;
use crate::aws::ledger::AwsLedger;
use crate::aws::ledger::filed_of;
use crate::aws::ledger::plan::{Plan, Step};
use crate::aws::locks::rows;
use crate::aws::pauses::{PAUSES, wait};
use crate::aws::values::Item;
use crate::error::{Fault, WriteFault};
use crate::lock::{Flaw, LockState};
use crate::ports::{Change, Committed, Filed, Ledger};
use crate::unlock::Found;

/// What a cancelled transaction comes to.
enum Verdict {
    /// That is it.
    Final(Box<Committed>),
    /// The path has an open request already, which is that of this guard.
    Guarded(Item),
    /// Another entry is at the end of the chain.
    TailMoved,
    /// Another write was under way, or there was no capacity for this one.
    Busy,
    /// This very transaction is under way, from an earlier try or another process. It may be carried
    /// out yet.
    UnderWay,
    /// A reason that this version does not know.
    Unexpected(String),
}

impl Verdict {
    fn last(committed: Committed) -> Self {
        Self::Final(Box::new(committed))
    }
}

/// A reason for which a transaction was cancelled, beside those that this program provides for.
#[derive(Debug, thiserror::Error)]
#[error("the transaction was cancelled: {0}")]
struct Cancelled(String);

/// A transaction that `DynamoDB` does not take as it is. Nothing was written.
fn mistake(what: String) -> Fault {
    Fault { source: Some(Box::new(Cancelled(what))), ..Fault::bug() }
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
    /// Writes a change; see [`Ledger::commit`].
    pub(in crate::aws) async fn commit_change(
        &self,
        change: &Change<'_>,
    ) -> Result<Committed, WriteFault> {
        let path = &change.transition.next.state.path;
        if change.release_row.is_some()
            && let Err(fault) = self.lock_table(&change.transition.next)
        {
            return Ok(Committed::RowRefused(fault.to_string()));
        }
        let mut tail = match change.from {
            Some(filed) => filed.tail.clone(),
            None => self.trail.tail(path).await?,
        };
        let mut tries = Tries::default();
        for pause in PAUSES {
            wait(pause).await;
            let plan = Plan::new(self, change, &tail)?;
            match self.write(change, &plan, &tries).await? {
                Verdict::Final(committed) => return Ok(*committed),
                Verdict::Guarded(guard) => {
                    let open =
                        self.guarded_request(&guard).await.map_err(|fault| tries.judge(fault))?;
                    // One that has ended meanwhile is no obstacle any more.
                    if open.request.is_open() {
                        return Ok(Committed::AlreadyOpen(open));
                    }
                }
                Verdict::TailMoved => {
                    tail = self.trail.tail(path).await?;
                    // The number of its first entry is taken, so no try of that plan is ever carried
                    // out.
                    tries = Tries::default();
                }
                Verdict::Busy => {}
                Verdict::UnderWay => tries.under_way = true,
                Verdict::Unexpected(what) => return Err(tries.judge(mistake(what))),
            }
        }
        Err(tries.judge(self.own.throttled()))
    }

    async fn write(
        &self,
        change: &Change<'_>,
        plan: &Plan,
        tries: &Tries,
    ) -> Result<Verdict, WriteFault> {
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
            return Ok(Verdict::last(Committed::Done(plan.filed().clone())));
        };
        match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Ok(self.verdict(change, plan, cancelled.cancellation_reasons())?)
            }
            Some(
                TransactWriteItemsError::TransactionInProgressException(_)
                | TransactWriteItemsError::IdempotentParameterMismatchException(_),
            ) => Ok(Verdict::UnderWay),
            _ => {
                let is_of_row = self.lock_table_at_fault(change, &error).is_some();
                match tries.judge(self.transaction_fault(change, error)) {
                    WriteFault::Refused(fault) if is_of_row && fault.kind.is_final() => {
                        Ok(Verdict::last(Committed::RowRefused(fault.to_string())))
                    }
                    fault @ WriteFault::Refused(_) => Err(fault),
                    fault @ WriteFault::Unanswered(_) => self.look_again(plan, fault).await,
                }
            }
        }
    }

    /// What became of a write that may have been carried out with its answer lost: if it was, the
    /// request says so.
    async fn look_again(&self, plan: &Plan, fault: WriteFault) -> Result<Verdict, WriteFault> {
        match self.request(plan.filed().request.id).await {
            Ok(Some(filed)) if plan.is_written_in(&filed) => {
                Ok(Verdict::last(Committed::Done(filed)))
            }
            _ => Err(fault),
        }
    }

    /// What the reasons of a cancelled transaction, one for each of its steps, mean together.
    fn verdict(
        &self,
        change: &Change<'_>,
        plan: &Plan,
        reasons: &[CancellationReason],
    ) -> Result<Verdict, Fault> {
        let failed = |step: Step| {
            let failed =
                |reason: &&CancellationReason| reason.code() == Some("ConditionalCheckFailed");
            let of_step = plan.steps().zip(reasons).filter(|(of, _)| *of == step);
            of_step.map(|(_, reason)| reason).find(failed)
        };
        if let Some(reason) = failed(Step::Request) {
            let filed = |item| filed_of(item).map_err(|odd| self.own.odd_item(item, odd));
            let now = reason.item().map(filed).transpose()?;
            match now {
                // The first try was written, and only its answer was lost.
                Some(now) if plan.is_written_in(&now) => {
                    return Ok(Verdict::last(Committed::Done(now)));
                }
                _ if failed(Step::Event).is_some() => {
                    return Ok(Verdict::last(Committed::Repeated));
                }
                Some(now) => return Ok(Verdict::last(Committed::Stale(now))),
                None => return Ok(Verdict::Unexpected("the request is gone".to_owned())),
            }
        }
        if failed(Step::Event).is_some() {
            return Ok(Verdict::last(Committed::Repeated));
        }
        if let Some(reason) = failed(Step::Guard) {
            return Ok(Verdict::Guarded(reason.item().cloned().unwrap_or_default()));
        }
        if failed(Step::Openings).is_some() {
            return Ok(Verdict::last(Committed::OpenedMeanwhile));
        }
        if let Some(reason) = failed(Step::Row) {
            let found = reason.item().filter(|item| !item.is_empty()).cloned();
            let path = change.transition.next.state.path.as_str();
            let found = found.and_then(|row| rows::stored(path, row));
            // Of a row without a record the condition is about more than the record.
            let pinned = change.transition.next.pinned.row();
            let pinned = pinned.filter(|row| row.info != Err(Flaw::Missing));
            if found.is_some() && found.as_ref() == pinned {
                let what = "the row is the approved one, and is not deleted as such";
                return Ok(Verdict::Unexpected(what.to_owned()));
            }
            return Ok(Verdict::last(Committed::LockChanged(match found {
                None => Found::Gone,
                Some(row) => {
                    let expected = change.transition.next.pinned.expected();
                    let lockfile = None;
                    Found::Other(Box::new(LockState::from_stores(expected, Some(row), lockfile)))
                }
            })));
        }
        if failed(Step::Entry).is_some() {
            return Ok(Verdict::TailMoved);
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
            None => Ok(Verdict::Busy),
            Some(_) => Ok(Verdict::Unexpected(codes.join(", "))),
        }
    }
}

impl Plan {
    /// Whether a request is as this plan would leave it: the hash at the end of its chain is over
    /// all that the plan records, so that no other change comes to the same.
    fn is_written_in(&self, filed: &Filed) -> bool {
        filed.tail == self.filed().tail && filed.request == self.filed().request
    }
}
