//! What a holder was doing when it took the lock.

/// The operation of a lock record. The set is open: new versions and other tools write new words, so
/// an unknown word is kept as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operation(String);

/// The words that Terraform and OpenTofu write, and their labels for people
/// (`internal/backend/operation_type.go` and the callers of `statemgr.NewLockInfo`).
const KNOWN: [(&str, &str); 15] = [
    ("OperationTypeApply", "apply"),
    ("OperationTypePlan", "plan"),
    ("OperationTypeRefresh", "refresh"),
    // `import` and `console` pass it, because they have no type of their own.
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
    ("backend from plan", "backend from plan"),
];

impl Operation {
    /// The operation as the record writes it.
    #[must_use]
    pub fn new(written: String) -> Self {
        Self(written)
    }

    /// The exact word of the record, such as `OperationTypeApply`.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.0
    }

    /// The label for people, such as `apply`. `None` for a word of another tool.
    #[must_use]
    pub fn label(&self) -> Option<&'static str> {
        KNOWN.iter().find(|(written, _)| *written == self.0).map(|&(_, label)| label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_operations_have_a_label_and_others_are_kept() {
        let cases = [
            ("OperationTypeApply", Some("apply")),
            ("OperationTypeInvalid", Some("import or console")),
            ("state-rm", Some("state rm")),
            ("backend from plan", Some("backend from plan")),
            ("atlantis", None),
            ("", None),
        ];
        for (written, label) in cases {
            let operation = Operation::new(written.to_owned());
            assert_eq!(operation.label(), label);
            assert_eq!(operation.as_written(), written);
        }
    }
}
