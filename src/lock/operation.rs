//! What a holder was doing when it took the lock.

use std::fmt;

/// The operation of a lock record. An open set: Terraform and OpenTofu add words, other tools bring
/// their own, so an unknown one is kept as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operation(String);

/// The words that Terraform and OpenTofu write and what a person calls them, from
/// `internal/backend/operation_type.go` and the callers of `statemgr.NewLockInfo`.
const KNOWN: [(&str, &str); 14] = [
    ("OperationTypeApply", "apply"),
    ("OperationTypePlan", "plan"),
    ("OperationTypeRefresh", "refresh"),
    // What import and console pass, for want of a type of their own.
    ("OperationTypeInvalid", "import or console"),
    ("init", "init"),
    ("state-mv", "state mv"),
    ("state-rm", "state rm"),
    ("state-push", "state push"),
    ("state-replace-provider", "state replace-provider"),
    ("taint", "taint"),
    ("untaint", "untaint"),
    ("workspace-new", "workspace new"),
    ("migration source state", "state migration (source)"),
    ("migration destination state", "state migration (destination)"),
];

impl Operation {
    /// The operation as a record writes it.
    #[must_use]
    pub fn new(written: String) -> Self {
        Self(written)
    }

    /// The exact word of the record, such as `OperationTypeApply`.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.0
    }

    /// What a person calls it, such as `apply`; an unknown word as it is, none as `unknown`.
    #[must_use]
    pub fn label(&self) -> &str {
        match KNOWN.iter().find(|(written, _)| *written == self.0) {
            Some((_, label)) => label,
            None if self.0.is_empty() => "unknown",
            None => &self.0,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_operations_have_a_name_and_others_are_kept() {
        let cases = [
            ("OperationTypeApply", "apply"),
            ("OperationTypeInvalid", "import or console"),
            ("state-rm", "state rm"),
            ("backend from plan", "backend from plan"),
            ("atlantis", "atlantis"),
            ("", "unknown"),
        ];
        for (written, label) in cases {
            let operation = Operation::new(written.to_owned());
            assert_eq!(operation.label(), label);
            assert_eq!(operation.as_written(), written);
        }
    }
}
