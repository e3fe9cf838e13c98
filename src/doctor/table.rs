//! Whether a table exists, can be used, and has the right key. If so, its permissions and its safety too.

use std::sync::Arc;

use async_trait::async_trait;
use futures::join;

use super::permissions;
use super::{Check, Code, Diagnosis, Finding, Named, advice, of, safety, shown};
use crate::error::{Fault, FaultKind};
use crate::ports::{Clock, ExamineTable, TableShape, TableUse};

/// The check of one table.
pub struct TableCheck(pub Arc<dyn ExamineTable>);

#[async_trait]
impl Check for TableCheck {
    fn subject(&self) -> String {
        self.named().subject
    }

    async fn examine(&self, _: &dyn Clock) -> Diagnosis {
        let (table, named) = (&*self.0, self.named());
        let shape = table.shape().await;
        if let Some(diagnosis) = ending(&named, &shape) {
            return diagnosis;
        }
        let arn = shape.as_ref().ok().and_then(|shape| shape.arn.clone());
        let arn = arn.unwrap_or_else(|| table.arn());
        let (tried, rest) = join!(permissions::try_all(table), rest(table, &named, &shape));
        // Without permission to describe it, only the calls show that it is not there.
        match tried.not_usable().and_then(|fault| ending_of_fault(&named, fault)) {
            Some(diagnosis) => diagnosis,
            None => permissions::of_table(&named, &arn, tried).with(rest),
        }
    }
}

impl TableCheck {
    fn named(&self) -> Named {
        let (used_for, name) = (self.0.used_for(), shown(self.0.name()));
        let backends = of(self.0.backends());
        let subject = match used_for {
            TableUse::Locks => format!("lock table `{name}`{backends}"),
            TableUse::Own => format!("table `{name}`"),
            TableUse::Trail => format!("audit table `{name}`"),
        };
        Named { used_for, name, subject }
    }
}

/// The findings after which nothing else is worth a look.
fn ending(named: &Named, shape: &Result<TableShape, Fault>) -> Option<Diagnosis> {
    let diagnosis = Diagnosis::default();
    match shape {
        Ok(shape) if !has_key(named.used_for, &shape.key) => {
            Some(diagnosis.finding(key_wrong(named, Some(&shape.key))))
        }
        Ok(shape) if shape.status != "ACTIVE" && shape.status != "UPDATING" => {
            Some(diagnosis.finding(not_active(named, &shape.status)))
        }
        Ok(_) => None,
        Err(fault) => ending_of_fault(named, fault),
    }
}

fn ending_of_fault(named: &Named, fault: &Fault) -> Option<Diagnosis> {
    let diagnosis = Diagnosis::default();
    match fault.kind {
        FaultKind::Missing => Some(diagnosis.finding(missing(named, fault))),
        FaultKind::NotALockTable => Some(diagnosis.finding(key_wrong(named, None))),
        FaultKind::Denied => None,
        _ => Some(diagnosis.fault(&named.subject, fault)),
    }
}

/// What is not about permissions.
async fn rest(
    table: &dyn ExamineTable,
    named: &Named,
    shape: &Result<TableShape, Fault>,
) -> Diagnosis {
    let diagnosis = match shape {
        Ok(shape) => Diagnosis::default().checked(&named.subject, exists(shape)),
        Err(fault) => Diagnosis::default().fault(format!("key of the {}", named.subject), fault),
    };
    if named.used_for == TableUse::Locks {
        return diagnosis;
    }
    let pending = async {
        match named.used_for {
            TableUse::Own => table.pending().await.map(|pending| of_migrations(named, &pending)),
            TableUse::Locks | TableUse::Trail => Ok(Diagnosis::default()),
        }
    };
    let (pending, safety) = join!(pending, safety::of_table(table, named, shape.as_ref().ok()));
    let pending = pending.unwrap_or_else(|fault| Diagnosis::default().fault("migrations", &fault));
    diagnosis.with(pending).with(safety)
}

fn exists(shape: &TableShape) -> String {
    format!("It is {}, and its key is {}.", shown(&shape.status), in_words(&shape.key))
}

/// The key that a table must have, as names and types.
fn wanted(used_for: TableUse) -> &'static [(&'static str, &'static str)] {
    match used_for {
        TableUse::Locks => &[("LockID", "S")],
        TableUse::Own => &[("pk", "S"), ("sk", "S")],
        TableUse::Trail => &[("path", "S"), ("seq", "N")],
    }
}

fn has_key(used_for: TableUse, key: &[(String, String)]) -> bool {
    key.iter().map(|(name, kind)| (&**name, &**kind)).eq(wanted(used_for).iter().copied())
}

/// `LockID (S)`, or `pk (S) and sk (S)`.
fn in_words(key: &[(impl AsRef<str>, impl AsRef<str>)]) -> String {
    let parts = key
        .iter()
        .map(|(name, kind)| format!("{} ({})", shown(name.as_ref()), shown(kind.as_ref())));
    parts.collect::<Vec<_>>().join(" and ")
}

fn missing(named: &Named, fault: &Fault) -> Finding {
    Finding {
        code: Code::TableMissing,
        subject: named.subject.clone(),
        what: "The table does not exist.".to_owned(),
        why: match named.used_for {
            TableUse::Locks => "The bot cannot see the locks in it.",
            TableUse::Own => "The bot cannot keep requests, watches and announcements.",
            TableUse::Trail => "The bot cannot record anything, so it releases nothing.",
        }
        .to_owned(),
        remedy: match named.used_for {
            TableUse::Locks => advice(&fault.remedy),
            TableUse::Own | TableUse::Trail => {
                "Create it, or correct its name or the region:\nlocktender migrate".to_owned()
            }
        },
    }
}

fn not_active(named: &Named, status: &str) -> Finding {
    Finding {
        code: Code::TableNotActive,
        subject: named.subject.clone(),
        what: format!("The table is {}.", shown(status)),
        why: "It cannot be used until it is ACTIVE.".to_owned(),
        remedy: format!(
            "Wait until it is, or look at it:\naws dynamodb describe-table --table-name '{}'",
            named.name
        ),
    }
}

fn key_wrong(named: &Named, key: Option<&[(String, String)]>) -> Finding {
    let wanted = in_words(wanted(named.used_for));
    Finding {
        code: Code::TableKeyWrong,
        subject: named.subject.clone(),
        what: match key {
            Some(key) => format!("Its key is {}, and must be {wanted}.", in_words(key)),
            None => format!("Its key is not {wanted}."),
        },
        why: match named.used_for {
            TableUse::Locks => {
                "Terraform and OpenTofu cannot lock in this table, so it belongs to something else."
            }
            TableUse::Own | TableUse::Trail => "The bot cannot store anything in this table.",
        }
        .to_owned(),
        remedy: match named.used_for {
            TableUse::Locks => "Set the lock table to the dynamodb_table of the backend block.",
            TableUse::Own | TableUse::Trail => {
                "Give the bot a table of its own: set LOCKTENDER_TABLE and LOCKTENDER_AUDIT_TABLE \
                 to names that are free, and create them:\nlocktender migrate"
            }
        }
        .to_owned(),
    }
}

fn of_migrations(named: &Named, pending: &[String]) -> Diagnosis {
    if pending.is_empty() {
        return Diagnosis::default().checked("migrations", "All are applied.");
    }
    Diagnosis::default().finding(Finding {
        code: Code::MigrationPending,
        subject: named.subject.clone(),
        what: format!("Not applied yet: {}.", pending.join(", ")),
        why: "The bot does not start with tables of an older version.".to_owned(),
        remedy: "Apply them:\nlocktender migrate".to_owned(),
    })
}
