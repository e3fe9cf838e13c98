//! What the bot's identity may do with a table, and must not be able to do.

use futures::future::join_all;

use super::Named;
use super::{Code, Diagnosis, Finding, statement};
use crate::error::{Fault, FaultKind};
use crate::ports::{ExamineTable, TableAction, TableUse};

/// The calls that were tried, and whether each is allowed.
pub(super) struct Tried(pub(super) Vec<(TableAction, Result<bool, Fault>)>);

/// The calls without which the bot does not work.
fn needed(used_for: TableUse) -> &'static [TableAction] {
    use TableAction::{DeleteItem, GetItem, PutItem, Query, Scan, UpdateItem};
    match used_for {
        TableUse::Locks => &[GetItem, Scan, DeleteItem],
        TableUse::Own => &[GetItem, Query, PutItem, UpdateItem, DeleteItem],
        TableUse::Trail => &[PutItem, Query, Scan],
    }
}

/// The calls that the bot can do without.
fn useful(used_for: TableUse) -> &'static [TableAction] {
    match used_for {
        TableUse::Locks | TableUse::Own => &[TableAction::BatchGetItem],
        TableUse::Trail => &[],
    }
}

/// The calls that nobody should be able to make with the bot's credentials.
fn forbidden(used_for: TableUse) -> &'static [TableAction] {
    match used_for {
        TableUse::Locks | TableUse::Own => &[],
        TableUse::Trail => &[TableAction::UpdateItem, TableAction::DeleteItem],
    }
}

/// Tries every call that matters, all at once.
pub(super) async fn try_all(table: &dyn ExamineTable) -> Tried {
    let used_for = table.used_for();
    let all = [needed(used_for), useful(used_for), forbidden(used_for)].concat();
    let tried = all.into_iter().map(async |action| (action, table.allows(action).await));
    Tried(join_all(tried).await)
}

impl Tried {
    /// The fault of a call that says that the table is not there, or has another key.
    pub(super) fn not_usable(&self) -> Option<&Fault> {
        let faults = self.0.iter().filter_map(|(_, result)| result.as_ref().err());
        let mut faults =
            faults.filter(|it| matches!(it.kind, FaultKind::Missing | FaultKind::NotALockTable));
        faults.next()
    }
}

fn of_service(action: TableAction) -> String {
    format!("dynamodb:{}", action.as_str())
}

/// The findings about a table that is there.
pub(super) fn of_table(named: &Named, arn: &str, Tried(tried): Tried) -> Diagnosis {
    let names = |actions: &[TableAction], is_allowed: bool| -> Vec<String> {
        let are = tried.iter().filter(|(action, result)| {
            actions.contains(action) && matches!(result, Ok(it) if *it == is_allowed)
        });
        are.map(|(action, _)| of_service(*action)).collect()
    };
    let missing = names(needed(named.used_for), false);
    let useful = names(useful(named.used_for), false);
    let dangerous = names(forbidden(named.used_for), true);
    let mut diagnosis = Diagnosis::default();
    for (action, result) in &tried {
        if let Err(fault) = result {
            let subject = format!("{} on the {}", of_service(*action), named.subject);
            diagnosis = diagnosis.fault(subject, fault);
        }
    }
    if !missing.is_empty() {
        diagnosis = diagnosis.finding(permission_missing(&named.subject, &missing, arn));
    }
    if !useful.is_empty() {
        diagnosis = diagnosis.finding(Finding {
            code: Code::BatchReadDenied,
            subject: named.subject.clone(),
            what: format!("The bot may not use {}.", useful.join(", ")),
            why: "Everything works, but takes more calls.".to_owned(),
            remedy: format!(
                "Add this statement to the policy of the bot's identity:\n{}",
                statement(&useful, arn)
            ),
        });
    }
    if !dangerous.is_empty() {
        diagnosis = diagnosis.finding(can_be_rewritten(named, &dangerous, arn));
    }
    if diagnosis.is_healthy() {
        let subject = format!("permissions on the {}", named.subject);
        diagnosis = diagnosis.checked(subject, "They are as they must be.");
    }
    diagnosis
}

/// The finding for permissions that the bot needs.
pub(super) fn permission_missing(subject: &str, actions: &[String], resource: &str) -> Finding {
    let deletes = actions.iter().any(|action| action.contains("Delete"));
    Finding {
        code: Code::PermissionMissing,
        subject: subject.to_owned(),
        what: format!("The bot may not use {}.", actions.join(", ")),
        why: if deletes && actions.len() == 1 {
            "Without it, a release that two people agreed on fails.".to_owned()
        } else {
            "The bot needs it to answer, to watch the locks or to release them.".to_owned()
        },
        remedy: format!(
            "Add this statement to the policy of the bot's identity, and look for a Deny elsewhere if \
             it is there already:\n{}",
            statement(actions, resource)
        ),
    }
}

fn can_be_rewritten(named: &Named, actions: &[String], arn: &str) -> Finding {
    let deny = statement(actions, arn).replacen("Allow", "Deny", 1);
    Finding {
        code: Code::TrailCanBeRewritten,
        subject: named.subject.clone(),
        what: format!("The bot's identity may use {}.", actions.join(", ")),
        why: "The bot never changes the audit trail. Whoever gets these credentials could rewrite \
              what no checkpoint covers."
            .to_owned(),
        remedy: format!(
            "Add this statement to the policy of the bot's identity. docs/IAM.md has the whole one:\n{deny}"
        ),
    }
}
