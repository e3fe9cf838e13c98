//! Whether the bot's own tables survive a mistake, and forget only what they may.

use futures::join;

use super::Named;
use super::{Code, Diagnosis, Finding, shown};
use crate::error::Fault;
use crate::ports::{ExamineTable, TableShape, TableUse};

/// The attribute by which items of the bot's own table expire.
const TTL: &str = "ttl";

/// Looks at backups, deletion protection and expiry. `shape` is `None` if the table cannot be described.
pub(super) async fn of_table(
    table: &dyn ExamineTable,
    named: &Named,
    shape: Option<&TableShape>,
) -> Diagnosis {
    let (backups, expiry) = join!(table.has_backups(), table.expires_by());
    let diagnosis = match shape {
        Some(shape) if !shape.is_protected => Diagnosis::default().finding(unprotected(named)),
        // That the table cannot be described is said elsewhere.
        _ => Diagnosis::default(),
    };
    let backups = match backups {
        Ok(false) => Diagnosis::default().finding(no_backups(named)),
        Ok(true) => Diagnosis::default()
            .checked(format!("backups of the {}", named.subject), "It can be restored."),
        Err(fault) => {
            Diagnosis::default().fault(format!("backups of the {}", named.subject), &fault)
        }
    };
    diagnosis.with(backups).with(of_expiry(named, expiry))
}

fn of_expiry(named: &Named, expiry: Result<Option<String>, Fault>) -> Diagnosis {
    let subject = format!("expiry of the {}", named.subject);
    match (named.used_for, expiry) {
        (_, Err(fault)) => Diagnosis::default().fault(subject, &fault),
        (TableUse::Trail, Ok(Some(attribute))) => {
            Diagnosis::default().finding(trail_expires(named, &attribute))
        }
        (TableUse::Own, Ok(attribute)) if attribute.as_deref() != Some(TTL) => {
            Diagnosis::default().finding(never_expires(named))
        }
        (_, Ok(Some(_))) => Diagnosis::default().checked(subject, "Items expire by ttl."),
        (_, Ok(None)) => Diagnosis::default().checked(subject, "Nothing expires."),
    }
}

fn unprotected(named: &Named) -> Finding {
    Finding {
        code: Code::DeletionProtectionOff,
        subject: named.subject.clone(),
        what: "The table is not protected from deletion.".to_owned(),
        why: "One mistaken call can delete it with everything in it.".to_owned(),
        remedy: format!(
            "Protect it:\naws dynamodb update-table --table-name '{}' --deletion-protection-enabled",
            named.name
        ),
    }
}

fn no_backups(named: &Named) -> Finding {
    Finding {
        code: Code::BackupsOff,
        subject: named.subject.clone(),
        what: "Point-in-time recovery is off.".to_owned(),
        why: match named.used_for {
            TableUse::Trail => "What is deleted from the audit trail is lost for good.",
            TableUse::Own | TableUse::Locks => "What is deleted or changed by mistake is lost.",
        }
        .to_owned(),
        remedy: format!(
            "Switch it on:\naws dynamodb update-continuous-backups --table-name '{}' \
             --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
            named.name
        ),
    }
}

fn never_expires(named: &Named) -> Finding {
    Finding {
        code: Code::ExpiryOff,
        subject: named.subject.clone(),
        what: format!("Its items do not expire by the attribute {TTL}."),
        why: "It grows for ever, and so does the cost of its backups.".to_owned(),
        remedy: format!(
            "Switch it on:\naws dynamodb update-time-to-live --table-name '{}' \
             --time-to-live-specification Enabled=true,AttributeName={TTL}",
            named.name
        ),
    }
}

fn trail_expires(named: &Named, attribute: &str) -> Finding {
    let attribute = shown(attribute);
    Finding {
        code: Code::TrailExpires,
        subject: named.subject.clone(),
        what: format!("Its items expire by the attribute {attribute}."),
        why: "Whoever adds this attribute to an entry has DynamoDB delete it.".to_owned(),
        remedy: format!(
            "Switch it off:\naws dynamodb update-time-to-live --table-name '{}' \
             --time-to-live-specification 'Enabled=false,AttributeName={attribute}'",
            named.name
        ),
    }
}
