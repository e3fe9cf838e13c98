//! `/lock status`: who holds a state's lock, what they are doing, and for how long.

use std::sync::Arc;

use super::Context;
use crate::assess::assess;
use crate::error::{Error, Fault};
use crate::finding::Report;
use crate::lock::{Half, LockState, StatePath};
use crate::message::{Message, Text};
use crate::ports::Asked;
use crate::watch::{Hold, Past};
use crate::words::half::{a_half_was_lost, runs_take_one_half};
use crate::words::lock as words;
use crate::words::verdict::verdict_line;

/// What is read beside the lock.
struct Beside {
    asked: Result<Option<Asked>, Fault>,
    past: Result<Arc<Past>, Fault>,
}

impl Beside {
    async fn read(context: &Context, path: &StatePath) -> Self {
        let (asked, past) =
            futures::join!(context.ledger.asked(path), context.holds.past_summary(path));
        Self { asked, past }
    }
}

pub(super) async fn run(context: &Context, typed: &str) -> Result<Message, Error> {
    let reading = &context.reading;
    // The rest is read at the same time as the lock, for the state that the text most likely means. If it
    // means another one, the rest is read again.
    let likely = reading.likely_path(typed);
    let likely_beside = async {
        match &likely {
            Some(path) => Some((path, Beside::read(context, path).await)),
            None => None,
        }
    };
    let (report, likely_beside) = futures::join!(reading.look(typed), likely_beside);
    let report = report?;
    let Beside { asked, past } = match likely_beside {
        Some((path, beside)) if *path == report.state.path => beside,
        _ => Beside::read(context, &report.state.path).await,
    };
    let message = with_past(context, words::status(&report), &report, past).await;
    if report.lock == LockState::Free {
        return Ok(words::with_refresh(message, &report));
    }
    let message = match asked {
        Ok(None) => words::with_ask(message, &report.state),
        Ok(Some(asked)) => words::with_open_request(message, &asked),
        Err(fault) => {
            // The lock itself was read, and that is what was asked.
            tracing::warn!(kind = fault.kind.as_str(), "open request not read: {fault}");
            words::with_ask(words::with_request_not_read(message), &report.state)
        }
    };
    Ok(words::with_refresh(words::with_watch(message, &report.state), &report))
}

/// Adds how a hold compares with past ones, or the last hold of a free state.
async fn with_past(
    context: &Context,
    message: Message,
    report: &Report,
    past: Result<Arc<Past>, Fault>,
) -> Message {
    let assessed = async {
        let past = past?;
        let Some(hold) = Hold::of(&report.held(), report.at) else {
            return Ok(past.last.as_ref().map(words::last_hold).into_iter().collect());
        };
        // This is in memory after the first look at all locks.
        let other_runs = context.holds.other_runs(&hold);
        let half = half_evidence(context, &report.lock, &hold, &past);
        let (half, other_runs) = futures::try_join!(half, other_runs)?;
        if report.lock.since().is_none() {
            // An unknown age is not compared with anything.
            return Ok(half.into_iter().collect());
        }
        let assessment = assess(context, &hold, &past, other_runs, report.at);
        let verdict = verdict_line(&hold, &assessment.verdict);
        Ok::<Vec<Text>, Fault>(half.into_iter().chain([verdict]).collect())
    };
    match assessed.await {
        Ok(lines) => lines.into_iter().fold(message, Message::line),
        Err(fault) => {
            // The lock itself was read, and that is what was asked.
            tracing::warn!(kind = fault.kind.as_str(), "past holds not read: {fault}");
            message.line(words::past_not_read())
        }
    }
}

/// The cause of a missing half, if the past shows one. `hold` is the current hold.
async fn half_evidence(
    context: &Context,
    lock: &LockState,
    hold: &Hold,
    past: &Past,
) -> Result<Option<Text>, Fault> {
    if !matches!(lock.half(), Some(Half::RowMissing | Half::LockfileMissing)) {
        return Ok(None);
    }
    let remembered = context.holds.remembered(&hold.state.path).await?;
    let is_it = |remembered: &Hold| remembered.id == hold.id && remembered.was_whole == Some(true);
    if remembered.as_ref().is_some_and(is_it) {
        return Ok(Some(a_half_was_lost()));
    }
    if past.has_half_by_habit {
        return Ok(Some(runs_take_one_half()));
    }
    Ok(None)
}
